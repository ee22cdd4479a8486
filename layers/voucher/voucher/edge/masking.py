"""What lists show of a person: enough to tell two people apart, but not to name or to call them."""

from typing import Any

from voucher.models.agencies import Agency
from voucher.models.claims import OrganisationClaim
from voucher.models.enterprises import Enterprise


def masked[Organisation: (Enterprise, Agency)](organisation: Organisation) -> Organisation:
    """An organisation as lists for staff show it: of names the first character, of phones a few digits, of an
    address how it begins: a small firm's may be somebody's home. The same holds for the facts that an agency proposes
    in its renewal."""
    hidden: dict[str, Any] = _hidden(organisation.model_dump(include={*MASKS}))
    if isinstance(organisation, Agency):
        hidden["former_contacts"] = ()
        hidden["proposed"] = organisation.proposed | _hidden(organisation.proposed)
    return organisation.model_copy(update=hidden)


def masked_fact(field: str, fact: str | int | None) -> str | int | None:
    """One fact of an organisation in such a list."""
    return MASKS[field](fact) if tells_person(field) and isinstance(fact, str) and fact else fact


def tells_person(field: str) -> bool:
    """True for a fact of an organisation that names a person, or says how to reach one."""
    return field in MASKS


def _hidden(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: mask(facts[name]) for name, mask in MASKS.items() if facts.get(name)}


def _name(name: str) -> str:
    return name[0] + "*" * max(1, len(name) - 1)


def _phone(phone: str) -> str:
    """The first three and the last two digits of a long number; only the last two of a short one."""
    return f"{phone[:3] if len(phone) > 8 else ''}****{phone[-2:]}"


def _address(address: str) -> str:
    """The first six characters, which say the city and the district."""
    return f"{address[:6]}****"


MASKS = {"legal_representative": _name, "contact_name": _name, "contact_phone": _phone, "address": _address}


def masked_claim(claim: OrganisationClaim) -> OrganisationClaim:
    """A claim as its lists show it: people masked, and what members say left to the claim itself."""
    hidden = {name: masked_fact(name, getattr(claim, name)) for name in ("contact_name", "contact_phone")}
    return claim.model_copy(update=hidden | {"statements": ()})
