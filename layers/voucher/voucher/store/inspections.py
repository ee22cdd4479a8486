"""Inspections, in the supervision table; the frame of each is a file (§5.1)."""

from collections.abc import Iterable, Iterator

from voucher.models.documents import FileName
from voucher.models.inspections import Check, Inspection
from voucher.refusals import not_found
from voucher.store import checks, conditions, keys
from voucher.store.engine import files
from voucher.store.engine.pages import Keep, Page, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Write, add_write, advance_write, commit


def _index_entry(inspection: Inspection) -> dict[str, str]:
    return keys.index_entry("INSPECTION", inspection.created_at, inspection.inspection_id, state=inspection.state)


def frame_place(inspection_id: str, frame_sha256: str) -> str:
    """Where the file of a frame is; another frame is another file."""
    return f"inspections/{inspection_id}/frame-{frame_sha256}.json"


def commit_drawn(inspection: Inspection, drawn: Iterable[Check], frame: bytes, *also: Write) -> None:
    """Keep the frame, then the inspection with its checks in one transaction: at most 90. A file without its inspection
    is nobody's, and does no harm. Raises CHANGED_MEANWHILE if the inspection exists."""
    files.commit_content(frame_place(inspection.inspection_id, inspection.frame_sha256), frame, "application/json")
    key = keys.inspection(inspection.inspection_id)
    new = add_write("inspection", key, inspection, index=_index_entry(inspection))
    commit([new, *map(checks.new_write, drawn), *also])


def frame_url(inspection: Inspection, name: FileName) -> str:
    """A link to read the frame for five minutes."""
    place = frame_place(inspection.inspection_id, inspection.frame_sha256)
    return files.presign_download(place, None, "application/json", name)


def find_frame(inspection: Inspection) -> bytes | None:
    """The bytes of a frame as they are kept now; None if there is no such file."""
    return files.find_content(frame_place(inspection.inspection_id, inspection.frame_sha256))


def list_all() -> Iterator[Inspection]:
    """Every inspection, page by page, the newest first."""
    return (Inspection.model_validate(item) for item in read_whole("supervision", "INSPECTION"))


def find(inspection_id: str) -> Inspection | None:
    """An inspection by its id, or None."""
    item = find_item(keys.inspection(inspection_id))
    return Inspection.model_validate(item) if item else None


def get(inspection_id: str) -> Inspection:
    """An inspection by its id. Raises NOT_FOUND."""
    if (inspection := find(inspection_id)) is None:
        raise not_found("inspection")
    return inspection


def commit_step(old: Inspection, new: Inspection, *more: str, **values: str) -> None:
    """Commit the next version of an inspection, if `more` holds. Raises CHANGED_MEANWHILE."""
    key = keys.inspection(old.inspection_id)
    commit([advance_write("inspection", key, old, new, *more, index=_index_entry(new), **values)])


def commit_signed(old: Inspection, new: Inspection, caller: str) -> None:
    """§5.1.3: finance signs, by another person than who concluded. Raises CHANGED_MEANWHILE."""
    commit_step(old, new, conditions.by_other_hands("sign_inspection", "inspection"), caller=caller)


def list_years_signed(kind: str) -> set[int]:
    """§5.1.3: the years of which an inspection of a kind is signed."""
    found = read_whole("supervision", "INSPECTION", "signed")
    return {int(item["year"]) for item in found if item["kind"] == kind}


def list_of_year(year: int) -> list[Inspection]:
    """Every inspection of a year, the newest first."""
    found = read_whole("supervision", "INSPECTION", keep=lambda item: item["year"] == year)
    return [Inspection.model_validate(item) for item in found]


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the inspections that `keep` accepts."""
    return read_page("supervision", "INSPECTION", selection, keep)
