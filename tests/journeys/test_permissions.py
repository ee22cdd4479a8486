"""With IAM enforced, each function may do what its policy says and nothing else.

The write permissions are written here by hand a second time, so that a policy widened by mistake fails a test.
"""

import pytest

from tests.infra.templates import FUNCTIONS, Permission, permissions_by_policy
from tests.journeys.deployment import Deployment
from tests.journeys.roles import (
    PLAIN_TABLES,
    TABLES,
    decisions_of,
    full_names,
    permissions,
)

# which function may write which table: P puts items, U updates them, D deletes them (the import worker: its own turn;
# who submits or withdraws: the place that a record moves from; the retention: what has had its time)
TABLE_WRITES = """
                Registry  Vouchers  Orders  Settlements  Supervision  Audit  Requests  Reports
Activities      .         .         .       .            PU           .      P         .
Agencies        PUD       .         .       .            .            .      .         .
AgencyReviews   P         .         .       .            .            .      .         .
Answers         .         .         .       .            .            .      .         .
Audit           .         .         .       .            .            .      .         .
Authorize       .         .         .       .            .            .      .         .
BatchDrafts     .         P         .       .            .            .      .         .
Batches         .         PU        .       .            .            .      P         .
Cancellations   .         PU        PU      PU           .            .      .         .
Catalogue       .         .         .       .            .            .      .         .
ChangeReviews   PU        P         .       .            .            .      .         .
Changes         PU        .         .       .            .            .      P         .
Checks          .         .         .       .            PU           .      .         .
ClaimReviews    PU        P         .       .            .            .      .         .
Claims          PU        .         .       .            .            .      P         .
CloseYear       .         PU        .       .            .            .      .         .
ComplaintEntries .        .         .       .            P            .      P         .
ComplaintReviews U        .         .       .            PU           .      .         .
Complaints      .         .         .       .            PU           .      P         .
Contacts        P         .         .       .            .            .      .         .
Disputes        .         PU        PU      .            .            .      .         .
Disqualifications P       P         .       .            .            .      .         .
Docs            .         .         .       .            .            .      .         .
EndOrders       .         PU        PU      PU           .            .      .         .
EnterpriseReviews P         P         .       .            .            .      .         .
Enterprises     PUD       .         .       .            .            .      .         .
Evidence        .         .         .       PU           .            .      P         .
Findings        .         .         P       P            P            .      .         .
Fulfilment      U         PU        PU      .            .            .      .         .
Grab            .         PU        .       .            .            .      .         .
ImportList      PD        P         .       P            .            .      .         .
Inbox           .         .         .       .            U            .      .         .
Inspections     .         .         .       .            PU           .      P         .
KeepAudit       .         .         .       .            .            P      .         .
KeepReports     .         .         .       .            .            .      .         PUD
Letters         .         .         .       .            .            .      .         .
ListVersions    .         .         .       .            .            .      .         .
Lists           P         .         .       .            .            .      P         .
Mailbox         .         .         .       .            .            .      .         .
Members         PU        P         .       .            .            .      P         .
NoticeClosings  .         U         P       PU           .            .      .         .
NoticeReviews   .         .         .       PU           .            .      .         .
Notices         .         .         .       PU           .            .      .         .
Notify          .         .         .       .            P            .      .         .
Orders          .         PU        PU      .            .            .      P         .
Payables        .         .         .       PU           .            .      .         .
PayoutFile      .         .         .       P            .            .      .         .
Payouts         .         U         P       P            .            .      .         .
PreReviews      .         PU        PU      PU           .            .      .         .
Products        PU        .         .       .            .            .      P         .
Programmes      .         P         .       .            .            .      .         .
ProposedAccounts .        .         .       .            .            .      .         .
Public          .         .         .       .            .            .      .         .
Reconcile       .         PU        .       .            .            .      .         P
Recoveries      .         .         P       .            .            .      P         .
Register        .         .         .       .            .            .      .         .
Relay           .         .         .       .            .            .      .         .
Removals        PU        .         .       P            P            .      .         .
Reports         .         .         .       .            .            .      .         .
Respondents     .         .         .       .            P            .      .         .
Results         .         .         .       .            .            .      .         .
Retention       PUD       P         P       PUD          PUD          .      .         .
Rounds          .         .         P       PU           .            .      P         .
Settlements     .         .         P       P            .            .      P         .
StaffLists      .         .         .       .            .            .      .         .
Submissions     PUD       .         .       .            .            .      P         .
Subsidies       .         .         P       P            .            .      .         .
Sweep           .         .         .       P            .            .      .         .
Tasks           .         .         .       .            .            .      .         .
Totals          .         PU        .       .            .            .      .         .
Unrouted        .         .         .       .            .            .      .         .
VerifyAudit     .         .         .       .            P            .      .         .
Violations      P         P         P       P            P            .      P         .
VoidVouchers    .         PU        PU      .            .            .      .         .
Vouchers        .         .         .       .            .            .      .         .
Webhook         .         .         .       .            .            .      .         .
Withdrawals     .         U         P       PU           .            .      .         .
YearlyFiles     .         .         .       .            P            .      .         .
"""
FILE_WRITERS = {
    "Activities": {"documents/activities", "uploads/activities"},
    "Agencies": {"documents/agencies"},
    "Changes": {"documents/agencies", "documents/enterprises"},
    "Checks": {"documents/inspections"},
    "Claims": {"documents/claims", "uploads/claims"},
    "ComplaintReviews": {"documents/complaints"},
    "Complaints": {"mailbox", "uploads/complaints"},
    "Enterprises": {"documents/enterprises"},
    "Evidence": {"documents/settlements", "uploads/settlements"},
    "ImportList": {"rows"},
    "Inspections": {"inspections", "uploads/inspections"},
    "Lists": {"lists"},
    "Payables": {"documents/settlements"},
    "PayoutFile": {"payout-files"},
    "Submissions": {"uploads/agencies", "uploads/enterprises"},
    "YearlyFiles": {"yearly-files"},
}
SENDERS = {
    "Activities": {"KeepAuditQueue"},
    "Agencies": {"KeepAuditQueue"},
    "Changes": {"KeepAuditQueue"},
    "Checks": {"KeepAuditQueue"},
    "Claims": {"KeepAuditQueue"},
    "ComplaintEntries": {"KeepAuditQueue"},
    "EndOrders": {"EndOrdersQueue", "NotifyQueue"},
    "Enterprises": {"KeepAuditQueue"},
    "Evidence": {"KeepAuditQueue"},
    "ImportList": {"ImportListQueue"},
    "Inspections": {"KeepAuditQueue"},
    "KeepReports": {"KeepReportsQueue"},
    "Letters": {"KeepAuditQueue"},
    "Lists": {"ImportListQueue"},
    "ListVersions": {"KeepAuditQueue"},
    "Notify": {"WebhookQueue"},
    "NoticeReviews": {"KeepAuditQueue"},
    "Orders": {"KeepAuditQueue"},
    "PayoutFile": {"KeepAuditQueue"},
    "ProposedAccounts": {"KeepAuditQueue"},
    "Relay": {
        "NotifyQueue",
        "VoidVouchersQueue",
        "ImportListQueue",
        "KeepAuditQueue",
        "KeepReportsQueue",
        "RelayDeadLetters",
    },
    "Respondents": {"KeepAuditQueue"},
    "Retention": {"RetentionQueue"},
    "StaffLists": {"KeepAuditQueue"},
    "Submissions": {"KeepAuditQueue"},
    "Sweep": {
        "CloseYearQueue",
        "EndOrdersQueue",
        "ImportListQueue",
        "NotifyQueue",
        "RetentionQueue",
        "VoidVouchersQueue",
    },
    "VoidVouchers": {"NotifyQueue", "VoidVouchersQueue"},
}
ERASERS = {
    "Retention": {
        "documents/activities",
        "documents/agencies",
        "documents/claims",
        "documents/complaints",
        "documents/enterprises",
        "documents/inspections",
        "documents/settlements",
        "lists",
        "mailbox",
        "payout-files",
        "rows",
        "uploads/activities",
        "uploads/agencies",
        "uploads/claims",
        "uploads/complaints",
        "uploads/enterprises",
        "uploads/inspections",
        "uploads/settlements",
    },
}
READERS_OF_BANK_ACCOUNTS = {"PayoutFile": {"BankAccountsKey"}, "ProposedAccounts": {"BankAccountsKey"}}
READERS_OF_LETTERS = {"Letters": {"MailboxKey"}}
# all that is open of the mailbox: who hands in reads nothing, who opens deletes nothing, who deletes opens nothing
OF_THE_MAILBOX = {
    "Complaints": {"dynamodb:PutItem", "kms:GenerateDataKey", "s3:PutObject"},
    "Mailbox": {"dynamodb:GetItem"},
    "Letters": {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "kms:Decrypt",
        "s3:GetObject",
        "s3:GetObjectVersion",
    },
    "Retention": {"dynamodb:DeleteItem", "dynamodb:Query", "s3:DeleteObjectVersion"},
}
# what no function may do to any resource; IAM is only asked, because doing most of it would do harm
FORBIDDEN = {
    "dynamodb": "BatchWriteItem DeleteTable ExportTableToPointInTime PartiQLDelete PartiQLUpdate "
    "PutResourcePolicy Scan UpdateContinuousBackups UpdateTable UpdateTimeToLive",
    "iam": "AttachRolePolicy DeleteRolePolicy PassRole PutRolePolicy UpdateAssumeRolePolicy",
    "kms": "DisableKey PutKeyPolicy ScheduleKeyDeletion",
    "lambda": "AddPermission InvokeFunction UpdateFunctionCode UpdateFunctionConfiguration",
    "s3": "BypassGovernanceRetention DeleteBucket DeleteObject ListBucket PutBucketPolicy PutLifecycleConfiguration",
    "sqs": "AddPermission DeleteQueue PurgeQueue SetQueueAttributes",
    "sts": "AssumeRole",
}
# what SAM attaches: logs and traces for all functions, and reading the trigger
ATTACHED = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
TRIGGERS = {"SQS": {"AWSLambdaSQSQueueExecutionRole"}, "DynamoDB": {"AWSLambdaDynamoDBExecutionRole"}}

