"""Rules of the machine: enterprises grab; violations, lists and disqualifications change who may."""

from datetime import date

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR
from tests.model.machine.city_of_run import OUTSIDER
from tests.model.machine.machine import PICK, RARELY, REASON, Machine, chosen
from tests.model.reference import grabbing, lists, year_end
from tests.model.reference.answers import CREATED, OK, REPLAY, refusal
from tests.model.reference.records import Batch, Enterprise, end_of
from tests.support import samples
from tests.support.backend import function
from tests.support.relaying import work_after
from voucher.store import keys

AMOUNTS = st.sampled_from([None, None, None, "left", "left + 1", "what the batch has", "a fen more", "odd", "one"])
KINDS = st.sampled_from(["newly_above_scale", "newly_above_scale", "little_giant_nursery", "rated_d"])


class EnterpriseSteps(Machine):
    """§4.1.4, §2.1.1, §2.1.3, §2.3.1, §4.1.3."""

    def grab(self, by: str, batch: Batch, enterprise: Enterprise, amount_fen: int | None = None) -> None:
        """One grab."""
        body = {"enterprise_uscc": enterprise.uscc} | ({"amount_fen": amount_fen} if amount_fen else {})
        expected, voucher = grabbing.grab(self.city, by, batch, enterprise, amount_fen)
        reply = self.ask(expected, by, f"/batches/{batch.name}/vouchers", body)
        if voucher is not None:
            voucher.name = reply.body["voucher_id"]
            assert reply.body["face_fen"] == reply.body["balance_fen"] == voucher.face_fen
            self.rare_events["vouchers of a re-release"] += batch.is_rerelease
        self.rare_events["enterprises excluded from a re-release"] += reply.code == "RERELEASE_EXCLUDED"

    def grab_amount_fen(self, amount: str | None, batch: Batch, enterprise: Enterprise) -> int | None:
        """An amount at or near a limit, in fen; None claims the whole quota."""
        left_fen = grabbing.quota_left_fen(self.city, batch.year, enterprise)
        choices = {
            "left": left_fen,
            "left + 1": left_fen + 1,
            "what the batch has": batch.remaining_fen,
            "a fen more": batch.remaining_fen + 1,
            "odd": 333_333,
            "one": 1,
        }
        return choices[amount] or None if amount else None

    @precondition(lambda self: self.city.batches)
    @rule(batch=PICK, enterprise=PICK, amount=AMOUNTS, stranger=RARELY)
    def an_enterprise_grabs(self, batch: int, enterprise: int, amount: str | None, stranger: bool) -> None:
        batch_wanted, claimant = chosen(self.city.batches, batch), chosen(self.city.enterprises, enterprise)
        by = chosen(self.city.enterprises, enterprise + 1).person if stranger else claimant.person
        self.grab(by, batch_wanted, claimant, self.grab_amount_fen(amount, batch_wanted, claimant))

    @precondition(lambda self: any(each.state == "published" for each in self.city.batches))
    @rule(batch=PICK, enterprise=PICK)
    def an_enterprise_without_voucher_grabs(self, batch: int, enterprise: int) -> None:
        open_batch = chosen([each for each in self.city.batches if each.state == "published"], batch)
        holders = {each.enterprise.uscc for each in self.city.vouchers if each.batch is open_batch}
        enterprises = [each for each in self.city.enterprises if each.uscc not in holders] or self.city.enterprises
        claimant = chosen(enterprises, enterprise)
        self.grab(claimant.person, open_batch, claimant)

    @precondition(lambda self: self.open_rereleases())
    @rule(batch=PICK, enterprise=PICK, amount=AMOUNTS)
    def an_enterprise_grabs_from_a_rerelease(self, batch: int, enterprise: int, amount: str | None) -> None:
        """§2.3.3: an enterprise whose own voucher lapsed this year is refused."""
        batch_wanted, claimant = chosen(self.open_rereleases(), batch), chosen(self.city.enterprises, enterprise)
        self.grab(claimant.person, batch_wanted, claimant, self.grab_amount_fen(amount, batch_wanted, claimant))

    def open_rereleases(self) -> list[Batch]:
        """Re-released batches that are open now."""
        now = self.city.now
        published = [each for each in self.city.batches if each.is_rerelease and each.state == "published"]
        return [each for each in published if each.opens_at <= now < min(each.closes_at, each.ends_at)]

    @rule()
    def a_process_starts_cold(self) -> None:
        self.backend.start_cold()

    @rule(enterprise=PICK)
    def a_violation_is_recorded(self, enterprise: int) -> None:
        violator = self.city.enterprises[enterprise % 2]
        body = {"uscc": violator.uscc, "facts": "转让服务券"}
        reply = self.ask(CREATED, BUREAU.name, "/violations", body, self.fresh("violation"))
        violator.violations.add(reply.body["violation_id"])

    @precondition(lambda self: self.city.orders)
    @rule(pick=PICK, unknown=RARELY)
    def a_violation_names_an_order(self, pick: int, unknown: bool) -> None:
        """§5.2b: the order is held; one that nobody knows cannot be."""
        order = chosen(self.city.orders, pick)
        violator = order.voucher.enterprise
        body = {"uscc": violator.uscc, "facts": "虚报", "order_ids": ["o_none" if unknown else order.name]}
        expected = refusal("MALFORMED") if unknown else CREATED
        reply = self.ask(expected, BUREAU.name, "/violations", body, self.fresh("violation"))
        if expected is CREATED:
            if order.state not in ("refused", "cancelled"):
                order.violations.add(reply.body["violation_id"])
            violator.violations.add(reply.body["violation_id"])
            self.rare_events["orders held by a violation"] += 1

    @precondition(lambda self: any(each.violations for each in self.city.orders))
    @rule(pick=PICK, same_person=RARELY, reason=REASON)
    def an_order_is_released(self, pick: int, same_person: bool, reason: dict[str, str]) -> None:
        """§5.2b: by another person than who recorded the violation, which stands on."""
        order = chosen([each for each in self.city.orders if each.violations], pick)
        violation = min(order.violations)
        answer = refusal("WRONG_STATE") if order.state in ("refused", "withdrawn", "cancelled") else OK
        expected, by = (refusal("FOUR_EYES"), BUREAU) if same_person else (answer, BUREAU_TWO)
        self.ask(expected, by.name, f"/violations/{violation}/orders/{order.name}/release", reason)
        if expected.took_effect:
            order.violations.remove(violation)

    @precondition(lambda self: any(each.violations for each in self.city.enterprises))
    @rule(pick=PICK, same_person=RARELY)
    def a_violation_is_lifted(self, pick: int, same_person: bool) -> None:
        violator = chosen([each for each in self.city.enterprises if each.violations], pick)
        violation = min(violator.violations)
        expected, by = (refusal("FOUR_EYES"), BUREAU) if same_person else (OK, BUREAU_TWO)
        self.ask(expected, by.name, f"/violations/{violation}/lift", {"reason": "复查"})
        if expected.took_effect:
            violator.violations.remove(violation)
            for order in self.city.orders:
                order.violations.discard(violation)

    @rule(enterprise=PICK)
    def a_disqualification_is_proposed(self, enterprise: int) -> None:
        """§4.1.3: it takes nothing away."""
        offender = self.city.enterprises[enterprise % 3]
        path = f"/enterprises/{offender.uscc}/disqualify"
        expected = refusal("WRONG_STATE") if offender.disqualified else OK
        if offender.answer_by is not None:
            expected = refusal("ALREADY_EXISTS") if offender.is_heard else REPLAY
        reply = self.ask(expected, OPERATOR.name, path, {"reason": "未按期报告重大变更"})
        if expected is OK:
            offender.answer_by, offender.is_heard = date.fromisoformat(reply.body["sanction"]["answer_by"]), False

    @precondition(lambda self: self.accused())
    @rule(enterprise=PICK, approves=st.sampled_from([True, True, False]), speaks=st.sampled_from([True, True, False]))
    def a_disqualification_is_decided(self, enterprise: int, approves: bool, speaks: bool) -> None:
        """§4.1.3: after the enterprise was heard; its vouchers become void once the worker gets the message."""
        self.decide_on(chosen(self.accused(), enterprise), approves, speaks)

    def decide_on(self, offender: Enterprise, approves: bool, speaks: bool) -> None:
        """The bureau's decision, perhaps after the enterprise's statement."""
        path = f"/enterprises/{offender.uscc}/disqualify"
        if speaks and not offender.is_heard:
            self.ask(OK, offender.person, f"{path}/statement", {"text": "有异议"})
            offender.is_heard = True
        is_over = offender.answer_by is not None and self.city.now >= end_of(offender.answer_by)
        expected = refusal("TOO_EARLY") if approves and not (offender.is_heard or is_over) else OK
        body = {"decision": "approve" if approves else "reject", "reason": "已核实"}
        self.ask(expected, BUREAU.name, f"{path}/approve", body)
        if expected is OK:
            offender.answer_by, offender.disqualified = None, approves
            if approves:
                self.backend.queue += work_after(keys.enterprise(offender.uscc))

    def accused(self) -> list[Enterprise]:
        """The enterprises whose disqualification is proposed."""
        return [each for each in self.city.enterprises if each.answer_by is not None]

    @precondition(lambda self: any(each.disqualified for each in self.city.enterprises))
    @rule(enterprise=PICK, same_person=RARELY)
    def an_enterprise_is_restored(self, enterprise: int, same_person: bool) -> None:
        """§4.1.3: the quota of what became void so far may be claimed again; what is not void yet stays."""
        self.restore(chosen([each for each in self.city.enterprises if each.disqualified], enterprise), same_person)

    @rule(is_void=st.booleans())
    def a_disqualification_comes_and_goes(self, is_void: bool) -> None:
        """§4.1.3: from the proposal to the restoration; the worker comes before that, or too late. Always of the same
        enterprise, so that the others trade on."""
        offender = self.city.enterprises[2]
        if not offender.disqualified:
            if offender.answer_by is None:
                self.a_disqualification_is_proposed(2)
            self.decide_on(offender, approves=True, speaks=True)
        if is_void:
            function("void_vouchers").work({"task": "void_enterprise", "uscc": offender.uscc})
            year_end.void_vouchers(self.city, offender)
        self.restore(offender, same_person=False)

    def restore(self, restored: Enterprise, same_person: bool) -> None:
        """The bureau takes a disqualification back."""
        expected, by = (refusal("FOUR_EYES"), BUREAU) if same_person else (OK, BUREAU_TWO)
        self.ask(expected, by.name, f"/enterprises/{restored.uscc}/restore", {"reason": "复查有误"})
        if expected is OK:
            restored.disqualified = False
            grabbing.give_quota_back(self.city, restored)
            self.rare_events["enterprises restored"] += 1

    @rule(kind=KINDS, last_year=st.booleans(), rows=st.sets(st.integers(0, 5)))
    def a_list_is_put_in_force(self, kind: str, last_year: bool, rows: set[int]) -> None:
        """§2.1.1, §2.3.1: the bureau applies an uploaded file; the worker gets the message later."""
        year = self.city.now.year - last_year
        usccs = [self.city.enterprises[number].uscc for number in sorted(rows)]
        touched = lists.touched(self.city, kind, year, frozenset(usccs))
        self.put_list_in_force(kind, year, samples.list_file([*usccs, OUTSIDER]), touched, usccs=usccs)
