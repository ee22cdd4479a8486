"""Uploaded files: under which names they leave, and which of them the bucket's lifecycle ends and which stay (§3.4.3).

S3's rules cannot be seen at work here: they are read from the template and carried out on the versions that there are.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest

from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.client.http import OPERATOR
from tests.conftest import StoppedClock
from tests.infra.templates import STATE
from tests.support import samples
from tests.support.backend import BUCKET, World
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import opened
from voucher.models.documents import Document
from voucher.policy import ABANDONED_UPLOAD_DAYS, ENTERPRISE_DOCUMENTS
from voucher.store import documents, organisations
from voucher.store.engine import files

ENTERPRISE = samples.enterprise(0)
FILES = tuple(enterprise_documents(ENTERPRISE, TODAY))
PATH = f"/enterprises/{ENTERPRISE.uscc}"
YEARS = 10 * 366


@pytest.fixture
def draft(world: World) -> World:
    """An enterprise registered, without documents; the bucket keeps versions, as the deployed one does."""
    versions = {"Status": STATE["Documents"]["Properties"]["VersioningConfiguration"]["Status"]}
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versions)
    steps.expect(world.call(OWNER, "POST", "/enterprises", ENTERPRISE.registration()), 201)
    return world


def announced(world: World, **changes: object) -> Json:
    """A document that is announced and not uploaded."""
    body = {"kind": FILES[0].kind, "filename": "a.pdf", "content_type": "application/pdf", "size_bytes": 9, **changes}
    return steps.expect(world.call(OWNER, "POST", f"{PATH}/documents", body), 201)


@dataclass(frozen=True)
class Version:
    """One version of an object: how many days ago it was written, and ago it was replaced (None: it is current)."""

    key: str
    version: str
    age_days: int
    replaced_days: int | None


def versions_after(days: int) -> list[Version]:
    """Every version in the bucket, so many days after the last of them was written."""
    found = boto3.client("s3").list_object_versions(Bucket=BUCKET).get("Versions", [])
    return [
        Version(each["Key"], each["VersionId"], days, None if each["IsLatest"] else days)
        for each in sorted(found, key=lambda each: each["Key"])
    ]


def is_ended(version: Version) -> bool:
    """True if the bucket's lifecycle has ended a version: what is current first becomes replaced, by a marker."""
    replaced_days = version.replaced_days
    matching = [
        rule
        for rule in STATE["Documents"]["Properties"]["LifecycleConfiguration"]["Rules"]
        if version.key.startswith(rule.get("Prefix", ""))
    ]
    for rule in matching:
        if replaced_days is None and version.age_days >= rule.get("ExpirationInDays", YEARS * 2):
            replaced_days = version.age_days - rule["ExpirationInDays"]
    ends = [
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in matching
        if "NoncurrentVersionExpiration" in rule
    ]
    return replaced_days is not None and any(replaced_days >= days for days in ends)


def left_after(days: int) -> set[tuple[str, str]]:
    """(key, version) of what is left."""
    return {(each.key, each.version) for each in versions_after(days) if not is_ended(each)}


def known() -> list[Document]:
    """The documents on record."""
    enterprise = organisations.find_enterprise(ENTERPRISE.uscc, OWNER.name)
    assert enterprise is not None
    return documents.list_of(organisations.papers(enterprise), None)


def content_behind(url: str) -> bytes:
    """What a link leads to."""
    link = urlsplit(url)
    version = parse_qs(link.query)["versionId"][0]
    key = unquote(link.path).removeprefix("/")
    return bytes(boto3.client("s3").get_object(Bucket=BUCKET, Key=key, VersionId=version)["Body"].read())


@pytest.mark.clause("§3.4.3")
def test_what_was_submitted_stays_whatever_is_uploaded_after_it(draft: World) -> None:
    posts = {file.kind: announced(draft, kind=file.kind, content_type=file.content_type) for file in FILES}
    for file in FILES:
        draft.upload(posts[file.kind]["upload"], file.content)
    steps.expect(draft.call(OWNER, "POST", f"{PATH}/submit"), 200)
    for file in FILES:
        draft.upload(posts[file.kind]["upload"], file.content + b"another")
    places = {(each.object_key, each.object_version) for each in known()}
    assert len(places) == len(FILES)
    assert left_after(YEARS) == places
    shown = steps.expect(draft.call(OPERATOR, "GET", f"{PATH}/documents"), 200)["items"]
    assert {each["kind"]: content_behind(each["url"]) for each in shown} == {file.kind: file.content for file in FILES}


