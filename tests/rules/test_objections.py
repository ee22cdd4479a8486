"""How many objections are taken as they come, what a further one costs, and that nobody is silenced (§3.5.3)."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from infra.client.steps import proof_of_effort
from infra.contract import prose
from voucher.models.notices import Crowd
from voucher.policy import EDITIONS
from voucher.rules.objections import (
    challenges,
    effort_bits,
    effort_offer,
    is_taken_plain,
    network_of,
    plain_limit,
    proof_bits,
)

POLICY = EDITIONS[0]
NOW = datetime(2026, 6, 15, 2, 59, 59, tzinfo=UTC)


@pytest.mark.clause("§3.5.3")
def test_an_hour_takes_100_objections_50_of_them_only_from_addresses_not_seen_in_it() -> None:
    assert (plain_limit(POLICY, is_seen=True), plain_limit(POLICY, is_seen=False)) == (50, 100)
    for plain, seen, unseen in ((49, True, True), (50, False, True), (99, False, True), (100, False, False)):
        assert is_taken_plain(Crowd(plain=plain, is_seen=True), POLICY) is seen
        assert is_taken_plain(Crowd(plain=plain), POLICY) is unseen


@pytest.mark.clause("§3.5.3")
def test_one_address_brings_ten_objections_against_a_line_in_an_hour() -> None:
    assert is_taken_plain(Crowd(plain=9, is_seen=True, alike=9), POLICY)
    assert not is_taken_plain(Crowd(plain=10, is_seen=True, alike=10), POLICY)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("None", "None"),
    ],
)
def test_who_has_a_whole_network_of_ipv6_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.clause("§3.5.3")
def test_a_proof_costs_more_after_each_hundred_and_never_more_than_a_bound() -> None:
    costs = [(0, 18), (99, 18), (100, 19), (599, 23), (600, 24), (10**9, 24)]
    assert [(proven, effort_bits(proven, POLICY)) for proven, _ in costs] == costs


@pytest.mark.clause("§3.5.3")
def test_a_challenge_is_of_one_notice_these_words_and_this_hour_or_the_last() -> None:
    this_hour, last_hour = challenges("n_1", "words", NOW)
    tick = timedelta(seconds=1)
    assert challenges("n_1", "words", NOW + tick)[1] == this_hour != challenges("n_1", "words", NOW + tick)[0]
    assert this_hour not in challenges("n_1", "words", NOW + tick + timedelta(hours=1))
    assert not {this_hour, last_hour} & {*challenges("n_2", "words", NOW), *challenges("n_1", "other", NOW)}
    offer = effort_offer(this_hour, 100, POLICY, NOW)
    assert (offer["challenge"], offer["bits"], offer["expires_at"]) == (this_hour, 19, "2026-06-15T04:00:00.000Z")


@pytest.mark.clause("§3.5.3")
def test_what_the_client_finds_is_a_proof_for_its_challenge_and_for_no_other() -> None:
    this_hour, last_hour = challenges("n_1", "words", NOW)
    proof = proof_of_effort({"challenge": this_hour, "bits": 12})
    assert proof_bits(this_hour, proof["nonce"]) >= 12 > proof_bits(last_hour, proof["nonce"])


def test_the_example_that_clients_read_is_a_proof_as_they_read_it() -> None:
    text = f"{prose.CHALLENGE_SHOWN}.{prose.NONCE_SHOWN}"
    assert hashlib.sha256(text.encode()).hexdigest() == prose.HASH_SHOWN
    assert proof_bits(prose.CHALLENGE_SHOWN, prose.NONCE_SHOWN) == prose.BITS_SHOWN == POLICY.objection_effort_bits
    assert text in prose.INFO and prose.HASH_SHOWN in prose.INFO
    offer = {"challenge": prose.CHALLENGE_SHOWN, "bits": prose.BITS_SHOWN}
    assert proof_of_effort(offer)["nonce"] == prose.NONCE_SHOWN
