"""Versions of the lists that other offices send (§2.1.1, §2.3.1, §5.2b)."""

from typing import ClassVar, Literal, TypedDict

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
    filename: str
    object_key: str
    object_version: str | None = None
    sha256: str | None = None
    row_count: int = 0
    error_count: int = 0
    parsed_at: Instant | None = None
    failure: str | None = None
    skip_errors: bool = False
    applied_by: str | None = None
    applied_at: Instant | None = None
    erased_at: Instant | None = None


class ListRow(TypedDict):
    """One enterprise on a list; `row` as in the file."""

    row: int
    uscc: str
    name: str


class RowError(TypedDict):
    """What is wrong with one cell; `row` and `column` as in the file."""

    row: int
    column: str
    message: str


class ListImportWithUpload(ListImport, defer_build=True):
    """A version, and where to upload its file as long as none has been read."""

    sometimes: ClassVar[frozenset[str]] = frozenset({"upload", "expires_at"})

    upload: PresignedPost
    expires_at: Instant


class ListImportWithErrors(ListImport, defer_build=True):
    """A version with a page of its bad rows."""

    errors: list[RowError]
    next_cursor: str | None


class RowsInForce(TypedDict):
    """A page of the rows of the version in force; `import_id` is null before the first version."""

    import_id: str | None
    items: list[ListRow]
    next_cursor: str | None
