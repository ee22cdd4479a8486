"""The rush over HTTP, one at a time: who gets how much, who is told what, and what the next grab sees at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import Workbook

from infra.bench.engine import Meter
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Person
from tests.conftest import NOW, StoppedClock
from tests.races.seed_data import QUOTA_FEN
from tests.support import samples
from tests.support import scenario as towns
from tests.support.backend import World, forget_batches
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, STRANGER, Town, disqualify
from tests.support.snapshots import everything_kept, staged
from tests.support.workers import deliver, deliver_upload, sweep_night
from voucher.models.pools import batch_pool
from voucher.rules.messages import messages_for
from voucher.store.engine import pools
from voucher.store.engine.table import decode

ENDS_AT = datetime(2026, 11, 30, 16, tzinfo=UTC)


def batch_of(town: Town, amount_fen: int, **changes: Any) -> str:
    """The id of another published batch."""
    return str(steps.open_batch(town.world, 2026, samples.batch(amount_fen=amount_fen, **changes))["batch_id"])


def claim_of(town: Town, batch_id: str, person: Person, uscc: str, **more: Any) -> Any:
    """Somebody's attempt."""
    return town.world.call(person, "POST", f"/batches/{batch_id}/vouchers", {"enterprise_uscc": uscc, **more})


def left_fen(town: Town, batch_id: str) -> int:
    """What a batch has left."""
    shown: int = town.shown(f"/batches/{batch_id}")["remaining_fen"]
    return shown


def workbook(*codes: object) -> bytes:
    """A list as an .xlsx file."""
    import io

    book = Workbook()
    book.active.append(("统一社会信用代码", "企业名称"))
    for code in codes:
        book.active.append((code, "某企业"))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def apply_list(town: Town, kind: str, year: int, *codes: object, **options: Any) -> dict[str, Any]:
    """Upload, parse by the bucket's event, apply by the bureau, carry out by the relay's message; the import."""
    path = f"/lists/{kind}/{year}/imports"
    content = workbook(*codes)
    announced = {
        "filename": f"{kind}.xlsx",
        "content_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "size_bytes": len(content),
    }
    record = steps.expect(town.world.call(OPERATOR, "POST", path, announced), 201)
    assert record["state"] == "waiting"
    town.world.upload(record["upload"], content)
    for _ in range(2):
        assert deliver_upload(record["upload"]["fields"]["key"]) == {"batchItemFailures": []}
    path = f"{path}/{record['import_id']}"
    body = {**options, **steps.confirmed_difference(town.world, path)}
    applied = town.world.call(BUREAU, "POST", f"{path}/apply", body)
    if applied.status != 200:
        return dict(applied.body)
    [image] = [decode(item) for item in everything_kept()["registry"] if item["sk"]["S"].endswith(record["import_id"])]
    messages = [message.body for message in messages_for({**image, "state": "parsed"}, image)]
    for _ in range(2):
        assert deliver("import_list", *messages) == {"batchItemFailures": []}
    return town.shown(path)


def a_batch_released_again(town: Town, opens: datetime) -> str:
    """A batch out of the year's surplus, open for five days; its id."""
    until = (opens + timedelta(days=20)).date()
    draft = steps.batch_draft("补发", 1_000_000, opens, opens + timedelta(days=5), until, kind="rerelease")
    batch_id: str = steps.open_batch(town.world, 2026, draft)["batch_id"]
    return batch_id


@pytest.mark.clause("§4.1.4", "§2.3.1")
def test_an_approved_enterprise_gets_its_whole_quota_as_a_voucher(town: Town) -> None:
    voucher = town.grab()
    assert (voucher["face_fen"], voucher["balance_fen"], voucher["state"]) == (QUOTA_FEN, QUOTA_FEN, "active")
    assert (voucher["valid_until"], voucher["ends_at"]) == ("2026-11-30", "2026-11-30T16:00:00.000Z")
    assert left_fen(town, town.batch_id) == 49_000_000
    shown = town.shown(f"/vouchers/{town.voucher_id}", OWNER)
    assert {name: value for name, value in shown.items() if name != "granted_as"} == voucher
    postings = town.shown(f"/vouchers/{town.voucher_id}/postings", OWNER)["items"]
    assert [(each["entry"], each["amount_fen"]) for each in postings] == [("grant", QUOTA_FEN)]
    eligibility = town.shown(f"/enterprises/{town.enterprise.uscc}/eligibility")
    assert eligibility["granted_fen"] == QUOTA_FEN


