"""Versions of the lists that other offices send (§2.1.1, §2.3.1, §5.2b)."""

from typing import Annotated, ClassVar, Literal, NotRequired, TypedDict

from pydantic import Field

from voucher.models.base import Instant, Remembering
from voucher.models.documents import PresignedPost

ImportState = Literal["waiting", "parsed", "failed", "applying", "applied", "erased"]


class ListImport(Remembering):
    """One uploaded version of a list, with its file (`object_version`, `sha256`), importer (`created_by`) and time.

    Its good rows and its errors are kept beside the file, in the bucket. It remembers the bureau's "apply", because the
    worker takes the last step.
    """

    thing: ClassVar[str] = "list_import"
    remembered: ClassVar[frozenset[str]] = frozenset({"apply"})
    state: ImportState

    import_id: str
    kind: str
    year: int
    # the programme years in which it counts; the last is null where it counts until a later list replaces it
    counts_from: int | None = None
    counts_until: int | None = None
    filename: str
    object_key: str
    object_version: str | None = None
    sha256: str | None = None
    row_count: int = 0
    error_count: int = 0
    # null for a version that was read before they were counted
    header_row: Annotated[int | None, Field(description="the row of the titles")] = None
    total_rows: Annotated[int | None, Field(description="rows with content below the titles, good and bad ones")] = None
    blank_rows: Annotated[int | None, Field(description="rows without content among these")] = None
    parsed_at: Instant | None = None
    failure: str | None = None
    skip_errors: bool = False
    applied_by: str | None = None
    applied_at: Instant | None = None
    erased_at: Instant | None = None


class ListRow(TypedDict):
    """One enterprise on a list, or one item of it on the list of other subsidies, as far as that names the item; `row`
    as in the file."""

    row: int
    uscc: str
    name: str
    contract_number: NotRequired[str]
    invoice_code: NotRequired[str]
    invoice_number: NotRequired[str]
    project: NotRequired[str]
    amount_fen: NotRequired[int]


class RowError(TypedDict):
    """What is wrong with one cell; `row` and `column` as in the file."""

    row: int
    column: str
    message: str


class ListImportWithUpload(ListImport, view=True):
    """A version, and where to upload its file as long as none has been read."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"upload", "expires_at"})

    upload: PresignedPost
    expires_at: Instant


class ListImportWithErrors(ListImport, view=True):
    """A version with a page of its bad rows."""

    errors: list[RowError]
    next_cursor: str | None


class RowsOfImport(TypedDict):
    """A page of the good rows of a version, and a link to exactly the file that was read, good for five minutes; null
    before it was."""

    import_id: str
    items: list[ListRow]
    url: str | None
    next_cursor: str | None


class YearChange(TypedDict):
    """What a version changes in what an enterprise may claim in a year (§2.1.1, §2.3.1)."""

    year: int
    qualified_before: bool
    qualified_after: bool
    quota_before_fen: int
    quota_after_fen: int


class TouchedEnterprise(TypedDict):
    """A registered enterprise that a version touches, and its entitlements that change. If its name is not that of the
    list, somebody should look whose code it is."""

    name: str
    name_differs: bool
    state: str
    changes: list[YearChange]


class TouchedRow(ListRow):
    """A row that a version adds, or one of the version before that it removes; `enterprise` is null if nobody
    registered its code."""

    change: Literal["added", "removed"]
    enterprise: TouchedEnterprise | None


class ListDifference(TypedDict):
    """What a version changes against the one in force, `compared_with`: null if there is none; of D lists the newest.

    `touched` codes come onto the list or leave it, or have other items on it: 0 for a D list older than the one that
    counts, which is then compared with that of its own year.
    """

    import_id: str
    compared_with: str | None
    compared_year: int | None
    added: int
    removed: int
    unchanged: int
    touched: int
    items: list[TouchedRow]
    next_cursor: str | None


class RowsInForce(TypedDict):
    """A page of the rows of the version in force; `import_id` is null before the first version."""

    import_id: str | None
    items: list[ListRow]
    next_cursor: str | None
