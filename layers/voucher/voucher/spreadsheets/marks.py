"""Characters that a screen does not show: which ones they are, and their names in words.

Two names or codes that look alike must be alike, and whoever sends a list sees only what has a shape.
"""

import re
from unicodedata import category

from voucher.characters import NONCHARACTERS, SHAPELESS

# line ends and tabs, with the blanks around them: in a text on one line they are a blank
LINE_ENDS = re.compile(r"\s*[\t-\r\x1c-\x1f\x85\u2028\u2029]\s*")
HIDDEN = re.compile(f"[{SHAPELESS}{NONCHARACTERS}]")
MARKS = {
    "\u00ad": "软连字符",
    "\u200b": "零宽空格",
    "\u200c": "零宽不连字符",
    "\u200d": "零宽连字符",
    "\u2060": "词连接符",
    "\ufeff": "字节顺序标记",
    **dict.fromkeys("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "文字方向标记"),
}
KINDS_OF_MARKS = {"Cc": "控制字符", "Cf": "格式字符", "Zl": "行分隔符", "Zp": "段分隔符"}


def on_one_line(text: str) -> str:
    """The text without blanks around it, and with a blank for each line end and tab within."""
    return LINE_ENDS.sub(" ", text).strip()


def marks_in(text: str) -> str:
    """The characters of a text that the screen does not show, each once, in words; empty if there are none."""
    if text.isprintable() and not HIDDEN.search(text):  # as nearly all are
        return ""
    marks = dict.fromkeys(each for each in text if category(each) in KINDS_OF_MARKS or HIDDEN.match(each))
    words = [f"U+{ord(each):04X} {MARKS.get(each) or KINDS_OF_MARKS.get(category(each), '空白字符')}" for each in marks]
    return "、".join(words)


def without_marks(text: str) -> str:
    """The text without such characters."""
    return "".join(each for each in text if category(each) not in KINDS_OF_MARKS and not HIDDEN.match(each))
