"""Every key of every table, on one screen. Each table has `pk`, `sk` and the index `by_newest` (`index_key`), all but
audit `by_state` (`state_key`), `by_task` (`task_key`) and `by_due` (`due_key`); orders also `by_enterprise`,
`by_agency` and `by_waiting` (`waiting_key`), registry `by_agency`, settlements `by_agency` and `by_notice`
(`notice_key`), supervision `by_agency` and `by_waiting`, audit `by_about`, `by_person` (`person_key`), `by_enterprise`
and `by_agency`. Within its key by_due is sorted by the day in `due_sort`, each other index by `index_sort`.

registry     ENTERPRISE#uscc | RECORD, STANDING, MEMBER#sub, CHANGE#id, OPEN#what
             AGENCY#uscc     | RECORD, MEMBER#sub, CHANGE#id, OPEN#what, RATINGS, COMPLAINTS
             ENTERPRISE#uscc#draft, AGENCY#uscc#draft | RECORD until it is submitted, DOCUMENT#id, OPEN#what
             PRODUCT#id      | RECORD, RATINGS     LIST#kind#year | CURRENT, IMPORT#id, LATEST, TURN
             CLAIM#id        | RECORD, DOCUMENT#id, OPEN#what
             USER#sub        | OPEN#drafts, OPEN#claims, CLAIM#id, DOCUMENTS#day
vouchers     PROGRAMME#year  | RECORD, BATCH#id, POSTING#seq, RECONCILIATION#cut_off    BATCH#id | RECORD
             POOL#pool#shard | POOL      ENTITLEMENT#year#uscc | ENTITLEMENT
             BATCH#id#bucket | VOUCHER#uscc, POSTING#uscc#seq
orders       ORDER#id        | RECORD, POSTING#seq, RECOVERY#id      CONTRACT#agency#number | CONTRACT
             PAIR#enterprise#agency | OPEN#orders
settlements  SETTLEMENT#id   | RECORD, LINE#order, DOCUMENT#id, OPEN#what      INVOICE#kind#code#number | INVOICE
             USER#sub        | DOCUMENTS#day
             ROUND#id        | RECORD, PAYABLE#agency, POSTING#payout, PAYOUT_FILE#number
             NOTICE#id       | RECORD, OBJECTIONS, OBJECTION#id, HELD#target, RATE#hour…
             PAYOUT#id       | RECORD              FILE#sha256, TRANSFER#sha256 | USES
             ACCOUNT#agency  | ACCOUNT             MATCH#mac | USES
supervision  INBOX#sub       | MESSAGE#id        VIOLATION#id | RECORD        LEAD#id | RECORD
             INSPECTION#id   | RECORD, CHECK#id, DOCUMENT#id, OPEN#what       USER#sub, USER#complaint | DOCUMENTS#day
             ACTIVITY#id     | RECORD, DOCUMENT#id, OPEN#what                 AUDIT    | ANCHOR#seq
             COMPLAINT#id    | RECORD, DOCUMENT#id, OPEN#what    CROWD#what | RATE#hour…
             YEARLY_FILE#year | RECORD#id                        LETTERS#year | COUNT
reports      REPORT#year     | STATE, ROW#generation#dimension.value, RECONCILED
             EXCEPTIONS#year | AT#instant#kind#order       COUNTED#year#uscc | COUNTED
                                                           no index, no stream
audit        CHAIN           | HEAD              CHAIN#block | ENTRY#seq      TRACE#id | PLACE
mailbox      LETTER#id       | RECORD                     sealed; an index of keys alone, no stream
requests     KEY#sha256      | REQUEST                    of a caller and its Idempotency-Key; no index, no stream
"""

import hashlib
from datetime import date
from typing import NamedTuple
from zlib import crc32

from voucher.models.base import Instant, instant_text, parse_year, plain_number
from voucher.models.invoices import InvoiceNumber

BUCKETS = 16
AUDIT_BLOCK = 1_000


class Key(NamedTuple):
    """The place of one item: the word of its table, and its two key attributes."""

    table: str
    pk: str
    sk: str


def enterprise(uscc: str, sk: str = "RECORD") -> Key:
    return Key("registry", f"ENTERPRISE#{uscc}", sk)


def agency(uscc: str, sk: str = "RECORD") -> Key:
    return Key("registry", f"AGENCY#{uscc}", sk)


def organisation(kind: str, uscc: str, sk: str = "RECORD") -> Key:
    return agency(uscc, sk) if kind == "agency" else enterprise(uscc, sk)


def draft(kind: str, uscc: str, draft_id: str) -> Key:
    """One of the drafts of a credit code. When it is submitted its record moves to the code, its papers stay here."""
    return organisation(kind, f"{uscc}#{draft_id}")


def user(table: str, sub: str) -> Key:
    """What a table counts of one person."""
    return Key(table, f"USER#{sub}", "")


def open_things(owner: Key, what: str) -> Key:
    """The names of all things of one kind that an owner has open."""
    return owner._replace(sk=f"OPEN#{what}")


def product(product_id: str) -> Key:
    return Key("registry", f"PRODUCT#{product_id}", "RECORD")


