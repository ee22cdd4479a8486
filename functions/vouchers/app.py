"""Vouchers, shown with every posting to the members of their enterprise and to staff."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import as_member_or_staff
from voucher.edge.queries import Query, QueryId
from voucher.edge.replies import Answer, PageOf, reply, reply_page
from voucher.models.accounts import Posting, grant_posting
from voucher.models.vouchers import PublicVoucher, Voucher
from voucher.rules import entitlements
from voucher.rules.vouchers import public_voucher
from voucher.rules.working_days import shanghai_date
from voucher.store import keys, organisations, vouchers

app = Api()


class OfEnterprise(Query):
    enterprise_uscc: QueryId


@app.get("/vouchers")
def list_vouchers(query: OfEnterprise) -> Answer[PageOf[PublicVoucher]]:
    """An enterprise's vouchers of last year, this year and next year, in the order of their grants."""
    uscc = query.enterprise_uscc
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc), "enterprise")
    now = clock.now()
    years = [vouchers.find_entitlement(year, uscc) for year in entitlements.years_in_step(shanghai_date(now))]
    found = [voucher for each in years if each for voucher in vouchers.list_of(each)]
    return reply({"items": [public_voucher(voucher, now) for voucher in found], "next_cursor": None})


def visible_voucher(voucher_id: str) -> Voucher:
    """The voucher, if the caller acts for its enterprise or is staff. Raises NOT_FOUND."""
    _, uscc = keys.split_voucher_id(voucher_id)
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc), "voucher")
    return vouchers.get(voucher_id)


@app.get("/vouchers/<voucher_id>")
def show(voucher_id: str) -> Answer[PublicVoucher]:
    """One voucher as it is now."""
    return reply(public_voucher(visible_voucher(voucher_id), clock.now()))


@app.get("/vouchers/<voucher_id>/postings")
def show_postings(voucher_id: str) -> Answer[PageOf[Posting]]:
    """Every movement of a voucher's money, its grant first."""
    voucher = visible_voucher(voucher_id)
    postings = [grant_posting(voucher), *vouchers.list_postings(voucher)]
    return reply_page(postings)


handler = app.handle
