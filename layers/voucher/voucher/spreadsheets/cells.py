"""The common form of every list file: sheets of numbered rows of cells, and the limits on reading them.

Readers yield only rows with content. So a million formatted but empty rows take time but no memory, and a row far below
the others is still found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

HIGHEST_COLUMN = 16_384

BROKEN = "文件已损坏、不完整或不是所标明的格式，无法读取，请用 Excel 打开后另存一份再上传"
TOO_LARGE = "文件解压后过大，请只保留名单所在的工作表后再上传"
ENCRYPTED = "文件已加密，请取消密码后再上传"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one list file may hold. A larger file is refused; it is never cut."""

    rows: int = 50_000  # with content, below the header
    header_rows: int = 10  # among the first so many is the header
    columns: int = 40  # with content
    cell_characters: int = 2_000
    name_characters: int = 200
    items_of_code: int = 20  # of other subsidies; they stand in one item of the registry
    errors: int = 50_000  # kept in addition to the first error of each bad row; the others are only counted
    sheets: int = 20  # of a workbook, hidden ones included
    merged_areas: int = 100_000  # of a sheet
    xls_cells: int = 1_000_000  # of a sheet; xlrd takes about 300 bytes for each
    file_bytes: int = 20 * 1024 * 1024
    decompressed_bytes: int = 200_000_000  # of all parts together; a part that is read twice counts twice
    zip_entries: int = 1_000
    shared_strings: int = 500_000
    shared_characters: int = 20_000_000


class ListFileError(Exception):
    """The file as a whole cannot be used; `message` tells the operator why and what to do, in Chinese."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Kind(Enum):
    """What a cell holds. A number is never taken for a code, because a long number has lost its last digits."""

    TEXT = 1
    NUMBER = 2
    FORMULA = 3
    FAULT = 4  # such as #N/A


class Cell(NamedTuple):
    """A cell with content. A text over the limit is cut one character after it, so that it is seen to be too long.

    `lines`: over how many lines of a .csv it goes, 1 in a workbook.
    """

    kind: Kind
    text: str
    lines: int = 1


Row = tuple[int, Mapping[int, Cell]]  # the row's number as in Excel, from 1; its cells by column, from 0


def check_column(column: int, limits: Limits) -> None:
    """Raise ListFileError for content to the right of the last column allowed."""
    if column >= limits.columns:
        raise ListFileError(f"表格超过 {limits.columns} 列，请只保留需要的列后再上传")


def column_letters(column: int) -> str:
    """The column's name in Excel, counted from 0: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


@lru_cache(maxsize=256)
def column_number(letters: str) -> int:
    """The column, counted from 0, that Excel calls `letters`. Raises ListFileError if Excel has no such column."""
    number = 0
    for letter in letters[:4]:
        number = number * 26 + ord(letter) - ord("A") + 1
    if not (letters.isascii() and letters.isalpha() and letters.isupper() and number <= HIGHEST_COLUMN):
        raise ListFileError(BROKEN)
    return number - 1
