"""The inventory of personal data: each kind, where it is, why it is kept, for how many days after which event, and what
stays. The page of the retention is made from it, and the tests insist that no field of a record is missing here.

`fields` are those of the kept records, as `Record.field`. The clauses are those of the regulation (§…), of the law on
personal information (PIPL: 个人信息保护法), and of the rules on accounting archives (会计档案管理办法).
"""

from dataclasses import dataclass

from infra.pages.markers import table
from voucher.policy import RETENTION


@dataclass(frozen=True)
class Kind:
    """One kind of personal data. `days` is the name of a value of policy.Retention; None: it stays as long as `after`
    says."""

    name: str
    fields: tuple[str, ...]
    where: str
    why: str
    days: str | None
    after: str
    remains: str


BOOKS = "at least 30 years, bank statements 10; then people decide (会计档案管理办法 第十四至十八条, 附表二)"

INVENTORY = (
    Kind(
        "a registration that was never submitted",
        (),
        "registry: the organisation, its members, its documents; S3 `documents/enterprises/*`, `documents/agencies/*`",
        "to go on filling it in, §3.2.1, §4.1.1",
        "draft_days",
        "the last touch of it or of its papers",
        "nothing but the steps in the audit trail: the credit code is free again",
    ),
    Kind(
        "a registration that was returned, rejected or withdrawn, and never approved",
        (),
        "the same",
        "to correct it, and to ask why, §3.2.2, §4.1.2",
        "refused_days",
        "its last step",
        "nothing but the steps in the audit trail: the credit code is free again",
    ),
    Kind(
        "an organisation's people: legal representative, contact, phone",
        (
            "Enterprise.legal_representative",
            "Enterprise.contact_name",
            "Enterprise.contact_phone",
            "Agency.legal_representative",
            "Agency.contact_name",
            "Agency.contact_phone",
            "Agency.proposed",
            "Enterprise.submission",
            "Enterprise.submission_before",
            "Agency.submission",
            "Agency.submission_before",
            "Enterprise.facts_before",
            "Agency.facts_before",
        ),
        "registry: the organisation, what it submitted last and before, and what an adopted report replaced last; the "
        "public register while it is approved",
        "to reach it and to judge it, §3.1, §3.2.3, §4.1.1; claims may be raised for three years (民法典 188条)",
        "left_days",
        "it left (disqualified, removed, approval ended, programme over) and the last of its orders ended",
        "credit code, name, what it is, states and days, who decided",
    ),
    Kind(
        "who acts for an organisation",
        (
            "Enterprise.members",
            "Agency.members",
            "Entitlement.members",
            "Enterprise.seats",
            "Agency.seats",
            "Enterprise.invitations",
            "Agency.invitations",
            "Seat.invited_by",
            "Invitation.by",
            "Enterprise.created_by",
            "Agency.created_by",
            "Enterprise.submitted_by",
            "Agency.submitted_by",
        ),
        "registry: the organisation, `MEMBER#`, the list of a person's organisations; vouchers: entitlements",
        "to let in nobody else, §4.1.1",
        "left_days",
        "the same",
        "subjects of the sign-in in the books: who took a step",
    ),
    Kind(
        "words of decisions on an organisation",
        (
            "Enterprise.reasons",
            "Agency.reasons",
            "Agency.override_request",
            "Agency.override",
            "Agency.removal_reason",
            "Sanction.reason",
            "Sanction.statement",
            "Sanction.decision_reason",
            "Sanction.restore_reason",
            "Enterprise.revoke_reason",
            "Agency.revoke_reason",
            "Reason.message",
        ),
        "registry: the organisation",
        "the applicant learns why, §3.2.2, §3.4.1, §4.1.2",
        "left_days",
        "the same",
        "the decision, its day, who decided",
    ),
    Kind(
        "papers of an organisation: identity cards, lists of insured staff, licences",
        ("Document.filename", "Document.uploaded_by", "Document.object_key", "Document.sha256", "Document.owner"),
        "registry: `DOCUMENT#`; S3 `documents/enterprises/*`, `documents/agencies/*`, in all versions",
        "what the approval rests on, §3.2.1, §3.4.3, §4.1.1",
        "left_days",
        "the same",
        "nothing",
    ),
    Kind(
        "papers that are in neither of an organisation's last two submissions",
        (),
        "the same",
        "what an earlier approval rested on, §3.2.3",
        "replaced_paper_days",
        "they were announced",
        "nothing",
    ),
    Kind(
        "papers that no submission took up",
        (),
        "the same, and S3 `documents/settlements/*`",
        "they may be submitted yet; no clause",
        "unused_paper_days",
        "they were announced; of a registration that may be submitted, with it",
        "nothing",
    ),
    Kind(
        "papers that were taken back",
        (),
        "the same",
        "an old key must not bring them back; no clause",
        "taken_back_paper_days",
        "they were announced",
        "nothing",
    ),
    Kind(
        "papers of a settlement application that was withdrawn",
        (),
        "settlements: `DOCUMENT#`; S3 `documents/settlements/*`",
        "it may be asked why, §5.2b; no clause",
        "withdrawn_paper_days",
        "it was withdrawn",
        "the application; hashes of its files, to find one that is used twice; a summary invoice that was handed in",
    ),
    Kind(
        "papers of a settlement: contract, invoice, transfer, evidence, summary invoice",
        (
            "Invoice.document_id",
            "Transfer.document_id",
            "Line.contract_document_id",
            "Line.evidence_document_ids",
            "Payable.document_id",
        ),
        "the same",
        "original vouchers of the books, §3.5.1, §3.5.4",
        None,
        BOOKS,
        "all",
    ),
    Kind(
        "change reports: words, facts and papers",
        (
            "Change.description",
            "Change.reason",
            "Change.created_by",
            "Change.document_ids",
            "Change.facts",
            "ChangedFact.approved",
            "ChangedFact.proposed",
        ),
        "registry: `CHANGE#`, `DOCUMENT#`; S3 `documents/enterprises/*`, `documents/agencies/*`",
        "§3.2.3, §4.1.3",
        "change_days",
        "the decision; with its organisation at the latest",
        "that there was one, its days, the decision, who decided",
    ),
    Kind(
        "claims on an organisation: who claims, the words and papers, what members say",
        (
            "OrganisationClaim.contact_name",
            "OrganisationClaim.contact_phone",
            "OrganisationClaim.created_by",
            "OrganisationClaim.reason",
            "OrganisationClaim.withdrawal_reason",
            "OrganisationClaim.review_reason",
            "OrganisationClaim.decision_reason",
            "OrganisationClaim.statements",
            "OrganisationClaim.former_members",
            "OrganisationClaim.document_ids",
            "ClaimStatement.text",
            "ClaimStatement.by",
        ),
        "registry: `CLAIM#`, `USER# CLAIM#`, `DOCUMENT#`; S3 `documents/claims/*`",
        "to decide who acts for an organisation, §3.2.1, §4.1.1",
        "claim_days",
        "the decision; one that was never completed as a registration",
        "that there was one, on which code, its days, the decision, who decided",
    ),
    Kind(
        "who objects, the words, those of the answer, and what opens it",
        ("Objection.name", "Objection.contact", "Objection.reason", "Objection.opinion", "Objection.code_sha256"),
        "settlements: `OBJECTION#`; counters by the hash of an address, `RATE#`",
        "to ask back, to decide and to answer, §3.5.3",
        "objection_days",
        "its notice was closed; one that is undecided stays",
        "what it was about, the decision, who decided",
    ),
    Kind(
        "words on an order: comment of a rating, reasons of its parties for leaving or disputing it, and of decisions",
        (
            "Rating.comment",
            "CancelRequest.reason",
            "Order.refusal_reason",
            "Order.withdrawal_reason",
            "Dispute.reason",
            "OrderDecision.reason",
            "SubsidyDecision.reason",
        ),
        "orders",
        "§3.5.1(5), §4.2.3, §5.2a",
        "order_text_days",
        "the order ended",
        "score, decisions, days, hands",
    ),
    Kind(
        "account numbers of agencies",
        (
            "Account.sealed_number",
            "Account.fingerprint",
            "Account.match",
            "AccountChange.account",
            "AccountChange.reason",
            "Payable.account",
            "Payable.change",
        ),
        "settlements: the payable, sealed by KMS",
        "to pay, §3.5.4",
        "account_days",
        "the payout on it",
        "bank, holder, last four digits; a slow hash until the agency leaves, to notice another account",
    ),
    Kind(
        "payout files, which show account numbers",
        ("PayoutFile.object_key", "PayoutFile.sha256"),
        "S3 `payout-files/*`, under the key of KMS; those in no record, too",
        "to hand to the bank, §3.5.4; the voucher of the books is the bank's receipt",
        "payout_file_days",
        "the bank's last answer on its payouts",
        "number, sum, hashes, who made it",
    ),
    Kind(
        "lists of other offices: file, rows, errors",
        ("ListImport.filename", "ListImport.object_key", "ListImport.failure"),
        "S3 `lists/*`, `rows/*`; registry: the version",
        "§2.1.1, §2.3.1, §5.2b",
        "list_days",
        "a newer one replaced it, or it came to nothing; in force: left_days after its year; the newest D list stays",
        "who brought which file into force and when, its hash, how many rows",
    ),
    Kind(
        "messages",
        ("InboxMessage.sub", "InboxMessage.subject"),
        "supervision: `INBOX#`; queues and dead letters keep a message 4 and 14 days; the webhook's receiver, if any",
        "to be told, §3.5.2, §4.1.2; no clause",
        "message_days",
        "it came",
        "nothing: the record that it was about says the same",
    ),
    Kind(
        "violations",
        ("Violation.facts", "Violation.lift_reason", "Release.reason"),
        "supervision",
        "it counts until the bureau lifts it, §2.1.3",
        "violation_days",
        "it was lifted; one that stands stays",
        "that there was one, whose, which orders, who decided",
    ),
    Kind(
        "leads for other offices",
        ("Lead.facts",),
        "supervision",
        "§3.4.1",
        "lead_days",
        "it was handed on",
        "that there was one, whose, who proposed it",
    ),
    Kind(
        "words and names in the books",
        (
            "Recovery.reason",
            "Recovery.withdrawal_reason",
            "Posting.reason",
            "Posting.about",
            "PendingTotal.reason",
            "Payout.return_reason",
            "Line.opinion",
            "Line.withdrawal_reason",
            "Line.file_hashes",
            "MaskedAccount.account_name",
            "MaskedAccount.last_digits",
            "Payable.account_before",
        ),
        "orders, settlements, vouchers",
        "each fen explained, §1.3, §3.5, §5.2b",
        None,
        BOOKS,
        "all",
    ),
    Kind(
        "who took a step: subjects of the sign-in, without a name",
        (
            "*_by",
            "*.by",
            "Round.submitters",
            "Round.pre_reviewers",
        ),
        "every record and posting; the audit trail, whose entries stay: one that is left out breaks the chain",
        "different people took the steps, §3.2.2, §3.5.2–§3.5.4; the reconciliation proves it every night",
        None,
        BOOKS,
        "all; who it was, only the sign-in knows",
    ),
)

