"""A list of another office: from the bucket through notification, queue and worker; then through relay into force."""

import pytest

from infra.city.enterprises import Enterprise
from infra.city.lists import make_list_files
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.place import Json, Place

KIND = "newly_above_scale"


@pytest.fixture(scope="module")
def firm(place: Place, year: int) -> Enterprise:
    """A firm that was approved before anybody put it on a list."""
    return place.approved_firm()


@pytest.fixture(scope="module")
def applied(place: Place, year: int, firm: Enterprise) -> Json:
    """The import of a list that names the firm among others, put in force by the bureau."""
    before = place.shown(owner_of(firm.uscc), f"/enterprises/{firm.uscc}/eligibility")
    assert (before["quota_fen"], before["eligible"]) == (1_000_000, True)
    listed = Enterprise(**{**vars(firm), "on_lists": (KIND,)})
    content = make_list_files([listed], 7, year)[KIND]
    return steps.import_list(place.client, KIND, year, content, wait_until)


@pytest.mark.clause("§2.3.1")
def test_a_list_that_arrives_in_the_bucket_is_parsed_and_applied_by_the_worker(
    place: Place, year: int, firm: Enterprise, applied: Json
) -> None:
    assert (applied["state"], applied["error_count"]) == ("applied", 0)
    shown = place.shown(BUREAU, f"/lists/{KIND}/{year}?limit=100")
    assert shown["import_id"] == applied["import_id"]
    assert len(shown["items"]) == applied["row_count"]
    assert [each["name"] for each in shown["items"] if each["uscc"] == firm.uscc] == [firm.name]


@pytest.mark.clause("§2.3.1")
def test_an_enterprise_on_the_list_claims_twice_as_much_from_then_on(
    place: Place, firm: Enterprise, applied: Json
) -> None:
    assert place.shown(OPERATOR, f"/enterprises/{firm.uscc}/eligibility")["quota_fen"] == 2_000_000
    assert place.grab(place.open_batch(5_000_000), firm)["face_fen"] == 2_000_000


def test_a_file_that_is_no_list_fails_its_import_and_changes_nothing(place: Place, year: int) -> None:
    path = f"/lists/rated_d/{year}/imports"
    announced = {
        "filename": "a.xlsx",
        "content_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "size_bytes": 9,
    }
    record = steps.expect(place.client.call(OPERATOR, "POST", path, announced), 201)
    place.client.upload(record["upload"], b"not a book")
    wait_until(lambda: bool(place.shown(OPERATOR, f"{path}/{record['import_id']}")["state"] != "waiting"))
    assert place.shown(OPERATOR, f"{path}/{record['import_id']}")["state"] == "failed"
    assert place.client.call(BUREAU, "POST", f"{path}/{record['import_id']}/apply").code == "WRONG_STATE"
    assert place.shown(BUREAU, f"/lists/rated_d/{year}")["items"] == []
