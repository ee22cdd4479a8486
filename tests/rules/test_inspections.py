"""§5.1: the draw that anybody can repeat: each stratum first, nobody twice, two tickets if more speaks against them."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.conftest import NOW
from tests.rules.records import MADE, POLICY, YEAR
from voucher.models.base import Mark
from voucher.models.inspections import Attempt, Check, Filters, Frame, FrameMember, Inspection
from voucher.refusals import Refusal, Refused
from voucher.rules.inspections import (
    attempted_check,
    draw_differences,
    drawn_checks,
    drawn_inspection,
    drawn_members,
    frame_bytes,
)


def member(number: int, stratum: str = "enterprise:city", weight: int = 1) -> FrameMember:
    orders = tuple(f"o_{number}_{each}" for each in range(5))
    code = f"9133{number:05}"
    return FrameMember(party="enterprise", uscc=code, name=code, stratum=stratum, weight=weight, order_ids=orders)


def sample(members: list[FrameMember], size: int, seed: str = "s") -> list[str]:
    return [each.uscc for each in drawn_members(members, "f" * 64, seed, size)]


@pytest.mark.clause("§5.1.2")
@pytest.mark.parametrize("seed", range(20))
def test_each_stratum_has_a_member_in_the_sample_and_nobody_is_in_it_twice(seed: int) -> None:
    rare = [member(0, "enterprise:liandu"), member(1, "enterprise:other")]
    members = rare + [member(number) for number in range(2, 200)]
    drawn = sample(members, 5, str(seed))
    assert {each.uscc for each in rare} <= set(drawn)
    assert len(drawn) == len(set(drawn)) == 5
    assert drawn == sample(members[::-1], 5, str(seed))
    assert sample(members, 5, f"{seed}-") != drawn


@pytest.mark.clause("§5.1.2")
def test_a_sample_above_its_frame_is_all_of_it_and_a_smaller_one_the_best_strata() -> None:
    members = [member(number, f"enterprise:{number}") for number in range(4)]
    assert sorted(sample(members, 90)) == [each.uscc for each in members]
    assert sample(members, 2) == sample(members, 90)[:2]


@pytest.mark.clause("§5.1.2")
def test_whoever_counts_double_is_drawn_nearly_twice_as_often() -> None:
    members = [member(number, weight=2 if number < 20 else 1) for number in range(200)]
    drawn = Counter(code for seed in range(300) for code in sample(members, 10, str(seed)))
    double, single = (sum(drawn[each.uscc] for each in part) / len(part) for part in (members[:20], members[20:]))
    assert 1.6 < double / single < 2.3


@pytest.mark.clause("§5.1.2")
def test_of_an_enterprise_one_order_is_asked_about_whatever_their_order() -> None:
    [one] = drawn_members([member(1)], "f" * 64, "s", 1)
    turned = member(1).model_copy(update={"order_ids": member(1).order_ids[::-1]})
    assert len(one.order_ids) == 1
    assert drawn_members([turned], "f" * 64, "s", 1) == [one]


Drawn = tuple[Inspection, list[Check], bytes]


@pytest.fixture
def drawn() -> Drawn:
    """A sample of ten out of thirty, as it is kept."""
    days = Filters(placed_from=date(YEAR, 1, 1), placed_to=date(YEAR, 12, 31))
    members = tuple(member(number) for number in range(30))
    frame = Frame(kind="satisfaction", year=YEAR, filters=days, members=members)
    content = frame_bytes(frame)
    sha256 = hashlib.sha256(content).hexdigest()
    sample = drawn_members(members, sha256, "公开摇号", 10)
    inspection = drawn_inspection("ins_1", frame, sha256, "公开摇号", sample, sample_size=10, **MADE)
    agency_of = {each.order_ids[0]: "91331100MA2E0000XX" for each in sample}
    return inspection, drawn_checks(inspection, sample, agency_of, POLICY, MADE), content


def rewritten(content: bytes, change: Callable[[list[Any]], object]) -> bytes:
    """The frame, canonical as before, after somebody's `change` of its members."""
    frame = json.loads(content)
    change(frame["members"])
    return json.dumps(frame, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


CHANGES = {
    "a row changed": lambda members: members[0].update(name="另一家"),
    "a weight doubled": lambda members: members[0].update(weight=2),
    "a row left out": lambda members: members.pop(),
    "a row added": lambda members: members.append({**members[0], "uscc": "9133X"}),
    "rows put elsewhere": lambda members: members.reverse(),
}


@pytest.mark.clause("§5.1.2")
def test_a_check_keeps_fifty_visits_or_calls(drawn: Drawn) -> None:
    check, mark = drawn[1][0], Mark(by="ada", at=NOW)
    attempt = Attempt(way="phone", reached=False, by="ada", at=NOW)
    for _ in range(50):
        check = attempted_check(check, attempt, mark)
    with pytest.raises(Refused) as no:
        attempted_check(check, attempt, mark)
    assert no.value.refusal is Refusal.MALFORMED


@pytest.mark.clause("§5.1")
def test_a_draw_that_nobody_touched_agrees(drawn: Drawn) -> None:
    assert draw_differences(*drawn) == ()


@pytest.mark.clause("§5.1")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_frame_of_other_bytes_is_found_also_with_its_hash_in_the_record(
    drawn: Drawn, change: Callable[[list[Any]], object]
) -> None:
    inspection, checks, content = drawn
    forged = rewritten(content, change)
    assert draw_differences(inspection, checks, forged) == ("frame_changed",)
    # the hash is part of each rank, so that a frame that only looks alike draws others
    hidden = inspection.model_copy(update={"frame_sha256": hashlib.sha256(forged).hexdigest()})
    assert draw_differences(hidden, checks, forged) == ("sample_differs",)
    junk = inspection.model_copy(update={"frame_sha256": hashlib.sha256(b"{}").hexdigest()})
    assert draw_differences(junk, checks, b"{}") == ("frame_changed",)


@pytest.mark.clause("§5.1")
def test_another_seed_size_or_member_is_found_and_so_is_a_frame_that_is_gone(drawn: Drawn) -> None:
    inspection, checks, content = drawn
    for changes in ({"seed": "另一个"}, {"sample_size": 9}):
        assert draw_differences(inspection.model_copy(update=changes), checks, content) == ("sample_differs",)
    friend = checks[0].model_copy(update={"member_uscc": "9133X"})
    easier = checks[0].model_copy(update={"order_ids": ("o_easy",)})
    for kept in ([friend, *checks[1:]], [easier, *checks[1:]], checks[1:], [checks[1], checks[0], *checks[2:]]):
        assert draw_differences(inspection, kept, content) == ("sample_differs",)
    assert draw_differences(inspection, checks, None) == ("frame_missing",)
