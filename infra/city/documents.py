"""Small real files: PDFs written byte by byte, JPEGs drawn with Pillow. The same input gives the same bytes.

The PDFs name a Chinese font that PDF readers contain (STSong-Light, Adobe-GB1); no font is embedded.
"""

import io
import math
from random import Random

from PIL import Image, ImageDraw, ImageFont

_LINES_PER_PAGE = 38
_LINE_WIDTH = 41_000
"""In thousandths of the letter size, as all widths here."""

_FONT = (
    (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UCS2-H /Encoding /UniGB-UCS2-H"
        b" /DescendantFonts [4 0 R] >>"
    ),
    (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 5 0 R"
        b" /DW 1000 /W [1 33 500 34 59 750 60 95 500]"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>"
    ),
    (
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
        b" /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
    ),
)


def pdf(title: str, lines: list[str]) -> bytes:
    """An A4 document: a centred title, then the lines, wrapped and split into pages.

    Raises ValueError for a character outside the Basic Multilingual Plane: the font's encoding has no such code.
    """
    wrapped = [part for line in lines for part in _wrap(line)] or [""]
    pages = [wrapped[start : start + _LINES_PER_PAGE] for start in range(0, len(wrapped), _LINES_PER_PAGE)]
    page_numbers = [6 + 2 * index for index in range(len(pages))]
    kids = b" ".join(b"%d 0 R" % number for number in page_numbers)
    catalog = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects = [catalog, b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)), *_FONT]
    for number, page in zip(page_numbers, pages, strict=True):
        content = _content(title, page)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
            b" /Contents %d 0 R >>" % (number + 1)
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    return _file(objects)


def _wrap(line: str) -> list[str]:
    """The line in pieces that fit the page's width."""
    pieces, width = [""], 0
    for char in line:
        width += _width(char)
        if width > _LINE_WIDTH:
            pieces, width = [*pieces, ""], _width(char)
        pieces[-1] += char
    return pieces


def _width(char: str) -> int:
    """The width of a character, as in the font's /W entry; capitals are wide, so that credit codes are legible."""
    if not char.isascii():
        return 1_000
    return 750 if char.isupper() else 500


def _content(title: str, lines: list[str]) -> bytes:
    title_width = sum(map(_width, title)) * 18 // 1_000
    operators = [b"BT /F1 18 Tf %d 770 Td %b Tj ET" % ((595 - title_width) // 2, _hex(title))]
    for row, line in enumerate(lines):
        operators.append(b"BT /F1 12 Tf 51 %d Td %b Tj ET" % (730 - 18 * row, _hex(line)))
    return b"\n".join(operators)


def _hex(text: str) -> bytes:
    if any(ord(char) > 0xFFFF for char in text):
        raise ValueError(f"no two-byte code for a character of {text!r}")
    return b"<%b>" % text.encode("utf-16-be").hex().encode()


def _file(objects: list[bytes]) -> bytes:
    """The objects, numbered from 1, with the cross-reference table, whose rows have 20 bytes each."""
    body, rows = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", [b"0000000000 65535 f \n"]
    for number, content in enumerate(objects, start=1):
        rows.append(b"%010d 00000 n \n" % len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(rows), len(body))
    return body + b"xref\n0 %d\n%b" % (len(rows), b"".join(rows)) + trailer


def jpeg(seed: int | str) -> bytes:
    """An image like a scanned receipt, with rows of figures and a red stamp, 640 x 440 pixels."""
    random = Random(f"jpeg:{seed}")
    image = Image.new("RGB", (640, 440), (250, 247, 238))
    draw = ImageDraw.Draw(image)
    _draw_receipt(draw, random)
    _draw_stamp(draw, 490 + random.randrange(-25, 25), 300 + random.randrange(-20, 20))
    buffer = io.BytesIO()
    image.rotate(random.uniform(-1.5, 1.5), fillcolor=(232, 229, 222)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def _draw_receipt(draw: ImageDraw.ImageDraw, random: Random) -> None:
    ink = (52, 56, 72)
    draw.rectangle((24, 24, 616, 416), outline=ink, width=2)
    draw.text((210, 40), "RECEIPT (SPECIMEN)", fill=ink, font=ImageFont.load_default(22))
    draw.text((44, 86), f"No. {random.randrange(10**8):08d}", fill=ink, font=ImageFont.load_default(16))
    for row in range(6):
        top = 124 + 44 * row
        draw.line((44, top, 596, top), fill=(150, 154, 168))
        draw.text((52, top + 12), f"{row + 1:02d}", fill=ink, font=ImageFont.load_default(16))
        draw.line((96, top + 26, 96 + random.randrange(90, 240), top + 26), fill=(110, 114, 130), width=6)
        amount = f"{random.randrange(10_000, 9_000_000) / 100:,.2f}"
        draw.text((380, top + 12), amount, fill=ink, font=ImageFont.load_default(16))


def _draw_stamp(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    red = (200, 32, 38)
    draw.ellipse((x - 74, y - 74, x + 74, y + 74), outline=red, width=5)
    tips = [(math.radians(36 * step - 90), 28 if step % 2 == 0 else 11) for step in range(10)]
    star = [(x + reach * math.cos(angle), y + reach * math.sin(angle)) for angle, reach in tips]
    draw.polygon(star, fill=red)
    draw.text((x - 36, y + 36), "SPECIMEN", fill=red, font=ImageFont.load_default(15))
    for step in range(9):
        angle = math.radians(200 + 17.5 * step)
        x_left, top = x + 57 * math.cos(angle) - 5, y + 57 * math.sin(angle) - 5
        draw.rectangle((x_left, top, x_left + 10, top + 10), fill=red)
