"""The XML parts of a zipped workbook as guarded streams: a hostile or broken file ends in a refusal.

Bytes are counted as they come out, whatever the zip directory says. Document types, and with them entities,
are refused; so are depth, endless tokens and endless names, each of which fills memory from a small file.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from xml.parsers import expat

from voucher.rules.list_cells import BROKEN, ENCRYPTED, Limits, ListFileError

CHUNK_BYTES = 65_536
# what no spreadsheet program writes
DEEPEST = 50
MOST_NAMES = 10_000
LONGEST_TOKEN_BYTES = 1_000_000

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BREAKS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    expat.ExpatError,
    KeyError,
    ValueError,
    NotImplementedError,
)


@contextmanager
def broken_files_refused() -> Iterator[None]:
    """What zip, inflate, expat and the look-ups raise for a damaged file becomes one ListFileError."""
    try:
        yield
    except BREAKS as e:
        raise ListFileError(BROKEN) from e


def open_archive(content: bytes, limits: Limits) -> zipfile.ZipFile:
    """The archive, refused before anything is inflated if its directory shows too much, or a password."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    entries = archive.infolist()
    too_large = sum(entry.file_size for entry in entries) > limits.decompressed_bytes
    if len(entries) > limits.zip_entries or too_large:
        raise ListFileError("文件解压后过大，请只保留名单所在的工作表后再上传")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise ListFileError(ENCRYPTED)
    if any(entry.compress_type not in METHODS for entry in entries):
        raise ListFileError(BROKEN)
    return archive


class Part:
    """One XML part, read in chunks; a kind of part is a subclass that says what to do with its elements."""

    def __init__(self) -> None:
        self._depth = 0
        self._events = 0

    def feed(self, archive: zipfile.ZipFile, part: str, limits: Limits) -> Iterator[None]:
        """Parse the part, pausing after each chunk. Raises ListFileError for what no honest file does."""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        inflated = idle = 0
        with archive.open(part) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                inflated += len(chunk)
                before = self._events
                parser.Parse(chunk, False)
                idle = idle + len(chunk) if self._events == before else 0
                if inflated > limits.decompressed_bytes or idle > LONGEST_TOKEN_BYTES:
                    raise ListFileError(BROKEN)
                if len(parser.intern) > MOST_NAMES:
                    raise ListFileError(BROKEN)
                yield
        parser.Parse(b"", True)
        yield

    def _refuse_document_type(self, *_: object) -> None:
        raise ListFileError("文件含有不允许的内容（XML 文档类型声明），请用 Excel 另存一份再上传")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._events += 1
        self._depth += 1
        if self._depth > DEEPEST:
            raise ListFileError(BROKEN)
        self.start(name.partition(":")[2] if ":" in name else name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.end(name.partition(":")[2] if ":" in name else name)

    def _characters(self, data: str) -> None:
        self._events += 1
        self.characters(data)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins; `name` is without its prefix."""

    def end(self, name: str) -> None:
        """An element ends."""

    def characters(self, data: str) -> None:
        """A piece of text."""


class TextPart(Part):
    """A part with texts, without the reading aids (rPh) that input methods leave beside them."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest
        self.collecting = False
        self.in_reading_aid = False
        self.length = 0
        self._pieces: list[str] = []

    def characters(self, data: str) -> None:
        """Keep a piece of text, up to one character past the longest allowed."""
        if self.collecting and self.length <= self.longest:
            piece = data[: self.longest + 1 - self.length]
            self._pieces.append(piece)
            self.length += len(piece)

    def take_text(self) -> str:
        """What was collected since the last call."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self.length = 0
        return text
