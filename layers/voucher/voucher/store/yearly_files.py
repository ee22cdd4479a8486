"""Yearly files, in the supervision table; each archive is in the bucket under its hash (§5.1)."""

import hashlib

from voucher.models.documents import FileName
from voucher.models.yearly_files import YearlyFile
from voucher.refusals import not_found
from voucher.store import conditions, keys
from voucher.store.engine import files
from voucher.store.engine.pages import Page, Selection, read_partitions
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import add_write, advance_write, commit

ZIP = "application/zip"


def _index_entry(file: YearlyFile) -> dict[str, str]:
    return keys.index_entry("YEARLY_FILE", file.created_at, file.yearly_file_id, state=file.state)


def object_key(year: int, sha256: str) -> str:
    """Where an archive is; other bytes are another object."""
    return f"yearly-files/{year}/{sha256}.zip"


def list_of(year: int) -> list[YearlyFile]:
    """The files of a year as last written, the first one first."""
    return [YearlyFile.model_validate(item) for item in read_partition(keys.yearly_files(year))]


def list_page(year: int, selection: Selection) -> Page:
    """A page of the files of a year, the first one first."""
    return read_partitions(f"YEARLY_FILE#{year}", [keys.yearly_files(year)], "RECORD#", selection, bool)


def get(year: int, yearly_file_id: str) -> YearlyFile:
    """A file of a year. Raises NOT_FOUND."""
    if (item := find_item(keys.yearly_file(year, yearly_file_id))) is None:
        raise not_found("yearly_file")
    return YearlyFile.model_validate(item)


def commit_made(file: YearlyFile, content: bytes) -> None:
    """Keep the archive, then its record. An archive without its record is nobody's, and does no harm. Raises
    CHANGED_MEANWHILE if another call made the file of this number first."""
    files.commit_content(file.object_key, content, ZIP)
    key = keys.yearly_file(file.year, file.yearly_file_id)
    commit([add_write("yearly file", key, file, index=_index_entry(file))])


def load_content(file: YearlyFile) -> tuple[bytes, str | None]:
    """The archive as it was made, and the version of its object. Other bytes are a fault."""
    found = files.find_version(file.object_key)
    if found is None or hashlib.sha256(found[0]).hexdigest() != file.sha256:
        raise LookupError(f"yearly file {file.yearly_file_id} is not what was made")
    return found


def url_of(file: YearlyFile, name: FileName) -> str:
    """A link to read the archive for five minutes, to the very version whose bytes were looked at."""
    _, version = load_content(file)
    return files.presign_download(file.object_key, version, ZIP, name)


def commit_received(old: YearlyFile, new: YearlyFile, caller: str) -> None:
    """§5.1: an office's receipt: that of finance by nobody who gave the bureau's. Raises CHANGED_MEANWHILE."""
    hands = conditions.by_other_hands("countersign_yearly_file", "yearly_file")
    key = keys.yearly_file(new.year, new.yearly_file_id)
    commit([advance_write("yearly file", key, old, new, hands, index=_index_entry(new), caller=caller)])
