"""§1.3, §3.5.2–§3.5.4, §5.2b: who may not follow whom, each pair of steps tried by one person who holds all roles."""

import pytest

from infra.client.http import Person, Reply
from tests.support.backend import ROOT, World, function
from tests.support.hands_scenario import ROLES, TURNS, Matter, Turn, begun, taken
from tests.support.snapshots import Trial, staged, trial, upload_again
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
    for folder in FOLDERS:
        if hasattr(function(folder), "check_four_eyes"):
            patch.setattr(function(folder), "check_four_eyes", lambda *_, **__: None)


def tried(matter: Matter, turn: Turn, person: Person, *, is_member: bool) -> Reply:
    """Somebody's attempt at a step, which leaves no trace."""
    with trial():
        matter.let_in(*([person] if is_member else []))
        attempt = Trial()
        reply = turn.take(matter, person)
        assert reply.status < 300 or attempt.left_no_trace
    return reply


def told(matter: Matter, turn: Turn, person: Person, *, is_member: bool) -> set[str | None]:
    """The codes of an attempt with the rule, and of one in which no rule looked; None where the step was taken."""
    codes = {tried(matter, turn, person, is_member=is_member).code}
    if codes == {"FOUR_EYES"}:
        with pytest.MonkeyPatch.context() as patch:
            look_away(patch)
            codes.add(tried(matter, turn, person, is_member=is_member).code)
    return codes


REFUSED, DONE = {"FOUR_EYES", "CHANGED_MEANWHILE"}, {None}


@pytest.mark.clause("§1.3")
@pytest.mark.clause("§1.4a")
@pytest.mark.clause("§3.2.2")
@pytest.mark.clause("§3.4.1")
@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§3.5.3")
@pytest.mark.clause("§3.5.4")
@pytest.mark.clause("§4.1.2")
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("number", range(len(TURNS)), ids=[each.step for each in TURNS])
def test_a_step_is_taken_by_exactly_those_whom_the_table_allows(
    world: World, number: int, subtests: pytest.Subtests
) -> None:
    """By rule, and by the write itself if the rule did not look. Of those who took an earlier step, whoever acted as a
    member tries it as a member and, once they left, as none; a colleague of theirs took no step."""
    matter, turn = until(world, number), TURNS[number]
    step = STEPS[turn.step]
    with subtests.test("a member who did nothing"):
        assert told(matter, turn, COLLEAGUE, is_member=True) == (REFUSED if step.no_member else DONE)
    for first in TURNS[:number]:
        is_refused = first.step in step.not_by
        if not turn.is_of_party:
            with subtests.test(f"after {first.step}"):
                assert told(matter, turn, first.person, is_member=False) == (REFUSED if is_refused else DONE)
        if turn.is_of_party or first.is_of_party:
            with subtests.test(f"after {first.step}, a member"):
                code = tried(matter, turn, first.person, is_member=True).code
                assert code == ("FOUR_EYES" if is_refused or step.no_member else None)


def test_every_step_of_the_table_has_its_turn() -> None:
    assert sorted(each.step for each in TURNS) == sorted(STEPS)