def agency_ratings(uscc: str) -> Key:
    return agency(uscc, "RATINGS")


def agency_complaints(uscc: str) -> Key:
    return agency(uscc, "COMPLAINTS")


def product_ratings(product_id: str) -> Key:
    return Key("registry", f"PRODUCT#{product_id}", "RATINGS")


def name_list(kind: str, year: int, sk: str = "CURRENT") -> Key:
    return Key("registry", f"LIST#{kind}#{year}", sk)


def claim(claim_id: str) -> Key:
    """A claim on an organisation."""
    return Key("registry", f"CLAIM#{claim_id}", "RECORD")


def programme(year: int, sk: str = "RECORD") -> Key:
    return Key("vouchers", f"PROGRAMME#{year}", sk)


def batch(batch_id: str) -> Key:
    return Key("vouchers", f"BATCH#{batch_id}", "RECORD")


def pool(pool_id: str, shard: int) -> Key:
    return Key("vouchers", f"POOL#{pool_id}#{shard:02}", "POOL")


def entitlement(year: int, uscc: str) -> Key:
    return Key("vouchers", f"ENTITLEMENT#{year}#{uscc}", "ENTITLEMENT")


def bucket_of(uscc: str) -> int:
    """The bucket of an enterprise's voucher. The vouchers of a batch are spread over a fixed number of partitions,
    because one partition would be too slow for a rush."""
    return crc32(uscc.encode()) % BUCKETS


def bucket(batch_id: str, number: int) -> Key:
    return Key("vouchers", f"BATCH#{batch_id}#{number:02}", "")


def voucher(batch_id: str, uscc: str) -> Key:
    return bucket(batch_id, bucket_of(uscc))._replace(sk=f"VOUCHER#{uscc}")


def voucher_posting(batch_id: str, uscc: str, seq: int) -> Key:
    return bucket(batch_id, bucket_of(uscc))._replace(sk=f"POSTING#{uscc}#{seq:04}")


def order(order_id: str, sk: str = "RECORD") -> Key:
    return Key("orders", f"ORDER#{order_id}", sk)


def recovery(order_id: str, recovery_id: str) -> Key:
    return order(order_id, f"RECOVERY#{recovery_id}")


def pair(enterprise_uscc: str, agency_uscc: str) -> Key:
    """The orders that wait for an agency's answer to one enterprise."""
    return open_things(Key("orders", f"PAIR#{enterprise_uscc}#{agency_uscc}", ""), "orders")


def contract(agency_uscc: str, number: str) -> Key:
    """The number of a contract, which is its agency's own: two agencies may count alike."""
    return Key("orders", f"CONTRACT#{agency_uscc}#{plain_number(number)}", "CONTRACT")


def settlement(settlement_id: str, sk: str = "RECORD") -> Key:
    return Key("settlements", f"SETTLEMENT#{settlement_id}", sk)


def line(settlement_id: str, order_id: str) -> Key:
    return settlement(settlement_id, f"LINE#{order_id}")


def invoice(known_by: InvoiceNumber) -> Key:
    """An invoice, whoever has it. A digital one has no code, and its number alone is unique: so were all invoices named
    before they had kinds. The kinds are in lower case and plain numbers are not, so none is taken for another."""
    kind, code, number = known_by
    names = [plain_number(number)] if code is None or kind is None else [kind, plain_number(code), plain_number(number)]
    return Key("settlements", f"INVOICE#{'#'.join(names)}", "INVOICE")


def account(agency_uscc: str) -> Key:
    return Key("settlements", f"ACCOUNT#{agency_uscc}", "ACCOUNT")


def account_uses(match: str) -> Key:
    """The agencies for which one account was confirmed."""
    return Key("settlements", f"MATCH#{match}", "USES")


def file_uses(sha256: str) -> Key:
    return Key("settlements", f"FILE#{sha256}", "USES")


def transfer(payer_name: str, reference: str, paid_on: date) -> Key:
    """A payment, known by payer, reference and day. Hashed, because the payer may be a person."""
    names = f"{plain_number(payer_name)}\n{plain_number(reference)}\n{paid_on}"
    return Key("settlements", f"TRANSFER#{hashlib.sha256(names.encode()).hexdigest()}", "USES")


def round_(round_id: str, sk: str = "RECORD") -> Key:
    return Key("settlements", f"ROUND#{round_id}", sk)


def payable(round_id: str, agency_uscc: str) -> Key:
    return round_(round_id, f"PAYABLE#{agency_uscc}")


def notice(notice_id: str, sk: str = "RECORD") -> Key:
    return Key("settlements", f"NOTICE#{notice_id}", sk)


def objection(objection_id: str) -> Key:
    """The key of an objection, whose id begins with that of its notice."""
    return notice(objection_id.rpartition(".")[0], f"OBJECTION#{objection_id}")


def payout(payout_id: str) -> Key:
    return Key("settlements", f"PAYOUT#{payout_id}", "RECORD")


def violation(violation_id: str) -> Key:
    return Key("supervision", f"VIOLATION#{violation_id}", "RECORD")