# What sounds like a person and is none: names of organisations and services, and fingerprints of requests. An
# organisation's name is public (§1.4a, §3.5.3) and no personal data.
NO_PERSON = (
    "Enterprise.name",
    "Sanction.proposed_at",
    "ShownTask.about",
    "Joining.name",
    "ObjectionAnswer.opinion",
    "Agency.name",
    "Lead.name",
    "OrganisationClaim.name",
    "Product.name",
    "Batch.name",
    "Programme.document_number",
    "OrderWarning.message",
    "Order.proposed_contract",
    "Order.enterprise_name",
    "Order.agency_name",
    "Order.product_name",
    "RemovalNotice.agency_name",
    "Payable.agency_name",
    "Transfer.payer_name",
    "Account.bank_name",
    "MaskedAccount.bank_name",
    "Notice.text",
    "RemovalNotice.text",
    "Product.content",
    "ListImport.sha256",
    "PayoutFile.rows_sha256",
    "Mark.sha256",
    "Trace.about",
    "AuditEntry.previous_sha256",
    "AuditEntry.sha256",
    "Document.document_id",
    "InboxMessage.message_id",
    "InboxMessage.about",
    "*.last_sha256",
    "*.request_sha256",
    "Flag.message",
    "Posting.from_account",
    "Posting.to_account",
    "Voucher.voucher_id",
    "Enterprise.facts_since",
    "Enterprise.facts_by_change",
    "Agency.facts_since",
    "Agency.facts_by_change",
)


def inventory() -> str:
    """The inventory as a table."""
    rows = [(each.name, each.where, each.why, _term(each), each.remains) for each in INVENTORY]
    return table("what | where | why, clause | how long | what stays", rows)


def _term(kind: Kind) -> str:
    return f"{getattr(RETENTION, kind.days):,} days after: {kind.after}" if kind.days else kind.after
