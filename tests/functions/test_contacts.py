"""The contact of an organisation is its members' matter, in any state (§3.2.3, §4.1.3)."""

from datetime import UTC, datetime

import pytest

from infra.client import steps
from tests.conftest import StoppedClock
from tests.support.agency_scenario import path_of, renew
from tests.support.scenario import OWNER, SELLER, STRANGER, Town, disqualify
from voucher.store import vouchers

CONTACT = {"contact_name": "新联系人", "contact_phone": "0578-2091234"}


@pytest.mark.clause("§4.1.3")
def test_an_approved_enterprise_changes_its_contact_and_stays_approved(town: Town) -> None:
    path = f"/enterprises/{town.enterprise.uscc}"
    before = vouchers.find_entitlement(2026, town.enterprise.uscc)
    new = steps.expect(town.world.call(OWNER, "PATCH", f"{path}/contact", CONTACT), 200)
    assert (new["state"], new["contact_name"], new["contact_phone"]) == ("approved", "新联系人", "0578-2091234")
    again = town.world.call(OWNER, "PATCH", f"{path}/contact", CONTACT)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert town.world.call(STRANGER, "PATCH", f"{path}/contact", CONTACT).code == "NOT_FOUND"
    assert town.world.call(OWNER, "PATCH", f"{path}/contact", {"name": "改名"}).code == "MALFORMED"
    assert vouchers.find_entitlement(2026, town.enterprise.uscc) == before
    disqualify(town.world, town.enterprise.uscc)
    only = steps.expect(town.world.call(OWNER, "PUT", f"{path}/contact", {"contact_name": "又一人"}), 200)
    assert (only["contact_name"], only["contact_phone"]) == ("又一人", "0578-2091234")


@pytest.mark.clause("§3.2.3")
def test_an_agencys_new_contact_is_in_the_register_at_once_and_outlives_its_renewal(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = datetime(2028, 6, 5, 2, tzinfo=UTC)
    renew(town, contact_name="续期时的联系人")
    steps.expect(town.world.call(SELLER, "PATCH", f"{path_of(town)}/contact", CONTACT), 200)
    register = f"/register/{town.agency.uscc}"
    assert town.world.call(None, "GET", register).body["contact_name"] == "新联系人"
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    assert town.world.call(None, "GET", register).body["contact_name"] == "新联系人"
