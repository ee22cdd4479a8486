"""§3.5.4: the file for the bank: every payout in exactly one, always the same bytes."""

import hashlib
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import FINANCE
from tests.support.payout_scenario import ACCOUNT, new_payout_id, payout_file_of
from tests.support.scenario import Json, Town
from tests.support.settlement_scenario import settling, the_order
from tests.support.snapshots import everything_kept
from tests.support.spreadsheets import rows_of
from voucher.models.payouts import Payout
from voucher.store import payouts
from voucher.store.engine.table import decode

Scene = tuple[Town, Json]


@pytest.mark.clause("§3.5.4")
def test_a_payout_file_has_number_hashes_and_payouts_and_is_always_the_same_bytes(
    submitted: Scene,
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    assert payout_file_of(case, round_id).code == "NO_PAYOUT_FILE"
    payout_id = new_payout_id(case, round_id)
    once, again = payout_file_of(case, round_id), payout_file_of(case, round_id, person=FINANCE)
    assert once.headers.pop("x-request-id") != again.headers.pop("x-request-id")
    assert once.status == 200 and once.body == again.body and once.headers == again.headers
    shown = {name.lower() for name in once.headers["access-control-expose-headers"].split(", ")}
    assert {"content-disposition", "x-content-sha256", "x-payout-file-number", "x-rows-sha256"} <= shown
    assert once.headers["x-content-sha256"] == hashlib.sha256(once.body).hexdigest()
    rows = rows_of(once.body)
    assert rows[1][:2] == ["清单编号", once.headers["x-payout-file-number"]]
    assert rows[2][1] == once.headers["x-rows-sha256"]
    assert rows[3][1] == 7000
    name = case.town.agency.name
    assert rows[5] == ["1", payout_id, name, "丽水市某银行", ACCOUNT, 7000, "SUM-1", name, case.town.agency.uscc]
    steps.expect(case.result(payout_id), 200)
    assert payout_file_of(case, round_id).body == once.body
    [listed] = case.town.shown(f"/rounds/{round_id}")["payout_files"]
    assert (listed["sha256"], listed["payout_ids"]) == (once.headers["x-content-sha256"], [payout_id])


@pytest.mark.clause("§3.5.4")
def test_a_payout_stands_in_one_file_only_so_no_bank_gets_it_twice(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    first = new_payout_id(case, round_id)
    one = payout_file_of(case, round_id)
    steps.expect(case.result(first, "failed"), 200)
    assert payout_file_of(case, round_id).body == one.body
    second = new_payout_id(case, round_id)
    two = payout_file_of(case, round_id)
    assert [row[1] for row in rows_of(one.body)[5:]] == [first]
    assert [row[1] for row in rows_of(two.body)[5:]] == [second]
    assert {each.payout_id: each.file_number for each in kept_payouts()} == {
        first: one.headers["x-payout-file-number"],
        second: two.headers["x-payout-file-number"],
    }
    number = one.headers["x-payout-file-number"]
    assert payout_file_of(case, round_id, f"?number={number}").body == one.body
    assert payout_file_of(case, round_id, "?number=PF-none").code == "NO_PAYOUT_FILE"


def kept_payouts() -> list[Payout]:
    """Every payout in the table."""
    items = map(decode, everything_kept()["settlements"])
    return [Payout.model_validate(item) for item in items if item["pk"].startswith("PAYOUT#")]


@pytest.mark.clause("§3.5.4")
def test_a_file_made_by_somebody_else_at_the_same_moment_is_given_as_it_was_made(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    new_payout_id(case, round_id)
    write, answers = payouts.commit_file, []

    def overtaken(*facts: Any) -> None:
        monkeypatch.setattr(payouts, "commit_file", write)
        answers.append(payout_file_of(case, round_id, person=FINANCE))
        write(*facts)

    monkeypatch.setattr(payouts, "commit_file", overtaken)
    assert payout_file_of(case, round_id).body == answers[0].body
    assert len(case.town.shown(f"/rounds/{round_id}")["payout_files"]) == 1


@pytest.mark.clause("§3.5.4")
def test_a_stored_file_that_was_tampered_with_is_a_fault_and_no_answer(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    new_payout_id(case, round_id)
    payout_file_of(case, round_id)
    [listed] = case.town.shown(f"/rounds/{round_id}")["payout_files"]
    case.town.world.upload({"fields": {"key": listed["object_key"], "Content-Type": "x"}}, b"other")
    with pytest.raises(LookupError):
        payout_file_of(case, round_id)
