"""What must hold in every simulated life once everything has come to rest: of each answer, and of what is left."""

import json
import re
from collections import defaultdict
from typing import Any

from tests.races import tables
from tests.races.seed_data import QUOTA_FEN, YEAR
from tests.simulation.chance import MOST_SECONDS
from tests.simulation.clients import Call
from tests.simulation.cloud import START, Cloud
from tests.simulation.life import City, is_grab
from tests.simulation.witness import Witness, insist
from tests.support.backend import function
from tests.support.scenario import STRANGER
from voucher.edge.audit import verify_end, verify_part
from voucher.models.audit import GENESIS
from voucher.models.orders import Order
from voucher.models.vouchers import Voucher
from voucher.store import audit, books, reports

# what an enterprise that may claim can be told when it grabs
NO = {"SOLD_OUT", "BATCH_CLOSED", "NOT_ELIGIBLE", "FROZEN", "QUOTA_USED", "NOT_IN_AUDIENCE"}
# Chinese words, and numbers as long as a phone's
WRITTEN = re.compile(r"[\u4e00-\u9fff]{2,}|(?<!\w)\d{11,}(?!\w)")
# states in which nothing stays: a worker goes on
ON_THE_WAY = {"applying", "closing"}

Json = dict[str, Any]


def check_at_rest(city: City, witness: Witness) -> None:
    """Everything has come to an end: the books, the answers, and what must not be left over."""
    cloud = city.cloud
    insist(not witness.broken, "; ".join(witness.broken[:3]))
    insist(cloud.underway == 0, f"{cloud.underway} messages or streams never came to an end")
    insist(not any(each.held for each in cloud.tables.tables.values()), "a transaction never ended")
    insist(not cloud.unexplained, f"faults without a cause: {cloud.unexplained}")
    insist(not cloud.dead_letters, f"dead letters: {cloud.dead_letters}")
    check_nothing_is_left(cloud)
    check_books(witness)
    check_answers(city.people.calls, witness)
    head = audit.find_head()
    breaks, _ = verify_part(GENESIS, head.seq, {})
    insist(not breaks + verify_end(head), f"the audit trail does not hold: {breaks}")


def check_nothing_is_left(cloud: Cloud) -> None:
    """No worker's work is left half done, and no voucher to whoever is out of the programme."""
    states = {at: item["state"]["S"] for at, item in cloud.tables.items() if "S" in item.get("state", {})}
    waiting = [at for at, state in states.items() if state in ON_THE_WAY]
    insist(not waiting, f"on the way for ever: {waiting}")
    out = {pk.partition("#")[2] for (pk, sk), state in states.items() if (sk, state) == ("RECORD", "disqualified")}
    kept = [at for at, state in states.items() if state == "active" and at[1].removeprefix("VOUCHER#") in out]
    insist(not kept, f"vouchers of enterprises that are out of the programme: {kept}")


def check_answers(calls: list[Call], witness: Witness) -> None:
    """A record was in the state that an answer shows, in that version; one key made one thing."""
    made: dict[tuple[str, str | None], str] = {}
    for call in calls:
        body = call.reply.body
        if call.reply.status not in (200, 201) or not isinstance(body, dict):
            continue
        insist(call.person != STRANGER, f"a stranger was let in: {call.method} {call.path}")
        ids = [body[name] for name in body if name == "uscc" or name.endswith("_id")]
        if ids and "state" in body and "version" in body and "batch_id" not in body:  # its state follows from the clock
            known = set[str]().union(*(witness.states[each, body["version"]] for each in ids))
            insist(
                body["state"] in known or not known,
                f"{call.method} {call.path} was told {body['state']}, it was {known}",
            )
        first, last = call.begun - MOST_SECONDS, call.path.rpartition("/")[2]
        seen = [version for at, version in witness.latest[last] if at < first] if call.method == "GET" else []
        insist(
            not seen or body.get("version", seen[-1]) >= seen[-1],
            f"{call.path} was told an older version than {seen[-1:]}",
        )
        if call.reply.status == 201 and call.key and call.person and ids:
            first = made.setdefault((call.person.name, call.key), ids[0])
            insist(first == ids[0], f"one key made several things: {call.path} {first} {ids[0]}")


def check_log(text: str, calls: list[Call]) -> None:
    """Nothing that anybody wrote is in what was logged: no name, no phone, no account, no reason."""
    written = {word for call in calls for word in WRITTEN.findall(json.dumps(call.body, ensure_ascii=False))}
    told = [word for word in written if word in text]
    insist(bool(text) and not told, f"logged: {told}")


def check_rush(city: City, witness: Witness) -> None:
    """What those were told who grabbed and ordered."""
    vouchers = {each.voucher_id: each for each in tables.list_records(Voucher, "vouchers", "VOUCHER#")}
    for call in city.people.calls:
        if is_grab(call):
            check_grab(call, city, witness, vouchers)
    check_orders(city.people.calls)