def complaint(complaint_id: str) -> Key:
    return Key("supervision", f"COMPLAINT#{complaint_id}", "RECORD")


def crowd(what: str) -> Key:
    """Where is counted, by the hour, what came in from anybody."""
    return Key("supervision", f"CROWD#{what}", "")


def letter(letter_id: str) -> Key:
    """A letter to the mailbox, in a table of its own."""
    return Key("mailbox", f"LETTER#{letter_id}", "RECORD")


def letter_count(year: int) -> Key:
    """How many letters came in a year: a number, and nothing of any letter."""
    return Key("supervision", f"LETTERS#{year}", "COUNT")


def yearly_files(year: int) -> Key:
    """The files that were made of a year."""
    return Key("supervision", f"YEARLY_FILE#{year}", "")


def yearly_file(year: int, yearly_file_id: str) -> Key:
    return yearly_files(year)._replace(sk=f"RECORD#{yearly_file_id}")


def lead(lead_id: str) -> Key:
    return Key("supervision", f"LEAD#{lead_id}", "RECORD")


def report(year: int, sk: str = "") -> Key:
    """What is counted of a year: one query reads all of it."""
    return Key("reports", f"REPORT#{year}", sk)


def report_row(year: int, generation: int, row: str) -> Key:
    return report(year, f"ROW#{generation:04}#{row}")


def report_exceptions(year: int, place: str = "") -> Key:
    return Key("reports", f"EXCEPTIONS#{year}", place)


def counted_firm(year: int, uscc: str) -> Key:
    """What is counted of one enterprise in one year."""
    return Key("reports", f"COUNTED#{year}#{uscc}", "COUNTED")


def inspection(inspection_id: str, sk: str = "RECORD") -> Key:
    return Key("supervision", f"INSPECTION#{inspection_id}", sk)


def check(check_id: str) -> Key:
    """The key of a check, whose id begins with that of its inspection."""
    return inspection(check_id.rpartition(".")[0], f"CHECK#{check_id}")


def activity(activity_id: str) -> Key:
    return Key("supervision", f"ACTIVITY#{activity_id}", "RECORD")


def request(sub: str, idempotency_key: str) -> Key:
    """Hashed, because a key is whatever its sender likes, and a caller's subject is personal."""
    return Key("requests", f"KEY#{hashlib.sha256(f'{sub}\n{idempotency_key}'.encode()).hexdigest()}", "REQUEST")


def inbox(sub: str, message_id: str = "") -> Key:
    return Key("supervision", f"INBOX#{sub}", f"MESSAGE#{message_id}")


def audit_head() -> Key:
    return Key("audit", "CHAIN", "HEAD")


def audit_entry(seq: int) -> Key:
    """The trail is cut into blocks, so that no partition grows without end."""
    return Key("audit", f"CHAIN#{seq // AUDIT_BLOCK:08}", f"ENTRY#{seq:012}")


def audit_number(entry: Key) -> int:
    """The number in the key of an entry; for one that no entry has, the first number of its block."""
    digits, first = entry.sk.removeprefix("ENTRY#")[:12], int(entry.pk.rpartition("#")[2]) * AUDIT_BLOCK
    return int(digits) if digits.isascii() and digits.isdecimal() else max(first, 1)


def audit_place(trace_id: str) -> Key:
    return Key("audit", f"TRACE#{trace_id}", "PLACE")


def audit_anchor(seq: int) -> Key:
    """Not in the table of the trail: whoever may write there may not write here."""
    return Key("supervision", "AUDIT", f"ANCHOR#{seq:012}")


def message_shelf(number: int) -> str:
    """One of BUCKETS partitions of `by_waiting` in which messages of all inboxes wait for their time to be over."""
    return f"MESSAGE#{number:02}"


def index_entry(
    list_name: str,
    *sort: str | Instant,
    state: str | None = None,
    waiting: str | None = None,
    notice: str | None = None,
) -> dict[str, str]:
    """The attributes that put an item into a list, sorted by some parts, of which the first is usually the instant of
    its making: into the whole list, that of its `state`, that of what is `waiting` for a decision, and that of its
    `notice`."""
    texts = [part if isinstance(part, str) else instant_text(part) for part in sort]
    places = {"index_key": list_name, "index_sort": "#".join(texts)}
    if state:
        places["state_key"] = f"{list_name}#{state}"
    if waiting:
        places["waiting_key"] = f"{list_name}#{waiting}"
    if notice:
        places["notice_key"] = notice
    return places


def batch_year(batch_id: str) -> int:
    """A batch's id names its programme year; 0 for a text that is not such an id."""
    return parse_year(batch_id.partition(".")[0]) or 0


def split_voucher_id(voucher_id: str) -> tuple[str, str]:
    """(batch_id, uscc): a voucher's id is made of the ids of its batch and its enterprise."""
    batch_id, _, uscc = voucher_id.rpartition(".")
    return batch_id, uscc


def agency_of_product(product_id: str) -> str:
    """A product's id names its agency: the agency's credit code."""
    return product_id.rpartition(".")[0]
