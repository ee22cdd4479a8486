"""Amounts in capital numerals: each rule of zeros, and that no two amounts read alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucher.capitals import DIGITS, PLACES, capitals

AMOUNTS = {
    0: "零元整",
    1: "壹分",
    10: "壹角整",
    11: "壹角壹分",
    100: "壹元整",
    1_005: "壹拾元零伍分",
    1_050: "壹拾元伍角整",
    10_000: "壹佰元整",
    10_100: "壹佰零壹元整",
    32_504: "叁佰贰拾伍元零肆分",
    140_950: "壹仟肆佰零玖元伍角整",
    168_032: "壹仟陆佰捌拾元叁角贰分",
    600_714: "陆仟零柒元壹角肆分",
    1_000_100: "壹万零壹元整",
    1_640_902: "壹万陆仟肆佰零玖元零贰分",
    10_000_000: "壹拾万元整",
    10_700_053: "壹拾万柒仟元伍角叁分",
    100_000_500: "壹佰万零伍元整",
    650_000_000: "陆佰伍拾万元整",
    10_000_000_000: "壹亿元整",
    10_000_000_100: "壹亿零壹元整",
    10_000_100_000: "壹亿零壹仟元整",
    10_010_000_000: "壹亿零壹拾万元整",
    100_200_300_400: "壹拾亿零贰佰万叁仟零肆元整",
    1_000_000_000_000: "壹佰亿元整",
    100_000_000_000_000: "壹万亿元整",
    100_000_000_000_100: "壹万亿零壹元整",
    -27_000: "负贰佰柒拾元整",
}


@pytest.mark.parametrize(("fen", "words"), AMOUNTS.items())
def test_an_amount_in_words(fen: int, words: str) -> None:
    assert capitals(fen) == words


def test_an_amount_that_has_no_words_is_a_fault() -> None:
    with pytest.raises(ValueError, match="no words"):
        capitals(10**18)


def _read(words: str) -> int:
    """The amount in fen that some words say, read by another way than they were made."""
    total = section = digit = 0
    units = {"拾": 10, "佰": 100, "仟": 1_000}
    yuan, _, rest = words.rpartition("元")
    for each in yuan:
        if each in units:
            section, digit = section + digit * units[each], 0
        elif each == "万":
            total, section, digit = total + (section + digit) * 10_000, 0, 0
        elif each == "亿":
            total, section, digit = (total + section + digit) * 100_000_000, 0, 0
        else:
            digit = DIGITS.index(each)
    fen = 0
    for unit, worth in (("角", 10), ("分", 1)):
        number, found, after = rest.partition(unit)
        if found:
            fen, rest = fen + DIGITS.index(number[-1]) * worth, after
    return (total + section + digit) * 100 + fen


@given(st.integers(0, 10**14 - 1))
def test_what_the_words_say_is_the_amount(fen: int) -> None:
    words = capitals(fen)
    assert _read(words) == fen
    assert "零零" not in words
    assert set(words) <= {*DIGITS, *PLACES[1:], *"万亿元角分整"}
