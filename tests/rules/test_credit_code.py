"""Credit codes: what the two standards' arithmetic finds, and the one kind of slip it does not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from voucher.rules.credit_code import is_agency_code, is_credit_code, is_enterprise_code, organisation_check

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = [3**position % 31 for position in range(17)] + [1]  # the check character itself counts once
GOOD = "91330100799655058B"


def completed(prefix: str, region: str, body: str) -> str:
    """The credit code with both check characters put in."""
    first = prefix + region + body + organisation_check(body)
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(first, WEIGHTS, strict=False))
    return first + ALPHABET[-total % 31]


credit_codes = st.builds(
    completed,
    st.sampled_from(["91", "12", "31", "32", "35", "51", "52", "53", "92", "11"]),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=8, max_size=8),
)


@pytest.mark.parametrize("code", [GOOD, "91110000600037341L", "914403001922038216"])
def test_a_registered_code_is_a_credit_code(code: str) -> None:
    assert is_credit_code(code)


@given(credit_codes)
def test_every_code_with_both_check_digits_is_a_credit_code(code: str) -> None:
    assert is_credit_code(code)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("91331100MA2EFLCR5B", "the organisation code's own check digit is wrong"),
        ("362322198709086409", "a citizen's id number"),
    ],
)
def test_a_code_that_only_the_outer_check_digit_lets_through_is_refused(code: str, what: str) -> None:
    assert uscc.is_valid(code), what
    assert not is_credit_code(code), what


@pytest.mark.parametrize(
    "code",
    [
        "",
        GOOD[:-1],
        GOOD + "0",
        GOOD.lower(),
        f" {GOOD}",
        f"{GOOD}\n",
        f"{GOOD[:8]} {GOOD[8:]}",
        f"{GOOD[:8]}-{GOOD[8:]}",
        "9" + GOOD[1:],
        "９" + GOOD[1:],
        GOOD[:-1] + "Ｂ",
        "٩" + GOOD[1:],
    ],
)
def test_only_the_exact_form_is_a_credit_code(code: str) -> None:
    assert is_credit_code(code) == (code == GOOD)


@given(credit_codes, st.integers(0, 17), st.sampled_from(ALPHABET + "IOSVZaＡ０ -"))
def test_any_single_changed_character_is_found(code: str, position: int, character: str) -> None:
    changed = code[:position] + character + code[position + 1 :]
    assert is_credit_code(changed) == (changed == code)


@given(credit_codes, st.integers(0, 16))
def test_any_two_neighbours_changed_round_are_found(code: str, position: int) -> None:
    turned = swapped(code, position, position + 1)
    assert is_credit_code(turned) == (turned == code)


def test_why_no_single_change_and_no_swap_of_neighbours_can_pass() -> None:
    # A code is right if Σ weight × value ≡ 0 (mod 31). A change adds weight × difference, a swap adds the
    # difference of the weights × that of the values. Values differ by 1 to 30, 31 is prime: the sum can
    # stay 0 only if a weight, or the difference of two, is 0. None is, for neighbours.
    assert all(weight % 31 for weight in WEIGHTS)
    assert all((one - other) % 31 for one, other in pairwise(WEIGHTS))


def test_a_swap_at_any_distance_is_found_except_of_the_first_and_the_last() -> None:
    blind = [
        (first, last)
        for first in range(18)
        for last in range(first + 1, 18)
        if (WEIGHTS[first] - WEIGHTS[last]) % 31 == 0
    ]
    assert blind == [(0, 17)]


def test_a_swap_of_the_first_and_the_last_is_not_the_code_of_an_enterprise() -> None:
    code = next(code for code in map(numbered, range(1000)) if code[-1] == "5")
    turned = swapped(code, 0, 17)
    assert is_enterprise_code(code)
    assert is_credit_code(turned)
    assert not is_enterprise_code(turned)
    assert is_agency_code(turned)  # 51: the digits cannot tell; the documents must


def test_the_organisation_check_digit_alone_would_miss_values_eleven_apart() -> None:
    # GB 11714 counts modulo 11 but letters up to 35, so 0 B, 1 C … look alike to it, changed or swapped
    assert organisation_check("00000000") == organisation_check("B0000000") == organisation_check("0B000000")
    assert not is_credit_code(GOOD[:9] + "L" + GOOD[10:])


@pytest.mark.clause("§2.1")
@pytest.mark.parametrize(
    ("prefix", "enterprise", "agency"),
    [
        ("91", True, True),
        ("12", False, True),
        ("31", False, True),
        ("32", False, True),
        ("35", False, True),
        ("51", False, True),
        ("52", False, True),
        ("53", False, True),
        ("92", False, False),
        ("11", False, False),
        ("13", False, False),
        ("93", False, False),
    ],
)
def test_enterprises_start_with_91_and_agencies_with_one_of_eight_prefixes(
    prefix: str, enterprise: bool, agency: bool
) -> None:
    code = completed(prefix, "331100", "MA2EFLCR")
    assert is_credit_code(code)
    assert is_enterprise_code(code) == enterprise
    assert is_agency_code(code) == agency


def test_a_right_prefix_does_not_make_up_for_a_wrong_check_digit() -> None:
    assert not is_enterprise_code(GOOD[:-1] + "C")
    assert not is_agency_code(GOOD[:-1] + "C")


def swapped(code: str, first: int, last: int) -> str:
    return code[:first] + code[last] + code[first + 1 : last] + code[first] + code[last + 1 :]


def numbered(number: int) -> str:
    return completed("91", "331100", f"MA{number:06}")
