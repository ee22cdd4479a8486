"""Rules of the machine: the clock moves on, nights sweep, queues deliver when and as often as they like."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model import ending
from tests.model.machine import PICK, Machine, chosen
from tests.model.records import CAP_PERCENT, KEY_CATEGORIES, Year, cap_fen
from tests.support.backend import function
from voucher.store import keys

MILLISECOND = timedelta(milliseconds=1)
BESIDE = st.sampled_from([-MILLISECOND, timedelta(), MILLISECOND])


class TimeSteps(Machine):
    """§4.2.2, §1.4b, §2.2.floor."""

    def move_to(self, instant: datetime) -> None:
        """Set the clock, forward only."""
        self.city.now = max(self.city.now, instant)
        self.place.clock.instant = self.city.now

    @rule(hours=st.sampled_from([1, 1, 24, 24 * 10]))
    def time_passes(self, hours: int) -> None:
        self.move_to(self.city.now + timedelta(hours=hours))

    @precondition(lambda self: self.instants())
    @rule(pick=st.sampled_from([0, 0, 0, 1, 2]), beside=BESIDE)
    def an_instant_comes_near(self, pick: int, beside: timedelta) -> None:
        """To an instant at which something begins or ends, or a millisecond beside it."""
        instants = self.instants()
        self.move_to(instants[min(pick, len(instants) - 1)] + beside)

    def instants(self) -> list[datetime]:
        """The next instants that matter, the nearest first."""
        marks = {mark for each in self.city.batches for mark in (each.opens_at, each.closes_at, each.ends_at)}
        marks |= {each.ends_at for each in self.city.years.values()}
        return sorted(mark for mark in marks if mark > self.city.now + MILLISECOND)

    @precondition(lambda self: any(each.state == "open" for each in self.city.years.values()))
    @rule()
    def a_night_passes(self) -> None:
        """The sweep finds what has ended, by the clock, and nothing else."""
        now = self.city.now
        released = [batch for batch in self.city.batches if batch.year.state == "open" and batch.state != "draft"]
        due = [batch.name for batch in released if batch.ends_at <= now]
        before = len(self.place.sent)
        found = function("sweep").handler({"time": now.isoformat()}, None)
        assert found["batches"] == len(due)
        sent = [each for each in self.place.sent[before:] if each["task"] != "remind"]
        del self.place.sent[before:]
        assert sorted({each["batch_id"] for each in sent if each["task"] == "lapse"}) == sorted(due)
        over = [year.number for year in self.city.years.values() if year.state == "open" and year.ends_at <= now]
        assert sorted(each["year"] for each in sent if each["task"] == "close_year") == sorted(over)
        buckets = {keys.bucket_of(firm.uscc) for firm in self.city.firms}
        self.place.sent += [each for each in sent if each["task"] == "close_year" or each["bucket"] in buckets]

    @precondition(lambda self: self.place.sent)
    @rule(pick=PICK, count=st.sampled_from([1, 3, 100, 100]), twice=st.booleans(), backwards=st.booleans())
    def messages_arrive(self, pick: int, count: int, twice: bool, backwards: bool) -> None:
        """Some of those under way, in some order, once or twice; those taken once stay if they come twice."""
        start = pick % len(self.place.sent) if count < 100 else 0
        taken = self.place.sent[start : start + count]
        if not twice:
            del self.place.sent[start : start + count]
        for message in reversed(taken) if backwards else taken:
            self.deliver(message)

    @precondition(lambda self: self.year_that_ends() is not None)
    @rule(nights=st.sampled_from([1, 2, 2, 3]), backwards=st.booleans())
    def a_year_ends(self, nights: int, backwards: bool) -> None:
        """It comes to its end, and the nights after that find what is left."""
        year = self.year_that_ends()
        assert year is not None
        for number in range(nights):
            self.move_to(year.ends_at + timedelta(days=number))
            self.a_night_passes()
            if self.place.sent:
                self.messages_arrive(0, 100, False, backwards)

    def year_that_ends(self) -> Year | None:
        """An open year of which at most two weeks are left."""
        soon = self.city.now + timedelta(days=14)
        return next((each for each in self.city.years.values() if each.state == "open" and each.ends_at <= soon), None)

    def deliver(self, message: dict[str, Any]) -> None:
        """One message to its worker, and to the model."""
        if message["task"] == "apply":
            import_id = message["import_id"]
            function("import_list").work(message)
            if import_id not in self.applied:
                self.applied.add(import_id)
                ending.apply_list(self.city, message["kind"], message["year"], frozenset(message["usccs"]))
            return
        function("close_year" if message["task"] == "close_year" else "void_vouchers").work(message)
        cancelled, closed = self.count_ended()
        self.follow(message)
        after = self.count_ended()
        if message["task"] == "lapse":
            self.met["orders cancelled at a year's end"] += after[0] - cancelled
        self.met["years closed"] += after[1] - closed

    def count_ended(self) -> tuple[int, int]:
        """Cancelled orders, and closed years."""
        cancelled = sum(each.state == "cancelled" for each in self.city.orders)
        return cancelled, sum(each.state == "closed" for each in self.city.years.values())

    def follow(self, message: dict[str, Any]) -> None:
        """What a message about vouchers or a year does, to the model."""
        if message["task"] == "void_enterprise":
            ending.void(self.city, next(each for each in self.city.firms if each.uscc == message["uscc"]))
        elif message["task"] == "close_year":
            ending.close_year(self.city, message["year"])
        else:
            batch = next(each for each in self.city.batches if each.name == message["batch_id"])
            firms = [each.uscc for each in self.city.firms if keys.bucket_of(each.uscc) == message["bucket"]]
            instant = datetime.fromisoformat(message["instant"])
            ending.lapse(self.city, batch, firms, instant, message["year_over"])

    applied: set[str]

    @precondition(lambda self: any(each.state != "draft" for each in self.city.years.values()))
    @rule(pick=PICK)
    def everybody_looks_at_the_year(self, pick: int) -> None:
        """What the programme shows is what there is."""
        year = chosen([each for each in self.city.years.values() if each.state != "draft"], pick)
        shown = self.world.call(None, "GET", f"/programmes/{year.number}").body
        figures = self.figures(year)
        assert {name: shown[name] for name in figures} == figures
        for category, each in shown["categories"].items():
            cap, used = cap_fen(year.total_fen, category), self.city.used_fen(year, [category])
            assert (each["cap_fen"], each["used_fen"], each["room_fen"]) == (cap, used, cap - used)
        if year.closing is not None:
            assert shown["closing"]["used_fen"] == year.closing
            assert shown["closing"]["key_share_basis_points"] == share_basis_points(year.closing)

    @rule()
    def the_books_are_reconciled(self) -> None:
        """Recomputed from the postings alone, everything agrees: no false alarm in any state there is."""
        reports = function("reconcile").handler({"time": self.city.now.isoformat()}, None)["reports"]
        for report in reports:
            assert [each for each in report["invariants"] if not each["holds"]] == []
            assert report["residual_fen"] == 0

    def figures(self, year: Year) -> dict[str, int]:
        """A year's figures, from its batches, vouchers and orders."""
        batches = [each for each in self.city.batches if each.year is year and each.state != "draft"]
        vouchers = [each for each in self.city.vouchers if each.batch.year is year]
        held_fen = sum(each.voucher_fen for each in self.city.orders if each.holds and each.voucher.batch.year is year)
        return {
            "released_fen": sum(each.amount_fen for each in batches),
            "granted_fen": sum(each.face_fen for each in vouchers),
            "held_fen": held_fen,
            "spent_fen": self.city.used_fen(year, CAP_PERCENT) - held_fen,
            "lapsed_fen": year.lapsed_fen,
            "surplus_fen": year.surplus_fen,
        }


def share_basis_points(used_fen: dict[str, int]) -> int | None:
    """§2.2.floor: the real share of the key three, in hundredths of a percent, rounded down."""
    all_fen = sum(used_fen.values())
    return 10_000 * sum(used_fen[each] for each in KEY_CATEGORIES) // all_fen if all_fen else None
