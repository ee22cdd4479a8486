"""What people type or paste: tidied where that changes no meaning, else refused with the character that is wrong.

Free texts lose the marks that nobody sees, and keep the rest as it was typed. Names with such a mark are refused, since
two names that look the same must be the same. Numbers lose blanks, too, and their width and kinds of dashes and slashes
are folded: that decides nothing, because two spellings are compared by `plain_number`.
"""

import re
from unicodedata import category

from pydantic_core import PydanticCustomError

from voucher.characters import FOLDED, NONCHARACTERS, SHAPELESS, folded, is_mark

# they join emoji, and letters of some scripts
JOINERS = frozenset("\u200c\u200d")
# texts, because a cold start (of a grab, too) should not compile what few calls need
LINE_ENDS = "\r\n|[\r\u2028\u2029]"
EXTENSION = r"(?i) ?(?:转|分机|ext\.?|x) ?"
MOST_OF_NUMBER = 64
NUMBER = r"[0-9A-Za-z〇\u4e00-\u9fff_\-/.#()\[\]【】〔〕]*"
PHONE = r"[0-9+\-() #转]*"
DIGITS = r"[0-9]*"


def tidy_lines(typed: object) -> object:
    """Lines end as `\\n`, however they were ended. What is no text is left to pydantic."""
    return re.sub(LINE_ENDS, "\n", typed) if isinstance(typed, str) else typed


def tidy_text(typed: object) -> object:
    """The same, and invisible marks are left out, such as those that turn the direction of writing."""
    text = tidy_lines(typed)
    if not isinstance(text, str) or text.isprintable():
        return text
    return "".join(each for each in text if each in JOINERS or not is_mark(each))


def check_characters(text: str) -> str:
    """Refuse a text with a character that is none."""
    if not text.isprintable():
        for position, character in enumerate(text, 1):
            if _is_no_character(character):
                raise wrong_character(character, position)
    return text


def check_text(text: str) -> str:
    """Refuse one of which nothing is seen, too."""
    check_characters(text)
    if not any(map(_is_seen, text)):
        raise PydanticCustomError("nothing_seen", "nothing seen")
    return text


def check_name(text: str) -> str:
    """The same, and refuse a name with a mark that nobody sees."""
    if not text.isprintable():
        for position, character in enumerate(text, 1):
            if is_mark(character):
                raise wrong_character(character, position)
    return check_text(text)


def tidy_code(typed: object) -> object:
    """A code without blanks and marks, in half width."""
    if not isinstance(typed, str) or (typed.isascii() and typed.isalnum()):
        return typed
    return folded(typed)


def tidy_number(typed: object) -> object:
    """The number of a contract, an invoice or a transfer: 1 to 64 characters with no blanks and marks and one kind of
    dash and slash. Names its first character that a number cannot have."""
    if not isinstance(typed, str):
        return typed
    number = _only(NUMBER, folded(typed))
    if not number:
        raise PydanticCustomError("string_too_short", "too short", {"min_length": 1})
    if len(number) > MOST_OF_NUMBER:
        raise PydanticCustomError("string_too_long", "too long", {"max_length": MOST_OF_NUMBER})
    return number


def tidy_account(typed: object) -> object:
    """The 8 to 32 digits of an account number, which may be grouped by blanks or dashes."""
    if not isinstance(typed, str):
        return typed
    return _sized(_only(DIGITS, folded(typed).replace("-", "")), 8, 32)


def tidy_phone(typed: object) -> object:
    """A phone number of 5 to 30 characters in half width, with single blanks, and its extension behind `转`."""
    if not isinstance(typed, str):
        return typed
    text = " ".join("".join(each for each in typed if not is_mark(each)).translate(FOLDED).split())
    return _sized(_only(PHONE, re.sub(EXTENSION, "转", text)), 5, 30)


def wrong_character(character: str, position: int) -> PydanticCustomError:
    """The error that names a character: itself, or by its code if it is not seen."""
    seen = f"“{character}”" if character.isprintable() and _is_seen(character) else f"U+{ord(character):04X}（不可见）"
    return PydanticCustomError("wrong_character", "wrong character", {"character": seen, "position": position})


def _sized(text: str, least: int, most: int) -> str:
    if not least <= len(text) <= most:
        raise PydanticCustomError("format", "format")
    return text


def _only(allowed: str, text: str) -> str:
    fits = re.match(allowed, text)
    end = fits.end() if fits else 0
    if end < len(text):
        raise wrong_character(text[end], end + 1)
    return text


def _is_no_character(character: str) -> bool:
    """Control characters but for line ends and tabs, halves of pairs, and what Unicode says is no character."""
    is_control = category(character) == "Cc" and character not in "\n\t"
    return is_control or category(character) == "Cs" or character in NONCHARACTERS


def _is_seen(character: str) -> bool:
    kind = category(character)
    return not kind.startswith("Z") and kind not in ("Cc", "Cf", "Mn", "Me") and character not in SHAPELESS
