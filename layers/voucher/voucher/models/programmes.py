"""Programme years (§1.3) and what their end froze (§1.4b)."""

from typing import Any, ClassVar, Literal, TypedDict

from pydantic import JsonValue

from voucher.models.base import Instant, Record, Remembering
from voucher.policy import STORED_AS, Category, Policy


class PendingTotal(Record):
    """A change of the yearly total that finance has not confirmed yet (§1.3). `drafters` are all who proposed one since
    the last confirmation, because the latest may only repeat another's figure."""

    total_fen: int
    reason: str
    by: str
    drafters: frozenset[str] = frozenset()


class Deviation(Record):
    """A value of a year's policy that is looser than its edition; both values as JSON has them."""

    field: str
    clause: str
    edition: JsonValue
    here: JsonValue


class Closing(Record):
    """What the year's end froze (§1.4b, §2.2.floor): the real key share in hundredths of a percent, what was used of
    each category, and what was never released, in fen."""

    closed_at: Instant
    key_share_basis_points: int | None
    used_fen: dict[Category, int]
    expired_fen: int


# what may be done next tells that another total waits, and so does a version or an instant that nothing else explains
ONLY_FOR_STAFF = frozenset(
    {"created_by", "drafters", "confirmed_by", "pending", "allowed_actions", "version", "updated_at"}
)


class Programme(Remembering):
    """One year's money (§1.3). `unreleased_fen` is what no batch has taken yet; `drafters` are all who ever set its
    draft. `deviations` are decided by the document of `document_number`. Kept states: draft, open, closed."""

    thing: ClassVar[str] = "programme"
    state: Literal["draft", "open", "closed"]

    remembered: ClassVar[frozenset[str]] = frozenset({"draft", "confirm", "propose_total", "confirm_total"})

    year: int
    total_fen: int
    unreleased_fen: int = 0
    policy: Policy
    document_number: str | None = None
    deviations: tuple[Deviation, ...] = ()
    drafters: frozenset[str] = frozenset()
    confirmed_by: str | None = None
    pending: PendingTotal | None = None
    closing: Closing | None = None

    @property
    def is_confirmed(self) -> bool:
        """§1.3: finance confirmed it. Until then it is the bureau's draft and binds nobody."""
        return self.state != "draft"

    def in_public(self) -> dict[str, Any]:
        """The year as everybody may see it."""
        shown = {name: value for name, value in self.public().items() if name not in ONLY_FOR_STAFF}
        return shown | {"policy": {name: value for name, value in shown["policy"].items() if name not in STORED_AS}}


class PublicPolicy(Policy, defer_build=True):
    """The values of a year that everybody reads."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The public form, for the API's document."""
        schema: dict[str, Any] = handler(core_schema)
        own = handler.resolve_ref_schema(schema)
        own["properties"] = {name: each for name, each in own["properties"].items() if name not in STORED_AS}
        own["required"] = [name for name in own.get("required", []) if name not in STORED_AS]
        return schema


class PublicProgramme(Programme, view=True):
    """A confirmed year as everybody sees it; only what finance confirmed, and without a person's name."""

    private: ClassVar[frozenset[str]] = Programme.private | ONLY_FOR_STAFF
    state: Literal["open", "closed"]
    policy: PublicPolicy


class CategoryFigures(TypedDict):
    """One category's money in a year, in fen: its cap, what is used of it and how, what room is left."""

    cap_fen: int
    used_fen: int
    room_fen: int
    held_fen: int
    payable_fen: int
    paid_fen: int


class ProgrammeWithFigures(PublicProgramme, view=True):
    """A confirmed year with its money, in fen. The key share is null as long as nothing is used."""

    released_fen: int
    granted_fen: int
    held_fen: int
    spent_fen: int
    lapsed_fen: int
    surplus_fen: int
    categories: dict[Category, CategoryFigures]
    key_share_percent: float | None
    key_floor_percent: int
