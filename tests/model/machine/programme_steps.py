"""Rules of the machine: a year's total and its batches, by two people or wrongly by one."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.client.http import BUREAU, FINANCE, OPERATOR
from tests.model.machine.city_of_run import EVERYMAN
from tests.model.machine.machine import PICK, RARELY, Machine, chosen
from tests.model.reference import programmes
from tests.model.reference.records import Batch, day_of

YEARS = st.sampled_from([2025, 2025, 2025, 2026])
TOTALS_FEN = st.sampled_from([3_000_000, 5_000_001, 9_999_999, 20_000_000])
POLICIES = st.fixed_dictionaries(
    {
        "batch_shards": st.integers(1, 4),
        "yearly_shards": st.integers(1, 3),
        "quota_combination": st.sampled_from(["max", "sum"]),
        "notice_working_days": st.just(0),
        "open_orders_per_pair": st.sampled_from([2, 3, 10]),
    }
)
CATEGORIES = st.sampled_from([[], [], [], ["legal", "tax_audit"], ["ip"]])
AUDIENCES = st.sampled_from(
    [None, None, None, {"lists": ["newly_above_scale"]}, {"lists": ["little_giant_nursery"]}, {"used_percent": 50}]
)
EXTRAS_FEN = st.sampled_from([0, 300_000, 1_000_000])
AMOUNTS = st.sampled_from(["all", "most", "one too many", "half", "three million", "one quota", "one fen"])


class ProgrammeSteps(Machine):
    """§1.3, §1.4a, §2.3.3."""

    def open_year(self, number: int, total_fen: int, policy: dict[str, Any]) -> None:
        """Draft and confirm a year."""
        body = {"year": number, "total_fen": total_fen, "policy": policy}
        self.ask(programmes.draft(self.city, BUREAU.name, body), BUREAU.name, "/programmes", body)
        self.ask(programmes.confirm(self.city, FINANCE.name, number), FINANCE.name, f"/programmes/{number}/confirm")

    def open_batch(self, number: int, body: dict[str, Any]) -> None:
        """Draft and publish a batch."""
        self.draft(number, OPERATOR.name, self.fresh("batch"), body)
        self.publish(self.city.batches[-1], BUREAU.name)

    def draft(self, number: int, by: str, key: str, body: dict[str, Any]) -> None:
        """Draft a batch."""
        expected, batch = programmes.draft_batch(self.city, by, number, key, body)
        reply = self.ask(expected, by, f"/programmes/{number}/batches", body, key)
        if batch is not None:
            batch.name = reply.body["batch_id"]

    def publish(self, batch: Batch, by: str) -> None:
        """Publish a batch."""
        expected = programmes.publish(self.city, batch, by)
        self.ask(expected, by, f"/batches/{batch.name}/publish")
        self.rare_events["batches re-released"] += expected.took_effect and batch.is_rerelease

    @rule(number=YEARS, total_fen=TOTALS_FEN, policy=POLICIES, same_person=RARELY)
    def a_year_is_drafted(self, number: int, total_fen: int, policy: dict[str, Any], same_person: bool) -> None:
        by = EVERYMAN.name if same_person else BUREAU.name
        body = {"year": number, "total_fen": total_fen, "policy": policy}
        self.ask(programmes.draft(self.city, by, body), by, "/programmes", body)

    @rule(number=YEARS, same_person=RARELY)
    def a_year_is_confirmed(self, number: int, same_person: bool) -> None:
        by = EVERYMAN.name if same_person else FINANCE.name
        self.ask(programmes.confirm(self.city, by, number), by, f"/programmes/{number}/confirm")

    @rule(number=YEARS, total_fen=TOTALS_FEN, least=st.sampled_from([None, 0, -1, 1]), same_person=RARELY)
    def another_total_is_proposed(self, number: int, total_fen: int, least: int | None, same_person: bool) -> None:
        """`least` proposes exactly the released amount, or one fen less or more."""
        by = EVERYMAN.name if same_person else BUREAU.name
        if least is not None and number in self.city.years:
            year = self.city.years[number]
            total_fen = max(1, year.total_fen - year.unreleased_fen + least)
        body = {"total_fen": total_fen, "reason": "追加或压减"}
        expected = programmes.propose_total(self.city, by, number, body)
        self.ask(expected, by, f"/programmes/{number}/total", body)

    @rule(number=YEARS, named=st.sampled_from(["none", "pending", "pending", "another"]), same_person=RARELY)
    def the_proposed_total_is_confirmed(self, number: int, named: str, same_person: bool) -> None:
        by = EVERYMAN.name if same_person else FINANCE.name
        year = self.city.years.get(number)
        pending_fen = year.pending[0] if year and year.pending else 1
        body = None if named == "none" else {"total_fen": pending_fen + (named == "another")}
        expected = programmes.confirm_total(self.city, by, number, body)
        self.ask(expected, by, f"/programmes/{number}/total/confirm", body)

    @rule(
        number=YEARS,
        amount=AMOUNTS,
        opens_in=st.sampled_from([-1, 0, 0, 1, 24]),
        open_for=st.sampled_from([0, 2, 24 * 20, 24 * 20]),
        valid_for=st.sampled_from([0, 10, 40, 400]),
        categories=CATEGORIES,
        partial=st.booleans(),
        kind=st.sampled_from(["regular", "regular", "rerelease"]),
        audience=AUDIENCES,
        extra_fen=EXTRAS_FEN,
        same_person=RARELY,
    )
    def a_batch_is_drafted(
        self,
        number: int,
        amount: str,
        opens_in: int,
        open_for: int,
        valid_for: int,
        categories: list[str],
        partial: bool,
        kind: str,
        audience: dict[str, Any] | None,
        extra_fen: int,
        same_person: bool,
    ) -> None:
        opens = self.city.now + timedelta(hours=opens_in)
        valid_until = min(day_of(self.city.now) + timedelta(days=valid_for), date(number, 12, 31))
        body = batch_body(
            self.batch_amount_fen(number, amount, kind),
            opens.isoformat(),
            (opens + timedelta(hours=open_for)).isoformat(),
            valid_until.isoformat(),
            categories=categories,
            partial_allowed=partial,
            kind=kind,
            audience=audience,
            extra_quota_fen=extra_fen if kind == "rerelease" else 0,
        )
        self.draft(number, EVERYMAN.name if same_person else OPERATOR.name, self.fresh("batch"), body)

    def batch_amount_fen(self, number: int, amount: str, kind: str) -> int:
        """An amount at or near what may be released, in fen."""
        year = self.city.years.get(number)
        available_fen = 0 if year is None else year.surplus_fen if kind == "rerelease" else year.unreleased_fen
        choices = {
            "all": available_fen,
            "most": available_fen * 9 // 10,
            "one too many": available_fen + 1,
            "half": available_fen // 2,
            "three million": 3_000_000,
            "one quota": 1_000_000,
            "one fen": 1,
        }
        return max(1, choices[amount])

    @precondition(lambda self: self.city.batches)
    @rule(pick=PICK, other_body=RARELY)
    def a_batch_is_drafted_again(self, pick: int, other_body: bool) -> None:
        """The same key once more, with the same body or with another one."""
        batch = chosen(self.city.batches, pick)
        body = batch.body | ({"name": "另一批"} if other_body else {})
        self.draft(batch.year.number, batch.drafted_by, batch.key, body)

    @precondition(lambda self: self.city.batches)
    @rule(pick=PICK, amount=AMOUNTS, same_person=RARELY)
    def a_draft_gets_another_amount(self, pick: int, amount: str, same_person: bool) -> None:
        batch = chosen(self.city.batches, pick)
        body = {"amount_fen": self.batch_amount_fen(batch.year.number, amount, batch.body["kind"])}
        by = EVERYMAN.name if same_person else OPERATOR.name
        path = f"/batches/{batch.name}"
        self.ask(programmes.correct_batch(batch, by, body), by, path, body, method="PATCH")

    @precondition(lambda self: self.city.batches)
    @rule(pick=PICK, rarely=RARELY)
    def a_draft_is_withdrawn(self, pick: int, rarely: bool) -> None:
        batch = chosen(self.city.batches, pick)
        if rarely or batch.state != "draft":
            self.ask(programmes.withdraw_batch(batch, OPERATOR.name), OPERATOR.name, f"/batches/{batch.name}/withdraw")

    @precondition(lambda self: self.city.batches)
    @rule(pick=PICK, same_person=RARELY)
    def a_batch_is_published(self, pick: int, same_person: bool) -> None:
        drafts = [each for each in self.city.batches if each.state == "draft"] or self.city.batches
        self.publish(chosen(drafts, pick), EVERYMAN.name if same_person else BUREAU.name)

    @precondition(lambda self: self.city.batches)
    @rule(pick=PICK)
    def a_batch_is_closed(self, pick: int) -> None:
        self.close_batch(chosen(self.city.batches, pick))

    def close_batch(self, batch: Batch) -> None:
        """The bureau closes a batch."""
        self.ask(programmes.close(batch, BUREAU.name), BUREAU.name, f"/batches/{batch.name}/close")


def batch_body(amount_fen: int, opens_at: str, closes_at: str, valid_until: str, **more: Any) -> dict[str, Any]:
    """The body that drafts a batch."""
    return {
        "name": "一批",
        "amount_fen": amount_fen,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "valid_until": valid_until,
        "categories": [],
        "partial_allowed": False,
        "kind": "regular",
        "audience": None,
        "extra_quota_fen": 0,
    } | more
