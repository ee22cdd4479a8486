"""Four eyes: the steps of one thing are taken by different people (§1.3, §3.2.2, §3.5.2-§3.5.4, §4.1.2)."""

from voucher.refusals import Refusal, Refused


def check_four_eyes(caller: str, clause: str, *earlier: str | None) -> None:
    """Raise FOUR_EYES, with the clause that asks for another person, if the caller is among those who took the earlier
    steps. An earlier step that nobody has taken is None."""
    if caller in earlier:
        raise Refused(Refusal.FOUR_EYES, clause=clause)
