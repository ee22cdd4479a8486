"""Vouchers shown: to their enterprise's members and to staff, with every posting."""

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import as_member_or_staff
from voucher.edge.replies import reply
from voucher.models.accounts import grant_posting
from voucher.models.vouchers import Voucher
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import entitlements
from voucher.rules.vouchers import shown_state
from voucher.rules.working_days import shanghai_date
from voucher.store import keys, organisations, vouchers

app = Api()


@app.get("/vouchers")
def list_vouchers() -> Response[str]:
    """An enterprise's vouchers of the years around today, in the order they were granted."""
    uscc = app.query("enterprise_uscc")
    if not uscc:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("enterprise_uscc", "必填。")])
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    now = clock.now()
    years = [vouchers.find_entitlement(year, uscc) for year in entitlements.years_in_step(shanghai_date(now))]
    found = [voucher for each in years if each for voucher in vouchers.list_of(each)]
    items = [voucher.public() | {"state": shown_state(voucher, now)} for voucher in found]
    return reply({"items": items, "next_cursor": None})


def _mine(voucher_id: str) -> Voucher:
    _, uscc = keys.split_voucher_id(voucher_id)
    as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
    if (voucher := vouchers.find(voucher_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return voucher


@app.get("/vouchers/<voucher_id>")
def show(voucher_id: str) -> Response[str]:
    """One voucher as it is now."""
    voucher = _mine(voucher_id)
    return reply(voucher.public() | {"state": shown_state(voucher, clock.now())})


@app.get("/vouchers/<voucher_id>/postings")
def show_postings(voucher_id: str) -> Response[str]:
    """Every movement of a voucher's money, its grant first."""
    voucher = _mine(voucher_id)
    moved = [grant_posting(voucher), *vouchers.list_postings(voucher)]
    return reply({"items": [posting.public() for posting in moved], "next_cursor": None})


handler = app.handle
