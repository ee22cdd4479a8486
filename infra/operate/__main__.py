"""Operates a running stack; infra/runbook.md says when.

python -m infra.operate [--stack NAME | --local [STATE_DIR]] COMMAND …

Without --local it is the stack `voucher` of the account and region that the AWS settings of the caller name.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.local import stack as local
from infra.local.state import LOCAL
from infra.operate import balances, copies, deployed, functions, gate, keys, logs, queues
from infra.operate.deployed import Deployed, NotPossible
from voucher.models.base import instant_text

MOST_SHOWN = 20


def now() -> datetime:
    """The clock of whoever operates."""
    return datetime.now(UTC)


def instant(text: str) -> datetime:
    """An instant with its offset, such as 2026-11-30T19:45:00Z or …+08:00."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant needs its offset: Z or +08:00")
    return read


def close(on: Deployed, given: argparse.Namespace) -> None:
    """keep everybody out: API, schedules, workers"""
    closed = gate.close(on, given.state)
    _tell(f"Closed. Calls that were let in before end by {closed.quiet_at}: copy nothing back before.")


def copy(on: Deployed, given: argparse.Namespace) -> None:
    """restore all tables to one second, beside those in use"""
    at = given.at or copies.latest_second(on)
    made = copies.make(on, at)
    _tell(f"All {len(made)} tables as of {instant_text(at)}:", *made.values())


def compare(on: Deployed, given: argparse.Namespace) -> None:
    """what differs between the copies of that second and the tables in use, item by item, into a file"""
    count = copies.write(copies.compare(on, given.at), given.differences)
    _tell(f"{count} items differ: {given.differences}", *_counted(copies.read(given.differences)))


def restore(on: Deployed, given: argparse.Namespace) -> None:
    """copy back what the file of `compare` names: what is missing, and with --overwrite all"""
    quiet_at = gate.read(given.state).quiet_at
    if instant_text(now()) < quiet_at and not given.nobody_calls:
        raise NotPossible(f"calls that were let in before the closing may run until {quiet_at}")
    gate.note_changed(given.state, instant_text(now()))
    outcome = copies.put_back(on, given.at, copies.read(given.differences), given.overwrite)
    for word, some in vars(outcome).items():
        _tell(f"{len(some)} {word}", *_counted(some))
    for each in outcome.overtaken[:MOST_SHOWN]:
        _tell(f"  changed since it was compared: {each.table} {each.pk} {each.sk}")
    if outcome.overtaken:
        raise NotPossible("some items changed since they were compared: compare again")


def _counted(some: Sequence[copies.Difference]) -> list[str]:
    counts = Counter((each.table, each.what) for each in some)
    return [f"  {table}: {count} {what}" for (table, what), count in sorted(counts.items())]


def reconcile(on: Deployed, given: argparse.Namespace) -> None:
    """rebuild each account from the postings, and check the audit trail and the samples of inspections"""
    begun, reports, trail = instant_text(now()), functions.reconcile(on, now()), functions.verify_audit(on)
    for each in reports:
        broken = [f"{found['name']} ({found['detail']})" for found in each["invariants"] if not found["holds"]]
        words = "balances" if each["balanced"] else f"DOES NOT BALANCE: {'; '.join(broken)}"
        _tell(f"{each['year']}: {each['postings']} postings, residual {each['residual_fen']} fen, {words}")
    _tell(f"audit trail: {trail['seq']} entries, {len(trail['breaks'])} breaks")
    _tell(f"inspections: {len(trail['draws'])} samples that are not as drawn {', '.join(trail['draws'])}".rstrip())
    if trail["breaks"] or not all(each["balanced"] for each in reports):
        raise NotPossible("the books or the audit trail do not hold: leave the stack closed")
    if given.state.exists():
        gate.note_balanced(given.state, begun)


def reopen(on: Deployed, given: argparse.Namespace) -> None:
    """let everybody in again, if the books were found in order"""
    gate.reopen(on, given.state, given.although_not_balanced)
    _tell("Open, as it was before.")


def drop(on: Deployed, given: argparse.Namespace) -> None:
    """delete the copies of one second"""
    _tell("Deleted:", *copies.drop(on, given.at))


def rebuild(on: Deployed, given: argparse.Namespace) -> None:
    """rebuild every balance of a year from its postings into an empty table, and compare"""
    into = f"{on.name}.balances.{given.year}.{now():%Y%m%dT%H%M%SZ}"
    found = balances.rebuild(on, given.year, into)
    counters = sum(len(each) for each in found.from_postings.values())
    _tell(f"{found.postings} postings → {counters} counters in {into}; {len(found.differing)} differ from what is kept")
    for each in (*found.differing, *(f"no record leads to posting {each}" for each in found.lost_postings)):
        _tell(f"  {each}")
    if not given.keep:
        on.client("dynamodb").delete_table(TableName=into)
    if found.differing or found.lost_postings:
        raise NotPossible("what is kept is not what the postings say")


