"""The payout file for the bank (§3.5.4): the only function that may decrypt account numbers.

A payout stands in exactly one file, so that no bank gets it twice; a file once made is kept and given as it was.
"""

import hashlib

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import require
from voucher.edge.observe import log_outcome
from voucher.models.payables import Payable
from voucher.models.payouts import Payout, PayoutFile
from voucher.refusals import Refusal, Refused
from voucher.spreadsheets import payout_file
from voucher.spreadsheets.workbook import XLSX
from voucher.store import payables, payouts, rounds
from voucher.store.engine import files, sealing

app = Api()


@app.get("/rounds/<round_id>/payout-file")
def download(round_id: str) -> Response[bytes]:
    """§3.5.4: the .xlsx of the payouts that no file has yet; if there are none, the latest file, or `?number=`.

    X-Content-SHA256 is the hash of the bytes, X-Rows-SHA256 the one printed in the sheet.
    """
    require(app.caller, "platform", "finance")
    if rounds.find(round_id) is None:
        raise Refused(Refusal.NOT_FOUND)
    known, number = payouts.list_files(round_id), app.query("number")
    if number is not None:
        return _given([file for file in known if file.number == number])
    owed = {payable.agency_uscc: payable for payable in payables.list_of_round(round_id)}
    made = payouts.list_of(list(owed.values()))
    new = [payout for payout in made if payout.state == "made" and payout.file_number is None]
    if not new:
        return _given(known)
    return _given([_make(round_id, len(known) + 1, new, owed)])


def _make(round_id: str, position: int, new: list[Payout], owed: dict[str, Payable]) -> PayoutFile:
    """Two at once make the same bytes, and one of them the record; the other is told to look again."""
    number = f"PF-{round_id.removeprefix('r_')}-{position:02}"
    transfers = [_transfer(payout, owed[payout.agency_uscc]) for payout in new]
    content = payout_file.payout_file(number, transfers)
    sha256 = hashlib.sha256(content).hexdigest()
    made = PayoutFile(
        number=number,
        round_id=round_id,
        payout_ids=tuple(payout.payout_id for payout in new),
        total_fen=sum(payout.amount_fen for payout in new),
        object_key=f"payout-files/{round_id}/{sha256}.xlsx",
        sha256=sha256,
        rows_sha256=payout_file.rows_sha256(number, transfers),
        made_at=clock.now(),
        made_by=app.caller.sub,
    )
    files.commit_content(made.object_key, content, XLSX, sealing.key())
    payouts.commit_file(made, [(payout, payout.next_version(file_number=number)) for payout in new])
    return made


def _transfer(payout: Payout, owed: Payable) -> payout_file.BankTransfer:
    if owed.account is None or owed.invoice_number is None:
        raise LookupError("a payout was made without an account")
    sealed = owed.account.sealed_number
    return payout_file.BankTransfer(
        payout_id=payout.payout_id,
        account_name=owed.account.account_name,
        bank_name=owed.account.bank_name,
        account_number=sealing.unseal(sealed, round=owed.round_id, agency=owed.agency_uscc),
        amount_fen=payout.amount_fen,
        invoice_number=owed.invoice_number,
    )


def _given(known: list[PayoutFile]) -> Response[bytes]:
    if not known:
        raise Refused(Refusal.NO_PAYOUT_FILE)
    file = known[-1]
    content = files.find_content(file.object_key)
    if content is None or hashlib.sha256(content).hexdigest() != file.sha256:
        raise LookupError("a payout file is not what was made")
    log_outcome("OK", 200, None)
    headers = {
        "X-Content-SHA256": file.sha256,
        "X-Rows-SHA256": file.rows_sha256,
        "X-Payout-File-Number": file.number,
        "Content-Disposition": f'attachment; filename="{file.number}.xlsx"',
        "Cache-Control": "no-store",
    }
    return Response(200, XLSX, content, headers)


handler = app.handle
