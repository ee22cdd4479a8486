"""Texts that must not lie in a table in clear: sealed by KMS, each bound to the record that it belongs to.

The binding is KMS's encryption context: a sealed text that is copied into another record cannot be opened there. The
roles in template.yaml say which function may seal and which may unseal; no function may do both.
"""

import base64
import hashlib
import os
from functools import cache
from typing import Any

from voucher.models.payables import Account
from voucher.store.engine import patience


@cache
def client() -> Any:
    """The KMS client of this process."""
    return patience.make_client("kms")


def key() -> str:
    """The key that account numbers are sealed with."""
    return os.environ["BANK_ACCOUNTS_KEY"]


def seal(text: str, **belongs_to: str) -> str:
    """A text that only `unseal` opens, and only for the same record."""
    sealed = client().encrypt(KeyId=key(), Plaintext=text.encode(), EncryptionContext=belongs_to)["CiphertextBlob"]
    return base64.b64encode(sealed).decode()


def unseal(sealed: str, **belongs_to: str) -> str:
    """The text in clear. A text sealed for another record raises KMS's InvalidCiphertextException: a fault."""
    blob = base64.b64decode(sealed)
    answer = client().decrypt(KeyId=key(), CiphertextBlob=blob, EncryptionContext=belongs_to)
    text: str = answer["Plaintext"].decode()
    return text


def match_of(number: str) -> str:
    """§5.2b: a code in hex that is the same for one account number, whoever names it. Only who may use the key can make
    one, so nobody finds the number by trying numbers against the table."""
    key_id = os.environ["ACCOUNT_MATCHING_KEY"]
    answer = client().generate_mac(KeyId=key_id, MacAlgorithm="HMAC_SHA_256", Message=f"account {number}".encode())
    mac: bytes = answer["Mac"]
    return mac.hex()


def seal_account(number: str, bank_name: str, account_name: str, *, round_id: str, agency_uscc: str) -> Account:
    """§3.5.4: a bank account as a payable keeps it. Equal accounts of an agency have equal fingerprints."""
    return Account(
        bank_name=bank_name,
        account_name=account_name,
        sealed_number=seal(number, round=round_id, agency=agency_uscc),
        last_digits=number[-4:],
        fingerprint=slow_hash(f"{number}\n{bank_name}\n{account_name}", agency_uscc),
        match=match_of(number),
    )


def unseal_account(account: Account, *, round_id: str, agency_uscc: str) -> str:
    """§3.5.4: the account number in clear. An account of another payable is a fault, as for `unseal`."""
    return unseal(account.sealed_number, round=round_id, agency=agency_uscc)


def slow_hash(text: str, salt: str) -> str:
    """A hash in hex of a text with an account number in it. It is slow, because so few digits can be guessed through
    a fast one."""
    return hashlib.scrypt(text.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()
