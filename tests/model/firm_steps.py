"""Rules of the machine: firms grab, and what the city says of them changes."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.client.http import BUREAU, OPERATOR
from tests.model import ending, granting
from tests.model.answers import AGAIN, CREATED, OK
from tests.model.machine import PICK, RARELY, Machine, chosen
from tests.model.records import Batch, Firm
from tests.model.town import OUTSIDER
from tests.support.backend import function
from voucher.rules.messages import messages_for
from voucher.store import keys
from voucher.store.engine.reading import find_item

ASKED = st.sampled_from([None, None, None, "left", "left + 1", "what the batch has", "a fen more", "odd", "one"])
KINDS = st.sampled_from(["newly_above_scale", "newly_above_scale", "little_giant_nursery", "rated_d"])


class FirmSteps(Machine):
    """§4.1.4, §2.1.1, §2.1.3, §2.3.1, §4.1.3."""

    def grab(self, by: str, batch: Batch, firm: Firm, asked_fen: int | None = None) -> None:
        """One grab."""
        body = {"enterprise_uscc": firm.uscc} | ({"amount_fen": asked_fen} if asked_fen else {})
        expected, voucher = granting.grab(self.city, by, batch, firm, asked_fen)
        reply = self.ask(expected, by, f"/batches/{batch.name}/vouchers", body)
        if voucher is not None:
            voucher.name = reply.body["voucher_id"]
            assert reply.body["face_fen"] == reply.body["balance_fen"] == voucher.face_fen
            self.met["vouchers released again"] += batch.is_rerelease
        self.met["firms kept out of what is released again"] += reply.code == "RERELEASE_EXCLUDED"

    def asked_fen(self, asked: str | None, batch: Batch, firm: Firm) -> int | None:
        """An amount that is interesting beside quota and batch; None claims all there is."""
        left_fen = granting.left_fen(self.city, batch.year, firm)
        choices = {
            "left": left_fen,
            "left + 1": left_fen + 1,
            "what the batch has": batch.left_fen,
            "a fen more": batch.left_fen + 1,
            "odd": 333_333,
            "one": 1,
        }
        return choices[asked] or None if asked else None

    @precondition(lambda self: self.city.batches)
    @rule(batch=PICK, firm=PICK, asked=ASKED, stranger=RARELY)
    def a_firm_grabs(self, batch: int, firm: int, asked: str | None, stranger: bool) -> None:
        wanted, claimant = chosen(self.city.batches, batch), chosen(self.city.firms, firm)
        by = chosen(self.city.firms, firm + 1).person if stranger else claimant.person
        self.grab(by, wanted, claimant, self.asked_fen(asked, wanted, claimant))

    @precondition(lambda self: any(each.state == "published" for each in self.city.batches))
    @rule(batch=PICK, firm=PICK)
    def another_firm_grabs(self, batch: int, firm: int) -> None:
        published = chosen([each for each in self.city.batches if each.state == "published"], batch)
        without = {each.firm.uscc for each in self.city.vouchers if each.batch is published}
        firms = [each for each in self.city.firms if each.uscc not in without] or self.city.firms
        claimant = chosen(firms, firm)
        self.grab(claimant.person, published, claimant)

    @precondition(lambda self: self.released_again())
    @rule(batch=PICK, firm=PICK, asked=ASKED)
    def a_firm_grabs_what_is_released_again(self, batch: int, firm: int, asked: str | None) -> None:
        """§2.3.3: whoever's own voucher lapsed is not among those who may."""
        wanted, claimant = chosen(self.released_again(), batch), chosen(self.city.firms, firm)
        self.grab(claimant.person, wanted, claimant, self.asked_fen(asked, wanted, claimant))

    def released_again(self) -> list[Batch]:
        """Batches out of the surplus from which may be claimed now."""
        now = self.city.now
        published = [each for each in self.city.batches if each.is_rerelease and each.state == "published"]
        return [each for each in published if each.opens_at <= now < min(each.closes_at, each.ends_at)]

    @rule()
    def a_process_starts_cold(self) -> None:
        self.place.start_cold()

    @rule(firm=PICK)
    def a_violation_is_recorded(self, firm: int) -> None:
        breached = self.city.firms[firm % 2]
        body = {"uscc": breached.uscc, "facts": "转让服务券"}
        reply = self.ask(CREATED, BUREAU.name, "/violations", body, self.fresh("violation"))
        breached.violations.add(reply.body["violation_id"])

    @precondition(lambda self: any(each.violations for each in self.city.firms))
    @rule(pick=PICK)
    def a_violation_is_lifted(self, pick: int) -> None:
        breached = chosen([each for each in self.city.firms if each.violations], pick)
        violation = min(breached.violations)
        self.ask(OK, BUREAU.name, f"/violations/{violation}/lift", {"reason": "复查"})
        breached.violations.remove(violation)

    @rule(firm=PICK)
    def a_firm_is_disqualified(self, firm: int) -> None:
        """§4.1.3: its unused money is void once the message arrives."""
        chosen_firm = self.city.firms[firm % 3]
        expected = AGAIN if chosen_firm.disqualified else OK
        path = f"/enterprises/{chosen_firm.uscc}/disqualify"
        self.ask(expected, OPERATOR.name, path, {"reason": "未按期报告重大变更"})
        if expected is OK:
            chosen_firm.disqualified = True
            self.place.sent += follow_ups(keys.enterprise(chosen_firm.uscc))

    @rule(kind=KINDS, last_year=RARELY, rows=st.sets(st.integers(0, 5)))
    def a_list_is_put_in_force(self, kind: str, last_year: bool, rows: set[int]) -> None:
        """§2.1.1, §2.3.1: the bureau applies an uploaded file; the worker hears of it later."""
        year = self.city.now.year - last_year
        usccs = [self.city.firms[number].uscc for number in sorted(rows)]
        path, content = f"/lists/{kind}/{year}/imports", list_file([*usccs, OUTSIDER])
        announced = {"filename": "list.csv", "content_type": "text/csv", "size_bytes": len(content)}
        import_id, key = self.announce(path, announced)
        self.place.files.put_object(Key=key, Body=content)
        function("import_list").work({"Records": [{"s3": {"object": {"key": key}}}]})
        expected = ending.begin_list(self.city, kind, year)
        self.ask(expected, BUREAU.name, f"{path}/{import_id}/apply", {})
        if expected.done:
            record = keys.name_list(kind, year, f"IMPORT#{import_id}")
            self.place.sent += [{**each, "usccs": usccs} for each in follow_ups(record)]

    def announce(self, path: str, announced: dict[str, Any]) -> tuple[str, str]:
        """A list's file is announced: the import's id, and where the file goes."""
        reply = self.ask(CREATED, OPERATOR.name, path, announced)
        return reply.body["import_id"], reply.body["upload"]["fields"]["key"]


def follow_ups(key: keys.Key) -> list[dict[str, Any]]:
    """The work that the relay makes of a record as it now stands."""
    found = find_item(key)
    assert found is not None
    return [each.body for each in messages_for(None, found) if each.queue in ("void_vouchers", "import_list")]


def list_file(usccs: list[str]) -> bytes:
    """A list as another office sends it."""
    return "\n".join(["统一社会信用代码,企业名称", *(f"{uscc},企业" for uscc in usccs)]).encode()
