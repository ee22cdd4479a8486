"""A change of more items than one transaction holds: whole groups in parts, and the last word last."""

import pytest

from tests.store.transactions import GUARD, write
from voucher.store.engine import large, table


@pytest.mark.parametrize(("groups", "transactions"), [(1, 1), (49, 1), (50, 2), (99, 3), (150, 4)])
def test_what_does_not_fit_one_transaction_goes_in_whole_groups_under_a_guard(
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
