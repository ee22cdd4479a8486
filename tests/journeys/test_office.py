"""The page of bureau, finance and operator: on the deployed stack in a real browser, and how one signs in to it.

Where this machine has no browser, the first tests say so and are skipped.
"""

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.browser import browser
from tests.journeys.chromium import Tab, tab
from tests.journeys.deployment import Deployment
from tests.support.backend import ROOT

FACE_FEN = 1_000_000
SHOWN = "document.querySelector('main h1') && !document.querySelector('main').hasAttribute('aria-busy')"
WIDER = "(each) => each.offsetWidth > each.parentElement.clientWidth"
in_browser = pytest.mark.skipif(browser() is None, reason="this machine has no Chromium to show the page in")

# what sign_in.js meets in a browser; at the end it says what it asked for and what it has
STAGE = """
const given = JSON.parse(process.argv[1]);
const asked = [], kept = new Map(Object.entries(given.kept));
Object.assign(globalThis, {
  document: {
    querySelector: () => ({ content: given.signInUrl, dataset: { tokenUrl: given.tokenUrl, client: "staff" } }),
  },
  location: {
    href: given.href, search: new URL(given.href).search, hash: "#/2026", assign: (to) => asked.push(["go", to]),
  },
  history: { replaceState: (state, title, to) => asked.push(["replace", to]) },
  sessionStorage: {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  },
  fetch: async (to, options) => {
    asked.push(["post", to, Object.fromEntries(options.body)]);
    return { ok: given.token !== null, json: async () => ({ access_token: given.token }) };
  },
});
const page = await import(given.module);
let token, problem;
try {
  if (given.leaves) await page.leaveToSignIn();
  else token = await page.tokenOfReturn();
} catch (error) { problem = error.message; }
console.log(JSON.stringify({ hasProvider: page.hasProvider, asked, token, problem, kept: Object.fromEntries(kept) }));
"""
OFFICE, SIGN_IN, TOKENS = (
    "https://api.example.cn/v1/office",
    "https://id.example.cn/auth",
    "https://id.example.cn/token",
)


def run_sign_in(folder: Path, **given: Any) -> Any:
    """What sign_in.js did on that stage."""
    module = folder / "sign_in.mjs"
    module.write_text((ROOT / "functions/public/sign_in.js").read_text())
    stage = {"signInUrl": SIGN_IN, "tokenUrl": TOKENS, "href": OFFICE, "kept": {}, "token": None, "leaves": False}
    argument = json.dumps(stage | given | {"module": module.as_uri()})
    command = ["node", "--input-type=module", "-e", STAGE, argument]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def test_staff_signs_in_at_the_provider_and_comes_back_with_a_token(tmp_path: Path) -> None:
    left = run_sign_in(tmp_path, leaves=True)
    [[_, target]] = left["asked"]
    address, _, query = target.partition("?")
    asked = dict(part.split("=") for part in query.split("&"))
    kept = json.loads(left["kept"]["office-sign-in"])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).decode().rstrip("=")
    assert (address, asked["code_challenge"], asked["code_challenge_method"]) == (SIGN_IN, challenge, "S256")
    assert (asked["response_type"], asked["client_id"], asked["state"]) == ("code", "staff", kept["state"])
    href = f"{OFFICE}?code=c1&state={kept['state']}"
    back = run_sign_in(tmp_path, href=href, kept=left["kept"], token="t1")
    verifier = {"code_verifier": kept["verifier"], "code": "c1", "client_id": "staff", "redirect_uri": OFFICE}
    assert back["asked"] == [
        ["replace", f"{OFFICE}#/2026"],
        ["post", TOKENS, {"grant_type": "authorization_code", **verifier}],
    ]
    assert (back["token"], back["kept"]) == ("t1", {})


@pytest.mark.parametrize(
    ("query", "token"), [("?code=c1&state=other", "t1"), ("?error=denied&state=s1", "t1"), ("?code=c1&state=s1", None)]
)
def test_a_return_that_nobody_left_for_or_that_was_refused_brings_no_token(
    tmp_path: Path, query: str, token: str | None
) -> None:
    kept = {"office-sign-in": json.dumps({"verifier": "v1", "state": "s1"})}
    back = run_sign_in(tmp_path, href=OFFICE + query, kept=kept, token=token)
    assert (back.get("token"), back["problem"], back["kept"]) == (None, "登录没有完成，请重新登录。", {})
    assert any(each[0] == "post" for each in back["asked"]) == (token is None)
    assert run_sign_in(tmp_path, kept=kept)["token"] is None
    assert not run_sign_in(tmp_path, tokenUrl="")["hasProvider"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser for all tests."""
    with tab(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def enter(page: Tab, deployment: Deployment, token: str) -> str:
    """Open the page, paste a token; what the page says then."""
    page.open(f"{deployment.stack.api_url}/office", "document.querySelector('#token')")
    page.run(f"document.querySelector('#token').value = {json.dumps(token)}")
    page.run("document.querySelector('form button').click()")
    page.wait(f"{SHOWN} && (!document.querySelector('#token') || document.querySelector('.problem'))")
    return str(page.run("document.querySelector('main').innerText"))


@in_browser
@pytest.mark.clause("§5.1")
def test_bureau_and_finance_see_the_year_in_pictures_and_what_waits_for_them(
    deployment: Deployment, year: int, page: Tab
) -> None:
    enterprise, waiting = deployment.add_approved_enterprise(), next(deployment.enterprises)
    documents = enterprise_documents(waiting, deployment.plan.today)
    steps.register_enterprise(deployment.client, owner_of(waiting.uscc), waiting.registration(), documents)
    deployment.grab(deployment.open_batch(FACE_FEN), enterprise)

    def dimensions() -> set[str]:
        return {row["dimension"] for row in deployment.get(BUREAU, f"/reports/{year}/usage")["rows"]}

    wait_until(lambda: "district" in dimensions())
    for size in ((390, 844), (1280, 800)):
        page.resize(*size)
        shown = enter(page, deployment, deployment.client.token(OPERATOR))
        for text in (
            f"{year} 年度",
            "年度预算使用进度",
            "重点支持类别的比例",
            "分类限额",
            "区域分布",
            "家企业",
            waiting.name,
        ):
            assert text in shown, text
        assert "待办：平台运营机构" in shown and "待办：市经信局" not in shown
        pictures = page.run("[...document.querySelectorAll('svg')].map((each) => each.getAttribute('aria-label'))")
        assert "各月累计金额" in pictures
        assert page.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert page.run(f"[...document.querySelectorAll('table')].filter({WIDER}).length") == 0
    for person, desk in ((BUREAU, "市经信局"), (FINANCE, "财政局")):
        assert f"待办：{desk}" in enter(page, deployment, deployment.client.token(person))


@in_browser
def test_nobody_sees_a_figure_there_without_a_token_of_staff(deployment: Deployment, year: int, page: Tab) -> None:
    enterprise = deployment.add_draft_enterprise()
    assert "没有相应的角色" in enter(page, deployment, deployment.client.token(owner_of(enterprise.uscc)))
    shown = enter(page, deployment, "made-up")
    assert "访问令牌" in shown and "年度预算" not in shown
