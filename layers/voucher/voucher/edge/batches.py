"""What a client sends of a batch, and sees of it: what it has left, and its state at this instant, are not kept."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from voucher.edge.fields import Day, Fen, Moment, Name, PositiveFen
from voucher.edge.pages import reply_list
from voucher.edge.replies import Answer
from voucher.models.base import Request
from voucher.models.batches import ONLY_FOR_STAFF, Batch, QuotaList
from voucher.models.programmes import Programme
from voucher.policy import Category, District, SizeClass
from voucher.refusals import Refusal, Refused, not_found
from voucher.rules.batches import shown_state
from voucher.store import batches
from voucher.store.engine.pages import Selection
from voucher.store.engine.table import Item

Shown = Callable[[Batch, datetime], dict[str, Any]]


class WantedAudience(Request):
    """Whom the batch is open to, until an instant if there is one, and then to all. Each field that is sent narrows it;
    an empty audience is everybody."""

    lists: list[QuotaList] = []
    districts: list[District] = []
    size_classes: list[SizeClass] = []
    used_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    until: Moment | None = None


class BatchDraft(Request):
    name: Name
    amount_fen: PositiveFen
    opens_at: Moment
    closes_at: Moment
    valid_until: Day
    categories: list[Category] = []
    partial_allowed: bool = False
    kind: Literal["regular", "rerelease"] = "regular"
    audience: WantedAudience | None = None
    extra_quota_fen: Fen = 0


def open_year(programme: Programme) -> Programme:
    """§1.3: batches are of a year that finance confirmed, and that is not over. Raises WRONG_STATE."""
    if programme.state != "open":
        raise Refused(Refusal.WRONG_STATE, of=programme)
    return programme


def get_published(batch_id: str) -> Batch:
    """A batch that the bureau has published. Raises NOT_FOUND, also for a draft."""
    batch = batches.get(batch_id)
    if not batch.is_released:
        raise not_found("batch")
    return batch


def batch_now(batch: Batch, now: datetime) -> dict[str, Any]:
    """A batch as staff see it at this instant, with what it has left, in fen, each shard as last written."""
    left_fen, is_stopped = batch.amount_fen, False
    if batch.is_released:
        [pool] = batches.read_totals([batch])
        left_fen, is_stopped = pool.remaining_fen, not pool.open
    state = shown_state(batch, now, left_fen, is_stopped)
    return batch.public() | {"state": state, "remaining_fen": left_fen, "remaining_is_approximate": True}


def in_public(batch: Batch, now: datetime) -> dict[str, Any]:
    """A batch as everybody may see it at this instant."""
    return {name: value for name, value in batch_now(batch, now).items() if name not in ONLY_FOR_STAFF}


def reply_batches(selection: Selection, now: datetime, states: Collection[str], show: Shown) -> Answer[Any]:
    """A page of the batches that a client sees in one of `states`, each as `show` makes it. A draft or withdrawn
    one is kept as such; whether a published one is open, sold out or over is known only now."""
    shown: dict[str, dict[str, Any]] = {}

    def keep(item: Item) -> bool:
        batch = Batch.model_validate(item)
        shown[batch.batch_id] = show(batch, now)
        return shown[batch.batch_id]["state"] in states

    kept_state = next(iter(states)) if states in ({"draft"}, {"withdrawn"}) else None
    page = batches.list_page(replace(selection, state=kept_state, counted=()), keep)
    return reply_list(page, lambda item: shown[item["batch_id"]])
