"""Query parameters: a handler with a parameter `query` says by its model which ones it takes; any other is refused."""

import re
from dataclasses import replace
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from voucher.edge.fields import Day
from voucher.models.base import instant_text
from voucher.rules.search import mentions_all, search_words
from voucher.rules.working_days import ONE_DAY, SHANGHAI
from voucher.store.engine.pages import FIRST, LAST, Keep, Selection


def _digits(text: Any) -> Any:
    # pydantic takes " 5", "+5" and "5_0", too
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", str(text)):
        raise PydanticCustomError("digits", "digits")
    return text


def _day(text: Any) -> Any:
    # pydantic takes instants and seconds, too
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(text)):
        raise PydanticCustomError("day", "day")
    return text


Cursor = Annotated[str, Field(max_length=1000)]
QueryYear = Annotated[int, BeforeValidator(_digits), Field(ge=1000, le=9999, examples=[2026])]
QueryId = Annotated[str, Field(max_length=200)]
QueryDay = Annotated[Day, BeforeValidator(_day)]
Words = Annotated[str, Field(max_length=200)]
Sort = Literal["newest", "oldest"]
Switch = Literal["true", "false"]


class Query(BaseModel):
    """The query parameters of a call: each at most once, none unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class Paging(Query):
    """A page of a list: how many items, and where the page before it ended."""

    limit: Annotated[int, BeforeValidator(_digits), Field(ge=1, le=100, examples=[50])] = 50
    cursor: Cursor | None = None


class OfDays(Paging):
    """A page of what was made on some days in Lishui (`from` and `to`, both included), in the order of its making."""

    from_: Annotated[QueryDay | None, Field(alias="from")] = None
    to: QueryDay | None = None
    sort: Sort = "newest"

    @field_validator("to")
    @classmethod
    def _not_before_from(cls, to: date | None, others: ValidationInfo) -> date | None:
        first = others.data.get("from_")
        if to and first and to < first:
            raise PydanticCustomError("greater_than_equal", "before from", {"ge": first})
        return to

    def selection(self) -> Selection:
        """What the store is asked for. Everything but `limit` and `counts` chooses what is listed: a cursor belongs to
        it."""
        return Selection(
            limit=self.limit,
            cursor=self.cursor,
            since=_first_instant(self.from_) if self.from_ else FIRST,
            until=_first_instant(self.to + ONE_DAY) if self.to else LAST,
            oldest_first=self.sort == "oldest",
            filters=self.model_dump_json(exclude={"limit", "cursor", "counts"}),
        )


class InState[State](OfDays):
    """A page of the records in one state, or in any. `counts=true` tells how many of the same days there are in each
    state, whatever the other filters are."""

    state: State | None = None
    counts: Switch = "false"

    def selection(self) -> Selection:
        """What the store is asked for."""
        states = get_args(type(self).model_fields["state"].annotation)
        known = tuple(state for each in states for state in get_args(each))
        return replace(
            super().selection(),
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


def _first_instant(day: date) -> str:
    return instant_text(datetime.combine(day, time(), SHANGHAI))