@pytest.mark.clause("§1.4a")
def test_asking_again_gives_the_same_voucher_and_takes_nothing(town: Town) -> None:
    voucher = town.grab()
    before = everything_kept()
    again = town.claim(town.batch_id)
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, voucher, "true")
    assert everything_kept() == before


@pytest.mark.clause("§4.1.4", "§4.2.2")
def test_a_batch_opens_and_closes_by_the_clock_to_the_millisecond(town: Town, stopped_clock: StoppedClock) -> None:
    opens, closes = datetime(2026, 6, 20, tzinfo=UTC), datetime(2026, 6, 21, tzinfo=UTC)
    coming = batch_of(town, 2_000_000, opens_at=steps.instant(opens), closes_at=steps.instant(closes))
    tick = timedelta(milliseconds=1)
    for instant, code in [
        (opens - tick, "BATCH_NOT_OPEN"),
        (closes, "BATCH_CLOSED"),
        (closes + timedelta(days=30), "BATCH_CLOSED"),
    ]:
        stopped_clock.instant = instant
        refused = town.claim(coming)
        assert (refused.status, refused.code) == (409, code)
    stopped_clock.instant = closes - tick
    assert town.claim(coming).status == 201
    stopped_clock.instant = closes
    assert town.claim(coming).status == 200, "whoever has a voucher is shown it after the end, too"


def test_a_closed_batch_grants_nothing_even_where_it_is_remembered_as_open(town: Town) -> None:
    town.grab()
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    refused = claim_of(town, town.batch_id, NEIGHBOUR, town.neighbour.uscc)
    assert (refused.status, refused.code) == (409, "BATCH_CLOSED")


@pytest.mark.clause("§4.2.2")
def test_who_waits_for_a_batch_hears_that_it_was_closed_before_its_opening(town: Town) -> None:
    draft = samples.batch(opens_at="2026-06-20T00:00:00Z")
    coming = steps.open_batch(town.world, 2026, draft)["batch_id"]
    assert town.claim(coming).code == "BATCH_NOT_OPEN"  # from here on a warm process might remember the batch
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{coming}/close"), 200)
    assert town.claim(coming).code == "BATCH_CLOSED"


def test_a_draft_grants_nothing_and_an_unknown_batch_is_none(town: Town) -> None:
    draft = steps.expect(
        town.world.call(OPERATOR, "POST", "/programmes/2026/batches", samples.batch(amount_fen=9)), 201
    )
    assert town.claim(draft["batch_id"]).code == "BATCH_NOT_OPEN"
    assert town.claim("2026.unknown").code == "NOT_FOUND"


@pytest.mark.clause("§1.4a")
def test_the_batch_is_sold_out_when_it_holds_less_than_the_quota(town: Town) -> None:
    small = batch_of(town, 1_999_999)
    assert town.claim(small).body["face_fen"] == QUOTA_FEN
    before = everything_kept()
    for _ in range(2):
        refused = claim_of(town, small, NEIGHBOUR, town.neighbour.uscc)
        assert (refused.status, refused.code, refused.body["clause"]) == (409, "SOLD_OUT", "§1.4a")
    assert town.claim(small).status == 200
    assert everything_kept() == before
    assert left_fen(town, small) == 999_999


@pytest.mark.clause("§4.2.2")
@pytest.mark.usefixtures("metered")
def test_after_a_claim_did_not_fit_larger_ones_cost_one_read_and_smaller_ones_fit(
    town: Town, stopped_clock: StoppedClock
) -> None:
    small = batch_of(town, 1_400_000, partial_allowed=True)
    assert claim_of(town, small, NEIGHBOUR, town.neighbour.uscc).status == 201
    assert town.claim(small).code == "SOLD_OUT"
    for more in ({}, {"amount_fen": 400_001}):
        with Meter() as meter:
            refused = town.claim(small, **more)
        assert (refused.code, refused.body["clause"], dict(meter.calls)) == (
            "SOLD_OUT",
            "§1.4a",
            {"TransactGetItems": 1},
        )
    assert town.claim(small, amount_fen=1_000_001).code == "QUOTA_USED"
    assert claim_of(town, small, STRANGER, town.enterprise.uscc).code == "NOT_FOUND"
    for more in ({}, {"amount_fen": 900_000}):
        held = claim_of(town, small, NEIGHBOUR, town.neighbour.uscc, **more)
        assert (held.status, held.body["face_fen"]) == (200, 1_000_000)
    granted = town.claim(small, amount_fen=400_000)
    assert (granted.status, granted.body["face_fen"]) == (201, 400_000)
    for more in ({}, {"amount_fen": 400_001}, {"amount_fen": 1}):
        assert (town.claim(small, **more).body) == granted.body, "whoever holds a voucher is shown it"
    stopped_clock.instant = datetime(2026, 7, 1, tzinfo=UTC)
    assert town.claim(small).status == 200
    assert claim_of(town, small, STRANGER, town.enterprise.uscc).code == "NOT_FOUND"


