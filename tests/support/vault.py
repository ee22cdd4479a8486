"""Replaces KMS in one process: a sealed text opens only in the same context. The journeys use an emulator's KMS."""

import base64
import hmac
import json
from secrets import token_hex
from typing import Any


class Vault:
    """Answers Encrypt, Decrypt, GenerateDataKey and GenerateMac like KMS; all but the new keys are the same in every
    process."""

    class InvalidCiphertextError(Exception):
        """KMS refuses to open this: another key, another context, or no ciphertext."""

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        """Encrypt."""
        sealed = json.dumps([KeyId, sorted(EncryptionContext.items()), Plaintext.decode()])
        return {"CiphertextBlob": base64.b85encode(sealed.encode()[::-1])}

    def generate_data_key(self, *, KeyId: str, KeySpec: str, EncryptionContext: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        """GenerateDataKey, of letters and digits."""
        assert KeySpec == "AES_256"
        made = token_hex(16).encode()
        return {"Plaintext": made, **self.encrypt(KeyId=KeyId, Plaintext=made, EncryptionContext=EncryptionContext)}

    def generate_mac(self, *, KeyId: str, MacAlgorithm: str, Message: bytes) -> dict[str, Any]:  # noqa: N803
        """GenerateMac."""
        return {"Mac": hmac.digest(f"{KeyId} {MacAlgorithm}".encode(), Message, "sha256")}

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        """Decrypt."""
        key, context, text = json.loads(base64.b85decode(CiphertextBlob)[::-1])
        if key != KeyId or dict(context) != EncryptionContext:
            raise self.InvalidCiphertextError
        return {"Plaintext": text.encode()}
