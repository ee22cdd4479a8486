"""The payout file for the bank (§3.5.4), which has account numbers in clear.

A payout stands in exactly one file, because the bank must not get it twice. A file is kept as it was made, and always
answered with the same bytes.
"""

import hashlib

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.disclosure import disclose
from voucher.edge.identity import require
from voucher.edge.observe import log_outcome
from voucher.edge.queries import Query, QueryId
from voucher.edge.replies import Response
from voucher.models.payables import Payable
from voucher.models.payouts import Payout, PayoutFile
from voucher.refusals import Refusal, Refused
from voucher.rules.holds import check_payouts_unheld
from voucher.spreadsheets import payout_file
from voucher.spreadsheets.workbook import XLSX
from voucher.store import payables, payouts, rounds
from voucher.store.engine import files, sealing

app = Api()


class Numbered(Query):
    number: QueryId | None = None


@app.get("/rounds/<round_id>/payout-file")
def download(round_id: str, query: Numbered) -> Response[bytes]:
    """§3.5.4: the .xlsx of the payouts that stand in no file yet; if there are none, the latest file, or `?number=`.

    X-Content-SHA256 is the hash of the bytes, X-Rows-SHA256 the hash that is printed in the sheet. §5.2b: a payout of
    which a violation holds an order waits, see `GET /payouts`; X-Held-Payouts counts them.
    """
    require(app.caller, "platform", "finance")
    rounds.get(round_id)
    disclose(app, f"round:{round_id}")
    earlier = payouts.list_files(round_id)
    if query.number is not None:
        return _file_reply([file for file in earlier if file.number == query.number])
    payables_by_agency = {payable.agency_uscc: payable for payable in payables.list_of_round(round_id)}
    payouts_of_round = payouts.list_of(list(payables_by_agency.values()))
    unsent = [payout for payout in payouts_of_round if payout.state == "made" and payout.file_number is None]
    new = [payout for payout in unsent if not payout.held_order_ids]
    if not new and not earlier:
        check_payouts_unheld(unsent)
    files_so_far = [*earlier, _new_file(round_id, len(earlier) + 1, new, payables_by_agency)] if new else earlier
    return _file_reply(files_so_far, len(unsent) - len(new))


def _new_file(round_id: str, position: int, new: list[Payout], payables_by_agency: dict[str, Payable]) -> PayoutFile:
    """The file number `position` of a round. Two calls at once make the same bytes, but only one of them writes the
    record; the other one is refused, looks again (see Api.handle) and answers the same file."""
    number = f"PF-{round_id.removeprefix('r_')}-{position:02}"
    transfers = [_bank_transfer(payout, payables_by_agency[payout.agency_uscc]) for payout in new]
    content = payout_file.payout_file(number, transfers)
    sha256 = hashlib.sha256(content).hexdigest()
    file = PayoutFile(
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
    files.commit_content(file.object_key, content, XLSX, sealing.key())
    payouts.commit_file(file, [(payout, payout.next_version(file_number=number)) for payout in new])
    return file


def _bank_transfer(payout: Payout, payable: Payable) -> payout_file.BankTransfer:
    account = payable.account
    if account is None or payable.invoice_number is None:
        raise LookupError(f"payout {payout.payout_id} has no account or no invoice")
    return payout_file.BankTransfer(
        payout_id=payout.payout_id,
        account_name=account.account_name,
        bank_name=account.bank_name,
        account_number=sealing.unseal_account(account, round_id=payable.round_id, agency_uscc=payable.agency_uscc),
        amount_fen=payout.amount_fen,
        invoice_number=payable.invoice_number,
        agency_name=payable.agency_name or account.account_name,
        agency_uscc=payable.agency_uscc,
    )


def _file_reply(known: list[PayoutFile], held: int = 0) -> Response[bytes]:
    """The last of some files, as it was made. Raises NO_PAYOUT_FILE, ERASED; other bytes than were made are a fault."""
    if not known:
        raise Refused(Refusal.NO_PAYOUT_FILE)
    file = known[-1]
    if file.erased_at:
        raise Refused(Refusal.ERASED)
    content = files.find_content(file.object_key)
    if content is None or hashlib.sha256(content).hexdigest() != file.sha256:
        raise LookupError(f"payout file {file.number} is not what was made")
    log_outcome("OK", 200, None)
    headers = {
        "X-Content-SHA256": file.sha256,
        "X-Rows-SHA256": file.rows_sha256,
        "X-Payout-File-Number": file.number,
        "Content-Disposition": f'attachment; filename="{file.number}.xlsx"',
        "Cache-Control": "no-store",
    } | ({"X-Held-Payouts": str(held)} if held else {})
    return Response(200, XLSX, content, headers)


handler = app.handle
