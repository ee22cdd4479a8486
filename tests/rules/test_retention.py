"""When personal data has had its time, what keeps it longer, and that nothing of it is in the erased record."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from infra.pages.personal_data import INVENTORY
from tests.rules import records, settlement_records
from tests.rules.records import AGENCY, FIRM, MADE, NOW, TODAY, YEAR_END
from voucher.lifecycles import LIFECYCLES
from voucher.models.activities import Activity
from voucher.models.agencies import FormerContact
from voucher.models.base import Mark, Reason, Stateful
from voucher.models.changes import Change, ChangedFact
from voucher.models.claims import ClaimStatement, OrganisationClaim
from voucher.models.complaints import Complaint, Finding, RespondentStatement
from voucher.models.documents import Document
from voucher.models.inspections import Attempt, Check, CheckedPoint, Checklist, Report
from voucher.models.lists import ListImport
from voucher.models.members import Invitation, Seat
from voucher.models.orders import CancelRequest, Dispute, OrderDecision, Rating
from voucher.models.payables import Account, AccountChange, Payable
from voucher.models.payouts import Payout, PayoutFile
from voucher.models.removals import Lead
from voucher.models.sanctions import Sanction
from voucher.models.subsidies import SubsidyDecision
from voucher.models.violations import Violation
from voucher.policy import RETENTION
from voucher.refusals import Refused
from voucher.rules import retention

PLANTED = "甲植一"
MARK = Mark(by="retention", at=NOW + timedelta(days=2_000))
ACCOUNT = Account(
    bank_name="某银行", account_name="机构", sealed_number=PLANTED, last_digits="0018", fingerprint=f"f{PLANTED}"
)
PEOPLE: dict[str, Any] = {
    "seats": {PLANTED: Seat(role="owner", since=NOW, invited_by=PLANTED)},
    "invitations": (
        Invitation(
            invitation_id="i_1",
            role="handler",
            secret=PLANTED,
            by=PLANTED,
            at=NOW,
            expires_at=NOW,
            request_sha256=PLANTED,
        ),
    ),
    **dict.fromkeys(("legal_representative", "contact_name", "contact_phone", "address"), PLANTED),
    **dict.fromkeys(("created_by", "submitted_by"), PLANTED),
    "members": frozenset({PLANTED}),
    "reasons": (Reason(message=PLANTED),),
    "revoke_reason": PLANTED,
    "submission": {"contact_name": PLANTED},
    "submission_before": {"contact_name": PLANTED},
    "facts_before": {"legal_representative": PLANTED},
    "request_sha256": PLANTED,
    "last_by": PLANTED,
}


def long_after(days: int, since: datetime = NOW) -> datetime:
    """The instant at which so many days are over."""
    return since + timedelta(days=days)


def change(**changes: Any) -> Change:
    days = {"happened_on": date(2026, 6, 1), "reported_on": date(2026, 6, 2), "due_on": date(2026, 6, 16)}
    facts = {"change_id": "c_1", "kind": "agency", "uscc": AGENCY, "overdue": False, "description": "变更", **days}
    return Change(**{**facts, "state": "kept", **MADE, **changes})


WORDS_OF_CLAIM = (
    *("contact_name", "contact_phone", "created_by", "reason", "review_reason", "decision_reason", "request_sha256"),
)
SAID = ClaimStatement(text=PLANTED, by=PLANTED, at=NOW)


def claim(**changes: Any) -> OrganisationClaim:
    facts = {"claim_id": "cl_1", "kind": "agency", "uscc": AGENCY, "name": "机构", "reason": "接管"}
    contact = {"contact_name": "某", "contact_phone": "0578-1"}
    return OrganisationClaim(**{**facts, **contact, "state": "approved", **MADE, **changes})


def activity() -> Activity:
    facts = {"activity_id": "act_1", "event_id": "ev_1", "agency_uscc": AGENCY, "year": 2026, "kind": "visit"}
    event = {"title": "走访", "held_on": TODAY, "place": "园区", "link": None, "organiser": "机构", "firms_reached": 3}
    words = dict.fromkeys(("review_reason", "cancel_reason", "submitted_by"), PLANTED)
    return Activity(**{**facts, **event, **words, "state": "confirmed", **MADE})


def check() -> Check:
    point = CheckedPoint(answer="no", note=PLANTED)
    said = {"place": PLANTED, "spoken_to": PLANTED, "note": PLANTED, "finding_text": PLANTED}
    report = Report(
        way="visit",
        happened_at=NOW,
        checklist=Checklist(premises=point, ability=point, records=point, fulfilment=point),
        finding="rectify",
        **said,
    )
    facts = {"check_id": "ins_1.001", "inspection_id": "ins_1", "kind": "daily", "year": 2026, "party": "agency"}
    whose = {"member_uscc": AGENCY, "member_name": "机构", "agency_uscc": AGENCY, "stratum": "agency:ip"}
    words = ("return_reason", "statement", "follow_up_reason", "decision_reason", "drop_reason")
    attempt = Attempt(way="phone", reached=False, phone=PLANTED, note=PLANTED, by="ada", at=NOW)
    happened = {"state": "closed", "report": report, "attempts": (attempt,), "closed_at": NOW}
    return Check(**{**facts, **whose, **dict.fromkeys(words, PLANTED), **happened, **MADE})


def complaint() -> Complaint:
    """An answered complaint, of which each word is planted."""
    words = ("text", "name", "contact", "told", "review_reason", "proposal_reason", "measure_reason", "answer")
    secret = ("code_seed", "code_sha256", "request_sha256")
    said = {
        "statements": (RespondentStatement(text=PLANTED, by=PLANTED, at=NOW),),
        "findings": (Finding(kind="analysis", text=PLANTED, by=PLANTED, at=NOW),),
    }
    facts = {"complaint_id": "cp_1", "channel": "online", "topic": "other", "accept_by": TODAY, "state": "answered"}
    return Complaint(
        **{**facts, **dict.fromkeys((*words, *secret), PLANTED), **said, **MADE, "request_sha256": PLANTED}
    )


def payable(**changes: Any) -> Payable:
    facts = {"round_id": "r_1", "year": 2026, "agency_uscc": AGENCY, "amount_fen": 1, "order_ids": ("o_1",)}
    return Payable(**{**facts, "state": "paid", "account": ACCOUNT, **MADE, **changes})


def payout(**changes: Any) -> Payout:
    facts = {"payout_id": "p_1", "round_id": "r_1", "year": 2026, "agency_uscc": AGENCY, "amount_fen": 1}
    return Payout(**{**facts, "state": "paid", **MADE, **changes})


def payout_file(**changes: Any) -> PayoutFile:
    hashes = {"object_key": "k", "sha256": "s", "rows_sha256": "s"}
    facts = {"number": "PF-1-01", "round_id": "r_1", "payout_ids": ("p_1",), "total_fen": 1, **hashes}
    return PayoutFile(**{**facts, "made_at": NOW, "made_by": "someone", **changes})


def violation(**changes: Any) -> Violation:
    return Violation(**{"violation_id": "v_1", "uscc": FIRM, "facts": "转让", "state": "lifted", **MADE, **changes})


def lead(**changes: Any) -> Lead:
    facts = {"lead_id": "l_1", "uscc": AGENCY, "name": "机构", "facts": "拒不改正", "proposed_by": "someone"}
    return Lead(**{**facts, "state": "recorded", **MADE, **changes})


def list_import(**changes: Any) -> ListImport:
    facts = {"import_id": "i_1", "kind": "rated_d", "year": 2025, "filename": "d.csv", "object_key": "k"}
    return ListImport(**{**facts, "state": "applied", **MADE, **changes})


def document(**changes: Any) -> Document:
    facts = {"document_id": "d_1", "owner": "x", "kind": "business_license", "filename": "f.pdf", "object_key": "k"}
    file = {"content_type": "application/pdf", "size_bytes": 9, "uploaded_by": "someone", "created_at": NOW}
    return Document(**{**facts, **file, **changes})


REQUEST = CancelRequest(by="someone", at=NOW, reason=PLANTED)
WORDED_ORDER = {
    "state": "paid",
    "rating": Rating(score=4, comment=PLANTED, at=NOW),
    "enterprise_cancel": REQUEST,
    "agency_cancel": REQUEST,
    "refusal_reason": PLANTED,
    "withdrawal_reason": PLANTED,
    "dispute": Dispute(by="owner", at=NOW, reason=PLANTED),
    "decision": OrderDecision(decision="cancel", ground="silent", by="ada", at=NOW, reason=PLANTED),
    "subsidy_decisions": (SubsidyDecision(decision="other", by="ada", at=NOW, reason=PLANTED, subsidy_ids=("i_1.2",)),),
}
SANCTION = Sanction(
    reason=PLANTED,
    former="approved",
    proposed_by="ada",
    proposed_at=NOW,
    answer_by=TODAY,
    decide_by=TODAY,
    statement=PLANTED,
    stated_by=PLANTED,
    decision="approve",
    decision_reason=PLANTED,
    restore_reason=PLANTED,
)
CHANGE_OF_ACCOUNT = AccountChange(change_id="ac_1", account=ACCOUNT, reason=PLANTED, by="someone", at=NOW)
ERASED: dict[str, Callable[[], Stateful]] = {
    "enterprise": lambda: retention.erased_organisation(
        records.enterprise(**PEOPLE, state="disqualified", approved_at=NOW, sanction=SANCTION), MARK
    ),
    "agency": lambda: retention.erased_organisation(
        records.agency(
            **PEOPLE,
            state="removed",
            proposed={"contact_name": PLANTED},
            former_contacts=(FormerContact(name=PLANTED, since=TODAY, until=TODAY),),
            removal_reason=PLANTED,
            override=PLANTED,
            override_request=PLANTED,
            sanction=SANCTION,
        ),
        MARK,
    ),
    "change": lambda: retention.erased_change(
        change(
            description=PLANTED,
            reason=PLANTED,
            created_by=PLANTED,
            request_sha256=PLANTED,
            facts=(ChangedFact(field="name", approved=PLANTED, proposed=PLANTED),),
        ),
        MARK,
    ),
    "claim": lambda: retention.erased_claim(claim(**dict.fromkeys(WORDS_OF_CLAIM, PLANTED), statements=(SAID,)), MARK),
    "complaint": lambda: retention.erased_complaint(complaint(), MARK),
    "order": lambda: retention.erased_order(settlement_records.order(**WORDED_ORDER), MARK),
    "settlement": lambda: retention.erased_settlement(settlement_records.settlement(state="withdrawn"), MARK),
    "objection": lambda: retention.erased_objection(
        settlement_records.objection("o_1", None, "rejected").model_copy(
            update=dict.fromkeys(
                ("name", "contact", "reason", "opinion", "code_seed", "code_sha256", "request_sha256"), PLANTED
            )
        ),
        MARK,
    ),
    "payable": lambda: retention.erased_payable(payable(change=CHANGE_OF_ACCOUNT), MARK),
    "activity": lambda: retention.erased_activity(activity(), MARK),
    "check": lambda: retention.erased_check(check(), MARK),
    "violation": lambda: retention.erased_violation(violation(facts=PLANTED, lift_reason=PLANTED), MARK),
    "list_import": lambda: retention.erased_list(list_import(filename=PLANTED, failure=PLANTED), MARK),
}


def test_every_thing_that_is_erased_is_erased_here() -> None:
    assert ERASED.keys() == {thing for thing, steps in LIFECYCLES.items() if "erase" in steps}


@pytest.mark.parametrize("thing", ERASED)
def test_an_erased_record_has_nothing_of_it_and_says_when_and_is_read_again(thing: str) -> None:
    new = ERASED[thing]()
    assert PLANTED not in new.model_dump_json()
    assert (new.last_action, new.last_by, new.updated_at) == ("erase", "retention", MARK.at)
    assert getattr(new, "erased_at", None) == MARK.at
    assert type(new).model_validate_json(new.model_dump_json()) == new
    assert PLANTED not in f"{new.public()}"


def test_an_erased_lead_keeps_whose_it_was() -> None:
    new = retention.erased_lead(lead(facts=PLANTED), MARK)
    assert PLANTED not in new.model_dump_json()
    assert (new.uscc, new.last_action, new.erased_at) == (AGENCY, "erase", MARK.at)


def test_every_field_that_the_inventory_gives_days_is_among_what_was_planted_here() -> None:
    kept_elsewhere = {
        "Document",
        "InboxMessage",
        "PayoutFile",
        "Lead",
        "Letter",
        "LetterContent",
        "HandOver",
        "Entitlement",
        "Reason",
        "AccountChange",
        "Release",
    }
    timed = {name.partition(".")[0] for kind in INVENTORY if kind.days for name in kind.fields}
    made = {type(make()).__name__ for make in ERASED.values()} | {
        "Rating",
        "CancelRequest",
        "Dispute",
        "OrderDecision",
        "SubsidyDecision",
        "Account",
        "Invitation",
        "Sanction",
        "Seat",
        "ChangedFact",
        "ClaimStatement",
        "Attempt",
        "CheckedPoint",
        "FormerContact",
        "Report",
        "Finding",
        "RespondentStatement",
        "Registration",
    }
    assert timed - kept_elsewhere <= made


def test_the_books_keep_what_they_need_of_an_erased_record() -> None:
    old = settlement_records.order(**WORDED_ORDER)
    new = retention.erased_order(old, MARK)
    assert {
        name for name in old.model_fields_set | new.model_fields_set if getattr(old, name) != getattr(new, name)
    } == {
        *(
            "rating",
            "enterprise_cancel",
            "agency_cancel",
            "refusal_reason",
            "withdrawal_reason",
            "dispute",
            "decision",
            "subsidy_decisions",
            "erased_at",
        ),
        *("version", "updated_at", "last_action", "last_by"),
    }
    assert new.rating is not None and new.rating.score == 4
    paid = retention.erased_payable(payable(), MARK)
    assert (paid.amount_fen, paid.public()["bank_account_masked"], paid.account) == (1, "****0018", None)


LEFT = long_after(RETENTION.left_days)
PAID = settlement_records.order(state="paid")
DISQUALIFIED = records.enterprise(state="disqualified", approved_at=NOW)
APPROVED = records.enterprise(approved_at=NOW)
EXPIRED = records.agency(approved_at=NOW, valid_until=date(2026, 6, 14))


@pytest.mark.parametrize(
    ("organisation", "is_due"),
    [
        (DISQUALIFIED, True),
        (records.agency(state="removed", approved_at=NOW), True),
        (EXPIRED, True),
        (EXPIRED.model_copy(update={"state": "returned", "renewal": True}), True),
        (EXPIRED.model_copy(update={"state": "submitted", "renewal": True}), False),
        (EXPIRED.model_copy(update={"state": "pre_reviewed", "renewal": True}), False),
        (EXPIRED.model_copy(update={"state": "removal_proposed"}), False),
        (EXPIRED.model_copy(update={"valid_until": date(2026, 6, 16)}), False),
        (DISQUALIFIED.model_copy(update={"updated_at": NOW + timedelta(milliseconds=1)}), False),
        (DISQUALIFIED.model_copy(update={"erased_at": NOW}), False),
        (APPROVED, False),
        (records.enterprise(state="submitted", approved_at=None), False),
        (records.agency(state="pre_reviewed", approved_at=None), False),
    ],
)
def test_an_organisation_is_due_once_it_left_and_nothing_of_it_waits(organisation: Any, is_due: bool) -> None:
    assert retention.organisation_is_due(organisation, (), (PAID,), None, LEFT) is is_due
    assert not retention.organisation_is_due(organisation, (), (PAID,), None, LEFT - timedelta(milliseconds=1))


def test_an_organisation_whose_sanction_is_proposed_stays_until_the_decision() -> None:
    for decision, is_due in ((None, False), ("reject", True)):
        proposed = SANCTION.model_copy(update={"decision": decision})
        firm = records.enterprise(approved_at=NOW, sanction=proposed)
        assert retention.organisation_is_due(firm, (), (PAID,), NOW, LEFT) is is_due


@pytest.mark.parametrize("state", ["placed", "accepted", "delivered", "completed", "settling", "payable"])
def test_an_order_that_has_not_ended_keeps_both_its_parties(state: str) -> None:
    running = PAID.model_copy(update={"state": state})
    for each in (DISQUALIFIED, EXPIRED):
        assert not retention.organisation_is_due(each, (), (PAID, running), None, LEFT + timedelta(days=9_999))
    moved = PAID.model_copy(update={"updated_at": NOW + timedelta(days=1)})
    assert not retention.organisation_is_due(DISQUALIFIED, (), (moved,), None, LEFT)
    assert retention.organisation_is_due(DISQUALIFIED, (), (moved,), None, LEFT + timedelta(days=1))


def test_a_programme_is_over_when_its_last_year_is_closed_and_so_are_all_others() -> None:
    closed = records.programme(state="closed")
    assert retention.programmes_over_at([closed]) == YEAR_END
    assert retention.programmes_over_at([]) is None
    for state in ("draft", "open"):
        assert retention.programmes_over_at([closed, records.programme(year=2027, state=state)]) is None
    over = long_after(RETENTION.left_days, YEAR_END)
    assert retention.organisation_is_due(APPROVED, (), (PAID,), YEAR_END, over)
    assert not retention.organisation_is_due(APPROVED, (), (PAID,), YEAR_END, over - timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({"state": "draft"}, RETENTION.draft_days),
        ({"state": "draft", "submission": {"name": "x"}}, RETENTION.refused_days),
        ({"state": "returned", "submission": {"name": "x"}}, RETENTION.refused_days),
        ({"state": "rejected", "submission": {"name": "x"}}, RETENTION.refused_days),
    ],
)
def test_a_registration_that_nobody_goes_on_with_is_due(changes: dict[str, Any], days: int) -> None:
    for made in (records.enterprise, records.agency):
        organisation = made(approved_at=None, **changes)
        assert retention.organisation_is_due(organisation, (), (), None, long_after(days))
        assert not retention.organisation_is_due(organisation, (), (), None, long_after(days - 1))
        fresh = document(created_at=NOW + timedelta(days=1))
        assert not retention.organisation_is_due(organisation, (fresh,), (), None, long_after(days))


@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§3.2.1")
@pytest.mark.parametrize("made", [records.enterprise, records.agency])
def test_a_draft_takes_a_code_that_nobody_has_or_keeps(made: Callable[..., Any]) -> None:
    draft = made(state="draft", approved_at=None, draft_id="D1")
    assert not draft.has_code
    retention.check_may_take_code(draft, None, NOW)
    cases = {
        "ALREADY_REGISTERED": {"state": "submitted"},
        "CODE_FREE_TOMORROW": {"state": "revoked"},
        "CHANGED_MEANWHILE": {"state": "submitted", "draft_id": "D1"},
    }
    for code, changes in cases.items():
        holder = made(**{"approved_at": None, "draft_id": "D2"} | changes)
        assert holder.has_code
        with pytest.raises(Refused) as no:
            retention.check_may_take_code(draft, holder, NOW)
        assert no.value.refusal.name == code
    erased = made(state="rejected", approved_at=None, draft_id="D2", erased_at=NOW)
    assert not erased.has_code
    out = made(state="disqualified" if made is records.enterprise else "removed", draft_id="D2", erased_at=NOW)
    assert out.has_code and made(state="draft", approved_at=None).has_code, "and so has a draft of before"
    with pytest.raises(Refused) as no:
        retention.check_may_take_code(draft, out, long_after(RETENTION.cleaning_days) - timedelta(milliseconds=1))
    assert no.value.refusal.name == "CODE_FREE_TOMORROW"
    retention.check_may_take_code(draft, out, long_after(RETENTION.cleaning_days))


def test_only_what_was_never_approved_goes_altogether_and_a_day_later() -> None:
    draft = records.enterprise(state="draft", approved_at=None, erased_at=NOW)
    assert not retention.goes_altogether(draft, long_after(1) - timedelta(milliseconds=1))
    assert retention.goes_altogether(draft, long_after(1))
    assert not retention.goes_altogether(DISQUALIFIED.model_copy(update={"erased_at": NOW}), long_after(9))
    assert retention.is_cleaned(NOW, long_after(RETENTION.cleaning_days) - timedelta(milliseconds=1))
    assert not retention.is_cleaned(NOW, long_after(RETENTION.cleaning_days))
    assert not retention.is_cleaned(None, NOW)


@pytest.mark.parametrize(
    ("state", "changes", "days"),
    [
        ("approved", {}, RETENTION.unused_paper_days),
        ("draft", {}, RETENTION.replaced_paper_days),
        ("draft", {"taken_back": True}, RETENTION.taken_back_paper_days),
        ("approved", {"checked": True}, RETENTION.replaced_paper_days),
    ],
)
def test_a_paper_of_a_living_organisation_is_due_after_its_own_days(
    state: str, changes: dict[str, Any], days: int
) -> None:
    organisation, paper = records.enterprise(state=state, approved_at=None), document(**changes)
    assert retention.papers_due(organisation, (paper,), (), long_after(days)) == [paper]
    assert retention.papers_due(organisation, (paper,), (), long_after(days - 1)) == []


def test_what_an_earlier_registration_left_is_due_at_once() -> None:
    organisation = records.enterprise(state="draft", approved_at=None, created_at=NOW + timedelta(seconds=1))
    papers = (document(checked=True), document(created_at=organisation.created_at))
    reports = (change(state="reported"), change(erased_at=NOW), change(created_at=organisation.created_at))
    assert retention.papers_due(organisation, papers, (), organisation.created_at) == [papers[0]]
    assert retention.changes_due(organisation, reports, organisation.created_at) == [reports[0]]


@pytest.mark.parametrize("name", ["submission", "submission_before"])
def test_a_paper_in_one_of_the_last_two_submissions_stays(name: str) -> None:
    organisation = records.enterprise(**{name: {"name": "x", "business_license": ["d_1.f00d"]}})
    assert retention.papers_due(organisation, (document(checked=True),), (), long_after(9_999)) == []


def test_a_paper_of_a_report_stays_as_long_as_its_words_and_goes_with_them() -> None:
    organisation, paper = records.enterprise(), document(checked=True, kind="change_evidence")
    report = change(state="reported", document_ids=(paper.document_id,))
    assert retention.papers_due(organisation, (paper,), (report,), long_after(9_999)) == []
    erased = retention.erased_change(report, MARK)
    assert retention.papers_due(organisation, (paper,), (erased,), NOW) == [paper]


def test_a_settlement_keeps_the_papers_of_the_books() -> None:
    late, used = long_after(9_999), document(checked=True)
    invoice = document(kind="summary_invoice", checked=True)
    living = settlement_records.settlement()
    assert retention.settlement_papers_due(living, (used, invoice), late) == []
    unused, back = document(), document(taken_back=True)
    assert retention.settlement_papers_due(living, (unused, back), late) == [unused, back]
    withdrawn = settlement_records.settlement(state="withdrawn")
    assert retention.settlement_papers_due(withdrawn, (used,), late) == []
    assert retention.settlement_is_due(withdrawn, long_after(RETENTION.withdrawn_paper_days))
    assert not retention.settlement_is_due(withdrawn, long_after(RETENTION.withdrawn_paper_days - 1))
    assert not retention.settlement_is_due(living, late)
    erased = retention.erased_settlement(withdrawn, MARK)
    assert retention.settlement_papers_due(erased, (used, invoice, unused), late) == [used, unused]


def test_papers_of_an_inspection_go_unless_a_report_names_them_or_its_checks_went() -> None:
    unused, used = document(), document(checked=True)
    closed, gone = check(), check().model_copy(update={"erased_at": NOW})
    due = long_after(RETENTION.unused_paper_days)
    assert retention.inspection_papers_due((closed, gone), (unused, used), due) == [unused]
    assert retention.inspection_papers_due((closed, gone), (unused, used), due - timedelta(milliseconds=1)) == []
    assert retention.inspection_papers_due((gone, gone), (unused, used), NOW) == [unused, used]
    assert retention.inspection_papers_due((), (used,), due) == []


LATE = long_after(9_999)


@pytest.mark.parametrize(
    ("is_due", "kept"),
    [
        (retention.change_is_due, change(state="reported")),
        (retention.change_is_due, change(erased_at=NOW)),
        (retention.order_is_due, settlement_records.order(state="paid")),
        (retention.order_is_due, settlement_records.order(**WORDED_ORDER | {"state": "payable"})),
        (retention.order_is_due, settlement_records.order(**WORDED_ORDER | {"erased_at": NOW})),
        (retention.account_is_due, payable(state="paying")),
        (retention.account_is_due, payable(state="invoiced")),
        (retention.account_is_due, payable(account=None)),
        (retention.violation_is_due, violation(state="standing")),
        (retention.violation_is_due, violation(erased_at=NOW)),
        (retention.lead_is_due, lead(erased_at=NOW)),
    ],
)
def test_what_is_needed_or_was_erased_before_is_never_due(is_due: Callable[..., bool], kept: Any) -> None:
    assert not is_due(kept, LATE)


@pytest.mark.parametrize(
    ("is_due", "record", "days"),
    [
        (retention.change_is_due, change(), RETENTION.change_days),
        (retention.order_is_due, settlement_records.order(**WORDED_ORDER), RETENTION.order_text_days),
        (retention.account_is_due, payable(), RETENTION.account_days),
        (
            retention.account_is_due,
            payable(state="dropped", account=None, change=CHANGE_OF_ACCOUNT),
            RETENTION.account_days,
        ),
        (retention.violation_is_due, violation(), RETENTION.violation_days),
        (retention.lead_is_due, lead(), RETENTION.lead_days),
    ],
)
def test_what_has_ended_is_due_after_its_days(is_due: Callable[..., bool], record: Any, days: int) -> None:
    assert is_due(record, long_after(days))
    assert not is_due(record, long_after(days) - timedelta(milliseconds=1))


@pytest.mark.clause("§3.5.3")
def test_objections_are_due_with_their_closed_notice_but_for_those_undecided() -> None:
    running = settlement_records.notice(date(2026, 6, 8), date(2026, 6, 12))
    closed = running.model_copy(update={"state": "closed", "updated_at": NOW})
    decided, standing = (settlement_records.objection(None, None, state) for state in ("rejected", "standing"))
    erased = decided.model_copy(update={"erased_at": NOW})
    found = (decided, standing, erased)
    assert [*retention.objections_due(closed, found, long_after(RETENTION.objection_days))] == [decided]
    assert [*retention.objections_due(closed, found, long_after(RETENTION.objection_days - 1))] == []
    assert [*retention.objections_due(running, found, LATE)] == []


@pytest.mark.clause("§3.5.4")
def test_a_payout_file_stays_until_the_bank_answered_on_all_its_payouts() -> None:
    file, days = payout_file(payout_ids=("p_1", "p_2")), RETENTION.payout_file_days
    last = payout(payout_id="p_2", state="failed", updated_at=NOW + timedelta(days=5))
    other = payout(payout_id="p_3", state="made")
    assert retention.payout_file_is_due(file, (payout(), last, other), long_after(days + 5))
    assert not retention.payout_file_is_due(file, (payout(), last, other), long_after(days + 4))
    assert not retention.payout_file_is_due(file, (payout(), payout(payout_id="p_2", state="made")), LATE)
    assert not retention.payout_file_is_due(file, (), LATE)
    assert not retention.payout_file_is_due(payout_file(erased_at=NOW), (payout(),), LATE)


@pytest.mark.clause("§2.1.1")
def test_a_list_is_due_once_another_version_is_in_force_and_behind_the_standings() -> None:
    record, other = list_import(), list_import(import_id="i_2")
    due = long_after(RETENTION.list_days)
    assert retention.list_is_due(record, other, other, None, due)
    assert retention.list_is_due(record, None, None, None, due)
    assert not retention.list_is_due(record, other, other, None, due - timedelta(days=1))
    assert not retention.list_is_due(record, other, record, None, LATE)
    year_after = long_after(RETENTION.left_days, datetime(2025, 12, 31, 16, tzinfo=NOW.tzinfo))
    assert retention.list_is_due(record, record, other, None, year_after)
    assert not retention.list_is_due(record, record, other, None, year_after - timedelta(milliseconds=1))
    of_its_year = list_import(kind="other_subsidy")
    assert retention.list_is_due(of_its_year, of_its_year, of_its_year, None, year_after)
    assert not retention.list_is_due(
        of_its_year, of_its_year, of_its_year, None, year_after - timedelta(milliseconds=1)
    )
    for state in ("applying", "erased"):
        assert not retention.list_is_due(list_import(state=state), other, other, None, LATE)
    applied = list_import(applied_at=NOW + timedelta(days=1))
    assert not retention.list_is_due(applied, other, other, None, due)


@pytest.mark.clause("§2.3.1")
def test_the_nursery_list_stays_until_that_of_a_later_year_replaced_it() -> None:
    record = list_import(kind="little_giant_nursery")
    assert not retention.list_is_due(record, record, record, None, LATE)
    assert retention.list_is_due(record, record, record, record.year + 1, LATE)
    assert retention.list_is_due(record, None, list_import(import_id="i_2"), None, LATE)


@pytest.mark.clause("§2.3.1")
def test_a_list_stays_for_the_years_after_the_one_in_which_it_counts() -> None:
    record = list_import(kind="newly_above_scale")
    end = long_after(RETENTION.left_days, datetime(record.year + 1, 12, 31, 16, tzinfo=NOW.tzinfo))
    assert retention.list_is_due(record, record, record, None, end)
    assert not retention.list_is_due(record, record, record, None, end - timedelta(milliseconds=1))


def test_messages_that_came_so_long_ago_have_had_their_time() -> None:
    assert retention.latest_message(long_after(RETENTION.message_days)) == NOW
    assert retention.latest_payout_file(long_after(RETENTION.payout_file_days)) == NOW


@pytest.mark.clause("§2.3.1")
def test_an_entitlement_without_members_keeps_its_amounts() -> None:
    old = records.entitlement(members=frozenset({PLANTED}))
    new = retention.without_members(old)
    assert new == old.model_copy(update={"members": frozenset(), "version": old.version + 1})