@pytest.mark.clause("§4.1.1")
def test_a_submission_of_more_than_one_call_can_read_goes_on_where_it_stopped(
    draft: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in FILES:
        draft.upload(announced(draft, kind=file.kind, content_type=file.content_type)["upload"], file.content)
    read, examine = list[str](), files.examine

    def examine_and_note(object_key: str) -> files.Content | None:
        read.append(object_key)
        return examine(object_key)

    monkeypatch.setattr(files, "examine", examine_and_note)
    monkeypatch.setattr(documents, "MOST_BYTES_AT_ONCE", 1)
    replies = [draft.call(OWNER, "POST", f"{PATH}/submit") for _ in FILES]
    assert [each.code or each.body["state"] for each in replies] == [*["BUSY"] * (len(FILES) - 1), "submitted"]
    assert replies[0].headers["retry-after"] == "1"
    assert len(read) == len(set(read)) == len(FILES), "no file is read twice"


@pytest.mark.clause("§3.4.3")
def test_what_nobody_submitted_ends_and_its_replaced_versions_end_at_once(draft: World) -> None:
    post = announced(draft)["upload"]
    for content in (b"%PDF-1", b"%PDF-2", b"%PDF-3"):
        draft.upload(post, content)
    steps.expect(draft.call(OWNER, "DELETE", f"{PATH}/documents/{announced(draft)['document_id']}"), 200)
    assert len(left_after(0)) == 3
    assert len(left_after(1)) == 1
    assert len(left_after(ABANDONED_UPLOAD_DAYS)) == 1
    assert left_after(ABANDONED_UPLOAD_DAYS + 1) == set()
    [document] = known()
    assert not document.checked


def test_a_client_uploads_to_no_place_in_which_files_stay(draft: World) -> None:
    assert announced(draft)["upload"]["fields"]["key"].startswith(documents.UPLOADS)
    rules = STATE["Documents"]["Properties"]["LifecycleConfiguration"]["Rules"]
    ending = [rule for rule in rules if set(rule) & {"ExpirationInDays", "NoncurrentVersionExpiration"}]
    assert [(rule["Prefix"], rule["ExpirationInDays"]) for rule in ending] == [
        (documents.UPLOADS, ABANDONED_UPLOAD_DAYS)
    ]
    assert not documents.KEPT.startswith(documents.UPLOADS)
    assert [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule and "Prefix" not in rule]


@pytest.mark.parametrize("filename", ["营业执照.pdf.bat", "利润表.pdf.hta", 'x"; filename=y.exe', "a;b%0d%0a.pdf", "é"])
def test_nothing_that_a_client_wrote_is_in_the_name_of_a_download(draft: World, filename: str) -> None:
    answer = announced(draft, filename=filename)
    draft.upload(answer["upload"], b"%PDF-1.4\r\n@echo off")
    [shown] = steps.expect(draft.call(OWNER, "GET", f"{PATH}/documents"), 200)["items"]
    name = f"{ENTERPRISE_DOCUMENTS[FILES[0].kind]}-{answer['document_id']}.pdf"
    assert (shown["filename"], shown["download_name"]) == (filename, name)
    [disposition] = parse_qs(urlsplit(shown["url"]).query)["response-content-disposition"]
    assert unquote(disposition) == f"attachment; filename*=UTF-8''{name}"


@pytest.mark.parametrize("unseen", ["\u202e", "\u2066", "\u200b", "\ufeff", "\x7f", "\x85", "\uffff"])
def test_a_file_name_with_characters_that_cannot_be_seen_is_refused_with_words(draft: World, unseen: str) -> None:
    body = {"kind": FILES[0].kind, "filename": f"纳税证明{unseen}fdp.exe", "content_type": "image/png", "size_bytes": 1}
    no = draft.call(OWNER, "POST", f"{PATH}/documents", body)
    [error] = no.body["errors"]
    assert (no.status, error["field"], error["code"]) == (422, "filename", "format")
    assert f"U+{ord(unseen):04X}" in error["message"]


def test_a_file_name_is_kept_in_one_spelling(draft: World) -> None:
    announced(draft, filename="re\u0301sume\u0301.pdf")
    assert [each.filename for each in known()] == ["résumé.pdf"]


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize(
    ("content", "word"),
    [(b"\x00\x00\x00\x1cftypheic", "HEIC"), (b"\xef\xbb\xbf%PDF-1.7", "PDF"), (b"PK\x03\x04", "ZIP")],
)
def test_a_line_says_what_the_file_looks_like_instead(voucher: tuple[Town, Json], content: bytes, word: str) -> None:
    town = voucher[0]
    order = town.complete(town.order())
    case, settlement = opened(town, order)
    town.fill_in(settlement)
    path, line = f"/settlements/{case.settlement_id}", case.line(order)
    broken = steps.announce_and_upload(town.world, SELLER, path, replace(FILES[0], kind="contract", content=content))
    given = {name: line[name] for name in ("contract_fen", "invoice", "transfers", "evidence_document_ids")}
    body = {**given, "contract_document_id": broken}
    [error] = town.world.call(SELLER, "PUT", f"{path}/lines/{order['order_id']}", body).body["errors"]
    assert (error["field"], error["code"]) == ("contract_document_id", "unreadable")
    assert "文件已上传" in error["message"] and word in error["message"].partition("看起来是")[2]


def test_documents_are_listed_page_by_page(draft: World, stopped_clock: StoppedClock) -> None:
    for _ in range(5):
        stopped_clock.instant += timedelta(minutes=1)
        announced(draft)
    seen, cursor = list[str](), ""
    while True:
        page = steps.expect(draft.call(OWNER, "GET", f"{PATH}/documents?limit=2{cursor}"), 200)
        seen += [each["document_id"] for each in page["items"]]
        assert len(page["items"]) <= 2
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [each.document_id for each in known()] and len(seen) == 5


@pytest.mark.clause("§4.1.3")
def test_reports_and_movements_are_listed_page_by_page(completed: tuple[Town, Json]) -> None:
    town, order = completed
    for day in (1, 2, 3):
        body = {"happened_on": f"2026-06-0{day}", "description": "地址变更"}
        steps.expect(town.world.call(OWNER, "POST", f"/enterprises/{town.enterprise.uscc}/changes", body), 201)
    for path in (
        f"/enterprises/{town.enterprise.uscc}/changes",
        f"/vouchers/{order['voucher_id']}/postings",
        "/programmes",
    ):
        whole = town.shown(path)["items"]
        first = town.shown(f"{path}?limit=1")
        assert first["items"] == whole[:1] and (first["next_cursor"] is None) == (len(whole) == 1)
        if first["next_cursor"]:
            assert town.shown(f"{path}?limit=1&cursor={first['next_cursor']}")["items"] == whole[1:2]