@pytest.mark.clause("§1.4a")
@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("state", ["live", "remainder", "sold_out", "over", "closed"])
def test_a_stranger_learns_of_no_batch_who_holds_a_voucher(
    town: Town, stopped_clock: StoppedClock, state: str, is_warm: bool
) -> None:
    batch_id = batch_of(town, {"live": 2_000_000, "remainder": 1_999_999}.get(state, 1_000_000))
    assert town.claim(batch_id).status == 201
    if is_warm and state != "live":  # the process has refused a claim, and remembers why
        assert claim_of(town, batch_id, NEIGHBOUR, town.neighbour.uscc).code == "SOLD_OUT"
    if state == "over":
        stopped_clock.instant = NOW + timedelta(days=170)
    if state == "closed":
        steps.expect(town.world.call(BUREAU, "POST", f"/batches/{batch_id}/close"), 200)
    if not is_warm:
        forget_batches()
    holder, other = (claim_of(town, batch_id, STRANGER, uscc) for uscc in (town.enterprise.uscc, town.neighbour.uscc))
    assert (holder.status, without_id(holder.body)) == (other.status, without_id(other.body))
    assert holder.status in (404, 409)
    mine = town.claim(batch_id)
    assert (mine.status, mine.body["face_fen"]) == (200, 1_000_000), "whoever acts for the holder is shown it"


def without_id(body: Any) -> Any:
    """An answer without what differs from call to call."""
    return {name: value for name, value in body.items() if name != "request_id"}


@pytest.mark.clause("§4.2.2")
@pytest.mark.usefixtures("metered")
def test_a_refusal_after_the_last_voucher_costs_one_read_and_a_holder_two(town: Town) -> None:
    small = batch_of(town, 1_000_000)
    assert town.claim(small).status == 201
    assert claim_of(town, small, NEIGHBOUR, town.neighbour.uscc).code == "SOLD_OUT"
    one = {"TransactGetItems": 1}
    for person, enterprise, expected in [
        (NEIGHBOUR, town.neighbour, one),
        (OWNER, town.enterprise, one | {"GetItem": 1}),
    ]:
        with Meter() as meter:
            claim_of(town, small, person, enterprise.uscc)
        assert dict(meter.calls) == expected


@pytest.mark.clause("§1.4a")
@pytest.mark.usefixtures("metered")
def test_that_a_batch_is_empty_is_forgotten_after_a_minute(town: Town, stopped_clock: StoppedClock) -> None:
    small = batch_of(town, 1_000_000)
    assert town.claim(small).status == 201
    for seconds, draws in ((0, 1), (59, 0), (1, 1)):
        stopped_clock.instant += timedelta(seconds=seconds)
        with Meter() as meter:
            assert claim_of(town, small, NEIGHBOUR, town.neighbour.uscc).code == "SOLD_OUT"
        assert meter.calls["TransactWriteItems"] == draws, "a repair may have filled it again"


@pytest.mark.clause("§4.2.2")
def test_a_quota_that_shrank_is_granted_out_of_a_remainder_that_was_too_small(town: Town) -> None:
    small = batch_of(town, 400_000)
    assert [town.claim(small).code for _ in range(2)] == ["SOLD_OUT", "SOLD_OUT"]
    other = batch_of(town, 600_000, partial_allowed=True)
    assert town.claim(other, amount_fen=600_000).status == 201
    assert town.claim(small).body["face_fen"] == 400_000


@pytest.mark.clause("§2.3.1")
def test_a_smaller_claim_still_fits_where_the_whole_quota_does_not(town: Town) -> None:
    small = batch_of(town, 600_000, partial_allowed=True)
    assert town.claim(small).code == "SOLD_OUT"
    assert town.claim(small, amount_fen=600_000).body["face_fen"] == 600_000
    other = batch_of(town, 2_000_000)
    assert town.claim(other).body["face_fen"] == 400_000, "the rest of the year's quota"
    used = town.claim(town.batch_id)
    assert (used.status, used.code, used.body["clause"]) == (422, "QUOTA_USED", "§2.3.1")


