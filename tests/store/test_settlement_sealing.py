"""Sealed texts as KMS keeps them, and changes of more items than one transaction holds."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from voucher.refusals import Refused
from voucher.store import keys
from voucher.store.engine import large, sealing, table

REAL_CLIENT = sealing.client.__wrapped__


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """KMS with one key."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-east-1")
    with mock_aws():
        monkeypatch.setattr(sealing, "client", REAL_CLIENT)
        monkeypatch.setenv("BANK_ACCOUNTS_KEY", boto3.client("kms").create_key()["KeyMetadata"]["Arn"])
        yield


@pytest.mark.clause("§3.5.4")
def test_a_text_sealed_by_kms_opens_for_its_record_and_for_no_other(kms: None) -> None:
    sealed = sealing.seal("6200000000000000018", round="r1", agency="a1")
    assert "6200" not in sealed
    assert sealing.unseal(sealed, round="r1", agency="a1") == "6200000000000000018"
    for wrong in ({"round": "r2", "agency": "a1"}, {"round": "r1", "agency": "a2"}, {}):
        with pytest.raises(ClientError):
            sealing.unseal(sealed, **wrong)


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the writes of each transaction."""
    found: list[list[str]] = []
    monkeypatch.setenv("ORDERS_TABLE", "orders")
    monkeypatch.setattr(table, "transact", lambda writes: found.append([write.name for write in writes]))
    return found


def write(name: str) -> table.Write:
    """A write that only its name matters of."""
    return table.put_write(name, keys.order(name), {}, None)


GUARD = ("guard", keys.order("guard"), "attribute_exists(#pk)")


@pytest.mark.parametrize(("groups", "transactions"), [(1, 1), (49, 1), (50, 2), (99, 3), (150, 4)])
def test_what_fits_is_one_transaction_and_the_rest_is_whole_groups_under_a_guard_with_the_last_word_last(
    committed: list[list[str]], groups: int, transactions: int
) -> None:
    pairs = [[write(f"{number}a"), write(f"{number}b")] for number in range(groups)]
    large.commit_in_parts(pairs, [write("last"), write("word")], [table.item_check(*GUARD)])
    assert len(committed) == transactions
    assert committed[-1][-2:] == ["last", "word"] and "guard" not in committed[-1]
    assert all(each[-1] == "guard" for each in committed[:-1])
    assert all(len(each) <= 100 for each in committed)
    written = [name for each in committed for name in each if name not in ("guard", "last", "word")]
    assert written == [f"{number}{letter}" for number in range(groups) for letter in "ab"]
    for each in committed:
        assert not any(f"{name[:-1]}a" not in each for name in each if name.endswith("b"))


def test_nothing_to_write_but_the_last_word_is_one_transaction(committed: list[list[str]]) -> None:
    large.commit_in_parts([], [write("last")], [table.item_check(*GUARD)])
    assert committed == [["last"]]


def test_a_check_that_several_groups_carry_stands_once_and_equal_changes_are_never_taken_for_one(
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
