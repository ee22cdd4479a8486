"""The backups of infra/backup.yaml: all tables, every day, in a vault of their own, and no longer than was promised."""

from fnmatch import fnmatch
from typing import Any

from tests.infra.templates import STATE, template
from tests.support.backend import ROOT

RESOURCES: dict[str, dict[str, Any]] = template("infra/backup.yaml")["Resources"]
[RULE] = RESOURCES["Plan"]["Properties"]["BackupPlan"]["BackupPlanRule"]
# functions/retention/README.md: for so long a backup has what the tables no longer have
PROMISED_DAYS = 35


def test_no_backup_outlives_what_was_promised_of_erased_data() -> None:
    _, [copy], _ = RULE["CopyActions"]["Fn::If"]
    assert RULE["Lifecycle"] == copy["Lifecycle"] == {"DeleteAfterDays": PROMISED_DAYS}
    _, lock, _ = RESOURCES["Vault"]["Properties"]["LockConfiguration"]["Fn::If"]
    assert lock["MinRetentionDays"] == lock["MaxRetentionDays"] == PROMISED_DAYS
    assert f"last {PROMISED_DAYS} days" in " ".join((ROOT / "infra/README.md").read_text().split())


def test_every_table_of_the_stack_is_backed_up_and_no_copy_that_a_restore_made() -> None:
    selection = RESOURCES["Tables"]["Properties"]["BackupSelection"]
    [pattern] = [each.partition(":table/")[2].replace("${VoucherStack}", "voucher") for each in selection["Resources"]]
    tables = [name for name, each in STATE.items() if each["Type"] == "AWS::DynamoDB::Table"]
    assert len(tables) == 9
    assert all(fnmatch(f"voucher-Data-1A2B-{name}-3C4D", pattern) for name in tables)
    [tag] = selection["Conditions"]["StringEquals"]
    key, value = tag["ConditionKey"].removeprefix("aws:ResourceTag/"), tag["ConditionValue"]
    assert f"{key}={value}" in (ROOT / "infra/samconfig.toml").read_text()  # a restored table has no tags


def test_it_runs_after_the_nights_work_and_into_the_vault() -> None:
    assert RULE["ScheduleExpression"] == "cron(0 20 * * ? *)"  # UTC; the last schedule is at 3:00 in Lishui
    assert RULE["TargetBackupVault"] == "Vault"


def test_the_vault_is_encrypted_by_its_own_key_and_outlives_its_stack() -> None:
    for name in ("Vault", "Key"):
        assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"
        assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES["Vault"]["Properties"]["EncryptionKeyArn"] == "Key.Arn"


def test_the_vault_of_the_other_account_takes_copies_of_one_account_and_makes_none() -> None:
    condition, policy, _ = RESOURCES["Vault"]["Properties"]["AccessPolicy"]["Fn::If"]
    [statement] = policy["Statement"]
    assert (condition, statement["Action"]) == ("Accepts", "backup:CopyIntoBackupVault")
    assert statement["Principal"] == {"AWS": "arn:${AWS::Partition}:iam::${AcceptFrom}:root"}
    assert {RESOURCES[name]["Condition"] for name in ("Plan", "Role", "Tables")} == {"HasPlan"}
