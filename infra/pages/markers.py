"""Where a generated part stands in a page: between two comments with its name, which nobody sees."""

import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def filled(text: str, name: str, content: str) -> str:
    """The page with `content` between the markers `<!-- name -->` and `<!-- /name -->`.

    Raises ValueError unless each marker stands in the page exactly once, in this order.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if text.count(begin) != 1 or text.count(end) != 1 or end not in rest:
        raise ValueError(f"the markers {begin} and {end} must each stand there once")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


def table(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; `head` names the columns, separated by `|`."""
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    rule = "---|" * (head.count("|") + 1)
    return "\n".join([f"| {head} |", f"|{rule}", *(f"| {line} |" for line in lines)])


def first_sentence(docstring: str | None) -> str:
    """The first sentence of a docstring, on one line; an empty text where there is none."""
    words = " ".join((docstring or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`§])", words)[0]