def look(on: Deployed, given: argparse.Namespace) -> None:
    """whether the stack is closed, what does not read its stream or queue, how many messages wait"""
    _tell(f"closed since {gate.read(given.state).closed_at}" if given.state.exists() else "open")
    for each in gate.mappings(on):
        if each["State"] != "Enabled":
            _tell(f"{each['FunctionArn'].rpartition(':')[2]}: {each['State']} for {each['EventSourceArn']}")
    for name, count in queues.waiting(on).items():
        _tell(f"{name}: {count}")


def follow(on: Deployed, given: argparse.Namespace) -> None:
    """all lines of the logs that belong to one request: the id is in its answer"""
    found = logs.follow(on, given.request_id, given.since or now() - timedelta(days=1))
    for each in found:
        _tell(f"{each.at} {each.function}: {each.words} {json.dumps(each.facts, ensure_ascii=False)}")
    if not found:
        raise NotPossible("no log has a line of this request")


def redrive(on: Deployed, given: argparse.Namespace) -> None:
    """put dead letters back where they came from"""
    _tell(f"{queues.redrive(on, given.queue)} messages went back from {given.queue}")


def free(on: Deployed, given: argparse.Namespace) -> None:
    """let frozen pools be drawn on again, after the repair"""
    functions.free(on, given.pools)
    _tell("Freed:", *given.pools)


def sweep(on: Deployed, _given: argparse.Namespace) -> None:
    """do the night's work now; once more changes nothing"""
    _tell(json.dumps(functions.sweep(on, now()), ensure_ascii=False))


def recount(on: Deployed, given: argparse.Namespace) -> None:
    """count the usage report of a year anew"""
    _tell(f"{functions.recount(on, given.year)} buckets of {given.year} are being counted anew")


def webhook_key(on: Deployed, given: argparse.Namespace) -> None:
    """change the key that signs posts to the webhook; --end: the previous one signs no more"""
    if given.end:
        keys.end_webhook_key(on)
        _tell("The previous key signs no more.")
    else:
        _tell("Give this key to the receiver:", keys.change_webhook_key(on, given.known_to_others))


def kms_key(on: Deployed, given: argparse.Namespace) -> None:
    """give a sealing key of KMS new material; what was sealed before opens as ever"""
    _tell(f"{given.name}: {keys.turn_key(on, given.name)} has new material")


def _tell(*lines: str) -> None:
    print("\n  ".join(lines), flush=True)


Command = Callable[[Deployed, argparse.Namespace], None]
AT: dict[str, Any] = {"type": instant, "metavar": "INSTANT"}
ANSWERS: dict[str, tuple[Command, dict[str, dict[str, Any]]]] = {
    "close": (close, {}),
    "copy": (copy, {"--at": AT}),
    "compare": (compare, {"--at": {**AT, "required": True}, "--differences": {"type": Path}}),
    "restore": (
        restore,
        {
            "--at": {**AT, "required": True},
            "--differences": {"type": Path},
            "--overwrite": {"action": "store_true"},
            "--nobody-calls": {"action": "store_true"},
        },
    ),
    "reconcile": (reconcile, {}),
    "open": (reopen, {"--although-not-balanced": {"action": "store_true"}}),
    "drop": (drop, {"--at": {**AT, "required": True}}),
    "rebuild": (rebuild, {"year": {"type": int}, "--keep": {"action": "store_true"}}),
    "look": (look, {}),
    "follow": (follow, {"request_id": {}, "--since": AT}),
    "redrive": (redrive, {"queue": {}}),
    "free": (free, {"pools": {"nargs": "+"}}),
    "sweep": (sweep, {}),
    "recount": (recount, {"year": {"type": int}}),
    "webhook-key": (webhook_key, {"--end": {"action": "store_true"}, "--known-to-others": {"action": "store_true"}}),
    "kms-key": (kms_key, {"name": {"choices": list(keys.SEALING)}}),
}


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """A command line as it was meant. Ends the process with the usage for one that means nothing."""
    parser = argparse.ArgumentParser(prog="python -m infra.operate", description=__doc__)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--stack", default=local.STACK)
    place.add_argument("--local", nargs="?", type=Path, const=LOCAL, metavar="STATE_DIR")
    parser.add_argument("--state", type=Path, help="where a closing is kept (default: .local/operate/<stack>.json)")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (answer, options) in ANSWERS.items():
        command = commands.add_parser(name, help=answer.__doc__, description=answer.__doc__)
        for option, how in options.items():
            command.add_argument(option, **how)
    given = parser.parse_args(words)
    given.state = given.state or (given.local or LOCAL) / "operate" / f"{given.stack}.json"
    if "differences" in given:
        given.differences = given.differences or given.state.with_suffix(".differences")
    return given


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 1 with a plain message if it is not possible now. Tells how long it took."""
    given, begun = arguments(sys.argv[1:] if words is None else words), time.monotonic()
    running = local.read(given.local.resolve()) if given.local else None
    if given.local and running is None:
        print("The local stack does not run: `make up` first.", file=sys.stderr)
        return 1
    on = deployed.on_this_machine(running) if running else deployed.on_aws(given.stack)
    try:
        ANSWERS[given.command][0](on, given)
    except NotPossible as no:
        print(no, file=sys.stderr)
        return 1
    finally:
        print(f"{given.command}: {time.monotonic() - begun:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
