"""What all records and requests are: frozen, typed, with texts of instants that sort as the instants do."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Self, TypedDict
from unicodedata import normalize

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pydantic_core import PydanticCustomError

from voucher.characters import folded


def instant_text(instant: datetime) -> str:
    """RFC 3339 in UTC with exactly three decimals, so that texts of instants sort as the instants do."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


BRACKETS = str.maketrans("[]【】〔〕", "()()()")


def plain_number(number: str) -> str:
    """Normalise the number of a contract, an invoice or a transfer, so that two spellings of the same number are equal:
    without blanks and marks, half-width, upper case, round brackets, one kind of dash and slash (§5.2b)."""
    return normalize("NFKC", folded(number)).upper().translate(BRACKETS)


def is_same_name(one: str, other: str) -> bool:
    """True for two names that differ only in blanks, marks, width and case."""
    return plain_number(one) == plain_number(other)


def read_day(day: Any) -> Any:
    """A day in the one form that the contract has: pydantic takes instants and counts of seconds, too. What is no text
    is left to pydantic."""
    if not isinstance(day, str):
        return day
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
            return date.fromisoformat(day)
    except ValueError:
        pass
    raise PydanticCustomError("day", "day")


PlainDay = Annotated[date, BeforeValidator(read_day)]


def parse_year(text: str) -> int | None:
    """A programme year as four ASCII digits, None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else None


def yuan(amount_fen: int) -> str:
    """Fen as yuan with two decimals, exactly: 123456 → 1234.56."""
    sign, whole = ("-", -amount_fen) if amount_fen < 0 else ("", amount_fen)
    return f"{sign}{whole // 100}.{whole % 100:02}"


# step (`hands.py`) → the people who took it; it goes with a matter from record to record
Hands = dict[str, frozenset[str]]

Instant = Annotated[datetime, PlainSerializer(instant_text, when_used="json")]


class Record(BaseModel):
    """What is kept. Attributes only the store knows (keys, indexes) are ignored; `private` names never leave. The
    checks of each are built when it is first used, because a cold start uses few of those that it imports."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)
    private: ClassVar[frozenset[str]] = frozenset()
    # names that an answer may lack; only of views, which say what a client sees and are never made
    sometimes: ClassVar[frozenset[str]] = frozenset()

    # a view says what a client sees, and is never kept: `class Shown(Kept, view=True)`
    is_view: ClassVar[bool] = False

    def __init_subclass__(cls, *, view: bool = False, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        cls.is_view = view

    def public(self) -> dict[str, Any]:
        """The record as a client sees it."""
        return self.model_dump(mode="json", exclude=set(self.private))

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The public form, for the API's document. A cold start should not import the types of these arguments."""
        schema: dict[str, Any] = handler(core_schema)
        own = handler.resolve_ref_schema(schema)
        properties = own.get("properties", {})
        own["properties"] = {name: each for name, each in properties.items() if name not in cls.private}
        own["required"] = [name for name in own.get("required", []) if name not in cls.private | cls.sometimes]
        return schema


class Request(BaseModel):
    """What a client sends: strict types, no unknown fields; built as records are."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


class AllowedAction(TypedDict):
    """A step that a record may take next: the party or staff role that takes it (`public`: anybody, `user`: somebody
    signed in who is neither), and its call."""

    action: str
    by: str
    call: str


class Mark(Record):
    """Who takes a step, when, the fingerprint of the request, and the role or party in which they take it (both None
    for what a schedule does by itself)."""

    by: str
    at: Instant
    sha256: str | None = None
    role: str | None = None


class Stateful(Record):
    """A record that moves through states; `thing` is its word in `lifecycles.py`. A client also sees who may do what
    next; that is told anew in each answer, and never kept.

    `last_*` remember who made the latest step with which body: the same call, repeated after a lost answer, is
    answered as done instead of refused. The audit trail is made of them, so it also hears in which role.
    """

    thing: ClassVar[str]

    private: ClassVar[frozenset[str]] = frozenset(
        {"last_action", "last_by", "last_role", "last_sha256", "request_sha256", "drawn", "seq", "members"}
    )

    state: str
    version: int = 1
    created_at: Instant
    created_by: str
    request_sha256: str | None = None
    updated_at: Instant | None = None
    last_action: str | None = None
    last_by: str | None = None
    last_role: str | None = None
    last_sha256: str | None = None

    def public(self) -> dict[str, Any]:
        """The record as a client sees it, with the steps that it may take next."""
        # here, because a function that answers no such record (the grab) must not read the table when it starts
        from voucher.actions import ACTIONS, allowed_actions  # noqa: PLC0415

        public = super().public()
        return public | {"allowed_actions": allowed_actions(self)} if self.thing in ACTIONS else public

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The public form, with the steps that such a record may take."""
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        own = handler.resolve_ref_schema(schema)
        steps = allowed_actions_schema(getattr(cls, "thing", ""))
        if steps is not None and "allowed_actions" not in cls.private:
            own["properties"]["allowed_actions"] = steps
            own["required"] = [*own["required"], "allowed_actions"]
        return schema

    def next_version(self, **changes: Any) -> Self:
        """The record with `changes`, its version counted on."""
        return self.model_copy(update={**changes, "version": self.version + 1})


def allowed_actions_schema(thing: str) -> dict[str, Any] | None:
    """What the API's document says of a thing's `allowed_actions`: each action, who takes it, and its calls. None for a
    thing that takes no steps."""
    from voucher.actions import ACTIONS  # noqa: PLC0415 - see Stateful.public

    if thing not in ACTIONS:
        return None
    steps = [step for ways in ACTIONS[thing].values() for step in ways]
    closed_lists = {
        "action": list(ACTIONS[thing]),
        "by": list(dict.fromkeys(step.by for step in steps)),
        "call": list(dict.fromkeys(step.call for step in steps)),
    }
    return {
        "type": "array",
        "description": "Who may take which step next, and with which call, as far as the record itself can tell.",
        "items": {
            "type": "object",
            "properties": {name: {"type": "string", "enum": words} for name, words in closed_lists.items()},
            "required": list(closed_lists),
            "additionalProperties": False,
        },
    }


class Remembering(Stateful):
    """A record on which several hands take steps one after the other: of each action in `remembered` it knows the
    latest step, not only of the very latest one. So whoever lost an answer hears that it is done though others have
    gone on since. `steps` maps an action to its mark."""

    private: ClassVar[frozenset[str]] = Stateful.private | {"steps"}
    remembered: ClassVar[frozenset[str]]

    steps: dict[str, str] = {}

    def next_version(self, **changes: Any) -> Self:
        """The record with `changes`; the step before them is remembered."""
        if "last_action" in changes and self.last_action in self.remembered:
            changes["steps"] = {**self.steps, self.last_action: mark_of(self.last_by, self.last_sha256)}
        return super().next_version(**changes)

    def remembers(self, action: str, by: str, sha256: str) -> bool:
        """True if the latest step of this action was taken by that person with that body, and others followed."""
        return self.last_action != action and self.steps.get(action) == mark_of(by, sha256)


def mark_of(by: str | None, sha256: str | None) -> str:
    """Who took a step with which body, in 32 characters."""
    return hashlib.sha256(f"{by}\n{sha256}".encode()).hexdigest()[:32]


class Reason(Record):
    """Why a reviewer returned or rejected: the field or document kind, and the words."""

    field: str | None = None
    message: str


def with_hand(hands: Hands, step: str, person: str) -> Hands:
    """The hands with one more person who took a step."""
    return {**hands, step: hands.get(step, frozenset()) | {person}}


def united(many: Iterable[Hands]) -> Hands:
    """The hands of several things together."""
    together: Hands = {}
    for hands in many:
        for step, people in hands.items():
            together[step] = together.get(step, frozenset()) | people
    return together
