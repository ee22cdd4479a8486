"""§5.1: the draw that anybody can repeat: each stratum first, nobody twice, two tickets if more speaks against them."""

from collections import Counter

import pytest

from voucher.models.inspections import FrameMember
from voucher.rules.inspections import drawn_members


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
