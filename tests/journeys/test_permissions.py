"""Each function is allowed what its policy says and denied everything else, under enforced IAM.

What may be changed is written down here by hand once more: a policy that is widened by mistake fails this ring.
"""

import pytest

from tests.infra.templates import FUNCTIONS
from tests.journeys.place import Place
from tests.journeys.roles import TABLES, Permission, decided, full_names, granted, permissions

# Who may write which table: P puts whole items, U updates them, D deletes them (the import worker its own turn).
TABLE_WRITES = """
                Registry  Vouchers  Orders  Settlements  Supervision
Agencies        PU        .         .       .            .
Authorize       .         .         .       .            .
Batches         .         PU        .       .            .
Cancellations   .         PU        PU      PU           .
Changes         P         P         .       .            .
CloseYear       .         PU        .       .            .
Enterprises     PU        P         .       .            .
Evidence        .         .         .       PU           .
Fulfilment      .         PU        PU      .            .
Grab            .         PU        .       .            .
ImportList      PD        P         .       .            .
Inbox           .         .         .       .            U
Lists           P         .         .       .            .
NoticeClosings  .         U         P       P            .
NoticeReviews   .         .         .       P            .
Notices         .         .         .       PU           .
Notify          .         .         .       .            P
Orders          .         PU        PU      .            .
Payables        .         .         .       PU           .
PayoutFile      .         .         .       P            .
Payouts         .         U         P       P            .
PreReviews      .         PU        PU      PU           .
Products        P         .         .       .            .
Programmes      .         P         .       .            .
Reconcile       .         PU        .       .            .
Recoveries      .         .         P       .            .
Relay           .         .         .       .            .
Removals        P         .         .       P            P
Reports         .         .         .       .            .
Rounds          .         .         P       PU           .
Settlements     .         .         P       P            .
Supervision     P         P         .       .            P
Sweep           .         .         .       P            .
Totals          .         PU        .       .            .
VoidVouchers    .         PU        PU      .            .
Vouchers        .         .         .       .            .
Withdrawals     .         U         P       PU           .
"""
FILE_WRITERS = {
    "Agencies": {"documents/agencies"},
    "Enterprises": {"documents/enterprises"},
    "Evidence": {"documents/settlements"},
    "ImportList": {"rows"},
    "Lists": {"lists"},
    "PayoutFile": {"payout-files"},
}
SENDERS = {
    "ImportList": {"ImportListQueue"},
    "Relay": {"NotifyQueue", "VoidVouchersQueue", "ImportListQueue", "RelayDeadLetters"},
    "Sweep": {"NotifyQueue", "VoidVouchersQueue", "CloseYearQueue"},
    "VoidVouchers": {"NotifyQueue", "VoidVouchersQueue"},
}
READERS_OF_BANK_ACCOUNTS = {"PayoutFile": {"BankAccountsKey"}}
# What nobody may do to anything of the stack; most of it would not be harmless to try.
NOBODY = {
    "dynamodb": "BatchWriteItem DeleteTable ExportTableToPointInTime PartiQLDelete PartiQLUpdate "
    "PutResourcePolicy Scan UpdateContinuousBackups UpdateTable UpdateTimeToLive",
    "iam": "AttachRolePolicy DeleteRolePolicy PassRole PutRolePolicy UpdateAssumeRolePolicy",
    "kms": "DisableKey PutKeyPolicy ScheduleKeyDeletion",
    "lambda": "AddPermission InvokeFunction UpdateFunctionCode UpdateFunctionConfiguration",
    "s3": "BypassGovernanceRetention DeleteBucket DeleteObject DeleteObjectVersion ListBucket PutBucketPolicy",
    "sqs": "AddPermission DeleteQueue PurgeQueue SetQueueAttributes",
    "sts": "AssumeRole",
}
# What SAM attaches by itself: logs and traces for all, the trigger's own reading for those that have one.
ATTACHED = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
TRIGGERS = {"SQS": {"AWSLambdaSQSQueueExecutionRole"}, "DynamoDB": {"AWSLambdaDynamoDBExecutionRole"}}

Permissions = dict[str, frozenset[Permission]]


def written_down() -> dict[str, str]:
    """Function → its row of the table above."""
    rows = [row.split() for row in TABLE_WRITES.strip().splitlines()[1:]]
    return {function: " ".join(letters) for function, *letters in rows}


def row_of(allowed: frozenset[Permission]) -> str:
    """What a function may write, as a row of the table above."""
    letters = {"P": "dynamodb:PutItem", "U": "dynamodb:UpdateItem", "D": "dynamodb:DeleteItem"}
    return " ".join(
        "".join(letter for letter, action in letters.items() if (action, table) in allowed) or "." for table in TABLES
    )


@pytest.fixture(scope="module")
def resources(place: Place) -> dict[str, str]:
    """Logical → physical name of everything deployed."""
    return place.resources()


@pytest.fixture(scope="module")
def found(place: Place, resources: dict[str, str]) -> Permissions:
    """What each role was really allowed, each try made with the role's own key."""
    return {function: permissions(place, resources, function) for function in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_allowed_what_its_policy_says_and_nothing_else(found: Permissions, function: str) -> None:
    assert found[function] == granted(FUNCTIONS[function])


def test_each_table_is_written_by_those_written_down_here_and_by_nobody_else(found: Permissions) -> None:
    assert {function: row_of(allowed) for function, allowed in found.items()} == written_down()


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("s3:PutObject", FILE_WRITERS),
        ("sqs:SendMessage", SENDERS),
        ("kms:Decrypt", READERS_OF_BANK_ACCOUNTS),
    ],
)
def test_files_queues_and_bank_accounts_are_open_to_those_written_down_here(
    found: Permissions, action: str, expected: dict[str, set[str]]
) -> None:
    real = {function: {where for what, where in allowed if what == action} for function, allowed in found.items()}
    assert {function: where for function, where in real.items() if where} == expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_drop_scan_or_widen_what_it_may(place: Place, resources: dict[str, str], function: str) -> None:
    iam = place.aws("iam")
    for service, names in full_names(resources, function).items():
        actions = [f"{service}:{action}" for action in NOBODY[service].split()]
        decisions = [decided(iam, resources[f"{function}Role"], actions, name) for name in names]
        assert decisions == [dict.fromkeys(actions, "implicitDeny")] * len(names)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_ready_made_policy_is_attached_beyond_logs_traces_and_the_trigger(
    place: Place, resources: dict[str, str], function: str
) -> None:
    attached = place.aws("iam").list_attached_role_policies(RoleName=resources[f"{function}Role"])["AttachedPolicies"]
    triggers = {event["Type"] for event in FUNCTIONS[function].get("Events", {}).values()}
    own = {policy for kind, policies in TRIGGERS.items() if kind in triggers for policy in policies}
    assert {each["PolicyName"] for each in attached} == ATTACHED | own
