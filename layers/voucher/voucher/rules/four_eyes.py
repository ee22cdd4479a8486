"""Four eyes: nobody takes two steps of one thing (§1.3, §3.2.2, §3.5.2-§3.5.4, §4.1.2)."""

from voucher.refusals import Refusal, Refused


def check_four_eyes(caller: str, clause: str, *earlier: str | None) -> None:
    """Raise FOUR_EYES with the clause that wants other hands, if the caller was among the earlier ones."""
    if caller in earlier:
        raise Refused(Refusal.FOUR_EYES, clause=clause)
