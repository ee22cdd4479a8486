"""Reads .xlsx workbooks as streams; the memory that it takes does not grow with the size that the file claims.

Why not openpyxl: it keeps an element per row and whole trees of the other parts, so that a zip of 25 KB can take 900
MB; it trusts the size that a sheet states, and silently drops the rows after it; and it fails at unknown styles. A list
needs only the texts of cells, and which of them are numbers, formulas or errors.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import partial

from voucher.spreadsheets.cells import (
    BROKEN,
    Cell,
    Kind,
    Limits,
    ListFileError,
    Row,
    check_column,
    column_number,
)
from voucher.spreadsheets.sheets import LEAST_POINTS, LEAST_WIDTH, Area, Outline, Sheet, check_sheets
from voucher.spreadsheets.xml import SEPARATOR, Archive, Part, TextPart, broken_files_refused

HIGHEST_ROW = 1_048_576
# of a cell: truth value, date, error, text of its own, number, text of the shared ones, text that a formula gave
TYPES = frozenset({"b", "d", "e", "inlineStr", "n", "s", "str"})
TRUTH_VALUES = {"0": "FALSE", "1": "TRUE"}
# a sheet of any other type is read, or refused because it reads as none: it may show cells
SHEETS_WITHOUT_CELLS = ("chartsheet", "dialogsheet")
AREA = re.compile("([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")


def read_xlsx(content: bytes, limits: Limits) -> list[Sheet]:
    """The worksheets of a workbook, in order. Raises ListFileError, also while rows are read."""
    with broken_files_refused():
        archive = Archive(content, limits)
        package = _Tags(archive, "_rels/.rels", limits)
        documents = [target for kind, target in package.targets.values() if kind == "officeDocument"]
        if not documents or not documents[0].lower().endswith(".xml"):
            raise ListFileError("文件不是 .xlsx 工作簿，请在 Excel 中另存为“Excel 工作簿”后再上传")
        folder, name = posixpath.split(documents[0])
        relations = _Tags(archive, posixpath.join(folder, "_rels", f"{name}.rels"), limits, folder).targets
        strings = [target for kind, target in relations.values() if kind == "sharedStrings"]
        shared = _SharedStrings(archive, strings[0], limits).texts if strings else []
        sheets = [
            (title, state != "visible", relations[relation][1])
            for title, state, relation in _Tags(archive, documents[0], limits).sheets
            if relations[relation][0] not in SHEETS_WITHOUT_CELLS
        ]
        if len({part.lower() for _, _, part in sheets}) < len(sheets):
            raise ListFileError(BROKEN)
        return [
            Sheet(title, is_hidden, partial(_rows, archive, part, shared, limits)) for title, is_hidden, part in sheets
        ]


def _rows(archive: Archive, part: str, shared: list[str], limits: Limits, outline: Outline) -> Iterator[Row]:
    with broken_files_refused():
        worksheet = _Worksheet(shared, limits, outline)
        for _ in worksheet.feed(archive, part):
            yield from outline.noted(worksheet.take_rows())


class _Tags(Part):
    """A small part whose attributes are all we need: the workbook's sheets, or the relations of a part."""

    def __init__(self, archive: Archive, part: str, limits: Limits, folder: str = "") -> None:
        super().__init__()
        self.folder = folder
        self.targets: dict[str, tuple[str, str]] = {}
        self.sheets: list[tuple[str, str, str]] = []
        for _ in self.feed(archive, part):
            check_sheets(len(self.sheets), limits)
            if len(self.targets) > limits.zip_entries:
                raise ListFileError(BROKEN)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship":
            target = attributes["Target"].replace("\\", "/")
            path = posixpath.normpath(posixpath.join("/", self.folder, target))
            self.targets[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], path.lstrip("/"))
        elif name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(f"{SEPARATOR}id")), "")
            self.sheets.append((attributes.get("name", ""), attributes.get("state", "visible"), relation))


class _SharedStrings(TextPart):
    """The texts that cells refer to by number."""

    def __init__(self, archive: Archive, part: str, limits: Limits) -> None:
        super().__init__(limits.cell_characters)
        self.limits = limits
        self.texts: list[str] = []
        self.total = 0
        for _ in self.feed(archive, part):
            pass

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        if name == "rPh":
            self.in_reading_aid = True
        self.collecting = name == "t" and not self.in_reading_aid

    def end(self, name: str) -> None:
        self.collecting = False
        if name == "rPh":
            self.in_reading_aid = False
        elif name == "si":
            self.texts.append(self.take_text())
            self.total += len(self.texts[-1])
            if len(self.texts) > self.limits.shared_strings or self.total > self.limits.shared_characters:
                raise ListFileError("表格文字内容过多，请只保留名单所在的工作表和列后再上传")


