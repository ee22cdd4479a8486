"""Answers and parameters that several operations have alike stand once in the written document: a browser then loads an
eighth less of it."""

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Document = dict[str, Any]
# what is shared, and the first word of its names
SHARED = {"responses": "Answer", "parameters": "Parameter"}
# so many operations have one alike before it stands by itself
ALIKE = 3


def place_of(kind: str) -> str:
    """Where shared ones of a kind stand."""
    return f"#/components/{kind}/"


def shared(made: Document) -> Document:
    """The document in which such parts stand in `components`."""
    written = deepcopy(made)
    for kind, word in SHARED.items():
        counts = Counter(json.dumps(holder[key]) for holder, key in _parts(written, kind))
        often = sorted(text for text, count in counts.items() if count >= ALIKE)
        names = {text: f"{word}{number}" for number, text in enumerate(often, 1)}
        for holder, key in _parts(written, kind):
            if name := names.get(json.dumps(holder[key])):
                holder[key] = {"$ref": place_of(kind) + name}
        written["components"][kind] = {name: json.loads(text) for text, name in names.items()}
    return written


def unshared(written: Document) -> Document:
    """The document with each part at its operations again."""
    made = deepcopy(written)
    for kind in SHARED:
        standing = made["components"].pop(kind)
        for holder, key in _parts(made, kind):
            if "$ref" in holder[key]:
                holder[key] = standing[holder[key]["$ref"].removeprefix(place_of(kind))]
    return made


def _parts(document: Document, kind: str) -> Iterator[tuple[Any, Any]]:
    """Where each operation keeps its answers or parameters, and under which key or number."""
    for operations in document["paths"].values():
        for operation in operations.values():
            held = operation.get(kind, {})
            yield from ((held, key) for key in (held if isinstance(held, dict) else range(len(held))))
