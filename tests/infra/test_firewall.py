"""The firewall of infra/waf.yaml: what each rule counts, by its own statements; it blocks only when it is told to."""

import re
from typing import Any

import pytest

from tests.infra.templates import template
from tests.support.backend import Route, routes

FIREWALL = template("infra/waf.yaml")["Resources"]["Firewall"]["Properties"]
RULES: dict[str, dict[str, Any]] = {each["Name"]: each for each in FIREWALL["Rules"]}
Json = dict[str, Any]


def counts(rule: str, method: str, path: str, token: str = "") -> bool:
    """Whether a rule counts a request."""
    return holds(RULES[rule]["Statement"]["RateBasedStatement"]["ScopeDownStatement"], method, path, token)


def holds(statement: Json, method: str, path: str, token: str) -> bool:
    """A statement, as AWS WAF reads it."""
    [(kind, content)] = statement.items()
    if kind == "AndStatement":
        return all(holds(each, method, path, token) for each in content["Statements"])
    if kind == "NotStatement":
        return not holds(content["Statement"], method, path, token)
    [field] = content["FieldToMatch"]
    found = {"Method": method, "UriPath": path, "SingleHeader": token}[field]
    if kind == "ByteMatchStatement":
        assert content["PositionalConstraint"] == "EXACTLY"
        return bool(found == content["SearchString"])
    if kind == "RegexMatchStatement":
        return re.search(content["RegexString"], found) is not None
    assert (kind, content["ComparisonOperator"], content["Size"]) == ("SizeConstraintStatement", "GT", 0)
    return bool(found)  # a header that is not there matches nothing


def path_of(route: Route) -> str:
    """A path as callers send it, behind the stage's name."""
    return "/v1" + re.sub(r"\{\w+\}", "2026.1a2b", route.path)


def test_whatever_anybody_may_send_is_counted_and_whatever_anybody_may_read() -> None:
    for route in routes():
        if route.public:
            sent = any(counts(rule, route.method, path_of(route)) for rule in ("objections", "complaints"))
            assert sent == (route.method != "GET"), route
            assert counts("public-reads", route.method, path_of(route)) == (route.method == "GET"), route


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (
            "objections",
            ["/v1/notices/n_1/objections", "/notices/n_1/objections"],
            ["/v1/notices/n_1", "/v1/objections"],
        ),
        ("complaints", ["/v1/complaints", "/v1/mailbox/letters", "/complaints"], ["/v1/complaints-of", "/v1/products"]),
        ("registrations", ["/v1/enterprises", "/v1/agencies"], ["/v1/enterprises/91/submit", "/v1/agencies/91/review"]),
    ],
)
def test_each_rule_counts_its_own_posts_under_any_base_path(rule: str, right: list[str], wrong: list[str]) -> None:
    assert all(counts(rule, "POST", path) for path in right)
    assert not any(counts(rule, "POST", path) for path in wrong)
    assert not any(counts(rule, "GET", path) for path in right)


def test_whoever_is_signed_in_reads_as_much_as_they_like() -> None:
    assert counts("public-reads", "GET", "/v1/products")
    assert counts("public-reads", "HEAD", "/v1/products")
    assert not counts("public-reads", "GET", "/v1/products", "Bearer x")
    assert not counts("public-reads", "POST", "/v1/products")


def test_it_counts_by_address_and_blocks_only_when_it_is_told_to() -> None:
    parameters = template("infra/waf.yaml")["Parameters"]
    assert parameters["Mode"]["Default"] == "count"
    for rule in RULES.values():
        assert rule["Action"] == {"Fn::If": ["Blocks", {"Block": {}}, {"Count": {}}]}
        assert rule["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
        assert parameters[rule["Statement"]["RateBasedStatement"]["Limit"]]["Type"] == "Number"
    assert FIREWALL["DefaultAction"] == {"Allow": {}}
    assert len({rule["Priority"] for rule in RULES.values()}) == len(RULES)


def test_no_sample_of_a_request_is_kept_because_it_would_show_a_token() -> None:
    shown = [each["VisibilityConfig"]["SampledRequestsEnabled"] for each in (FIREWALL, *RULES.values())]
    assert set(shown) == {False}


def test_what_it_blocks_is_answered_as_every_other_refusal() -> None:
    answers = template("template.yaml")["Resources"]["Api"]["Properties"]["GatewayResponses"]
    assert '"code":"BLOCKED"' in answers["WAF_FILTERED"]["ResponseTemplates"]["application/json"]
