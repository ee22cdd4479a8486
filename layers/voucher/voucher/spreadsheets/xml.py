"""The XML parts of a zipped workbook as limited streams: a hostile or broken file ends in a ListFileError.

Bytes are counted when they are inflated, because the zip directory may lie, and over all parts of a file; a part read
twice counts twice. Also refused are document types (and so entities), deep nesting, endless tokens and endless
names: with each of them a small file could fill the memory.

An element counts by its namespace, which is that of the part's first element: a spreadsheet program passes over the
others, so that whoever opens the file does not see what is in them.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from xml.parsers import expat

from voucher.spreadsheets.cells import BROKEN, ENCRYPTED, TOO_LARGE, Limits, ListFileError

CHUNK_BYTES = 65_536
# limits that no file of a spreadsheet program reaches
DEEPEST = 50
MOST_NAMES = 10_000
LONGEST_TOKEN_BYTES = 1_000_000
# between a namespace and a name, in which it cannot be
SEPARATOR = "}"

ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BREAKS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    expat.ExpatError,
    KeyError,
    ValueError,
    ArithmeticError,
    NotImplementedError,
)


@contextmanager
def broken_files_refused() -> Iterator[None]:
    """Turn what zip, inflate, expat and the look-ups raise for a damaged file into one ListFileError."""
    try:
        yield
    except BREAKS as e:
        raise ListFileError(BROKEN) from e


class Archive:
    """A zipped workbook, and how many bytes may still be inflated from all its parts together."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        """Raises ListFileError, before anything is inflated, if the directory shows too large a file or a password."""
        self._file = zipfile.ZipFile(io.BytesIO(content))
        self._left_bytes = limits.decompressed_bytes
        entries = self._file.infolist()
        too_large = sum(entry.file_size for entry in entries) > limits.decompressed_bytes
        if len(entries) > limits.zip_entries or too_large:
            raise ListFileError(TOO_LARGE)
        if any(entry.flag_bits & 0x1 for entry in entries):
            raise ListFileError(ENCRYPTED)
        self._parts = {_plain(entry.filename): entry for entry in entries}
        # of two parts with one name, spreadsheet programs would read different ones
        if len(self._parts) < len(entries) or any(entry.compress_type not in METHODS for entry in entries):
            raise ListFileError(BROKEN)

    def chunks(self, part: str) -> Iterator[bytes]:
        """The content of a part, piece by piece. Raises ListFileError once the file is larger than allowed."""
        with self._file.open(self._parts[_plain(part)]) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                self._left_bytes -= len(chunk)
                if self._left_bytes < 0:
                    raise ListFileError(TOO_LARGE)
                yield chunk


def _plain(name: str) -> str:
    """A part's name as spreadsheet programs compare it: some that write them take backslashes, or another case."""
    return name.replace("\\", "/").lstrip("/").lower()


class Part:
    """One XML part, read in chunks. Its subclasses say what to do with the elements of its own namespace.

    `path` names the elements around the present one and itself, the outermost first; one of another namespace has no
    name there. `within` says what may stand in which element, for those in which nothing else may be.
    """

    within: Mapping[str, frozenset[str]] = {}

    def __init__(self) -> None:
        self.path: list[str] = []
        self._namespace: str | None = None
        self._events = 0

    def feed(self, archive: Archive, part: str) -> Iterator[None]:
        """Parse the part; yields after each chunk. Raises ListFileError for what no honest file contains."""
        parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        idle = 0
        for chunk in archive.chunks(part):
            before = self._events
            parser.Parse(chunk, False)
            idle = idle + len(chunk) if self._events == before else 0
            if idle > LONGEST_TOKEN_BYTES or len(parser.intern) > MOST_NAMES:
                raise ListFileError(BROKEN)
            yield
        parser.Parse(b"", True)
        yield

    def _refuse_document_type(self, *_: object) -> None:
        raise ListFileError("文件含有不允许的内容（XML 文档类型声明），请用 Excel 另存一份再上传")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._events += 1
        namespace, _, name = name.rpartition(SEPARATOR)
        if self._namespace is None:
            self._namespace = namespace
        if namespace != self._namespace:
            name = ""
        allowed = self.within.get(self.path[-1]) if self.path else None
        if len(self.path) == DEEPEST or (allowed is not None and name not in allowed):
            raise ListFileError(BROKEN)
        self.path.append(name)
        if name:
            self.start(name, attributes)

    def _end(self, _name: str) -> None:
        if name := self.path[-1]:
            self.end(name)
        self.path.pop()

    def _characters(self, data: str) -> None:
        self._events += 1
        self.characters(data)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins; `name` is without its namespace, as are the names of attributes that have none."""

    def end(self, name: str) -> None:
        """An element ends."""

    def characters(self, data: str) -> None:
        """A piece of text."""


class TextPart(Part):
    """A part with texts, without the reading aids (rPh) that input methods write beside them."""

    # of a text, wherever it stands
    within: Mapping[str, frozenset[str]] = {
        **dict.fromkeys(("si", "is"), frozenset({"t", "r", "rPh", "phoneticPr"})),
        "r": frozenset({"rPr", "t"}),
        "rPh": frozenset({"t"}),
        **dict.fromkeys(("t", "v", "f"), frozenset[str]()),
    }

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest
        self.collecting = False
        self.in_reading_aid = False
        self.length = 0
        self._pieces: list[str] = []

    def characters(self, data: str) -> None:
        """Keep a piece of text, up to one character after the longest allowed."""
        if self.collecting and self.length <= self.longest:
            piece = data[: self.longest + 1 - self.length]
            self._pieces.append(piece)
            self.length += len(piece)

    def take_text(self) -> str:
        """The text collected since the last call, with what OOXML escapes in it as it was. A text over the limit keeps
        its escapes: it must not become shorter than it is seen to be."""
        text = "".join(self._pieces)
        fits = self.length <= self.longest
        self._pieces.clear()
        self.length = 0
        return _unescaped(text) if fits and "_x" in text else text


def _unescaped(text: str) -> str:
    """Escaped are characters that XML does not hold, such as `_x000D_`; each half of a character outside the first
    plane by itself."""
    text = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
