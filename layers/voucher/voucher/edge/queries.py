"""Query parameters: a handler with a parameter `query` says by its model which ones it takes; any other is refused."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from voucher.edge.texts import check_characters, tidy_text


def _digits(text: Any) -> Any:
    # pydantic takes " 5", "+5" and "5_0", too
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", str(text)):
        raise PydanticCustomError("digits", "digits")
    return text


Cursor = Annotated[str, Field(max_length=1000), AfterValidator(check_characters)]
QueryYear = Annotated[int, BeforeValidator(_digits), Field(ge=1000, le=9999, examples=[2026])]
QueryId = Annotated[str, Field(max_length=200), AfterValidator(check_characters)]
Words = Annotated[str, Field(max_length=200), BeforeValidator(tidy_text), AfterValidator(check_characters)]
Switch = Literal["true", "false"]


class Query(BaseModel):
    """The query parameters of a call: each at most once, none unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


Limit = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=100, examples=[50])]


class Paging(Query):
    """A page of a list: how many items, and where the page before it ended."""

    limit: Limit = 50
    cursor: Cursor | None = None
