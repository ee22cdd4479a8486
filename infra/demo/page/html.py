"""The frame of the page: its looks, its sections, and the one way in which text gets into it."""

from collections.abc import Iterable, Sequence
from html import escape as _escape
from pathlib import Path

STYLE = (Path(__file__).parent / "style.css").read_text()


def escape(text: object) -> str:
    """Text for an element or an attribute in double quotes."""
    return _escape(str(text), quote=True)


def section(anchor: str, chinese: str, english: str, parts: Iterable[str]) -> str:
    """One section; `parts` are markup already."""
    head = f"<h2>{escape(chinese)}<small>{escape(english)}</small></h2>"
    return f'<section id="{escape(anchor)}">{head}{"".join(parts)}</section>'


def table(header: Sequence[str], rows: Iterable[Sequence[object]], numbers: frozenset[int]) -> str:
    """A table of texts; `numbers` are the columns that stand right."""

    def row(cells: Sequence[object], tag: str) -> str:
        marked = (
            f"<{tag}{' class="n"' if column in numbers else ''}>{escape(cell)}</{tag}>"
            for column, cell in enumerate(cells)
        )
        return f"<tr>{''.join(marked)}</tr>"

    body = "".join(row(each, "td") for each in rows)
    return f"<table><thead>{row(header, 'th')}</thead><tbody>{body}</tbody></table>"


def page(title: str, header: str, sections: Iterable[str], footer: str) -> str:
    """The whole document: nothing in it is fetched from anywhere."""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<header>{header}</header><main>{''.join(sections)}</main><footer>{footer}</footer></body></html>\n"
    )
