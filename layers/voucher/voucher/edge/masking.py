"""What lists show of a person: enough to tell two people apart, but not to name or to call them."""

from collections.abc import Mapping
from typing import Any

PEOPLE = ("legal_representative", "contact_name")


def masked(organisation: Mapping[str, Any]) -> dict[str, Any]:
    """An organisation as lists for staff show it: of names the first character, of phones a few digits. The same holds
    for the facts that an agency proposes in its renewal."""
    hidden: dict[str, Any] = {name: _name(organisation[name]) for name in PEOPLE if name in organisation}
    if "contact_phone" in organisation:
        hidden["contact_phone"] = _phone(organisation["contact_phone"])
    if "proposed" in organisation:
        hidden["proposed"] = masked(organisation["proposed"])
    return {**organisation, **hidden}


def _name(name: str | None) -> str | None:
    return name and name[0] + "*" * max(1, len(name) - 1)


def _phone(phone: str | None) -> str | None:
    """The first three and the last two digits of a long number; only the last two of a short one."""
    return phone and f"{phone[:3] if len(phone) > 8 else ''}****{phone[-2:]}"