def check_books(witness: Witness) -> None:
    """The records say what the postings say, the usage report too, and nothing was frozen."""
    book = books.read_book(YEAR)
    broken = [each for each in function("reconcile").invariants(book) if not each.holds]
    insist(not broken, f"the books do not hold: {broken}")
    recorded = {name: fen for family in book.recorded.values() for name, fen in family.items() if fen}
    balances = {name: fen for name, fen in witness.balances.items() if fen and name != "treasury"}
    insist(recorded.items() <= balances.items(), f"records {recorded}, postings {balances}")
    check = function("reconcile").usage_check(YEAR, book, function("reconcile").invariants(book), START)
    insist(not any(check.difference_fen.values()), f"the report differs: {check.difference_fen} {reports.read(YEAR)}")
    frozen = [each["sk"] for each in tables.list_items("vouchers", "POOL") if each["frozen"]]
    insist(not frozen, f"frozen though the books held: {frozen}")


def check_grab(call: Call, city: City, witness: Witness, vouchers: dict[str, Voucher]) -> None:
    """A yes stays true; a no was allowed by the order of commits."""
    uscc, reply, batch_id = call.body["enterprise_uscc"], call.reply, call.path.split("/")[2]
    is_outside = bool(city.listed) and batch_id == city.batch_id and uscc not in city.listed
    if reply.status in (200, 201):
        insist(not is_outside, f"a voucher to {uscc}, for whom the batch is not")
        voucher = vouchers.get(f"{batch_id}.{uscc}")
        insist(voucher is not None, f"no voucher, although {uscc} was told so")
        insist(voucher is None or voucher.face_fen == reply.body["face_fen"], f"another amount than {uscc} was told")
        return
    insist(reply.status == 429 or reply.status >= 500 or reply.code in NO | {"BUSY"}, f"{reply.code} to {call.path}")
    if reply.code not in NO:
        return
    was_granted = witness.granted.get((batch_id, uscc), call.begun) < call.begun
    insist(not was_granted, f"{reply.code} to {uscc}, which holds its voucher")
    if reply.code == "SOLD_OUT":
        left_fen = witness.room_at(call.ended, batch_id)
        quota_fen = QUOTA_FEN * (2 if uscc in city.listed else 1)
        insist(left_fen < quota_fen, f"SOLD_OUT, but {left_fen} fen were left")
    if reply.code == "NOT_IN_AUDIENCE":
        insist(is_outside, f"NOT_IN_AUDIENCE to {uscc}, for whom the batch is")
    if reply.code == "BATCH_CLOSED":
        insist(witness.closed.get(batch_id, call.ended) < call.ended, "BATCH_CLOSED while it was open")
    if reply.code == "NOT_ELIGIBLE":
        insist(witness.charged.get(uscc, call.ended) < call.ended, f"NOT_ELIGIBLE, but nothing speaks against {uscc}")
    if reply.code == "QUOTA_USED":
        others = [at for (_, each), at in witness.granted.items() if each == uscc and at <= call.ended]
        insist(bool(others), f"QUOTA_USED, but {uscc} holds no voucher")


def check_orders(calls: list[Call]) -> None:
    """One effect per key, and each answer stays true."""
    orders = {each.order_id: each for each in tables.list_records(Order, "orders", "RECORD") if each.order_id}
    by_key: defaultdict[str | None, set[str]] = defaultdict(set)
    for call in calls:
        body = call.reply.body
        if call.reply.status not in (200, 201) or "order_id" not in body or not call.path.startswith("/orders"):
            continue
        insist(body["order_id"] in orders, f"no order {body['order_id']}, although it was told so")
        insist(body["version"] <= orders[body["order_id"]].version, f"an earlier version than was told: {body}")
        if call.path == "/orders":
            by_key[call.key].add(body["order_id"])
    insist(all(len(each) == 1 for each in by_key.values()), f"one key, several orders: {dict(by_key)}")
    numbers = [each.contract_number for each in orders.values()]
    insist(len(numbers) == len(set(numbers)), f"one request, several orders: {sorted(map(str, numbers))}")


def check_ended() -> None:
    """§4.2.2, §1.4b: after the year no voucher can be used any more, and no order waits for an answer."""
    usable = [
        each.voucher_id for each in tables.list_records(Voucher, "vouchers", "VOUCHER#") if each.state == "active"
    ]
    insist(not usable, f"not ended with the year: {usable}")
    waiting = [each.order_id for each in tables.list_records(Order, "orders", "RECORD") if each.state == "placed"]
    insist(not waiting, f"never answered: {waiting}")
