"""Vouchers, shown with every posting to the members of their enterprise and to staff."""

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import as_member_or_staff
from voucher.edge.replies import reply
from voucher.models.accounts import grant_posting
from voucher.models.vouchers import Voucher
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import entitlements
from voucher.rules.vouchers import public_voucher
from voucher.rules.working_days import shanghai_date
from voucher.store import keys, organisations, vouchers

app = Api()


@app.get("/vouchers")
def list_vouchers() -> Response[str]:
    """An enterprise's vouchers of last year, this year and next year, in the order of their grants."""
    uscc = app.query("enterprise_uscc")
    if not uscc:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("enterprise_uscc", "必填。")])
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    now = clock.now()
    years = [vouchers.find_entitlement(year, uscc) for year in entitlements.years_in_step(shanghai_date(now))]
    found = [voucher for each in years if each for voucher in vouchers.list_of(each)]
    return reply({"items": [public_voucher(voucher, now) for voucher in found], "next_cursor": None})


def visible_voucher(voucher_id: str) -> Voucher:
    """The voucher, if the caller acts for its enterprise or is staff. Raises NOT_FOUND."""
    _, uscc = keys.split_voucher_id(voucher_id)
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    return vouchers.get(voucher_id)


@app.get("/vouchers/<voucher_id>")
def show(voucher_id: str) -> Response[str]:
    """One voucher as it is now."""
    return reply(public_voucher(visible_voucher(voucher_id), clock.now()))


@app.get("/vouchers/<voucher_id>/postings")
def show_postings(voucher_id: str) -> Response[str]:
    """Every movement of a voucher's money, its grant first."""
    voucher = visible_voucher(voucher_id)
    postings = [grant_posting(voucher), *vouchers.list_postings(voucher)]
    return reply({"items": [posting.public() for posting in postings], "next_cursor": None})


handler = app.handle
