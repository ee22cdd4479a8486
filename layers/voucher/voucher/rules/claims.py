"""Claims on an organisation: who may make one, who is heard before it is decided, and what its approval makes of the
members (§3.2.1, §4.1.1)."""

from typing import Any

from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.claims import ClaimDecision, ClaimStatement, OrganisationClaim
from voucher.models.enterprises import Enterprise
from voucher.models.members import Seat
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import check_step, remembered, stepped
from voucher.rules.members import kind_of, role_of
from voucher.rules.working_days import add_working_days, calendar_due, end_of_day, shanghai_date

# "reject" is also the bureau's word, so the operator's step has one of its own
REVIEW_STEPS = {"forward": "forward", "reject": "decline"}
CLAUSES = {"enterprise": "§4.1.1", "agency": "§3.2.1"}


def check_may_claim(organisation: Enterprise | Agency, sub: str) -> None:
    """§3.2.1, §4.1.1: a claim is for somebody else than a member, on an organisation that was approved once. Raises
    ALREADY_MEMBER or CLAIM_NOT_NEEDED: the code of any other is given free by a revocation."""
    if sub in organisation.members:
        raise Refused(Refusal.ALREADY_MEMBER)
    if organisation.approved_at is None or organisation.erased_at is not None:
        raise Refused(Refusal.CLAIM_NOT_NEEDED, clause=CLAUSES[organisation.thing])


def new_claim(claim_id: str, organisation: Enterprise | Agency, **facts: Any) -> OrganisationClaim:
    """The claim as it is opened, before its papers."""
    kind, uscc, name = kind_of(organisation), organisation.uscc, organisation.name
    return OrganisationClaim(claim_id=claim_id, kind=kind, uscc=uscc, name=name, state="draft", **facts)


def submitted_claim(
    claim: OrganisationClaim, document_ids: tuple[str, ...], policy: Policy, mark: Mark
) -> OrganisationClaim:
    """The claim with its papers; from now on the members have the policy's days to answer. Raises WRONG_STATE."""
    answer_by = calendar_due(shanghai_date(mark.at), policy.hearing_days)
    decide_by = add_working_days(answer_by, policy.review_working_days).date
    days: dict[str, Any] = {"answer_by": answer_by, "decide_by": decide_by}
    return stepped(claim, "submit", mark, document_ids=document_ids, submitted_at=mark.at, **days)


def answered_claim(claim: OrganisationClaim, text: str, mark: Mark) -> OrganisationClaim:
    """The claim with the statement of one more member. Raises WRONG_STATE, or ALREADY_EXISTS for a second one."""
    check_step(claim, "state_position")
    if any(each.by == mark.by for each in claim.statements):
        raise Refused(Refusal.ALREADY_EXISTS)
    said = ClaimStatement(text=text, by=mark.by, at=mark.at)
    return stepped(claim, "state_position", mark, statements=(*claim.statements, said))


def has_said(claim: OrganisationClaim, sub: str, text: str) -> bool:
    """True if a member has said this very thing before."""
    return any((each.by, each.text) == (sub, text) for each in claim.statements)


def reviewed_claim(claim: OrganisationClaim, decision: str, reason: str, mark: Mark) -> OrganisationClaim:
    """The claim after the operator's review: before the bureau, or rejected. Raises WRONG_STATE."""
    step = REVIEW_STEPS[decision]
    return stepped(claim, step, mark, review_reason=reason, reviewed_by=mark.by)


def check_heard(claim: OrganisationClaim, organisation: Enterprise | Agency, mark: Mark) -> None:
    """The members were heard: their last day is over, or every owner has answered. Raises TOO_EARLY, and
    CLAIM_OVERTAKEN if another claim made the present owner, who was never told of this one."""
    since = claim.submitted_at or claim.created_at
    seats = organisation.seats.values()
    if any(each.claim_id not in (None, claim.claim_id) and each.since >= since for each in seats):
        raise Refused(Refusal.CLAIM_OVERTAKEN)
    owners = {each for each in organisation.members if role_of(organisation, each) == "owner"}
    answered = owners and owners <= {each.by for each in claim.statements}
    if not answered and claim.answer_by and mark.at < end_of_day(claim.answer_by):
        may, clause = "单位现有成员仍可提交陈述意见", CLAUSES[claim.kind]
        raise Refused(Refusal.TOO_EARLY, clause=clause, may_words=may, last_day=claim.answer_by)


def decided_claim(
    claim: OrganisationClaim, organisation: Enterprise | Agency, decision: ClaimDecision, reason: str, mark: Mark
) -> OrganisationClaim:
    """The claim after the bureau's decision. A no harms nobody, at any time. Raises WRONG_STATE, and for a yes
    TOO_EARLY, CLAIM_OVERTAKEN or, where the organisation is there no more, CLAIM_NOT_NEEDED."""
    check_step(claim, decision)
    changes: dict[str, Any] = {"decision_reason": reason, "decided_by": mark.by}
    if decision == "approve":
        if organisation.erased_at is not None:
            raise Refused(Refusal.CLAIM_NOT_NEEDED, clause=CLAUSES[claim.kind])
        check_heard(claim, organisation, mark)
        changes["former_members"] = organisation.members - {claim.created_by}
    return stepped(claim, decision, mark, **changes)


def claimed_organisation[Kind: Enterprise | Agency](organisation: Kind, claim: OrganisationClaim, mark: Mark) -> Kind:
    """The organisation of which the claimant is the only member, and an owner. Invitations of former members end, too:
    their codes would lead them back."""
    owner = claim.created_by
    seat = Seat(role="owner", since=mark.at, invited_by=mark.by, claim_id=claim.claim_id)
    nobody_else: dict[str, Any] = {"members": frozenset({owner}), "seats": {owner: seat}, "invitations": ()}
    return remembered(organisation, "approve_claim", mark, **nobody_else)
