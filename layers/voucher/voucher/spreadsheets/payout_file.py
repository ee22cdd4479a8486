"""The list of payouts for the bank (§3.5.4): its rows, its number and the hash that is printed on it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from voucher.spreadsheets.workbook import Value, workbook

COLUMNS = (
    "序号",
    "付款编号",
    "收款单位",
    "开户银行",
    "收款账号",
    "金额（元）",
    "汇总发票号",
    "服务机构",
    "统一社会信用代码",
)


@dataclass(frozen=True)
class BankTransfer:
    """One payout as the bank needs it, with the account number in clear and the amount in fen."""

    payout_id: str
    account_name: str
    bank_name: str
    account_number: str
    amount_fen: int
    invoice_number: str
    agency_name: str
    agency_uscc: str

    def row(self, number: int) -> tuple[Value, ...]:
        """Its row of the list, under COLUMNS; `number` counts from 1."""
        return (
            str(number),
            self.payout_id,
            self.account_name,
            self.bank_name,
            self.account_number,
            self.amount_fen,
            self.invoice_number,
            self.agency_name,
            self.agency_uscc,
        )


def rows_sha256(number: str, transfers: Sequence[BankTransfer]) -> str:
    """The hash printed on the list, over its number and every row, because a cell that is changed later must show."""
    content = json.dumps([number, _rows(transfers)], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _rows(transfers: Sequence[BankTransfer]) -> list[tuple[Value, ...]]:
    return [transfer.row(number) for number, transfer in enumerate(transfers, 1)]


def payout_file(number: str, transfers: Sequence[BankTransfer]) -> bytes:
    """The list as an .xlsx. The same transfers under the same number give the same bytes."""
    head: list[tuple[Value, ...]] = [
        ("服务券抵用资金拨付清单",),
        ("清单编号", number),
        ("内容校验（SHA-256）", rows_sha256(number, transfers)),
        ("合计（元）", sum(transfer.amount_fen for transfer in transfers)),
        COLUMNS,
    ]
    return workbook("拨付清单", head + _rows(transfers))
