"""Vouchers, shown with every posting to the members of their enterprise and to staff."""

from datetime import datetime
from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import as_party_or_staff, check_party_named, reads_books, require
from voucher.edge.pages import OfDays, Sort
from voucher.edge.queries import Limit, Paging, QueryId
from voucher.edge.replies import Answer, PageOf, reply, reply_page
from voucher.models.accounts import Posting, grant_posting
from voucher.models.base import instant_text
from voucher.models.entitlements import Entitlement
from voucher.models.vouchers import Voucher, VoucherAsGranted, VoucherState
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import entitlements
from voucher.rules.vouchers import public_voucher
from voucher.rules.working_days import shanghai_date
from voucher.store import batches, keys, organisations, vouchers
from voucher.store.engine.pages import Selection, cut_page
from voucher.store.engine.table import Item

app = Api()


class OfHolder(OfDays):
    """Of one enterprise, or of one batch. The days are those of the grants."""

    enterprise_uscc: QueryId | None = None
    batch_id: QueryId | None = None
    state: VoucherState | None = None
    sort: Sort = "oldest"


class OfVoucher(Paging):
    limit: Limit = 100


@app.get("/vouchers")
def list_vouchers(query: OfHolder) -> Answer[PageOf[VoucherAsGranted]]:
    """An enterprise's vouchers of all years, in the order of their grants, for its members and staff. With `batch_id`
    those of a batch, in no order, for staff."""
    if uscc := query.enterprise_uscc:
        if reads_books(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise"):
            return _vouchers_of_enterprise(uscc, query)
        return reply({"items": [], "next_cursor": None})
    check_party_named(app.caller, "enterprise_uscc")
    require(app.caller, "platform", "bureau", "finance", "discipline", "admin")
    if query.batch_id is None:
        raise Refused(
            Refusal.MALFORMED,
            errors=[FieldError(name, "请指明企业或批次。", "missing") for name in ("enterprise_uscc", "batch_id")],
        )
    return _vouchers_of_batch(batches.get(query.batch_id).batch_id, query)


def _vouchers_of_enterprise(uscc: str, query: OfHolder) -> Answer[PageOf[VoucherAsGranted]]:
    now = clock.now()
    years = [vouchers.find_entitlement(year, uscc) for year in entitlements.years_with_vouchers(shanghai_date(now))]
    found = [(voucher, each) for each in years if each for voucher in vouchers.list_of(each)]
    placed = [
        (f"{instant_text(each.granted_at)}#{each.voucher_id}", _as_granted(each, entitlement, now))
        for each, entitlement in found
        if query.batch_id in (None, each.batch_id)
    ]
    chosen = [each for each in placed if query.state in (None, each[1]["state"])]
    items, next_cursor = cut_page(uscc, chosen, query.selection())
    return reply({"items": items, "next_cursor": next_cursor})


def _vouchers_of_batch(batch_id: str, query: OfHolder) -> Answer[PageOf[VoucherAsGranted]]:
    if "sort" in query.model_fields_set:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("sort", "按批次查询时没有先后次序，请去掉。", "not_allowed")]
        )
    now, selection = clock.now(), query.selection()

    def keep(item: Item) -> bool:
        is_of_days = selection.since <= item["granted_at"] < selection.until
        return is_of_days and query.state in (None, public_voucher(Voucher.model_validate(item), now)["state"])

    page = vouchers.list_page_of_batch(batch_id, selection, keep)
    held = [Voucher.model_validate(item) for item in page.items]
    known = {each.uscc: each for each in vouchers.read_entitlements(held)}
    items = [_as_granted(each, known.get(each.enterprise_uscc), now) for each in held]
    return reply({"items": items, "next_cursor": page.next_cursor})


def _as_granted(voucher: Voucher, entitlement: Entitlement | None, now: datetime) -> dict[str, Any]:
    groups = entitlement and entitlement.groups_of_grant(voucher.batch_id)
    return public_voucher(voucher, now) | {"granted_as": sorted(groups) if groups else None}


def visible_voucher(voucher_id: str) -> Voucher:
    """The voucher, if the caller acts for its enterprise or is staff. Raises NOT_FOUND."""
    _, uscc = keys.split_voucher_id(voucher_id)
    as_party_or_staff(app.caller, organisations.find_enterprise(uscc), "voucher")
    return vouchers.get(voucher_id)


@app.get("/vouchers/<voucher_id>")
def show(voucher_id: str) -> Answer[VoucherAsGranted]:
    """One voucher as it is now, and what its enterprise was at the grant."""
    voucher = visible_voucher(voucher_id)
    entitlement = vouchers.find_entitlement(voucher.year, voucher.enterprise_uscc)
    return reply(_as_granted(voucher, entitlement, clock.now()))


@app.get("/vouchers/<voucher_id>/postings")
def show_postings(voucher_id: str, query: OfVoucher) -> Answer[PageOf[Posting]]:
    """The movements of a voucher's money, its grant first."""
    voucher = visible_voucher(voucher_id)
    postings = [grant_posting(voucher), *vouchers.list_postings(voucher)]
    placed = [(f"{number:06}", posting) for number, posting in enumerate(postings)]
    selection = Selection(query.limit, query.cursor, oldest_first=True)
    return reply_page(*cut_page(f"{voucher_id}.postings", placed, selection))


handler = app.handle
