"""Transactions: equal checks become one, and a false condition becomes the refusal that the caller names."""

import re
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.store.transactions import GUARD, write
from tests.support.backend import ROOT, template
from voucher.refusals import Refusal, Refused
from voucher.store import keys
from voucher.store.engine import patience, table


def test_equal_checks_are_sent_once_and_equal_changes_as_often_as_they_are_meant(
    committed: list[list[str]],
) -> None:
    guard = table.item_check(*GUARD)
    credit = table.update_write("credit", keys.order("o1"), "SET #paid_fen = #paid_fen + :one", None)
    table.commit([guard, credit, guard, credit, write("o2"), write("o2")])
    assert committed == [["guard", "credit", "credit", "o2", "o2"]]


def test_a_condition_that_was_false_is_told_as_changed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    def unmet(_writes: Any) -> None:
        raise table.Unmet({"x": None})

    monkeypatch.setattr(table, "transact", unmet)
    with pytest.raises(Refused) as no:
        table.commit([])
    assert no.value.refusal.name == "CHANGED_MEANWHILE"


@pytest.mark.parametrize(
    ("unmet", "refusal"),
    [
        (["contract"], Refusal.CONTRACT_USED),
        (["order"], Refusal.ALREADY_EXISTS),
        (["order", "contract"], Refusal.CONTRACT_USED),
        (["voucher"], Refusal.CHANGED_MEANWHILE),
        (["voucher", "order"], Refusal.ALREADY_EXISTS),
    ],
)
def test_a_false_condition_is_the_refusal_named_for_its_write_the_first_of_several(
    monkeypatch: pytest.MonkeyPatch, unmet: list[str], refusal: Refusal
) -> None:
    def refuse(_writes: Any) -> None:
        raise table.Unmet(dict.fromkeys(unmet))

    monkeypatch.setattr(table, "transact", refuse)
    with pytest.raises(Refused) as no:
        table.commit([], contract=Refusal.CONTRACT_USED, order=Refusal.ALREADY_EXISTS)
    assert no.value.refusal is refusal


def test_only_a_taken_key_and_only_a_changed_fact_are_answered_by_false(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_writes: Any) -> None:
        raise failure

    monkeypatch.setattr(table, "transact", refuse)
    failure: Exception = table.Unmet({"order": None})
    assert table.commit_new("order", []) is False
    assert table.commit_if_unchanged([]) is False
    with pytest.raises(Refused, match="CHANGED_MEANWHILE"):
        table.commit_new("voucher", [])
    failure = table.Contended()
    for commit in (lambda: table.commit_new("order", []), lambda: table.commit_if_unchanged([])):
        with pytest.raises(Refused, match="BUSY"):
            commit()


@pytest.mark.parametrize(
    ("reasons", "asked", "outcome"),
    [
        (["ConditionalCheckFailed", "None"], 1, table.Unmet),
        (["ConditionalCheckFailed", "TransactionConflict"], 2, None),
        (["ThrottlingError", "ConditionalCheckFailed"], 2, None),
        (["ValidationError", "TransactionConflict"], 1, ClientError),
    ],
)
def test_a_false_condition_beside_contention_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, reasons: list[str], asked: int, outcome: type[Exception] | None
) -> None:
    tokens: list[str] = []

    def transact_write_items(**request: Any) -> None:
        tokens.append(request["ClientRequestToken"])
        if len(tokens) == 1:
            told = {"CancellationReasons": [{"Code": code} for code in reasons]}
            raise ClientError({"Error": {"Code": "TransactionCanceledException"}, **told}, "TransactWriteItems")

    monkeypatch.setenv("ORDERS_TABLE", "orders")
    monkeypatch.setattr(table, "client", lambda: SimpleNamespace(transact_write_items=transact_write_items))
    with pytest.raises(outcome) if outcome else nullcontext():
        table.transact([write("o1"), write("o2")])
    assert (len(tokens), len(set(tokens))) == (asked, 1)


@pytest.mark.parametrize(
    ("code", "asked", "outcome"),
    [
        ("TransactionConflict", table.ATTEMPTS, table.Contended),
        ("ThrottlingError", table.ATTEMPTS_WHEN_THROTTLED, table.Throttled),
        ("ProvisionedThroughputExceeded", table.ATTEMPTS_WHEN_THROTTLED, table.Throttled),
    ],
)
def test_a_throttled_table_is_asked_less_often_and_more_slowly_than_a_contended_one(
    monkeypatch: pytest.MonkeyPatch, code: str, asked: int, outcome: type[Exception]
) -> None:
    sent, waits = list[str](), list[float]()

    def transact_write_items(**request: Any) -> None:
        sent.append(request["ClientRequestToken"])
        reasons = [{"Code": code}, {"Code": "None"}]
        raise ClientError({"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}, "")

    def uniform(least: float, most: float) -> float:
        waits.append((least + most) / 2)
        return 0

    monkeypatch.setenv("ORDERS_TABLE", "orders")
    monkeypatch.setattr(table, "client", lambda: SimpleNamespace(transact_write_items=transact_write_items))
    monkeypatch.setattr(table.random, "uniform", uniform)
    with pytest.raises(table.Contended) as raised:
        table.transact([write("o1"), write("o2")])
    assert (type(raised.value), len(sent), len(set(sent))) == (outcome, asked, 1)
    if outcome is table.Throttled:
        assert waits[0] >= 0.2
    else:
        assert waits[0] < 0.02


def test_what_one_call_may_take_at_most_fits_into_a_function_of_the_api() -> None:
    assert template("template.yaml")["Globals"]["Function"]["Timeout"] > patience.MOST_SECONDS
    made = {
        path.name
        for path in [*(ROOT / "layers/voucher").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
        if re.search(r"boto3\.|create_client\(", path.read_text())
    }
    assert made == {"patience.py"}
    told = patience.config()
    assert (told.connect_timeout, told.read_timeout) == (patience.CONNECT_SECONDS, patience.READ_SECONDS)
    assert told.retries == {"mode": "standard", "total_max_attempts": patience.TRIES}


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", ""])
def test_only_against_the_emulator_of_one_machine_the_clients_wait_longer(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    seconds = patience.LOCAL_READ_SECONDS if url else patience.READ_SECONDS
    assert patience.config().read_timeout == seconds
    assert patience.LOCAL_READ_SECONDS > patience.READ_SECONDS
