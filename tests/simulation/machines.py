"""Every record changes only as the tables of the product say: a step that its state allows, by somebody who may take
it, once for each version. Asked of each change as it commits, whatever the handler had read before."""

from typing import Any

from tests.simulation.dynamodb import Change
from voucher.actions import ACTIONS
from voucher.hands import STEPS, excluding, people_in
from voucher.lifecycles import FORMER, LIFECYCLES, SAME

THINGS_BY_SORT_KEY = {"IMPORT": "list_import"}
# these begin their life as drafts under a key of their own, and go on under that of their credit code
MOVED = {"enterprise", "agency"}
# what a step is called → the steps of a machine that are called so, too
ALSO = {"state_position": ("answer",)}

Json = dict[str, Any]


def thing_of(change: Change) -> str | None:
    """Which thing of `lifecycles.py` the item is, or None."""
    (first, *_), (second, *_) = (part.split("#") for part in change.at)
    word = first if second == "RECORD" else second
    thing = THINGS_BY_SORT_KEY.get(word, word.lower())
    return thing if thing in LIFECYCLES and first != "USER" else None


def wrong_in(thing: str, old: Json, new: Json) -> str | None:
    """What is wrong with the change of a record, or None. Only a record that was erased may begin anew."""
    if not old:
        return None if new["version"] == 1 or thing in MOVED else f"a {thing} begins with version {new['version']}"
    if not new:
        return None if thing in MOVED and old["approved_at"] is None else f"a {thing} is gone"
    if old.get("erased_at") and new["version"] <= old["version"]:
        return None
    action, by = new["last_action"], new["last_by"]
    is_step = any(old[name] != new[name] for name in ("last_action", "last_by", "updated_at"))
    if new["version"] != old["version"] + 1 and (is_step or new["version"] != old["version"]):
        return f"{thing} {action}: version {new['version']} after {old['version']}"
    # what moves the state of no line, of a member or of a number is no step of the record's machine
    steps = LIFECYCLES[thing]
    named = [steps[name] for name in (action, *ALSO.get(action, ())) if name in steps]
    ways = named or [(old["state"], SAME), *steps.values()]
    if is_step and not any(_leads(way, old["state"], new["state"]) for way in ways):
        return f"{thing} {action}: from {old['state']} to {new['state']}"
    calls = {way.call for way in ACTIONS[thing].get(action, ())}
    steps = [name for name, step in STEPS.items() if calls & set(step.calls)]
    barred = [{who for name in excluding(step, thing) for who in people_in(old, name)} for step in steps]
    return f"{thing} {action}: by {by}, who may not" if barred and all(by in each for each in barred) else None


def _leads(way: tuple[str, str], old: str, new: str) -> bool:
    starts, end = way
    return old in starts.split() and new in (old, new if end == FORMER else end)
