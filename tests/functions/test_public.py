"""The pages for the public and the offices: served small and once, nothing from elsewhere; they read what is there."""

import base64
import gzip
import json
import re
from typing import Any

import pytest

from infra.contract.words import LISTS
from tests.support.backend import ROOT, Route, api_event, function
from voucher.models.agencies import RegisteredAgency
from voucher.models.batches import BatchResults, PublicBatch, Result
from voucher.models.complaints import ComplaintProgress, ComplaintReceipt
from voucher.models.compliance import CapReport, ComplianceReport, FloorReport
from voucher.models.inbox import Me
from voucher.models.letters import LetterProgress
from voucher.models.notices import NoticeLine, ObjectionAnswer, ObjectionReceipt, PublicNotice
from voucher.models.products import Price, ProductOnSale
from voucher.models.programmes import CategoryFigures, ProgrammeWithFigures
from voucher.models.removals import PublicRemoval
from voucher.models.reports import Figures, UsageCheck, UsageReport, UsageRow
from voucher.models.tasks import ShownTask, TaskList
from voucher.policy import CATEGORY_WORDS
from voucher.words import STATE_WORDS

FOLDER = ROOT / "functions/public"
SCRIPTS = {path.name: path.read_text() for path in FOLDER.glob("*.js")}
STYLE = (FOLDER / "page.css").read_text()
PAGES = {"/public": (FOLDER / "page.html").read_text(), "/office": (FOLDER / "office.html").read_text()}
ASSETS = sorted([*SCRIPTS, *(path.name for path in FOLDER.glob("*.css"))])
MOST_BYTES = 40 * 1024
# what the scripts call each thing that they read, and what the API says of it
NAMES: dict[str, tuple[type, ...]] = {
    "agency": (RegisteredAgency,),
    "cap": (CapReport,),
    "compliance": (ComplianceReport,),
    "batch": (PublicBatch,),
    "figures": (Figures,),
    "floor": (FloorReport,),
    "line": (NoticeLine,),
    "list": (TaskList,),
    "me": (Me,),
    "notice": (PublicNotice, PublicRemoval),
    "product": (ProductOnSale,),
    "letter": (LetterProgress,),
    "progress": (ComplaintProgress,),
    "receipt": (ComplaintReceipt, ObjectionReceipt),
    "reply": (ObjectionAnswer,),
    "row": (CategoryFigures, Result, UsageRow),
    "state": (UsageCheck,),
    "task": (ShownTask,),
    "usage": (UsageReport,),
    "year": (ProgrammeWithFigures,),
}
# of these things the scripts use more than the API said: what they put into a row of their own
OWN = {"row.name", "row.key", "row.month", "row.values", "row.share"}