@pytest.mark.clause("§2.3.1")
def test_a_part_is_granted_only_where_the_batch_allows_it_and_never_too_much(town: Town) -> None:
    part = town.claim(town.batch_id, amount_fen=300_000)
    assert (part.status, part.code) == (422, "PARTIAL_NOT_ALLOWED")
    over = town.claim(town.batch_id, amount_fen=QUOTA_FEN + 1)
    assert (over.status, over.code) == (422, "QUOTA_USED")
    assert "10000.00 元" in over.body["detail"]
    roomy = batch_of(town, 5 * QUOTA_FEN, partial_allowed=True)
    assert town.claim(roomy, amount_fen=QUOTA_FEN + 1).code == "QUOTA_USED", "the batch has it, the firm has not"
    assert town.claim(town.batch_id, amount_fen=QUOTA_FEN).status == 201


@pytest.mark.clause("§1.4a")
def test_an_amount_is_gathered_across_shards_and_sold_out_only_if_all_are_too_small(
    world: World,
) -> None:
    towns.open_year(world, batch_shards=4, quota_default_fen=400_000)
    firms = [(samples.enterprise(number), Person(f"owner-{number}")) for number in range(5)]
    for firm, person in firms:
        towns.approve(world, firm, person)
    draft = samples.batch(amount_fen=1_600_003, partial_allowed=True)
    batch_id = steps.open_batch(world, 2026, draft)["batch_id"]
    assert [shard.remaining_fen for shard in pools.read_shards(batch_pool(batch_id), 4)] == [400_000] * 3 + [400_003]

    def claim(number: int, amount_fen: int) -> Any:
        firm, person = firms[number]
        body = {"enterprise_uscc": firm.uscc, "amount_fen": amount_fen}
        return world.call(person, "POST", f"/batches/{batch_id}/vouchers", body)

    for number in range(4):
        assert claim(number, 300_000).status == 201
    shards = pools.read_shards(batch_pool(batch_id), 4)
    assert max(shard.remaining_fen for shard in shards) < 400_000, "no single shard has enough"
    assert claim(4, 400_000).status == 201
    assert pools.read_total(batch_pool(batch_id), 4).remaining_fen == 3
    other = samples.enterprise(5)
    towns.approve(world, other, STRANGER)
    body = {"enterprise_uscc": other.uscc, "amount_fen": 4}
    assert world.call(STRANGER, "POST", f"/batches/{batch_id}/vouchers", body).code == "SOLD_OUT"
    assert world.call(STRANGER, "POST", f"/batches/{batch_id}/vouchers", {**body, "amount_fen": 3}).status == 201
    total = pools.read_total(batch_pool(batch_id), 4)
    assert (total.remaining_fen, total.drawn_fen) == (0, 1_600_003)


@pytest.mark.clause("§4.1.2")
def test_an_enterprise_that_was_not_approved_is_refused_with_the_clause(town: Town) -> None:
    firm = samples.enterprise(2)
    steps.expect(town.world.call(STRANGER, "POST", "/enterprises", firm.registration()), 201)
    refused = claim_of(town, town.batch_id, STRANGER, firm.uscc)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "NOT_ELIGIBLE", "§4.1.2")
    assert claim_of(town, town.batch_id, STRANGER, town.enterprise.uscc).code == "NOT_FOUND"
    assert claim_of(town, town.batch_id, OPERATOR, town.enterprise.uscc).code == "NOT_FOUND"
    assert left_fen(town, town.batch_id) == 50_000_000


@pytest.mark.clause("§6")
def test_nothing_is_granted_after_the_last_day_of_the_regulation(world: World, stopped_clock: StoppedClock) -> None:
    town = staged("short term", lambda: towns.settle(towns.open_year(world, grants_until="2026-06-15")))
    stopped_clock.instant = datetime(2026, 6, 15, 15, 59, 59, 999_000, tzinfo=UTC)
    assert town.claim(town.batch_id).status == 201
    stopped_clock.instant = datetime(2026, 6, 15, 16, tzinfo=UTC)
    refused = claim_of(town, town.batch_id, NEIGHBOUR, town.neighbour.uscc)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OUTSIDE_REGULATION_TERM", "§6")


