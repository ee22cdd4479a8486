"""The payout file for the bank (§3.5.4): its rows, its number and the hash printed in it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from voucher.spreadsheets.workbook import Value, workbook

COLUMNS = ("序号", "付款编号", "收款单位", "开户银行", "收款账号", "金额（元）", "汇总发票号")


@dataclass(frozen=True)
class BankTransfer:
    """One payout as the bank needs it, with the account number in clear; the amount in fen."""

    payout_id: str
    account_name: str
    bank_name: str
    account_number: str
    amount_fen: int
    invoice_number: str

    def row(self, number: int) -> tuple[Value, ...]:
        """Its row of the file."""
        named = (self.payout_id, self.account_name, self.bank_name, self.account_number)
        return (str(number), *named, self.amount_fen, self.invoice_number)


def rows_sha256(number: str, transfers: Sequence[BankTransfer]) -> str:
    """The hash printed in the file, over its number and every row, so that a changed cell is noticed."""
    rows = [transfer.row(position) for position, transfer in enumerate(transfers, 1)]
    return hashlib.sha256(json.dumps([number, rows], ensure_ascii=False).encode()).hexdigest()


def payout_file(number: str, transfers: Sequence[BankTransfer]) -> bytes:
    """The .xlsx file. The same transfers under the same number always give the same bytes."""
    head: list[tuple[Value, ...]] = [
        ("服务券抵用资金拨付清单",),
        ("清单编号", number),
        ("内容校验（SHA-256）", rows_sha256(number, transfers)),
        ("合计（元）", sum(transfer.amount_fen for transfer in transfers)),
        COLUMNS,
    ]
    return workbook("拨付清单", head + [transfer.row(position) for position, transfer in enumerate(transfers, 1)])