Permissions = dict[str, frozenset[Permission]]


def expected_table_writes() -> dict[str, str]:
    """Function → its row in TABLE_WRITES."""
    rows = [row.split() for row in TABLE_WRITES.strip().splitlines()[1:]]
    return {function: " ".join(letters) for function, *letters in rows}


def row_of(allowed: frozenset[Permission]) -> str:
    """A function's write permissions as a row of TABLE_WRITES."""
    letters = {"P": "dynamodb:PutItem", "U": "dynamodb:UpdateItem", "D": "dynamodb:DeleteItem"}
    return " ".join(
        "".join(letter for letter, action in letters.items() if (action, table) in allowed) or "."
        for table in (*TABLES, *PLAIN_TABLES)
    )


@pytest.fixture(scope="module")
def resources(deployment: Deployment) -> dict[str, str]:
    """Logical → physical name of every deployed resource."""
    return deployment.resources()


@pytest.fixture(scope="module")
def permissions_found(deployment: Deployment, resources: dict[str, str]) -> Permissions:
    """Function → its real permissions, each tried with the key of its role."""
    return {function: permissions(deployment, resources, function) for function in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_allowed_what_its_policy_says_and_nothing_else(
    permissions_found: Permissions, function: str
) -> None:
    assert permissions_found[function] == permissions_by_policy(FUNCTIONS[function])


def test_each_table_is_written_by_exactly_the_functions_listed_here(permissions_found: Permissions) -> None:
    assert {function: row_of(allowed) for function, allowed in permissions_found.items()} == expected_table_writes()


def test_what_a_key_was_used_for_is_only_ever_written_by_those_who_make_things(permissions_found: Permissions) -> None:
    may = {
        (function, what) for function, all_of in permissions_found.items() for what, at in all_of if at == "Requests"
    }
    assert {what for _, what in may} == {"dynamodb:PutItem"}


@pytest.mark.clause("§5.3")
def test_the_mailbox_is_closed_to_every_function_but_these(permissions_found: Permissions) -> None:
    places = {"Mailbox", "Mailbox/index", "MailboxKey", "mailbox"}
    found = {
        function: {what for what, where in allowed if where in places}
        for function, allowed in permissions_found.items()
    }
    assert {function: whats for function, whats in found.items() if whats} == OF_THE_MAILBOX


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("s3:PutObject", FILE_WRITERS),
        ("s3:DeleteObjectVersion", ERASERS),
        ("s3:ListBucketVersions", {"Retention": {"Documents"}}),
        ("sqs:SendMessage", SENDERS),
        ("kms:Decrypt", READERS_OF_BANK_ACCOUNTS | READERS_OF_LETTERS),
        ("secretsmanager:GetSecretValue", {"Webhook": {"WebhookKeys"}}),
    ],
)
def test_files_queues_and_bank_accounts_are_open_to_the_functions_listed_here(
    permissions_found: Permissions, action: str, expected: dict[str, set[str]]
) -> None:
    resources_by_function = {
        function: {where for what, where in allowed if what == action}
        for function, allowed in permissions_found.items()
    }
    assert {function: where for function, where in resources_by_function.items() if where} == expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_drop_scan_or_widen_what_it_may(
    deployment: Deployment, resources: dict[str, str], function: str
) -> None:
    iam = deployment.aws("iam")
    for service, names in full_names(resources, function).items():
        actions = [f"{service}:{action}" for action in FORBIDDEN[service].split()]
        decisions = [decisions_of(iam, resources[f"{function}Role"], actions, name) for name in names]
        assert decisions == [dict.fromkeys(actions, "implicitDeny")] * len(names)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_ready_made_policy_is_attached_beyond_logs_traces_and_the_trigger(
    deployment: Deployment, resources: dict[str, str], function: str
) -> None:
    attached_policies = deployment.aws("iam").list_attached_role_policies(RoleName=resources[f"{function}Role"])[
        "AttachedPolicies"
    ]
    triggers = {event["Type"] for event in FUNCTIONS[function].get("Events", {}).values()}
    trigger_policies = {policy for kind, policies in TRIGGERS.items() if kind in triggers for policy in policies}
    assert {each["PolicyName"] for each in attached_policies} == ATTACHED | trigger_policies
