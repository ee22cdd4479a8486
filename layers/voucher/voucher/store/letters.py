"""Letters, in the mailbox table: it has no stream, and an index of keys alone (§5.3)."""

from collections.abc import Iterable
from datetime import date, datetime

from voucher.models.base import instant_text
from voucher.models.letters import Letter
from voucher.refusals import not_found
from voucher.store import conditions, keys
from voucher.store.engine import files
from voucher.store.engine.pages import Page, Party, Selection, read_oldest, read_page
from voucher.store.engine.reading import find_item, read_many
from voucher.store.engine.table import (
    MOST_ITEMS,
    Write,
    add_write,
    commit,
    commit_new,
    delete_write,
    put_write,
    update_write,
)


def _index_entry(letter: Letter) -> dict[str, str]:
    return keys.index_entry("LETTER", letter.created_at, letter.letter_id)


def commit_letter(letter: Letter, counting: Iterable[Write]) -> bool:
    """Keep a letter, with what counts it. False if it is kept already: the same call was sent again."""
    new = add_write("letter", keys.letter(letter.letter_id), letter, index=_index_entry(letter))
    return commit_new("letter", [new, *counting])


def counted_write(day: date) -> Write:
    """Count a letter in the year and the month in which it came. The count is all that others are told of letters."""
    change = f"ADD #letters :one, #{_month(day)} :one"
    return update_write("letters of the year", keys.letter_count(day.year), change, None)


def _month(day: date) -> str:
    return f"month_{day.month:02}"


def find_count(year: int) -> int:
    """How many letters came in a year."""
    return int((find_item(keys.letter_count(year)) or {}).get("letters", 0))


def find_count_of_months_over(year: int, today: date) -> int:
    """The same without the month that runs: whoever looks at it again and again does not learn when a letter came."""
    found = find_item(keys.letter_count(year)) or {}
    return int(found.get("letters", 0)) - (int(found.get(_month(today), 0)) if today.year == year else 0)


def attachment_places(letter_id: str, count: int) -> list[str]:
    """Where the attachments of a letter lie in the bucket, encrypted under the key of the mailbox."""
    return [f"mailbox/{letter_id}/{number}" for number in range(1, count + 1)]


def find(letter_id: str) -> Letter | None:
    """A letter by its id, or None."""
    item = find_item(keys.letter(letter_id))
    return Letter.model_validate(item) if item else None


def get(letter_id: str) -> Letter:
    """A letter by its id. Raises NOT_FOUND."""
    if (letter := find(letter_id)) is None:
        raise not_found("letter")
    return letter


def commit_step(old: Letter, new: Letter) -> None:
    """Commit the next version of a letter. Raises CHANGED_MEANWHILE."""
    key, seen = keys.letter(new.letter_id), old.version
    commit([put_write("letter", key, new, conditions.UNCHANGED, index=_index_entry(new), seen_version=seen)])


def list_page(selection: Selection) -> Page:
    """A page of the keys of letters."""
    return read_page("mailbox", "LETTER", selection)


def read_each_of(letter_ids: Iterable[str]) -> list[Letter]:
    """Some letters, in the order asked for; one that was deleted meanwhile is left out."""
    found = read_many([keys.letter(each) for each in letter_ids])
    return [Letter.model_validate(item) for item in found if item]


def commit_oldest_deleted(until: datetime) -> bool:
    """Delete the oldest letters that came by this instant, by their keys alone. True if there may be more."""
    found = read_oldest("mailbox", Party("by_newest", "LETTER"), instant_text(until), MOST_ITEMS)
    for each in found:
        # before the letter, whose key alone tells where they lie
        files.commit_deleted(f"mailbox/{each['pk'].removeprefix('LETTER#')}/")
    if found:
        commit([delete_write("letter", keys.Key("mailbox", each["pk"], each["sk"])) for each in found])
    return len(found) == MOST_ITEMS
