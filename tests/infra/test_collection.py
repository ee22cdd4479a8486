"""The collection of calls for a person: as the document is, and each request whole."""

import json
import re

import pytest

from infra.contract.document import document
from infra.generated import collection

OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]
REQUESTS = {each.partition(":")[0]: each for each in collection.FILE.read_text().split("### ")[1:]}


def test_the_file_is_as_the_document_is() -> None:
    assert collection.FILE.read_text() == collection.text(), "run: make pages"


def test_every_operation_is_one_request() -> None:
    assert list(REQUESTS) == [operation["operationId"] for _, _, operation in OPERATIONS]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=REQUESTS)
def test_a_request_has_all_that_its_operation_needs(method: str, path: str, operation: dict[str, object]) -> None:
    head, _, body = REQUESTS[str(operation["operationId"])].partition("\n\n")
    [line] = [each for each in head.splitlines() if each.startswith(f"{method} ")]
    assert re.sub(r"{{\w+}}", "{}", line).partition("?")[0] == f"{method} {{}}{re.sub(r'{\w+}', '{}', path)}"
    assert ("Authorization: Bearer {{" in head) == (operation.get("security") != [])
    assert ("Idempotency-Key: {{key}}" in head) == ("'Idempotency-Key'" in str(operation.get("parameters")))
    assert "'in': 'query', 'required': True" not in str(operation.get("parameters")), "it must stand in the address"
    assert ("requestBody" in operation) == bool(body.strip() and json.loads(body) is not None)


def test_a_list_names_whose_entries_it_shows() -> None:
    assert "\nGET {{address}}/vouchers?enterprise_uscc={{enterprise_uscc}}\n" in REQUESTS["vouchers_list_vouchers"]


def test_ids_and_codes_of_an_example_are_variables() -> None:
    body = json.loads(REQUESTS["orders_place"].partition("\n\n")[2])
    assert (body["product_id"], body["voucher_id"]) == ("{{product_id}}", "{{voucher_id}}")
    body = json.loads(REQUESTS["evidence_fill_in"].partition("\n\n")[2])
    assert body["evidence_document_ids"] == ["{{document_id}}"]
    assert body["invoice"]["document_id"] == "{{document_id}}"
