"""Letters to the mailbox, sealed twice over (§5.3): AES-GCM under a key of each letter's own, which KMS alone unwraps.

What is sealed is bound to its letter by KMS's encryption context and by the cipher's associated data: copied into
another letter it opens nowhere. An answer is sealed to the code of its receipt: a key pair follows from the code, of
which only the public half is kept. So whoever has the code reads the answer, and no role at all can without it.
"""

import base64
import os
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from voucher.store.engine import sealing

NONCE_BYTES = 12


class Envelope(NamedTuple):
    """A sealed text, and the wrapped key that opens it; both as base64."""

    text: str
    key: str


def key() -> str:
    """The key of the mailbox."""
    return os.environ["MAILBOX_KEY"]


def seal(text: str, letter_id: str) -> Envelope:
    """A text that only `unseal` opens, and only for this letter."""
    context = {"letter": letter_id}
    made = sealing.client().generate_data_key(KeyId=key(), KeySpec="AES_256", EncryptionContext=context)
    return Envelope(_encrypted(made["Plaintext"], text, letter_id), _text(made["CiphertextBlob"]))


def unseal(sealed: Envelope, letter_id: str) -> str:
    """The text in clear. One of another letter raises KMS's InvalidCiphertextException: a fault."""
    blob, context = base64.b64decode(sealed.key), {"letter": letter_id}
    made = sealing.client().decrypt(KeyId=key(), CiphertextBlob=blob, EncryptionContext=context)
    return _decrypted(made["Plaintext"], sealed.text, letter_id)


def public_half(code: str) -> str:
    """What is kept of a code, so that an answer can be sealed to it."""
    return _text(_pair(code).public_key().public_bytes_raw())


def seal_to(public: str, text: str, letter_id: str) -> Envelope:
    """A text that only whoever has the code of this public half opens; its key is another public half."""
    once = X25519PrivateKey.generate()
    shared = once.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(public)))
    return Envelope(_encrypted(_derived(shared), text, letter_id), _text(once.public_key().public_bytes_raw()))


def open_with(code: str, sealed: Envelope, letter_id: str) -> str:
    """The text in clear, by the code that it was sealed to."""
    other = X25519PublicKey.from_public_bytes(base64.b64decode(sealed.key))
    return _decrypted(_derived(_pair(code).exchange(other)), sealed.text, letter_id)


def _pair(code: str) -> X25519PrivateKey:
    # a code has 120 bits by chance, so no slow hash is needed
    return X25519PrivateKey.from_private_bytes(_derived(code.replace("-", "").upper().encode()))


def _derived(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mailbox").derive(secret)


def _encrypted(secret: bytes, text: str, letter_id: str) -> str:
    nonce = os.urandom(NONCE_BYTES)
    return _text(nonce + AESGCM(secret).encrypt(nonce, text.encode(), letter_id.encode()))


def _decrypted(secret: bytes, sealed: str, letter_id: str) -> str:
    raw = base64.b64decode(sealed)
    return AESGCM(secret).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], letter_id.encode()).decode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