@pytest.mark.clause("§4.1.3")
def test_an_enterprise_approved_in_an_earlier_year_grabs_without_new_documents(
    town: Town, stopped_clock: StoppedClock
) -> None:
    towns.open_year(town.world, year=2027, grants_until="2027-12-31")
    stopped_clock.instant = datetime(2027, 3, 1, 2, tzinfo=UTC)
    opens, closes = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 31, tzinfo=UTC)
    draft = steps.batch_draft("第一批", 5_000_000, opens, closes, closes.date())
    batch_id = steps.open_batch(town.world, 2027, draft)["batch_id"]
    granted = town.claim(batch_id)
    assert (granted.status, granted.body["year"], granted.body["face_fen"]) == (201, 2027, QUOTA_FEN)
    assert town.claim(batch_id).status == 200


@pytest.mark.clause("§2.1.3")
def test_a_violation_blocks_the_very_next_grab_and_its_lifting_frees_it(town: Town) -> None:
    breach = {"uscc": town.enterprise.uscc, "facts": "出售服务券"}
    violation = steps.expect(town.world.call(BUREAU, "POST", "/violations", breach), 201)
    refused = town.claim(town.batch_id)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "NOT_ELIGIBLE", "§2.1.3")
    assert [error["code"] for error in refused.body["errors"]] == ["HAS_VIOLATION"]
    path = f"/violations/{violation['violation_id']}/lift"
    steps.expect(town.world.call(BUREAU_TWO, "POST", path, {"reason": "复核撤销"}), 200)
    assert town.claim(town.batch_id).status == 201
    steps.expect(town.world.call(BUREAU, "POST", "/violations", breach), 201)
    assert town.claim(town.batch_id).status == 200, "a voucher already granted stays"


@pytest.mark.clause("§4.1.3")
def test_a_disqualified_enterprise_gets_nothing_more(town: Town) -> None:
    disqualify(town.world, town.enterprise.uscc)
    refused = town.claim(town.batch_id)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "NOT_ELIGIBLE", "§4.1.3")


@pytest.mark.clause("§2.3.1")
def test_a_list_that_the_bureau_applied_changes_the_next_quota(town: Town) -> None:
    done = apply_list(town, "newly_above_scale", 2025, town.enterprise.uscc)
    assert (done["state"], done["row_count"], done["error_count"]) == ("applied", 1, 0)
    assert town.shown(f"/enterprises/{town.enterprise.uscc}/eligibility")["quota_fen"] == 2_000_000
    assert town.grab()["face_fen"] == 2_000_000
    assert claim_of(town, town.batch_id, NEIGHBOUR, town.neighbour.uscc).body["face_fen"] == QUOTA_FEN
    rows = town.shown("/lists/newly_above_scale/2025")["items"]
    assert [row["uscc"] for row in rows] == [town.enterprise.uscc]


@pytest.mark.clause("§2.3.1")
def test_an_enterprise_with_the_default_quota_may_grab_the_difference_to_its_list(town: Town) -> None:
    town.grab()
    apply_list(town, "newly_above_scale", 2025, town.enterprise.uscc)
    other = batch_of(town, 5_000_000)
    assert town.claim(other).body["face_fen"] == 1_000_000


@pytest.mark.clause("§2.1.1")
def test_a_d_rating_blocks_the_next_grab_until_a_newer_list_leaves_the_firm_out(town: Town) -> None:
    apply_list(town, "rated_d", 2025, town.enterprise.uscc)
    refused = town.claim(town.batch_id)
    assert (refused.code, refused.body["clause"]) == ("NOT_ELIGIBLE", "§2.1.1")
    apply_list(town, "rated_d", 2026, town.neighbour.uscc)
    assert town.claim(town.batch_id).status == 201
    assert claim_of(town, town.batch_id, NEIGHBOUR, town.neighbour.uscc).body["clause"] == "§2.1.1"


@pytest.mark.clause("§2.3.1")
def test_a_list_with_bad_rows_waits_for_the_bureaus_word_to_skip_them(town: Town) -> None:
    refused = apply_list(town, "newly_above_scale", 2025, town.enterprise.uscc, 913311000000000000, "x")
    assert (refused["status"], refused["code"]) == (409, "LIST_HAS_ERRORS")
    assert town.shown(f"/enterprises/{town.enterprise.uscc}/eligibility")["quota_fen"] == QUOTA_FEN
    done = apply_list(town, "newly_above_scale", 2025, town.enterprise.uscc, 913311000000000000, "x", skip_errors=True)
    assert (done["state"], done["row_count"], done["error_count"]) == ("applied", 1, 2)
    assert [error["row"] for error in done["errors"]] == [3, 4]
    assert town.grab()["face_fen"] == 2_000_000


