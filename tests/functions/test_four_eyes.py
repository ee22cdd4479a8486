"""§1.3, §3.5.2–§3.5.4, §5.2b: who may not follow whom, each pair of steps tried by one person who holds all roles."""

import boto3
import pytest

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.support.agency_scenario import report_change
from tests.support.backend import ROOT, World, function
from tests.support.hands_scenario import PARTIES, ROLES, TURNS, Matter, Party, Turn, begun, taken
from tests.support.scenario import SELLER, Town, answer_removal
from tests.support.snapshots import Trial, everything_kept, staged, trial, upload_again
from voucher.edge import complaints, objections
from voucher.hands import PARTIES as PARTIES_OF_ORDERS
from voucher.hands import STEPS

FOLDERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
COLLEAGUE = Person("colleague", ROLES)  # took no step at all


def until(world: World, number: int) -> Matter:
    """The matter before its turn of this number."""
    name = f"hands {number}"
    known = staged(name, lambda: taken(until(world, number - 1), TURNS[number - 1]) if number else begun(world))
    upload_again(name)
    return Matter(world, dict(known.ids))


def look_away(patch: pytest.MonkeyPatch) -> None:
    """No rule looks at who acts, so that only the writes tell."""
    for module in (complaints, objections, *map(function, FOLDERS)):
        if hasattr(module, "check_four_eyes"):
            patch.setattr(module, "check_four_eyes", lambda *_, **__: None)


def tried(matter: Matter, turn: Turn, person: Person, member_of: Party | None) -> Reply:
    """Somebody's attempt at a step, as a member of one party at most; it leaves no trace."""
    with trial():
        matter.let_in(person, member_of)
        attempt = Trial()
        reply = turn.take(matter, person)
        assert reply.status < 300 or attempt.left_no_trace
    return reply


def told(matter: Matter, turn: Turn, person: Person, member_of: Party | None) -> set[str | None]:
    """The codes of an attempt with the rule, and of one in which no rule looked; None where the step was taken."""
    codes = {tried(matter, turn, person, member_of).code}
    if codes == {"FOUR_EYES"}:
        with pytest.MonkeyPatch.context() as patch:
            look_away(patch)
            codes.add(tried(matter, turn, person, member_of).code)
    return codes


def changed_sides(turn: Turn, earlier: Turn, party: Party) -> bool:
    """True for a step for one party of the order by whoever took one for the other."""
    of_order = {turn.step, earlier.step} <= set(PARTIES_OF_ORDERS)
    return of_order and turn.step != "place_order" and earlier.parties[-1] != party


REFUSED, DONE = {"FOUR_EYES", "CHANGED_MEANWHILE"}, {None}


@pytest.mark.clause("§1.3")
@pytest.mark.clause("§1.4a")
@pytest.mark.clause("§3.2.2")
@pytest.mark.clause("§3.4.1")
@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§3.5.3")
@pytest.mark.clause("§3.5.4")
@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§4.1.2")
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("number", range(len(TURNS)), ids=[each.step for each in TURNS])
def test_a_step_is_taken_by_exactly_those_whom_the_table_allows(
    world: World, number: int, subtests: pytest.Subtests
) -> None:
    """By rule, and by the write itself if the rule did not look. Of those who took an earlier step, whoever acted as a
    member tries it as a member of that party and, once they left, as none; a colleague of theirs took no step. Nobody
    is a member of both parties, so each cell of the table answers for itself."""
    matter, turn = until(world, number), TURNS[number]
    step, is_staff = STEPS[turn.step], not turn.parties
    barred = {party for party in step.no_member if party in turn.concerns}
    for party in PARTIES:
        with subtests.test(f"a member of the {party} who did nothing"):
            if is_staff:
                assert told(matter, turn, COLLEAGUE, party) == (REFUSED if party in barred else DONE)
            else:
                code = tried(matter, turn, COLLEAGUE, party).code
                assert code == (None if party in turn.parties else turn.other_side)
    for first in TURNS[:number]:
        is_refused = first.step in step.not_by
        if is_staff:
            with subtests.test(f"after {first.step}"):
                assert told(matter, turn, first.person, None) == (REFUSED if is_refused else DONE)
        for party in (first if is_staff else turn).parties[-1:]:
            with subtests.test(f"after {first.step}, a member of the {party}"):
                code = tried(matter, turn, first.person, party).code
                is_barred = party in barred or changed_sides(turn, first, party)
                assert code == ("FOUR_EYES" if is_refused or is_barred else None)


def test_every_step_of_the_table_has_its_turn() -> None:
    assert sorted(each.step for each in TURNS) == sorted(STEPS)


@pytest.mark.clause("§2.1.3")
def test_a_member_records_and_lifts_no_violation_of_their_agency(town: Town) -> None:
    breach, member = {"uscc": town.agency.uscc, "facts": "虚开发票"}, Person(SELLER.name, "bureau")
    assert town.world.call(member, "POST", "/violations", breach).code == "FOUR_EYES"
    with pytest.MonkeyPatch.context() as patch:
        look_away(patch)
        assert town.world.call(member, "POST", "/violations", breach).code == "CHANGED_MEANWHILE"
    recorded = steps.expect(town.world.call(BUREAU, "POST", "/violations", breach), 201)
    lifting = f"/violations/{recorded['violation_id']}/lift", {"reason": "已整改"}
    assert town.world.call(member, "POST", *lifting).code == "FOUR_EYES"
    with pytest.MonkeyPatch.context() as patch:
        look_away(patch)
        assert town.world.call(member, "POST", *lifting).code == "CHANGED_MEANWHILE"
    steps.expect(town.world.call(Person("other", "bureau"), "POST", *lifting), 200)


@pytest.mark.clause("§3.4.1")
def test_a_removal_proposed_by_a_decision_on_a_change_is_not_approved_by_that_person(town: Town) -> None:
    path, both = f"/agencies/{town.agency.uscc}", Person("both", "platform,bureau")
    report = f"{path}/changes/{report_change(town)['change_id']}/review"
    steps.expect(town.world.call(both, "POST", report, {"decision": "remove", "reason": "拒不整改"}), 200)
    answer_removal(town.world, town.agency.uscc)
    assert town.world.call(both, "POST", f"{path}/removal/approve").code == "FOUR_EYES"
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/removal/approve"), 200)


@pytest.mark.parametrize("until_step", ["confirm_programme", "review_cancel", "approve_round", "make_payouts"])
def test_what_was_kept_before_anybody_remembered_these_hands_goes_on(world: World, until_step: str) -> None:
    """And whoever its records name by the older attributes is still refused."""
    number = [each.step for each in TURNS].index(until_step)
    matter = until(world, number)
    forget("hands", "drafters", "account_confirmed_by", "confirmed_by")
    older = {
        "confirm_programme": "draft_programme",
        "review_cancel": "place_order",
        "approve_round": "submit_application",
        "make_payouts": "send_invoice",
    }
    first = next(each for each in TURNS if each.step == older[until_step])
    assert tried(matter, TURNS[number], first.person, None).code == "FOUR_EYES"
    for turn in TURNS[number:]:
        taken(matter, turn)


def forget(*attributes: str) -> None:
    """No item has these attributes."""
    for table, items in everything_kept().items():
        for item in items:
            rest = {name: value for name, value in item.items() if name not in attributes}
            if rest != item:
                boto3.client("dynamodb").put_item(TableName=table, Item=rest)
