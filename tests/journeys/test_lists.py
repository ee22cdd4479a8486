"""A list of another office: through bucket, queue and worker to an import, then through the relay into force."""

import pytest

from infra.city.enterprises import Enterprise
from infra.city.lists import list_year, make_list_files
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.deployment import Deployment, Json

KIND = "newly_above_scale"


@pytest.fixture(scope="module")
def enterprise(deployment: Deployment, year: int) -> Enterprise:
    """An enterprise that was approved before it came onto a list."""
    return deployment.add_approved_enterprise()


@pytest.fixture(scope="module")
def list_version(deployment: Deployment, year: int, enterprise: Enterprise) -> Json:
    """The import of a list with the enterprise on it, put in force by the bureau."""
    eligibility = deployment.get(owner_of(enterprise.uscc), f"/enterprises/{enterprise.uscc}/eligibility")
    assert (eligibility["quota_fen"], eligibility["eligible"]) == (1_000_000, True)
    enterprise_on_list = Enterprise(**{**vars(enterprise), "on_lists": (KIND,)})
    content = make_list_files([enterprise_on_list], 7, year)[KIND]
    return steps.import_list(deployment.client, KIND, list_year(KIND, year), content, wait_until)


@pytest.mark.clause("§2.3.1")
def test_a_list_that_arrives_in_the_bucket_is_parsed_and_applied_by_the_worker(
    deployment: Deployment, year: int, enterprise: Enterprise, list_version: Json
) -> None:
    assert (list_version["state"], list_version["error_count"]) == ("applied", 0)
    current_list = deployment.get(BUREAU, f"/lists/{KIND}/{list_year(KIND, year)}?limit=100")
    assert current_list["import_id"] == list_version["import_id"]
    assert len(current_list["items"]) == list_version["row_count"]
    assert [each["name"] for each in current_list["items"] if each["uscc"] == enterprise.uscc] == [enterprise.name]


@pytest.mark.clause("§2.3.1")
def test_an_enterprise_on_the_list_claims_twice_as_much_from_then_on(
    deployment: Deployment, enterprise: Enterprise, list_version: Json
) -> None:
    assert deployment.get(OPERATOR, f"/enterprises/{enterprise.uscc}/eligibility")["quota_fen"] == 2_000_000
    assert deployment.grab(deployment.open_batch(5_000_000), enterprise)["face_fen"] == 2_000_000


def test_a_file_that_is_no_list_fails_its_import_and_changes_nothing(deployment: Deployment, year: int) -> None:
    path = f"/lists/rated_d/{year}/imports"
    announcement = {
        "filename": "a.xlsx",
        "content_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "size_bytes": 9,
    }
    record = steps.expect(deployment.client.call(OPERATOR, "POST", path, announcement), 201)
    deployment.client.upload(record["upload"], b"not a book")
    wait_until(lambda: bool(deployment.get(OPERATOR, f"{path}/{record['import_id']}")["state"] != "waiting"))
    assert deployment.get(OPERATOR, f"{path}/{record['import_id']}")["state"] == "failed"
    assert deployment.client.call(BUREAU, "POST", f"{path}/{record['import_id']}/apply").code == "WRONG_STATE"
    assert deployment.get(BUREAU, f"/lists/rated_d/{year}")["items"] == []
