"""Keys that are changed by hand: those that sign posts to the webhook, and the KMS keys before their yearly turn."""

import json
import secrets

from infra.operate.deployed import KMS_KEY, SECRET, Deployed, NotPossible

# the third key makes codes (HMAC), which a new key would make anew: infra/runbook.md
SEALING = ("BankAccountsKey", "MailboxKey")


def change_webhook_key(deployed: Deployed, known_to_others: bool = False) -> str:
    """A new key signs; the one before signs, too, until `end_webhook_key`, unless it became known to others. The new
    key, which the receiver must get."""
    vault, place = deployed.client("secretsmanager"), deployed.of(SECRET)["WebhookKeys"]
    kept = json.loads(vault.get_secret_value(SecretId=place)["SecretString"])
    if kept.get("previous") and not known_to_others:
        raise NotPossible("two keys sign already: end the previous one first")
    new = {"current": secrets.token_hex(32), "previous": "" if known_to_others else kept["current"]}
    vault.put_secret_value(SecretId=place, SecretString=json.dumps(new))
    return new["current"]


def end_webhook_key(deployed: Deployed) -> None:
    """The previous key signs no more."""
    vault, place = deployed.client("secretsmanager"), deployed.of(SECRET)["WebhookKeys"]
    kept = json.loads(vault.get_secret_value(SecretId=place)["SecretString"])
    vault.put_secret_value(SecretId=place, SecretString=json.dumps({**kept, "previous": ""}))


def turn_key(deployed: Deployed, name: str) -> str:
    """New material for a KMS key that seals; what was sealed before opens as ever. The key's id."""
    if name not in SEALING:
        raise NotPossible(f"{name} cannot be turned; these can: {', '.join(SEALING)}")
    key_id = deployed.of(KMS_KEY)[name]
    deployed.client("kms").rotate_key_on_demand(KeyId=key_id)
    return key_id
