"""A key of KMS without KMS: seals a text so that only the same context opens it. The journeys meet a real emulator."""

import base64
import json
from typing import Any


class Vault:
    """Answers Encrypt and Decrypt as KMS does, the same in every process and after every restart."""

    class InvalidCiphertextError(Exception):
        """KMS would not open this: another context, or no text of its own."""

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        """Encrypt."""
        sealed = json.dumps([KeyId, sorted(EncryptionContext.items()), Plaintext.decode()])
        return {"CiphertextBlob": base64.b85encode(sealed.encode()[::-1])}

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        """Decrypt."""
        key, context, text = json.loads(base64.b85decode(CiphertextBlob)[::-1])
        if key != KeyId or dict(context) != EncryptionContext:
            raise self.InvalidCiphertextError
        return {"Plaintext": text.encode()}
