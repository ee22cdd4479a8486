"""The model of a programme year's money (§1.3, §1.4a, §2.3.3): its total and its batches."""

from datetime import date, datetime
from typing import Any

from tests.model.reference.answers import CREATED, OK, REPLAY, ExpectedAnswer, refusal
from tests.model.reference.records import (
    CAP_PERCENT,
    Batch,
    City,
    Year,
    cap_fen,
    day_of,
    non_key_cap_fen,
    non_key_categories,
)


def draft(city: City, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§1.3: a year's total is drafted."""
    step = ("draft", by, body)
    if (existing := city.years.get(body["year"])) is not None:
        return REPLAY if existing.repeats(step) else refusal("ALREADY_EXISTS")
    sums = body["policy"].get("quota_combination") == "sum"
    pairs = body["policy"].get("open_orders_per_pair", 10)
    settled_until = date.fromisoformat(body["policy"].get("settlement_ends_on", f"{body['year'] + 1}-06-30"))
    year = Year(body["year"], body["total_fen"], sums, pairs, by, {"draft": step}, settled_until=settled_until)
    city.years[body["year"]] = year
    return CREATED


def confirm(city: City, by: str, number: int) -> ExpectedAnswer:
    """§1.3: the total is confirmed by another person than the one who drafted it."""
    step, year = ("confirm", by, None), city.years.get(number)
    if year is None:
        return refusal("NOT_FOUND")
    if year.repeats(step):
        return REPLAY
    if year.drafted_by == by:
        return refusal("FOUR_EYES")
    if year.state != "draft":
        return refusal("WRONG_STATE")
    year.state, year.unreleased_fen = "open", year.total_fen
    year.remember(step)
    return OK


def fits(city: City, year: Year, total_fen: int) -> bool:
    """§1.3: True if a total still covers the released batches, and its caps cover the orders."""
    released_fen = year.total_fen - year.unreleased_fen
    return (
        total_fen >= released_fen
        and all(city.used_fen(year, [each]) <= cap_fen(total_fen, each) for each in CAP_PERCENT)
        and city.used_fen(year, non_key_categories()) <= non_key_cap_fen(total_fen)
    )


def propose_total(city: City, by: str, number: int, body: dict[str, Any]) -> ExpectedAnswer:
    """§1.3: a new total is proposed."""
    step, year = ("propose_total", by, body), city.years.get(number)
    if year is None:
        return refusal("NOT_FOUND")
    if year.repeats(step):
        return REPLAY
    if year.state != "open":
        return refusal("WRONG_STATE")
    if not fits(city, year, body["total_fen"]):
        return refusal("TOTAL_BELOW_COMMITTED")
    year.pending = (body["total_fen"], by)
    year.proposers.add(by)
    year.remember(step)
    return OK


def confirm_total(city: City, by: str, number: int, body: dict[str, Any] | None) -> ExpectedAnswer:
    """§1.3: the proposed total holds from now on. A body that names an amount confirms this amount only. After a new
    proposal the same body confirms again; it is not a repetition."""
    step, year = ("confirm_total", by, body), city.years.get(number)
    if year is None:
        return refusal("NOT_FOUND")
    is_asked_for = year.pending is not None and (not body or body["total_fen"] == year.pending[0])
    if year.repeats(step) and not is_asked_for:
        return REPLAY
    if year.state != "open":
        return refusal("WRONG_STATE")
    if year.pending is None:
        return refusal("NO_TOTAL_PENDING")
    total_fen, _ = year.pending
    if by in year.proposers:
        return refusal("FOUR_EYES")
    if body and body["total_fen"] != total_fen:
        return refusal("CHANGED_MEANWHILE")
    if not fits(city, year, total_fen):
        return refusal("TOTAL_BELOW_COMMITTED")
    year.unreleased_fen += total_fen - year.total_fen
    year.total_fen, year.pending, year.proposers = total_fen, None, set()
    year.remember(step)
    return OK


def draft_batch(
    city: City, by: str, number: int, key: str, body: dict[str, Any]
) -> tuple[ExpectedAnswer, Batch | None]:
    """§1.4a: a batch is drafted, once for each idempotency key."""
    year = city.years.get(number)
    if year is None:
        return refusal("NOT_FOUND"), None
    for each in city.batches:
        if (each.key, each.drafted_by) == (key, by) and each.year is year:
            return (REPLAY if each.body == body else refusal("IDEMPOTENCY_KEY_REUSED")), None
    opens, closes = (datetime.fromisoformat(body[name]) for name in ("opens_at", "closes_at"))
    valid_until = date.fromisoformat(body["valid_until"])
    if year.state != "open":
        return refusal("WRONG_STATE"), None
    if closes <= opens or day_of(opens).year != number or not day_of(opens) <= valid_until <= date(number, 12, 31):
        return refusal("OUTSIDE_PROGRAMME_YEAR"), None
    if body["kind"] == "regular" and body["amount_fen"] > year.unreleased_fen:
        return refusal("OVER_PROGRAMME_TOTAL"), None
    batch = Batch(year, key, body, body["amount_fen"], opens, closes, valid_until, {by}, by)
    city.batches.append(batch)
    return CREATED, batch


def correct_batch(batch: Batch, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§1.4a: a draft gets another amount."""
    step, year = ("edit", by, body), batch.year
    if batch.repeats(step):
        return REPLAY
    if year.state != "open" or batch.state != "draft":
        return refusal("WRONG_STATE")
    if not batch.is_rerelease and body["amount_fen"] > year.unreleased_fen:
        return refusal("OVER_PROGRAMME_TOTAL")
    batch.amount_fen = body["amount_fen"]
    batch.drafters.add(by)
    batch.remember(step)
    return OK


def withdraw_batch(batch: Batch, by: str) -> ExpectedAnswer:
    """§1.4a: a draft is taken back."""
    step = ("withdraw", by, None)
    if batch.repeats(step):
        return REPLAY
    if batch.state != "draft":
        return refusal("WRONG_STATE")
    batch.state = "withdrawn"
    batch.remember(step)
    return OK


def publish(city: City, batch: Batch, by: str) -> ExpectedAnswer:
    """§1.4a, §2.3.3: released out of the year's unreleased money, a re-release out of its surplus; never more."""
    year, step = batch.year, ("publish", by, None)
    if batch.repeats(step):
        return REPLAY
    if batch.state != "draft" or year.state != "open":
        return refusal("WRONG_STATE")
    if by in batch.drafters:
        return refusal("FOUR_EYES")
    if city.now >= min(batch.closes_at, batch.ends_at):
        return refusal("BATCH_CLOSED")
    if batch.amount_fen > (year.surplus_fen if batch.is_rerelease else year.unreleased_fen):
        return refusal("OVER_PROGRAMME_TOTAL")
    if batch.is_rerelease:
        year.surplus_fen -= batch.amount_fen
    else:
        year.unreleased_fen -= batch.amount_fen
    batch.state, batch.remaining_fen = "published", batch.amount_fen
    batch.remember(step)
    return OK


def close(batch: Batch, by: str) -> ExpectedAnswer:
    """§1.4a: the bureau closes the batch."""
    step = ("close", by, None)
    if batch.repeats(step):
        return REPLAY
    if batch.state != "published":
        return refusal("WRONG_STATE")
    close_for_good(batch)
    batch.remember(step)
    return OK


def close_for_good(batch: Batch) -> None:
    """A batch ends; its remaining money becomes surplus."""
    batch.year.surplus_fen += batch.remaining_fen
    batch.surplus_fen, batch.remaining_fen, batch.state = batch.remaining_fen, 0, "closed"
