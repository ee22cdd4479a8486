"""Lists of work: what each staff role, and each organisation, must act on, with its term."""

from collections import Counter
from typing import Literal

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import reads_books, require
from voucher.edge.own import of_others
from voucher.edge.queries import Paging, QueryId
from voucher.edge.replies import Answer, reply
from voucher.models.tasks import ShownTask, TaskList
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.programmes import policy_for
from voucher.rules.tasks import joint_inspections_due, shown_aside, shown_task, urgency
from voucher.store import inspections, organisations, programmes, tasks
from voucher.store.engine.pages import Keep, Selection, cut_page
from voucher.store.engine.table import Item
from voucher.tasks import TaskKind, party_key

app = Api()


class OfWorker(Paging):
    role: Literal["platform", "bureau", "finance"] | None = None
    organisation: QueryId | None = None
    kind: TaskKind | None = None


@app.get("/tasks")
def list_tasks(query: OfWorker) -> Answer[TaskList]:
    """What a staff role must act on, for its holders; or an organisation, for its members and staff. The most urgent
    first; exactly one of `role` and `organisation` is named."""
    today = clock.today()
    policy = policy_for(programmes.find(today.year), today)
    found, more = list[ShownTask](), False
    for party, is_shown in parties_of(query).items():
        work = tasks.read_work(party)
        more = more or work.more
        found += [task for item in work.items if is_shown(item) and (task := shown_task(item, policy, today))]
        own = tasks.read_own(party)
        found += [task] if own and (task := shown_aside(own, policy, today)) else []
    if query.role:
        signed = inspections.list_years_signed("joint")
        found += joint_inspections_due(query.role, programmes.list_all(), signed, today)
    placed = [(urgency(each), each) for each in found if query.kind in (None, each.kind)]
    filters = query.model_dump_json(exclude={"limit", "cursor"})
    selection = Selection(query.limit, query.cursor, oldest_first=True, filters=filters)
    items, next_cursor = cut_page("tasks", placed, selection)
    counts = dict(sorted(Counter(each.kind for each in found).items()))
    return reply({"items": items, "next_cursor": next_cursor, "counts": counts, "at_least": more})


def parties_of(query: OfWorker) -> dict[str, Keep]:
    """On whose lists the asked work stands, and what the caller may see of each. A credit code may be that of an
    enterprise and of an agency; before its approval, an organisation has no work but its own registration. Raises
    ROLE_REQUIRED, NOT_FOUND, or MALFORMED unless exactly one of role and organisation is named."""
    if (query.role is None) == (query.organisation is None):
        words = "须且只须指明 role 和 organisation 中的一项。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("role", words, "missing")])
    if query.role:
        role = query.role
        require(app.caller, "platform" if role == "platform" else "bureau" if role == "bureau" else "finance")
        return {role: of_others(app.caller) or bool}
    uscc, caller, found = str(query.organisation), app.caller, dict[str, Keep]()
    enterprise, agency = organisations.find_enterprise(uscc, caller.sub), organisations.find_agency(uscc, caller.sub)
    if enterprise is not None and (caller.is_staff or caller.sub in enterprise.members):
        is_open = reads_books(caller, enterprise, "enterprise")
        found[party_key("enterprise", uscc)] = bool if is_open else is_registration
    if not found or (agency is not None and (caller.is_staff or caller.sub in agency.members)):
        is_open = reads_books(caller, agency, "agency")
        found[party_key("agency", uscc)] = bool if is_open else is_registration
    # the work on a code is that of whoever has it; a draft has none yet
    drafts = {party_key(each.thing, uscc) for each in (enterprise, agency) if each and not each.has_code}
    return {party: is_shown for party, is_shown in found.items() if party not in drafts}


def is_registration(item: Item) -> bool:
    """True for the record of an organisation itself."""
    return str(item["sk"]) == "RECORD" and "uscc" in item


handler = app.handle
