"""Pages of records that people work through: what may choose and order them, and how they are answered.

A module of its own, because most handlers list nothing and should start without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args, overload

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from voucher.edge.fields import Day
from voucher.edge.queries import Paging, Switch, Words
from voucher.edge.replies import Answer, reply
from voucher.models.base import Record, instant_text
from voucher.rules.search import mentions_all, search_words
from voucher.rules.working_days import ONE_DAY, SHANGHAI
from voucher.store.engine.pages import FIRST, LAST, Count, Keep, Page, Selection
from voucher.store.engine.table import Item

Sort = Literal["newest", "oldest"]


class OfDays(Paging):
    """A page of what was made on some days in Lishui (`from` and `to`, both included), in the order of its making."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
    sort: Sort = "newest"

    @field_validator("to")
    @classmethod
    def _not_before_from(cls, to: date | None, others: ValidationInfo) -> date | None:
        first = others.data.get("from_")
        if to and first and to < first:
            raise PydanticCustomError("greater_than_equal", "before from", {"ge": first})
        return to

    def selection(self, visible: Keep | None = None) -> Selection:
        """What the store is asked for, of what the caller may see. Everything but `limit` and `counts` chooses what is
        listed: a cursor belongs to it."""
        return Selection(
            limit=self.limit,
            cursor=self.cursor,
            since=_first_instant(self.from_) if self.from_ else FIRST,
            until=_first_instant(self.to + ONE_DAY) if self.to else LAST,
            oldest_first=self.sort == "oldest",
            filters=self.model_dump_json(exclude={"limit", "cursor", "counts"}),
            visible=visible,
        )


class InState[State](OfDays):
    """A page of the records in one state, or in any. `counts=true` tells how many of the same days there are in each
    state, of those that the caller may see, whatever the other filters are."""

    state: State | None = None
    counts: Switch = "false"

    def selection(self, visible: Keep | None = None) -> Selection:
        """What the store is asked for, of what the caller may see."""
        states = get_args(type(self).model_fields["state"].annotation)
        known = tuple(state for each in states for state in get_args(each))
        return replace(
            super().selection(visible),
            state=str(self.state) if self.state else None,
            counted=known if self.counts == "true" else (),
        )


class Search[State](InState[State]):
    """The same, of the records that contain every word of `q`, in half or full width, in any order."""

    q: Words | None = None

    def finds(self, *names: str) -> Keep | None:
        """What to keep of a list: the items in whose fields `names` each word of `q` occurs. None without a word."""
        words = search_words(self.q)
        return (lambda item: mentions_all((item.get(name) for name in names), words)) if words else None


def all_of(*keeps: Keep | None) -> Keep | None:
    """What to keep of a list if it must pass several tests, those that are None left out."""
    tests = [keep for keep in keeps if keep]
    return (lambda item: all(keep(item) for keep in tests)) if tests else None


def empty_page(query: OfDays) -> Page:
    """A page of a list in which there is nothing for whoever asks."""
    counted = query.selection().counted
    return Page([], None, {state: Count(0, False) for state in counted} if counted else None)


def _first_instant(day: date) -> str:
    return instant_text(datetime.combine(day, time(), SHANGHAI))


class StateCount(TypedDict):
    """How many records there are in a state; if `at_least`, the counting ended there, and there may be more."""

    value: int
    at_least: bool


class ListOf[Item](TypedDict):
    """A page of a list. A page may be short before the last one: only `next_cursor` tells. `counts`, if asked for, has
    the records of the same days by state."""

    # said again, because pydantic loses the type of inherited items
    items: list[Item]
    next_cursor: str | None
    counts: NotRequired[dict[str, StateCount]]


@overload
def reply_list[Kept: Record](page: Page, show: Callable[[Item], Kept]) -> Answer[ListOf[Kept]]: ...
@overload
def reply_list(page: Page, show: Callable[[Item], Mapping[str, Any]]) -> Answer[Any]: ...
def reply_list(page: Page, show: Callable[[Item], Record | Mapping[str, Any]]) -> Answer[Any]:
    """A page that the store read, each item as `show` makes it, with the counts if they were asked for."""
    counts = {} if page.counts is None else {"counts": {state: each._asdict() for state, each in page.counts.items()}}
    return reply({"items": [show(item) for item in page.items], "next_cursor": page.next_cursor, **counts})
