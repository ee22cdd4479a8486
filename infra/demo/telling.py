"""Prints the tale: headings, progress while it works, and tables that line up though Chinese letters are wide."""

import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

WORKERS = 6


def heading(text: str) -> None:
    """A chapter of the tale."""
    print(f"\n== {text}", flush=True)


def say(text: str) -> None:
    """One thing that happened."""
    print(f"   {text}", flush=True)


def together[Thing, Result](what: str, things: Sequence[Thing], work: Callable[[Thing], Result]) -> list[Result]:
    """Do the same for many at once, a few at a time, showing how far it is; results in order."""
    started, done = time.monotonic(), 0
    results: list[Result] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for result in pool.map(work, things):
            results.append(result)
            done += 1
            if sys.stdout.isatty():
                print(f"\r   {what}: {done}/{len(things)}", end="", flush=True)
            elif done % max(1, len(things) // 4) == 0 and done < len(things):
                print(f"   {what}: {done}/{len(things)}", flush=True)
    print(f"\r   {what}: {len(things)} in {time.monotonic() - started:.0f} s", flush=True)
    return results


def width(text: str) -> int:
    """Columns a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: texts to the left, numbers to the right."""
    listed = [list(map(_text, row)) for row in rows]
    numeric = [all(_is_number(row[column]) for row in listed) for column in range(len(header))]
    widths = [max(width(row[column]) for row in [list(header), *listed]) for column in range(len(header))]
    for row in [list(header), ["-" * each for each in widths], *listed]:
        cells = [_padded(cell, widths[column], numeric[column]) for column, cell in enumerate(row)]
        print("   " + "  ".join(cells).rstrip(), flush=True)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").replace("%", "").replace("-", "").strip().isdecimal() or text in (
        "",
        "-",
    )


def _padded(text: str, columns: int, right: bool) -> str:
    space = " " * (columns - width(text))
    return space + text if right else text + space


def yuan(amount_fen: int) -> str:
    """Fen as yuan with two decimals, exactly."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100:,}.{abs(amount_fen) % 100:02}"
