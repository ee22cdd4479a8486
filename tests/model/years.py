"""The model of a programme year's money (§1.3, §1.4a, §2.3.3): total, batches, and what is left of them."""

from datetime import date, datetime
from typing import Any

from tests.model.answers import AGAIN, CREATED, OK, Answer, no
from tests.model.records import CAP_PERCENT, Batch, City, Year, cap_fen, day_of, non_key_cap_fen, non_key_categories


def draft(city: City, by: str, body: dict[str, Any]) -> Answer:
    """§1.3: a year's total is drafted."""
    step = ("draft", by, body)
    if (found := city.years.get(body["year"])) is not None:
        return AGAIN if found.took(step) else no("ALREADY_EXISTS")
    sums = body["policy"].get("quota_combination") == "sum"
    city.years[body["year"]] = Year(body["year"], body["total_fen"], sums, by, {"draft": step})
    return CREATED


def confirm(city: City, by: str, number: int) -> Answer:
    """§1.3: the total is confirmed, by somebody else."""
    step, year = ("confirm", by, None), city.years.get(number)
    if year is None:
        return no("NOT_FOUND")
    if year.took(step):
        return AGAIN
    if year.drafted_by == by:
        return no("FOUR_EYES")
    if year.state != "draft":
        return no("WRONG_STATE")
    year.state, year.unreleased_fen = "open", year.total_fen
    year.takes(step)
    return OK


def fits(city: City, year: Year, total_fen: int) -> bool:
    """§1.3: whether a total leaves room for all that batches took and orders use."""
    released_fen = year.total_fen - year.unreleased_fen
    return (
        total_fen >= released_fen
        and all(city.used_fen(year, [each]) <= cap_fen(total_fen, each) for each in CAP_PERCENT)
        and city.used_fen(year, non_key_categories()) <= non_key_cap_fen(total_fen)
    )


def propose_total(city: City, by: str, number: int, body: dict[str, Any]) -> Answer:
    """§1.3: another total is proposed."""
    step, year = ("propose_total", by, body), city.years.get(number)
    if year is None:
        return no("NOT_FOUND")
    if year.took(step):
        return AGAIN
    if year.state != "open":
        return no("WRONG_STATE")
    if not fits(city, year, body["total_fen"]):
        return no("TOTAL_BELOW_COMMITTED")
    year.pending = (body["total_fen"], by)
    year.takes(step)
    return OK


def confirm_total(city: City, by: str, number: int, body: dict[str, Any] | None) -> Answer:
    """§1.3: the other total holds from now on. Whoever names one confirms no other; whoever confirmed it before it was
    proposed once more confirms it once more."""
    step, year = ("confirm_total", by, body), city.years.get(number)
    if year is None:
        return no("NOT_FOUND")
    is_asked_for = year.pending is not None and (not body or body["total_fen"] == year.pending[0])
    if year.took(step) and not is_asked_for:
        return AGAIN
    if year.state != "open":
        return no("WRONG_STATE")
    if year.pending is None:
        return no("NO_TOTAL_PENDING")
    total_fen, proposer = year.pending
    if proposer == by:
        return no("FOUR_EYES")
    if body and body["total_fen"] != total_fen:
        return no("CHANGED_MEANWHILE")
    if not fits(city, year, total_fen):
        return no("TOTAL_BELOW_COMMITTED")
    year.unreleased_fen += total_fen - year.total_fen
    year.total_fen, year.pending = total_fen, None
    year.takes(step)
    return OK


def draft_batch(city: City, by: str, number: int, key: str, body: dict[str, Any]) -> tuple[Answer, Batch | None]:
    """§1.4a: a batch is drafted; the key makes it one, however often it is asked for."""
    year = city.years.get(number)
    if year is None:
        return no("NOT_FOUND"), None
    for each in city.batches:
        if (each.key, each.drafted_by) == (key, by) and each.year is year:
            return (AGAIN if each.body == body else no("IDEMPOTENCY_KEY_REUSED")), None
    opens, closes = (datetime.fromisoformat(body[name]) for name in ("opens_at", "closes_at"))
    valid_until = date.fromisoformat(body["valid_until"])
    if year.state != "open":
        return no("WRONG_STATE"), None
    if closes <= opens or day_of(opens).year != number or not day_of(opens) <= valid_until <= date(number, 12, 31):
        return no("OUTSIDE_PROGRAMME_YEAR"), None
    if body["kind"] == "regular" and body["amount_fen"] > year.unreleased_fen:
        return no("OVER_PROGRAMME_TOTAL"), None
    batch = Batch(year, key, body, body["amount_fen"], opens, closes, valid_until, by)
    city.batches.append(batch)
    return CREATED, batch


def publish(city: City, batch: Batch, by: str) -> Answer:
    """§1.4a, §2.3.3: released out of what the year has left, or again out of what came back; never more."""
    year, step = batch.year, ("publish", by, None)
    if batch.took(step):
        return AGAIN
    if batch.state != "draft" or year.state != "open":
        return no("WRONG_STATE")
    if batch.drafted_by == by:
        return no("FOUR_EYES")
    if city.now >= min(batch.closes_at, batch.ends_at):
        return no("BATCH_CLOSED")
    if batch.amount_fen > (year.surplus_fen if batch.is_rerelease else year.unreleased_fen):
        return no("OVER_PROGRAMME_TOTAL")
    if batch.is_rerelease:
        year.surplus_fen -= batch.amount_fen
    else:
        year.unreleased_fen -= batch.amount_fen
    batch.state, batch.left_fen = "published", batch.amount_fen
    batch.takes(step)
    return OK


def close(batch: Batch, by: str) -> Answer:
    """§1.4a: the batch is over; what nobody claimed came back."""
    step = ("close", by, None)
    if batch.took(step):
        return AGAIN
    if batch.state != "published":
        return no("WRONG_STATE")
    close_for_good(batch)
    batch.takes(step)
    return OK


def close_for_good(batch: Batch) -> None:
    """What is left of a batch becomes surplus."""
    batch.year.surplus_fen += batch.left_fen
    batch.surplus_fen, batch.left_fen, batch.state = batch.left_fen, 0, "closed"