def get(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and bytes of an answer."""
    _, edition, asset = [*path.removeprefix("/public").split("/"), "", ""][:3]
    pattern = "/public/{edition}/{asset}" if asset else path
    parameters = {"edition": edition, "asset": asset} if asset else {}
    event = api_event(Route(method, pattern, "public", True), path, "", parameters, None, None, None, None)
    event["headers"] = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: dict[str, Any] = function("public").handler(event, None)
    said = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    return answer["statusCode"], said, body


def loaded_paths(page: str) -> list[str]:
    """What a served page loads: what it names, and what its scripts import."""
    text = get(page)[2].decode()
    [folder] = set(re.findall(r'"(public/\w+/)[\w.]+"', text))
    waiting, loaded = re.findall(r'"public/\w+/([\w.]+)"', text), list[str]()
    while waiting:
        loaded.append(name := waiting.pop())
        imported = re.findall(r'from "\./([^"]+)"', SCRIPTS.get(name, ""))
        waiting += [each for each in imported if each not in loaded and each not in waiting]
    return [f"/{folder}{name}" for name in loaded]


def public_fields(thing: type) -> set[str]:
    """The fields of a thing as an answer shows it."""
    if hasattr(thing, "model_json_schema"):
        thing.model_rebuild()
        return set(thing.model_json_schema(mode="serialization")["properties"])
    return set(thing.__annotations__)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_and_all_it_loads_come_gzipped_or_plain_and_are_not_sent_twice(page: str) -> None:
    for path in (page, *loaded_paths(page)):
        status, said, plain = get(path)
        assert (status, "content-encoding" in said) == (200, False), path
        _, zipped_said, zipped = get(path, Accept_Encoding="gzip, br")
        assert (zipped_said["content-encoding"], gzip.decompress(zipped)) == ("gzip", plain)
        assert get(path, accept_encoding="gzip;q=0")[2] == plain
        assert get(path, If_None_Match=said["etag"])[::2] == (304, b"")
        assert get(path, "HEAD")[::2] == (200, b"")


@pytest.mark.parametrize("page", PAGES)
def test_what_the_page_loads_is_kept_for_ever_and_the_page_itself_is_not(page: str) -> None:
    assert get(page)[1]["cache-control"] == "public, max-age=300"
    for path in loaded_paths(page):
        assert "immutable" in get(path)[1]["cache-control"]
    status, said, _ = get("/public/earlier/page.js")
    assert (status, said["cache-control"]) == (200, "no-cache")
    assert get("/public/any/app.py")[0] == get("/public/any/none.js")[0] == 404


@pytest.mark.parametrize("page", PAGES)
def test_the_whole_page_is_small(page: str) -> None:
    assert sum(len(get(path, Accept_Encoding="gzip")[2]) for path in (page, *loaded_paths(page))) <= MOST_BYTES


@pytest.mark.parametrize("page", PAGES)
def test_the_browser_is_told_to_run_and_load_only_what_comes_from_here(page: str) -> None:
    policy = get(page)[1]["content-security-policy"]
    said = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert said["default-src"] == "'none'"
    assert {said[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert said["frame-ancestors"] == said["base-uri"] == said["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=", PAGES[page])
    assert not [name for name, text in SCRIPTS.items() if re.search(r"innerHTML|insertAdjacent|\beval\(", text)]


@pytest.mark.parametrize("name", ["page.html", "office.html", *ASSETS])
def test_no_file_names_another_host_or_an_address_from_the_root(name: str) -> None:
    # the name of SVG's elements is no address
    text = (FOLDER / name).read_text().replace('"http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|//[\w-]+\.|url\(|@import|[\"'](/[\w-])", text)


def test_every_module_that_is_imported_is_there() -> None:
    for name, text in SCRIPTS.items():
        assert set(re.findall(r'from "\./([^"]+)"', text)) <= set(SCRIPTS), name


@pytest.mark.parametrize("page", PAGES)
def test_the_page_says_its_language_and_fits_a_phone(page: str) -> None:
    assert '<html lang="zh-CN">' in PAGES[page] and "width=device-width" in PAGES[page]
    assert "user-scalable" not in PAGES[page] and "prefers-color-scheme" in STYLE


def test_the_offices_page_may_ask_the_provider_that_is_named_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = function("public")
    names = {"[SIGN_IN]": "https://id.example.cn/auth", "[TOKEN_URL]": 'https://id.example.cn/token?a="b"'}
    monkeypatch.setattr(module, "SIGN_IN", {**names, "[CLIENT]": "staff"})
    monkeypatch.setattr(module, "OFFICE_PAGE", module.page("office.html", module.SIGN_IN))
    _, said, page = get("/office")
    assert "connect-src 'self' https://id.example.cn;" in said["content-security-policy"]
    assert 'content="https://id.example.cn/auth" data-token-url="https://id.example.cn/token?a=&quot;b&quot;"' in (
        page.decode()
    )
    assert "connect-src 'self';" in get("/public")[1]["content-security-policy"]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_that_the_page_reads_is_in_the_answers(name: str) -> None:
    read = {
        f"{name}.{each}" for text in SCRIPTS.values() for each in re.findall(rf"(?<![/\w]){name}\.([a-z]\w*)", text)
    }
    known = {f"{name}.{each}" for thing in NAMES[name] for each in public_fields(thing)}
    assert read and read - OWN <= known


def test_the_page_of_a_list_is_read_by_the_names_that_the_answers_have() -> None:
    read = {each for text in SCRIPTS.values() for each in re.findall(r"\bpage\.(\w+)", text)}
    assert read == {"items", "next_cursor", "count", "granted_fen"} == public_fields(BatchResults)
    assert {"price_fen", "price_unit", "since"} == public_fields(Price)


def test_the_words_of_the_page_are_those_of_the_api() -> None:
    words = json.loads(SCRIPTS["words.js"].partition("export default")[2])
    assert words["categories"] == {category.value: word for category, word in CATEGORY_WORDS.items()}
    assert list(words["categories"]) == [category.value for category in CATEGORY_WORDS]
    for thing in ("programme", "batch", "notice", "objection"):
        kept = {state: word for state, word in STATE_WORDS[thing].items() if state not in ("draft", "withdrawn")}
        assert kept.items() <= words[thing].items()
    assert words["complaint"] == STATE_WORDS["complaint"]
    for here, there in (
        ("letter", "letter_states"),
        ("topics", "complaint_topics"),
        ("outcomes", "complaint_outcomes"),
    ):
        assert words[here] == LISTS[there]
    assert words["accused"] == LISTS["letter_accused"]
    assert set(words["batch"]) == set(PublicBatch.model_fields["state"].annotation.__args__)  # type: ignore[union-attr]
