"""Characters that a screen does not show, or shows alike: one answer for what is typed, pasted, or sent in a file."""

from unicodedata import category

# Letters, symbols and accents without a shape. Variation selectors are none of them: they choose the form of a rare
# Chinese character.
SHAPELESS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0"
# what Unicode says is no character
NONCHARACTERS = "".join(
    [
        *map(chr, range(0xFDD0, 0xFDF0)),
        *(chr(plane + low) for plane in range(0, 0x11_0000, 0x1_0000) for low in (0xFFFE, 0xFFFF)),
    ]
)
# half width; one kind of dash, and of slash: on paper they look the same
FOLDED = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
    | dict.fromkeys(map(ord, "⁄∕／"), "/")
)


def is_mark(character: str) -> bool:
    """True for a mark that nobody sees: of width nothing, of the direction of writing, of byte order."""
    return category(character) == "Cf"


def is_blank(character: str) -> bool:
    """True for a blank of any width, and what ends a cell or a line."""
    return category(character).startswith("Z") or character in "\t\n\r"


def folded(number: str) -> str:
    """A number as it is typed or pasted, without blanks and marks, in half width, with one kind of dash and slash."""
    return "".join(each for each in number if not is_mark(each) and not is_blank(each)).translate(FOLDED)