class _Worksheet(TextPart):
    """The rows of a worksheet that have content, and what of it is hidden.

    Only what stands where a spreadsheet program looks for it is read; anything else among the cells makes the file
    broken. Else there could be a row, or a text in a cell, that nobody saw who opened the file.
    """

    within: Mapping[str, frozenset[str]] = {
        **TextPart.within,
        "sheetData": frozenset({"row"}),
        "row": frozenset({"c"}),
        "c": frozenset({"f", "v", "is"}),
    }

    def __init__(self, shared: list[str], limits: Limits, outline: Outline) -> None:
        super().__init__(limits.cell_characters)
        self.shared = shared
        self.limits = limits
        self.outline = outline
        self.done: list[Row] = []
        self.in_data = False
        self.was_in_data = False
        self.is_shown: bool | None = None
        self.row = 0
        self.row_text = ""
        self.cells: dict[int, Cell] = {}
        self.column = -1
        self.type = ""
        self.has_value = False
        self.is_formula = False
        self.spilled: dict[int, int] = {}  # by column, the last row into which a formula above writes its results
        self.view_begins = Area(1, 0, 1, 0)

    def take_rows(self) -> list[Row]:
        """The rows completed since the last call."""
        done, self.done = self.done, []
        return done

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self.in_data:
            self._start_outside(name, attributes)
        elif name == "c":
            self._start_cell(attributes)
        elif name == "row":
            self._start_row(attributes)
        elif name in ("v", "t"):
            self.collecting = not self.in_reading_aid
            # a cell has one value, in the form that its type says
            if name == "v" and (self.type == "inlineStr" or self.has_value):
                raise ListFileError(BROKEN)
            self.has_value = self.has_value or name == "v"
        elif name == "is" and self.type != "inlineStr":
            raise ListFileError(BROKEN)
        elif name == "f":
            self.is_formula = True
            if attributes.get("t") in ("array", "dataTable") and "ref" in attributes:
                self._note_spilled(_area(attributes["ref"]))
        elif name == "rPh":
            self.in_reading_aid = True

    def _start_outside(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheetData" and len(self.path) == 2:
            if self.was_in_data:
                raise ListFileError(BROKEN)
            self.in_data = self.was_in_data = True
        elif name == "sheetView":
            self.view_begins = _area(attributes.get("topLeftCell", "A1"))
        elif name == "pane" and attributes.get("state", "").startswith("frozen"):
            if float(attributes.get("ySplit", 0)) > 0:
                self.outline.begin_at(row=self.view_begins.top)
            if float(attributes.get("xSplit", 0)) > 0:
                self.outline.begin_at(column=self.view_begins.left)
        elif name == "sheetFormatPr":
            self.outline.by_default(
                rows_shown=_is_seen(attributes, "defaultRowHeight", LEAST_POINTS),
                columns_shown=_is_seen(attributes, "defaultColWidth", LEAST_WIDTH),
            )
        elif name == "col":
            first, last = int(attributes["min"]) - 1, int(attributes["max"]) - 1
            self.outline.note_columns(first, last, _is_shown(attributes, "width", LEAST_WIDTH))
        elif name == "mergeCell":
            self.outline.merge(_area(attributes["ref"]))

    def _note_spilled(self, area: Area) -> None:
        """The results of one formula in many cells: only the first of them has the formula."""
        for column in range(area.left, min(area.right + 1, self.limits.columns)):
            self.spilled[column] = max(area.bottom, self.spilled.get(column, 0))

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        """Rows come in order, and each once: one that came twice, or out of place, would hide another."""
        number = int(attributes.get("r", self.row + 1))
        if not self.row < number <= HIGHEST_ROW:
            raise ListFileError(BROKEN)
        self.row, self.row_text, self.column = number, str(number), -1
        says_more = len(attributes) > ("r" in attributes)
        self.is_shown = _is_shown(attributes, "ht", LEAST_POINTS) if says_more else None

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        """So do the cells of a row."""
        place = attributes.get("r")
        column = column_number(place.removesuffix(self.row_text)) if place else self.column + 1
        if column <= self.column:
            raise ListFileError(BROKEN)
        self.column = column
        self.type = attributes.get("t", "n")
        self.has_value = False
        if self.type not in TYPES:
            raise ListFileError(BROKEN)

    def end(self, name: str) -> None:
        self.collecting = False
        if name == "c":
            if self.length or self.is_formula:
                self._end_cell(self.take_text())
        elif name == "row":
            if self.cells:
                self.done.append((self.row, self.cells))
                self.cells = {}
                self.outline.note_row(self.row, self.is_shown)
        elif name == "rPh":
            self.in_reading_aid = False
        elif name == "sheetData":
            self.in_data = False

    def _end_cell(self, text: str) -> None:
        if self.type == "s" and not self.is_formula:
            if not text.isdecimal() or int(text) >= len(self.shared):
                raise ListFileError(BROKEN)
            text = self.shared[int(text)]
        if self.is_formula or self.row <= self.spilled.get(self.column, 0):
            kind = Kind.FORMULA
        elif self.type == "e":
            kind = Kind.FAULT
        else:
            kind = Kind.NUMBER if self.type == "n" else Kind.TEXT
            text = TRUTH_VALUES.get(text, text) if self.type == "b" else text
        if self.is_formula or (text and not text.isspace()):
            check_column(self.column, self.limits)
            self.cells[self.column] = Cell(kind, text)
        self.is_formula = False


def _is_shown(attributes: Mapping[str, str], size: str, least: float) -> bool | None:
    """Whether a row or column is shown, by its own word or by its size; None if it says nothing of either."""
    if attributes.get("hidden", "0").strip() not in ("0", "false"):
        return False
    return _is_seen(attributes, size, least)


def _is_seen(attributes: Mapping[str, str], size: str, least: float) -> bool | None:
    """Whether a size lets a text be seen; None if there is no such size."""
    return float(attributes[size]) >= least if size in attributes else None


def _area(reference: str) -> Area:
    match = AREA.fullmatch(reference)
    if match is None:
        raise ListFileError(BROKEN)
    left, top, right, bottom = match.groups()
    return Area(int(top), column_number(left), int(bottom or top), column_number(right or left))
