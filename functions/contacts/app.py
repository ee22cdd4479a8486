"""Contacts of organisations, which their members keep up to date in any state (§3.2.3, §4.1.3)."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Versioned, partial
from voucher.edge.fields import Day, Name, Phone
from voucher.edge.identity import as_member
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.base import Request
from voucher.models.enterprises import Enterprise
from voucher.rules.lifecycle import check_version
from voucher.rules.submissions import check_trained, with_contact
from voucher.store import organisations

app = Api()


class Contact(Request):
    contact_name: Name
    contact_phone: Phone


class AgencyContact(Contact):
    """§3.4.2: with the day on which this person was trained for the vouchers."""

    contact_trained_on: Day


Correction, AgencyCorrection = partial(Contact), partial(AgencyContact)


@app.patch("/enterprises/<uscc>/contact")
@app.put("/enterprises/<uscc>/contact")
def edit_of_enterprise(uscc: str) -> Answer[Enterprise]:
    """§4.1.3: who is to be called, and where. It is no material change, so nobody reviews it."""
    old = as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    return _edited(old, app.body(Correction))


@app.patch("/agencies/<uscc>/contact")
@app.put("/agencies/<uscc>/contact")
def edit_of_agency(uscc: str) -> Answer[Agency]:
    """§3.2.3, §3.4.2: who is to be called, and where, and when they were trained; the register shows it at once. It is
    no material change, so nobody reviews it. Who takes over from another person stands beside them."""
    old = as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    body = app.body(AgencyCorrection)
    check_trained(getattr(body, "contact_trained_on", None), clock.today())
    return _edited(old, body)


def _edited[Organisation: (Enterprise, Agency)](old: Organisation, body: Versioned) -> Answer[Organisation]:
    if app.is_repeat(old, "edit_contact"):
        return reply(old, replay=True)
    check_version(old, body.version)
    new = with_contact(old, body.model_dump(exclude={"version"}, exclude_none=True), app.mark)
    organisations.commit_step(old, new)
    return reply(new)


handler = app.handle
