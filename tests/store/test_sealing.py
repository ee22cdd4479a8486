"""Sealed texts, as KMS keeps them: each opens for its own record only."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from voucher.store.engine import sealing

REAL_CLIENT = sealing.client.__wrapped__


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """KMS with one key."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-east-1")
    with mock_aws():
        monkeypatch.setattr(sealing, "client", REAL_CLIENT)
        monkeypatch.setenv("BANK_ACCOUNTS_KEY", boto3.client("kms").create_key()["KeyMetadata"]["Arn"])
        mac_key = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        monkeypatch.setenv("ACCOUNT_MATCHING_KEY", mac_key["KeyMetadata"]["Arn"])
        yield


@pytest.mark.clause("§3.5.4")
def test_a_text_sealed_by_kms_opens_for_its_record_and_for_no_other(kms: None) -> None:
    sealed = sealing.seal("6200000000000000018", round="r1", agency="a1")
    assert "6200" not in sealed
    assert sealing.unseal(sealed, round="r1", agency="a1") == "6200000000000000018"
    for wrong in ({"round": "r2", "agency": "a1"}, {"round": "r1", "agency": "a2"}, {}):
        with pytest.raises(ClientError):
            sealing.unseal(sealed, **wrong)


@pytest.mark.clause("§5.2b")
def test_one_number_of_two_agencies_has_one_match_and_two_fingerprints(kms: None) -> None:
    first, other, another = (
        sealing.seal_account(number, "某银行", name, round_id="r1", agency_uscc=agency)
        for number, name, agency in [("6200018", "甲", "a1"), ("6200018", "乙", "a2"), ("6200019", "甲", "a1")]
    )
    assert first.match == other.match != another.match
    assert len({each.fingerprint for each in (first, other, another)}) == 3
