"""Sheets, and what they hold that the screen does not show: hidden rows and columns, cells under merged cells, and
what stands above or left of a frozen part.

Whoever sends a list answers for what they see. What else is in the file stops the import, with words that say where.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from voucher.spreadsheets.cells import BROKEN, Limits, ListFileError, Row, column_letters
from voucher.spreadsheets.marks import without_marks

LONGEST_NAME = 31
MOST_NAMED = 100  # places in one sentence; the rest is counted
# a row that is lower (in points) or a column that is narrower (in characters) shows no text
LEAST_POINTS, LEAST_WIDTH = 2.0, 0.5


class Area(NamedTuple):
    """Merged cells, of which the screen shows the first; rows from 1, columns from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


class Outline:
    """Where a sheet has content, and what of it is hidden."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.columns: dict[int, int] = {}  # of each row with content, a bit for each column
        # of rows and columns that say it of themselves, whether they are shown; for all others the sheet says it
        self.rows: dict[int, bool] = {}
        self.shown_columns: dict[int, bool] = {}
        self.rows_shown = self.columns_shown = True
        self.first_row, self.first_column = 1, 0  # those before them stand above or left of what is frozen
        self.merged: list[Area] = []

    def noted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, each noted. Raises ListFileError for more than a list may have."""
        for number, cells in rows:
            self.columns[number] = sum(1 << column for column in cells)
            if len(self.columns) > self.limits.rows + self.limits.header_rows:
                raise ListFileError(f"名单超过 {self.limits.rows} 行，请核对后再上传")
            yield number, cells

    def by_default(self, rows_shown: bool | None = None, columns_shown: bool | None = None) -> None:
        """Note whether rows and columns are shown that say nothing of themselves; None: as noted before. What is said
        once to be hidden stays so, whatever is said later at a place where no program looks."""
        self.rows_shown = self.rows_shown and rows_shown is not False
        self.columns_shown = self.columns_shown and columns_shown is not False

    def begin_at(self, row: int = 1, column: int = 0) -> None:
        """Note where the frozen part begins: nobody can scroll to what is before it."""
        self.first_row, self.first_column = max(self.first_row, row), max(self.first_column, column)

    def note_row(self, number: int, shown: bool | None) -> None:
        """Note whether a row is shown; None: as the sheet says."""
        if shown is not None:
            self.rows[number] = shown

    def note_columns(self, first: int, last: int, shown: bool | None) -> None:
        """Note whether columns are shown, from 0, the last one included; those right of all content do not matter."""
        if shown is not None:
            for column in range(max(first, 0), min(last + 1, self.limits.columns)):
                self.shown_columns[column] = shown and self.shown_columns.get(column, True)

    def merge(self, area: Area) -> None:
        """Note merged cells. Raises ListFileError for more than a list may have."""
        self.merged.append(area)
        if len(self.merged) > self.limits.merged_areas:
            raise ListFileError("合并单元格过多，请取消合并后再上传")

    def hidden(self) -> list[str]:
        """What has content and is not shown, in words with row numbers and column letters; empty if all is shown."""
        rows = [number for number in sorted(self.columns) if not self.rows.get(number, self.rows_shown)]
        filled = 0
        for mask in self.columns.values():
            filled |= mask
        hidden = [each for each in range(self.limits.columns) if not self.shown_columns.get(each, self.columns_shown)]
        columns = [column_letters(each) for each in hidden if filled >> each & 1]
        above = [number for number in sorted(self.columns) if number < self.first_row]
        left = [column_letters(each) for each in range(self.first_column) if filled >> each & 1]
        covered, more = self._covered()
        return [
            *([f"隐藏或筛选掉的第 {_named(_ranges(rows))} 行"] if rows else []),
            *([f"隐藏的 {_named(columns)} 列"] if columns else []),
            *([f"冻结窗格后滚动不到的第 {_named(_ranges(above))} 行"] if above else []),
            *([f"冻结窗格后滚动不到的 {_named(left)} 列"] if left else []),
            *([f"合并单元格盖住的单元格 {_named(covered, more)}"] if covered else []),
        ]

    def _covered(self) -> tuple[list[str], int]:
        """The first cells with content that merged cells cover, and how many more there are. Raises ListFileError if
        merged cells overlap without end, as no spreadsheet program lets them."""
        numbers, more = sorted(self.columns), 0
        covered: list[str] = []
        left = self.limits.merged_areas + (self.limits.rows + self.limits.header_rows) * self.limits.columns
        for area in sorted(self.merged):
            for number in _between(numbers, area.top, area.bottom):
                first = area.left + (number == area.top)  # the first cell is the one that is shown
                columns = range(first, min(area.right + 1, self.limits.columns))
                left -= 1 + len(columns)
                if left < 0:
                    raise ListFileError(BROKEN)
                places = [f"{column_letters(each)}{number}" for each in columns if self.columns[number] >> each & 1]
                more += len(places[MOST_NAMED - len(covered) :])
                covered += places[: MOST_NAMED - len(covered)]
        return covered, more


class Sheet(NamedTuple):
    """One sheet. Each call of `rows` starts at the first row; it may raise ListFileError while it yields. Once it has
    yielded all of them, the outline that it was given is complete."""

    name: str
    is_hidden: bool
    rows: Callable[[Outline], Iterator[Row]]

    @property
    def title(self) -> str:
        """Its name in a sentence, no longer than a spreadsheet program lets it be."""
        return f"工作表“{without_marks(self.name)[:LONGEST_NAME]}”"

    def is_filled(self, limits: Limits) -> bool:
        """Whether there is a row with content, hidden or not."""
        return next(self.rows(Outline(limits)), None) is not None

    def hidden(self, limits: Limits) -> list[str]:
        """What of it has content and is not shown, in words."""
        outline = Outline(limits)
        for _ in self.rows(outline):
            pass
        return outline.hidden()


def check_sheets(count: int, limits: Limits) -> None:
    """Raise ListFileError for too many sheets: each is read, and several may point to the same cells."""
    if count > limits.sheets:
        raise ListFileError(f"工作簿超过 {limits.sheets} 个工作表，请只保留名单所在的工作表后再上传")


def _between(numbers: Sequence[int], first: int, last: int) -> Sequence[int]:
    return numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]


def _ranges(numbers: Sequence[int]) -> list[str]:
    """Numbers in order, those without a gap between them as one: 2、5-9."""
    runs = groupby(enumerate(numbers), lambda each: each[1] - each[0])
    found = [[number for _, number in run] for _, run in runs]
    return [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found]


def _named(places: Sequence[str], more: int = 0) -> str:
    more += len(places[MOST_NAMED:])
    return "、".join(places[:MOST_NAMED]) + (f" 等（另有 {more} 处）" if more else "")