def test_a_file_that_is_no_list_fails_with_words_and_changes_nothing(town: Town) -> None:
    announced = {"filename": "a.csv", "content_type": "text/csv", "size_bytes": 5}
    path = "/lists/rated_d/2026/imports"
    record = steps.expect(town.world.call(OPERATOR, "POST", path, announced), 201)
    town.world.upload(record["upload"], b"\x00\x01\x02")
    deliver_upload(record["upload"]["fields"]["key"])
    failed = town.shown(f"{path}/{record['import_id']}")
    assert failed["state"] == "failed" and failed["failure"]
    refused = town.world.call(BUREAU, "POST", f"{path}/{record['import_id']}/apply", {})
    assert (refused.status, refused.code) == (409, "WRONG_STATE")
    wrong = town.world.call(OPERATOR, "POST", path, {**announced, "filename": "a.xlsx"})
    assert [error["field"] for error in wrong.body["errors"]] == ["content_type"]


@pytest.mark.clause("§4.2.2")
@pytest.mark.usefixtures("metered")
def test_a_closed_batch_costs_two_reads_for_each_grab_that_comes_too_late(town: Town) -> None:
    claim, path = {"enterprise_uscc": town.neighbour.uscc}, f"/batches/{town.batch_id}/vouchers"
    assert town.claim(town.batch_id).status == 201  # a warm process, which knows the batch as published
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    for _ in range(2):
        assert town.world.call(NEIGHBOUR, "POST", path, claim).code == "BATCH_CLOSED"
    with Meter() as meter:
        assert town.world.call(NEIGHBOUR, "POST", path, claim).code == "BATCH_CLOSED"
    assert dict(meter.calls) == {"TransactGetItems": 1, "GetItem": 1}


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize(
    ("used_fen", "opens", "answer"),
    [
        (0, ENDS_AT, (422, "RERELEASE_EXCLUDED")),
        (400_000, ENDS_AT, (422, "RERELEASE_EXCLUDED")),
        (500_000, ENDS_AT, (201, None)),
        (0, ENDS_AT - timedelta(milliseconds=1), (201, None)),
    ],
)
def test_an_enterprise_is_kept_out_of_a_rerelease_by_the_clock_before_any_sweep(
    town: Town, stopped_clock: StoppedClock, used_fen: int, opens: datetime, answer: tuple[int, str | None]
) -> None:
    batch_id = steps.open_batch(town.world, 2026, samples.batch(amount_fen=5_000_000, partial_allowed=True))["batch_id"]
    voucher_id = steps.expect(town.claim(batch_id, amount_fen=500_000), 201)["voucher_id"]
    if used_fen:
        town.order(voucher_id=voucher_id, voucher_fen=used_fen)
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{batch_id}/close"), 200)
    again = a_batch_released_again(town, opens - timedelta(milliseconds=1))
    stopped_clock.instant = opens
    claimed = town.claim(again)
    assert (claimed.status, claimed.code) == answer
    stranger = town.world.call(SELLER, "POST", f"/batches/{again}/vouchers", {"enterprise_uscc": town.enterprise.uscc})
    assert stranger.code == "NOT_FOUND", "whose voucher lapsed is nobody else's business"
    if claimed.status == 201:
        assert town.claim(again).headers["idempotent-replay"] == "true"


@pytest.mark.clause("§2.3.3")
def test_an_enterprise_takes_part_in_a_rerelease_if_the_policy_says_so(
    world: World, stopped_clock: StoppedClock
) -> None:
    town = towns.settle(towns.open_year(world, rerelease_excludes_lapsed=False))
    partial = samples.batch(amount_fen=1_000_000, partial_allowed=True)
    first = steps.open_batch(world, 2026, partial)["batch_id"]
    town.claim(first, amount_fen=400_000)
    steps.expect(world.call(BUREAU, "POST", f"/batches/{first}/close"), 200)
    sweep_night(stopped_clock, ENDS_AT)
    assert town.claim(a_batch_released_again(town, ENDS_AT)).body["face_fen"] == 600_000
