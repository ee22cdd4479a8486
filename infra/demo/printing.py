"""Prints the demo: headings, progress, and tables that line up although Chinese letters are twice as wide."""

import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

WORKERS = 6


def print_heading(text: str) -> None:
    """The heading of a part."""
    print(f"\n== {text}", flush=True)


def print_line(text: str) -> None:
    """One line about what happened."""
    print(f"   {text}", flush=True)


def run_together[Thing, Result](label: str, things: Sequence[Thing], work: Callable[[Thing], Result]) -> list[Result]:
    """Do the same work for many things, a few at a time, and print the progress; results in the order of the things."""
    started = time.monotonic()
    results: list[Result] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for result in pool.map(work, things):
            results.append(result)
            count = len(results)
            if sys.stdout.isatty():
                print(f"\r   {label}: {count}/{len(things)}", end="", flush=True)
            elif count % max(1, len(things) // 4) == 0 and count < len(things):
                print(f"   {label}: {count}/{len(things)}", flush=True)
    print(f"\r   {label}: {len(things)} in {time.monotonic() - started:.0f} s", flush=True)
    return results


def run_at_once[Thing, Result](things: Sequence[Thing], work: Callable[[Thing], Result]) -> list[Result]:
    """Do the same work for all things at the same instant, a thread for each; results in the order of the things."""
    gate = Barrier(len(things))

    def start_together(thing: Thing) -> Result:
        gate.wait()
        return work(thing)

    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(start_together, things))


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: texts are aligned left, numbers right."""
    texts = [list(map(_text, row)) for row in rows]
    numeric = [all(_is_number(row[column]) for row in texts) for column in range(len(header))]
    widths = [max(columns_of(row[column]) for row in [list(header), *texts]) for column in range(len(header))]
    for row in [list(header), ["-" * each for each in widths], *texts]:
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
    space = " " * (columns - columns_of(text))
    return space + text if right else text + space
