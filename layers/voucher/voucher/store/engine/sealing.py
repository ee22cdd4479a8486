"""Texts that must not lie in the table in clear: encrypted by KMS, each bound to the record it belongs to.

The binding is KMS's encryption context: a sealed text copied into another record does not open there. Who may seal and
who may open is in the roles of template.yaml; nobody may do both.
"""

import base64
import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config


@cache
def client() -> Any:
    """The KMS client of this process."""
    return boto3.client(
        "kms", config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 4})
    )


def key() -> str:
    """The key that account numbers are sealed with."""
    return os.environ["BANK_ACCOUNTS_KEY"]


def seal(text: str, **belongs_to: str) -> str:
    """A text only `unseal` opens, and only for the same record."""
    sealed = client().encrypt(KeyId=key(), Plaintext=text.encode(), EncryptionContext=belongs_to)["CiphertextBlob"]
    return base64.b64encode(sealed).decode()


def unseal(sealed: str, **belongs_to: str) -> str:
    """The text in clear. A text sealed for another record raises KMS's InvalidCiphertextException: a fault."""
    blob = base64.b64decode(sealed)
    answer = client().decrypt(KeyId=key(), CiphertextBlob=blob, EncryptionContext=belongs_to)
    text: str = answer["Plaintext"].decode()
    return text
