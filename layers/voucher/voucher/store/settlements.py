"""Settlement applications and their lines (§3.5.1, §3.5.2), in the settlements table."""

from collections.abc import Iterable
from itertools import batched

from voucher.models import Line, Order, Settlement
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys, orders
from voucher.store.parts import commit_all
from voucher.store.reading import Page, load, load_together, page, query
from voucher.store.table import Unmet, Write, add, advance, check, commit, update

MAX_LINES = 40


def find(settlement_id: str) -> Settlement | None:
    """A settlement by its id, None when there is none."""
    item = load(keys.settlement(settlement_id))
    return Settlement.model_validate(item) if item else None


def find_line(settlement_id: str, order_id: str) -> Line | None:
    """One line, None when the settlement has none for that order."""
    item = load(keys.line(settlement_id, order_id))
    return Line.model_validate(item) if item else None


def lines_of(settlement_id: str) -> list[Line]:
    """The lines of a settlement, by order id."""
    return [Line.model_validate(item) for item in query(keys.settlement(settlement_id), "LINE#")]


def _listing(settlement: Settlement) -> dict[str, str]:
    return keys.listed("SETTLEMENT", settlement.created_at, settlement.settlement_id)


def open_application(settlement: Settlement, lines: list[Line], old: list[Order], new: list[Order]) -> None:
    """§3.5.1: the application, its lines, and its orders bound to it: all or none.

    Raises `Unmet`: with "settlement" among its names the id is taken, else an order changed meanwhile.
    """
    commit(
        [
            add("settlement", keys.settlement(settlement.settlement_id), settlement, _listing(settlement)),
            *(add("line", keys.line(line.settlement_id, line.order_id), line) for line in lines),
            *(orders.step(before, after) for before, after in zip(old, new, strict=True)),
        ]
    )


def step(old: Settlement, new: Settlement, *more: str, **values: str) -> Write:
    """The write that moves a settlement on, if nobody else moved it first."""
    key = keys.settlement(new.settlement_id)
    return advance("settlement", key, old, new, _listing(new), *more, **values)


def unchanged(settlement: Settlement) -> Write:
    """Insist that an application is still the one that was read."""
    key = keys.settlement(settlement.settlement_id)
    return check("settlement", key, conditions.UNCHANGED, seen_version=settlement.version)


def step_line(old: Line, new: Line, *more: str, **values: str) -> Write:
    """The write that moves a line on, if nobody else moved it first."""
    return advance(f"line {new.order_id}", keys.line(new.settlement_id, new.order_id), old, new, None, *more, **values)


def review_line(old: Line, new: Line, reviewer: str) -> Write:
    """§3.5.2: the write of a pre-review's decision, on condition that the reviewer did not hand the line in."""
    return step_line(old, new, conditions.NOT_BY_CALLER.format(attribute="submitted_by"), caller=reviewer)


def save_line(old: Line, new: Line) -> None:
    """Write what a line carries; its invoice number is used once over all agencies and years (§5.2b)."""
    writes = [step_line(old, new), *_file_uses(old, new)]
    if new.invoice:
        writes.append(claim_invoice(new.order_id, new.invoice.number))
    if old.invoice and new.invoice and keys.invoice(old.invoice.number) != keys.invoice(new.invoice.number):
        writes += drop_invoice(old)
    try:
        commit(writes)
    except Unmet as unmet:
        raise Refused(Refusal.INVOICE_USED if "invoice" in unmet.items else Refusal.CHANGED_MEANWHILE) from None


def claim_invoice(owner: str, number: str) -> Write:
    """The write that takes an invoice number for an order or a payable, or finds that another has it."""
    free = conditions.NUMBER_IS_FREE_OR_OURS
    return update("invoice", keys.invoice(number), "SET #order_id = :order_id", free, order_id=owner)


def drop_invoice(line: Line) -> list[Write]:
    """A rejected, withdrawn or corrected line gives its invoice number free again."""
    return free_invoice(line.order_id, line.invoice.number) if line.invoice else []


def free_invoice(owner: str, number: str) -> list[Write]:
    """The write that gives up an invoice number of an order or a payable."""
    ours = conditions.NUMBER_IS_FREE_OR_OURS
    return [update("old invoice", keys.invoice(number), "SET #order_id = :null", ours, order_id=owner)]


def _file_uses(old: Line, new: Line) -> list[Write]:
    """Remember for each file the orders it was handed in for, so that the same file for two of them shows."""
    before, after = set(old.file_hashes.values()), set(new.file_hashes.values())
    changes = [("ADD", sha256) for sha256 in sorted(after - before)]
    changes += [("DELETE", sha256) for sha256 in sorted(before - after)]
    return [
        update("file", keys.file_uses(sha256), f"{word} #order_ids :order_ids", None, order_ids={new.order_id})
        for word, sha256 in changes
    ]


def file_uses(lines: Iterable[Line]) -> dict[str, frozenset[str]]:
    """SHA-256 → the orders that file was handed in for, for every file of some lines."""
    wanted = sorted({sha256 for line in lines for sha256 in line.file_hashes.values()})
    found: dict[str, frozenset[str]] = {}
    for part in batched(wanted, 25, strict=False):  # what moto reads at once; AWS would read 100
        items = load_together(*(keys.file_uses(sha256) for sha256 in part))
        found |= {
            sha256: frozenset((item or {}).get("order_ids", ())) for sha256, item in zip(part, items, strict=True)
        }
    return found


def end_line(old: Line, new: Line, order: Order, freed: Order) -> list[Write]:
    """§3.5.1: a line that ends without money: its order may be settled again, its invoice number is free."""
    return [step_line(old, new), orders.step(order, freed), *drop_invoice(old)]


def commit_steps(*writes: Write) -> None:
    """Several steps as one. Raises CHANGED_MEANWHILE when somebody else was first."""
    commit_all(writes)


def list_settlements(index: str, value: str, limit: int, cursor: str | None) -> Page:
    """A page of settlements, newest first: all (`listing`) or of one agency (`by_agency`)."""
    return page("settlements", index, value, limit, cursor)
