"""GET /vocabulary: every closed list with its Chinese words, and every refusal."""

import json
from typing import Any

from infra.contract.schemas import Schema
from infra.contract.words import LISTS, states_of, things_with_states
from infra.pages.markers import ROOT
from voucher.refusals import Refusal

FILE = ROOT / "functions/docs/vocabulary.json"
WORDS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
SCHEMA: Schema = {
    "type": "object",
    "description": "The Chinese words of what the API says in code.",
    "required": ["states", "lists", "refusals"],
    "properties": {
        "states": {"type": "object", "additionalProperties": WORDS, "description": "By thing: each of its states."},
        "lists": {"type": "object", "additionalProperties": WORDS, "description": "Every other closed list."},
        "refusals": {
            "type": "array",
            "description": "Every refusal. If several apply, the first of them is the code of the answer.",
            "items": {
                "type": "object",
                "required": ["code", "status", "clause", "sentence"],
                "properties": {
                    "code": {"type": "string"},
                    "status": {"type": "integer"},
                    "clause": {"type": ["string", "null"]},
                    "sentence": {"type": "string", "description": "With the names of its facts in braces."},
                },
            },
        },
    },
}


def vocabulary() -> dict[str, Any]:
    """The whole of it."""
    return {
        "states": {thing: states_of(thing) for thing in things_with_states()},
        "lists": LISTS,
        "refusals": [
            {"code": each.name, "status": each.status, "clause": each.clause, "sentence": each.sentence}
            for each in Refusal
        ],
    }


def text() -> str:
    """The vocabulary as it is written to its file."""
    return json.dumps(vocabulary(), ensure_ascii=False, indent=1) + "\n"
