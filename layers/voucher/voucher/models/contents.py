"""What the first bytes of a file tell of its kind; the file's name and what was announced are only claims."""

from typing import Literal

# how many bytes are looked at; readers of PDF accept its header anywhere within so many
MOST_BEGINNING = 1024

Looks = Literal[
    "pdf",
    "jpeg",
    "png",
    "late_pdf",
    "heic",
    "video",
    "image",
    "zip",
    "old_office",
    "archive",
    "text",
    "cut_short",
    "empty",
    "unknown",
]

# what a file of each type that may be announced looks like
ANNOUNCED: dict[str, Looks] = {"application/pdf": "pdf", "image/jpeg": "jpeg", "image/png": "png"}
_FIRST_BYTES: dict[bytes, Looks] = {
    b"%PDF-": "pdf",
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"PK\x03\x04": "zip",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "old_office",
    b"GIF8": "image",
    b"BM": "image",
    b"II*\x00": "image",
    b"MM\x00*": "image",
    b"Rar!": "archive",
    b"7z\xbc\xaf\x27\x1c": "archive",
}
# the brands of ISO base media files that hold photos; any other brand is a video or a sound
_PHOTO_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif"}


def looks_like(begins: bytes) -> Looks:
    """What a file is, by its first MOST_BEGINNING bytes.

    A PDF begins with its header. Readers accept other bytes before it, but what they are makes the file a second
    thing: a program, or a page.
    """
    found = [looks for first, looks in _FIRST_BYTES.items() if begins.startswith(first)]
    if found:
        return found[0]
    if b"%PDF-" in begins:
        return "late_pdf"
    if begins[4:8] == b"ftyp":
        return "heic" if begins[8:12] in _PHOTO_BRANDS else "video"
    if begins[:4] == b"RIFF" and begins[8:12] == b"WEBP":
        return "image"
    return _of_little(begins)


def _of_little(begins: bytes) -> Looks:
    """Bytes that no format begins with: nothing, a piece of a file, words."""
    if not begins:
        return "empty"
    is_piece = any(first.startswith(begins) for first in _FIRST_BYTES)
    if is_piece or not begins.strip(b"\x00"):  # a transfer that broke off may leave zeros
        return "cut_short"
    # the last character may be cut in the middle
    text = begins.decode("utf-8", "ignore")
    is_text = len(text.encode()) > len(begins) - 4 and all(
        each.isprintable() or each in "\r\n\t\ufeff" for each in text
    )
    return "text" if is_text else "unknown"
