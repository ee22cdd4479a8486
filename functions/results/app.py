"""Results of a batch, for everybody: who was granted how much, in the order of the grants (§1.4a). Writes nothing."""

from functools import lru_cache

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.batches import batch_now, get_published
from voucher.edge.queries import Paging
from voucher.edge.replies import Answer, reply
from voucher.models.batches import BatchResults
from voucher.models.vouchers import Voucher
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.batches import check_ended, grants_are_final
from voucher.store import organisations, vouchers

app = Api()


@app.get("/batches/<batch_id>/results")
def list_results(batch_id: str, query: Paging) -> Answer[BatchResults]:
    """§1.4a: the grants of a batch that has ended, in their order, with the names of the enterprises."""
    batch, now = get_published(batch_id), clock.now()
    shown = batch_now(batch, now)
    check_ended(shown["state"])
    is_final = grants_are_final(batch, shown["state"], now)
    granted = final_grants(batch_id) if is_final else read_grants(batch_id)
    first = _first(query.cursor, len(granted))
    page = granted[first : first + query.limit]
    names = organisations.read_enterprise_names(each.enterprise_uscc for each in page)
    items = [
        {
            "number": number,
            # by its code, if a stranger registered that anew
            "enterprise_name": names.get(each.enterprise_uscc, each.enterprise_uscc),
            "amount_fen": each.face_fen,
            "granted_at": each.public()["granted_at"],
        }
        for number, each in enumerate(page, first + 1)
    ]
    following = str(first + len(page)) if first + len(page) < len(granted) else None
    sums = {"count": len(granted), "granted_fen": sum(each.face_fen for each in granted)}
    return reply({"items": items, "next_cursor": following, **sums})


def read_grants(batch_id: str) -> tuple[Voucher, ...]:
    """Every voucher of a batch, in the order of their grants."""
    return tuple(sorted(vouchers.list_of_batch(batch_id), key=lambda each: (each.granted_at, each.enterprise_uscc)))


@lru_cache(maxsize=8)
def final_grants(batch_id: str) -> tuple[Voucher, ...]:
    """The same, remembered, because anybody may ask: once a batch grants nothing more, its vouchers keep their face,
    instant and holder."""
    return read_grants(batch_id)


def _first(cursor: str | None, count: int) -> int:
    """Where a page begins: the cursor is how many grants came before. Raises MALFORMED."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 9 and 0 < int(cursor) < count):
        raise Refused(Refusal.MALFORMED, errors=[FieldError("cursor", "分页标记无效。", "format")])
    return int(cursor)


handler = app.handle
