"""The rush: every approved enterprise presses at the same instant, and not a fen too many is granted."""

import time
from collections import Counter
from collections.abc import Sequence

from infra.city.document_files import yuan
from infra.city.enterprises import Enterprise
from infra.client.http import Reply
from infra.client.steps import Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear, Press, print_refusal
from infra.demo.plan import owner_of
from infra.demo.printing import print_heading, print_line, print_table, run_at_once

# an emulator on a small machine may be too busy for all at once; a person presses again
MOST_PRESSES = 20
FIRST_SHOWN, LAST_SHOWN = 5, 3


def grab_vouchers(year: DemoYear) -> None:
    """Everybody presses at once for the first batch; those without a voucher press for the second."""
    print_heading("First come, first served: all press at once (§4.1.4)")
    press_too_early(year)
    for batch in year.batches:
        waiting = [each for each in year.approved_enterprises if each.uscc not in year.vouchers]
        presses = press_together(year, batch, waiting)
        year.rush = year.rush or presses
        tell(batch, presses)
    first = next(each for each in year.rush if each.granted_fen).enterprise
    voucher = expect(grab(year, year.batches[0], first), 200)
    print_line(f"asked again, the same voucher comes back: {voucher['voucher_id']}")


def press_too_early(year: DemoYear) -> None:
    """Everybody presses for a batch that the bureau has not released. (It also wakes the function for all of them, so
    that the rush itself is not a measurement of cold starts.)"""
    replies = run_at_once(year.approved_enterprises, lambda each: grab(year, year.third_batch, each))
    early = [each for each in replies if each.code == "BATCH_NOT_OPEN"]
    print_refusal(
        f"{len(early)} of {len(replies)} press for 第三批, which is not released", replies[0], "BATCH_NOT_OPEN"
    )


def press_together(year: DemoYear, batch: Json, enterprises: Sequence[Enterprise]) -> list[Press]:
    """All press at the same instant; their answers in the order in which they came. Raises UnexpectedAnswer if more was
    granted than was released, or another amount than an enterprise's quota."""
    if not enterprises:
        return []
    started = time.perf_counter()

    def press(enterprise: Enterprise) -> Press:
        for _ in range(MOST_PRESSES):
            reply = grab(year, batch, enterprise)
            if reply.status != 429:
                break
        return Press(enterprise, 1000 * (time.perf_counter() - started), reply)

    presses = sorted(run_at_once(enterprises, press), key=lambda each: each.after_ms)
    for each in presses:
        if each.granted_fen:
            year.vouchers[each.enterprise.uscc] = each.reply.body
        if each.granted_fen not in (0, each.enterprise.expected_quota_fen):
            raise UnexpectedAnswer(f"{each.enterprise.name} got {each.granted_fen} fen")
        if not each.granted_fen and each.reply.code != "SOLD_OUT":
            raise UnexpectedAnswer(f"{each.enterprise.name}: {each.reply.status} {each.reply.body}")
    if sum(each.granted_fen for each in presses) > batch["amount_fen"]:
        raise UnexpectedAnswer(f"{batch['name']}: more was granted than was released")
    return presses


def tell(batch: Json, presses: Sequence[Press]) -> None:
    """The order of arrival, and the sum to the fen."""
    if not presses:
        print_line(f"{batch['name']}: nobody is left without a voucher")
        return
    granted = [each for each in presses if each.granted_fen]
    granted_fen, released_fen = sum(each.granted_fen for each in granted), batch["amount_fen"]
    print_line(
        f"{batch['name']}: {len(granted)} of {len(presses)} got a voucher: {yuan(granted_fen)} granted of "
        f"{yuan(released_fen)} released, not a fen over"
    )
    amounts = Counter(each.granted_fen for each in granted)
    parts = [f"{count} × {yuan(fen)}" for fen, count in sorted(amounts.items())]
    left = f"; {yuan(released_fen - granted_fen)} left" if released_fen > granted_fen else ""
    print_line(f"{' + '.join(parts)}{left}; refused as sold out: {len(presses) - len(granted)}")
    rows: list[tuple[object, ...]] = [
        (number, f"{each.after_ms:.0f}", each.enterprise.name, yuan(each.granted_fen) if each.granted_fen else "-")
        for number, each in enumerate(presses, 1)
    ]
    if len(rows) > FIRST_SHOWN + LAST_SHOWN + 1:
        rows = [*rows[:FIRST_SHOWN], ("", "", "…", ""), *rows[-LAST_SHOWN:]]
    print_table(("answer", "after ms", "enterprise", "granted, yuan"), rows)


def grab(year: DemoYear, batch: Json, enterprise: Enterprise) -> Reply:
    """One enterprise's grab."""
    body = {"enterprise_uscc": enterprise.uscc}
    return year.client.call(owner_of(enterprise.uscc), "POST", f"/batches/{batch['batch_id']}/vouchers", body)
