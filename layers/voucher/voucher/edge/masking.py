"""What lists show of a person: enough to tell two apart, not enough to call or to name them."""

from collections.abc import Mapping
from typing import Any

PEOPLE = ("legal_representative", "contact_name")


def masked(organisation: Mapping[str, Any]) -> dict[str, Any]:
    """An organisation as staff lists show it: names down to the first letter, phones to a few digits; in what an
    agency proposes for its renewal, too."""
    hidden: dict[str, Any] = {name: _name(organisation[name]) for name in PEOPLE if name in organisation}
    if "contact_phone" in organisation:
        hidden["contact_phone"] = _phone(organisation["contact_phone"])
    if "proposed" in organisation:
        hidden["proposed"] = masked(organisation["proposed"])
    return {**organisation, **hidden}


def _name(name: str | None) -> str | None:
    return name and name[0] + "*" * max(1, len(name) - 1)


def _phone(phone: str | None) -> str | None:
    """The first three and last two of a long number; of a short one, only the last two."""
    return phone and f"{phone[:3] if len(phone) > 8 else ''}****{phone[-2:]}"
