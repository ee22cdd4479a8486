"""Calls that Schemathesis makes up from the API's document, each by a caller of some city; what they broke."""

import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from infra.client.http import Reply
from infra.generated.python_client import DOCUMENT
from infra.local.stack import Stack
from tests.journeys.contract_city import ContractCity, build_contract_city
from tests.support.contract import Undocumented, check_answer

CALLS_PER_OPERATION = 5
JSON = "application/json"
DAY = re.compile(r'"\d{4}-\d\d-\d\d"')
PROMISES = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
]
# of which things a field of a request names ids; any other field has the ids of its own name
KINDS = {
    "enterprise_uscc": "enterprises",
    "agency_uscc": "agencies",
    "agency": "agencies",
    "contract_document_id": "document_id",
    "evidence_document_ids": "document_id",
    "order_ids": "order_id",
    "settlement_ids": "settlement_id",
}


@dataclass
class Examination:
    """The cities, one a round; every call that was made: operation, caller, status; every promise that was broken."""

    cities: list[ContractCity]
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def examine(stack: Stack, rounds: int) -> Examination:
    """Some calls of every operation in each round. Round and operation are the seed; each round has its own city."""
    # all of them first: a made-up call may take a year that is still free
    found = Examination([build_contract_city(stack, number) for number in range(1, rounds + 1)])
    schema = schemathesis.openapi.from_path(DOCUMENT)
    # who calls is ours to say
    schema.config.generation.update(with_security_parameters=False)
    operations = [each.ok() for each in schema.get_all_operations()]
    with requests.Session() as session:
        for number, city in enumerate(found.cities, 1):
            for place, operation in enumerate(operations):
                _examine(operation, city, number * 1_000 + place, session, found)
    return found


def _examine(operation: Any, city: ContractCity, seed: int, session: requests.Session, found: Examination) -> None:
    # What is found is kept, never raised: so every call is made once, and one fault does not hide the others.
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=CALLS_PER_OPERATION,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(_callers(operation, city), _cases(operation, city))
    def call(caller: str, case: Any) -> None:
        token = city.token(caller)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = case.call(city.deployment.stack.api_url.rstrip("/"), session, headers)
        found.calls.append((operation.label, caller, response.status_code))
        try:
            case.validate_response(response, PROMISES, headers=headers)
            check_answer(operation.method.upper(), operation.path, _reply(response))
        except (Failure, FailureGroup, Undocumented) as failure:
            found.broken.append(f"seed {seed}, as {caller}: {_words(failure)}\n{case.as_curl_command()}")

    call()


def _reply(response: Any) -> Reply:
    headers = {name: values[0] for name, values in response.headers.items()}
    is_json = "json" in headers.get("content-type", "")
    return Reply(response.status_code, response.json() if is_json else response.content, headers)


def _words(failure: BaseException) -> str:
    each = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
    return "\n".join(str(one) for one in each)


def _callers(operation: Any, city: ContractCity) -> st.SearchStrategy[str]:
    """Every second caller is one of those whom the document names."""
    roles = [role.removeprefix("members of the ") for role in operation.definition.raw["x-roles"]]
    named = [caller for caller in city.callers if caller in roles]
    return st.sampled_from(list(city.callers)) | st.sampled_from(named or list(city.callers))


@st.composite
def _cases(draw: st.DrawFn, operation: Any, city: ContractCity) -> Any:
    """A call as the document allows it or not quite, mostly about things that there are, often with a real body."""
    known = {name: draw(_ids(city, name, operation.path)) for name in re.findall(r"{(\w+)}", operation.path)}
    known = {name: value for name, value in known.items() if value is not None}
    if not draw(st.integers(0, 3)):
        # what is wrong must stay wrong: nothing of it is changed, and it is not about what there is if only its path is
        fixed = known if "requestBody" in operation.definition.raw else {}
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=fixed)
        # by the document a parameter without a value is not sent, so it is not wrong
        return draw(wrong.filter(lambda case: "" not in (case.query or {}).values()))
    case = draw(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    if known and draw(st.integers(0, 4)):
        case.path_parameters = {**case.path_parameters, **known}
    example = _example(operation, city.deployment.plan.today)
    if example is not None and draw(st.booleans()):
        case.body = example
    if case.body is not NOT_SET and draw(st.integers(0, 4)):
        case.body = draw(_with_ids(city, case.body))
    return case


def _example(operation: Any, today: date) -> Any:
    """The document's own example of a body, as of today."""
    content = operation.definition.raw.get("requestBody", {}).get("content", {})
    return json.loads(DAY.sub(f'"{today}"', json.dumps(content.get(JSON, {}).get("example"))))


def _ids(city: ContractCity, name: str, path: str = "") -> st.SearchStrategy[str | None]:
    """Some id of the kind that a name stands for; of a general name, of the kind that its path begins with."""
    kinds = (path.split("/")[1] if path and name in ("uscc", "year") else "", KINDS.get(name, name))
    return st.sampled_from(next((city.ids[kind] for kind in kinds if kind in city.ids), [None]))


@st.composite
def _with_ids(draw: st.DrawFn, city: ContractCity, body: Any, name: str = "") -> Any:
    """A body in which ids are such as there are."""
    if isinstance(body, dict):
        return {key: draw(_with_ids(city, value, key)) for key, value in body.items()}
    if isinstance(body, list):
        return [draw(_with_ids(city, value, name)) for value in body]
    return (draw(_ids(city, name)) or body) if isinstance(body, str) else body
