"""Programme years: drafted by the bureau, confirmed by finance, and shown to everybody (§1.3, §2.2)."""

from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.fields import Name, PositiveFen, Values, Version, Year
from voucher.edge.identity import require
from voucher.edge.policies import read_policy
from voucher.edge.queries import Paging
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.base import Request
from voucher.models.programmes import Programme, ProgrammeWithFigures, PublicProgramme
from voucher.policy import policy_on
from voucher.refusals import Refusal, Refused, not_found
from voucher.rules.deviations import documented
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.programmes import check_settlement_day, figures_of, yearly_shares_fen
from voucher.store import batches, programmes
from voucher.store.engine.pages import Selection, cut_page

app = Api()


class ProgrammeDraft(Request):
    year: Year
    total_fen: PositiveFen
    policy: Values = {}
    document_number: Name | None = None


class Correction(Request):
    """What replaces a draft, whose `version` it names. Without `policy` or `document_number` that stays as it is."""

    version: Version
    total_fen: PositiveFen
    policy: Values | None = None
    document_number: Name | None = None


@app.post("/programmes")
def draft_programme() -> Answer[Programme]:
    """§1.3: the bureau drafts a year's total, with the policy values that differ from the edition's."""
    require(app.caller, "bureau")
    body = app.body(ProgrammeDraft)
    policy = read_policy(body.policy, clock.now())
    check_settlement_day(policy, body.year)
    programme = Programme(
        year=body.year,
        total_fen=body.total_fen,
        policy=policy,
        document_number=body.document_number,
        deviations=documented(policy, policy_on(clock.today()), body.year, body.document_number),
        drafters=frozenset({app.caller.sub}),
        state="draft",
        **app.creation("draft"),
    )
    try:
        programmes.commit_draft(programme)
    except Refused as no:
        existing = programmes.find(body.year)
        if no.refusal is not Refusal.ALREADY_EXISTS or existing is None or not app.is_repeat(existing, "draft"):
            raise
        return reply(existing, 200, replay=True)
    return reply(programme, 201)


@app.patch("/programmes/<year>")
@app.put("/programmes/<year>")
def correct_programme(year: str) -> Answer[Programme]:
    """§1.3: the bureau corrects a draft before finance confirms it. Whoever corrects it is one of its drafters."""
    require(app.caller, "bureau")
    body = app.body(Correction)
    old = programmes.get(app.year(year))
    if app.is_repeat(old, "edit"):
        return reply(old, replay=True)
    check_step(old, "edit")
    check_version(old, body.version)
    changes: dict[str, Any] = {
        "total_fen": body.total_fen,
        "document_number": body.document_number or old.document_number,
        "drafters": old.drafters | {old.created_by, app.caller.sub},
    }
    if body.policy is not None:
        policy = read_policy(body.policy, clock.now())
        check_settlement_day(policy, old.year)
        deviations = documented(policy, policy_on(clock.today()), old.year, changes["document_number"])
        changes |= {"policy": policy, "deviations": deviations}
    new = stepped(old, "edit", app.mark, **changes)
    programmes.commit_step(old, new)
    return reply(new)


@app.post("/programmes/<year>/confirm")
def confirm_programme(year: str) -> Answer[Programme]:
    """§1.3: finance confirms the total, and the year is open. Nobody who ever set its draft may confirm it."""
    require(app.caller, "finance")
    body = app.body(Versioned)
    old = programmes.get(app.year(year))
    if app.is_repeat(old, "confirm"):
        return reply(old, replay=True)
    check_four_eyes(app.caller.sub, "confirm_programme", old)
    new = stepped(old, "confirm", app.mark, unreleased_fen=old.total_fen, confirmed_by=app.caller.sub)
    check_version(old, body.version)
    programmes.commit_confirmation(old, new, yearly_shares_fen(new), app.mark)
    return reply(new)


@app.get("/programmes/<year>")
def show_programme(year: str) -> Answer[ProgrammeWithFigures]:
    """A confirmed year's money for everybody: what was released, granted, held, spent, lapsed; caps, the key share."""
    programme = programmes.get(app.year(year))
    if not programme.is_confirmed:
        raise not_found("programme")
    return reply(programme.in_public() | read_figures(programme))


def read_figures(programme: Programme) -> dict[str, Any]:
    """The year's figures, in fen, each pool as last written."""
    categories = programmes.read_category_totals(programme)
    released = batches.read_totals([each for each in batches.list_of_year(programme.year) if each.is_released])
    surplus = programmes.read_surplus_total(programme.year)
    return figures_of(programme.policy, categories, released, surplus)


@app.get("/programmes")
def list_programmes(query: Paging) -> Answer[PageOf[PublicProgramme]]:
    """The confirmed programme years, the latest first."""
    placed = [(f"{each.year:04}", each.in_public()) for each in programmes.list_all() if each.is_confirmed]
    items, next_cursor = cut_page("programmes", placed, Selection(query.limit, query.cursor))
    return reply({"items": items, "next_cursor": next_cursor})


handler = app.handle
