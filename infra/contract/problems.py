"""Refusals in the document: one schema, one example for each code, and for each operation which of them it answers."""

import json
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from string import Formatter
from typing import Any

from infra.contract import prose
from infra.contract.operations import Operation
from infra.contract.schemas import PLACE, Schema
from infra.pages.template import resources
from voucher.refusals import Refusal

PROBLEM_JSON = "application/problem+json"
EXAMPLES = "#/components/examples/"
# which calls each answer of the gateway's own may come to
CALLS: dict[str, Callable[[Operation], bool]] = {
    "UNAUTHORIZED": lambda operation: not operation.is_open,
    "ACCESS_DENIED": lambda operation: not operation.is_open,
    "MISSING_AUTHENTICATION_TOKEN": lambda _: False,  # an address that is no operation
    # what AWS's own clients sign, and no client of ours
    "INVALID_SIGNATURE": lambda _: False,
    "EXPIRED_TOKEN": lambda _: False,
    "REQUEST_TOO_LARGE": lambda operation: operation.body is not None,
    "UNSUPPORTED_MEDIA_TYPE": lambda operation: operation.body is not None,
    "THROTTLED": lambda _: True,
    "WAF_FILTERED": lambda _: True,
    "DEFAULT_4XX": lambda _: True,
    "DEFAULT_5XX": lambda _: True,
}
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
# what an answer says beside its content, by status
HEADERS = {401: "WWW-Authenticate", 429: "Retry-After"}
# facts that a sentence names, as they may be
FACTS = {
    "state": "草稿",
    "thing_word": "订单",
    "of_word": "订单",
    "role_words": "市经信局",
    "months": "12",
    "days": "90",
    "percent": "70",
    "persons": "5",
    "square_metres": "50",
    "count": "3",
    "category": "知识产权服务",
    "kinds": "营业执照、上年度纳税证明",
    "bound": "最多包含 500 笔订单",
    "reason": "企业尚未通过审核，请在审核通过后领券、用券。",
}
# the example that prose.py works out
EFFORT = {"challenge": prose.CHALLENGE_SHOWN, "bits": prose.BITS_SHOWN}
FIELD_ERROR: Schema = {
    "type": "object",
    "description": "One reason of a refusal.",
    "required": ["field", "message", "code"],
    "properties": {
        "field": {
            "type": "string",
            "description": "Where it is in the request, such as `invoice.number`; `body` for all of it.",
        },
        "message": {"type": "string", "description": "What is wrong, and what to do, in Chinese."},
        "code": {
            "type": "string",
            "description": "The kind of mistake, such as `missing`, `unknown`, `not_allowed`, `too_large`, `format`; "
            "or the code of a refusal.",
        },
        "clause": {"type": "string", "description": "The paragraph of the regulation."},
        "allowed": {"type": "array", "items": {"type": "string"}, "description": "What may stand there."},
        "min": {"type": ["integer", "string"], "description": "The least value, length or number of entries."},
        "max": {"type": ["integer", "string"], "description": "The greatest value, length or number of entries."},
        "example": {"type": "string", "description": "What a right value looks like."},
    },
}
PROBLEM: Schema = {
    "type": "object",
    "description": "A refusal or a fault (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "`urn:voucher:refusal:` and the code in lower case."},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs."},
        "detail": {"type": "string", "description": "A Chinese sentence for people, with what to do next."},
        "clause": {"type": "string", "description": "The paragraph of the regulation, if it follows from one."},
        "state": {"type": "string", "description": "The state of the thing that could not take the step."},
        "thing": {"type": "string", "description": "What was not found."},
        "roles": {"type": "array", "items": {"type": "string"}, "description": "One of these roles is needed."},
        "effort": {
            "type": "object",
            "description": "The proof of effort with which the same request is taken at once.",
            "required": ["algorithm", "challenge", "bits", "expires_at"],
            "properties": {
                "algorithm": {"type": "string", "description": "Always `sha256`."},
                "challenge": {"type": "string", "description": "To be sent back beside the `nonce`."},
                "bits": {"type": "integer", "description": "With so many zero bits the hash must begin."},
                "expires_at": {"type": "string", "format": "date-time", "description": "Until when it may be used."},
            },
        },
        "errors": {"type": "array", "items": {"$ref": PLACE + "FieldError"}},
        "request_id": {"type": "string", "description": "Tell it to whoever looks after the service."},
    },
}


def refusal_answers(operation: Operation) -> dict[str, Schema]:
    """The answers that are no success, by status: of the handler, of its resolver, and of the gateway before it."""
    found: dict[int, list[str]] = {}
    codes = [*operation.refusals, *([Refusal.NOT_FOUND] if "{" in operation.handler.path else [])]
    for refusal in Refusal:
        if refusal in codes:
            found.setdefault(refusal.status, []).append(refusal.name)
    for status, code in gateway_answers(operation):
        if code not in found.setdefault(status, []):
            found[status].append(code)
    return {str(status): answer(status, found[status]) for status in sorted(found)}


def gateway_answers(operation: Operation) -> Iterator[tuple[int, str]]:
    """What API Gateway answers to such a call by itself, as the template has it."""
    for kind, given in resources()["Api"]["Properties"]["GatewayResponses"].items():
        body = json.loads(given["ResponseTemplates"]["application/json"])
        if CALLS[kind](operation):
            yield body["status"], body["code"]


def answer(status: int, codes: list[str]) -> Schema:
    """One answer with any of some codes."""
    shown = {code: {"$ref": EXAMPLES + code} for code in codes}
    headers = {HEADERS[status]: {"$ref": f"#/components/headers/{HEADERS[status]}"}} if status in HEADERS else {}
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "x-codes": codes,
        **({"headers": headers} if headers else {}),
        "content": {PROBLEM_JSON: {"schema": {"$ref": PLACE + "Problem"}, "examples": shown}},
    }


def examples(codes: Iterable[str]) -> dict[str, Schema]:
    """An example of each refusal, under its code."""
    known = Refusal.__members__
    return {code: _example(known[code]) if code in known else _of_gateway(code) for code in codes}


def _example(refusal: Refusal) -> Schema:
    sentence = Formatter().vformat(refusal.sentence, (), _Facts(FACTS))
    value = _problem(refusal.name, refusal.status, sentence)
    if refusal.clause:
        value["clause"] = refusal.clause
    if "{state}" in refusal.sentence:
        value["state"] = "draft"
    if refusal is Refusal.NOT_FOUND:
        value["thing"] = "order"
    if refusal is Refusal.TOO_MANY_OBJECTIONS:
        value["effort"] = {**EFFORT, "algorithm": "sha256", "expires_at": "2026-06-15T04:00:00.000Z"}
    if refusal is Refusal.ROLE_REQUIRED:
        value["roles"] = ["bureau"]
    if refusal.field:
        value["errors"] = [{"field": refusal.field, "message": sentence, "code": refusal.name}]
    return {"summary": " ".join(filter(None, [refusal.name, refusal.clause])), "value": value}


def _of_gateway(code: str) -> Schema:
    """What only the gateway says."""
    for given in resources()["Api"]["Properties"]["GatewayResponses"].values():
        body: dict[str, Any] = json.loads(given["ResponseTemplates"]["application/json"])
        if body["code"] == code:
            return {"summary": code, "value": body | {"request_id": REQUEST_ID}}
    raise KeyError(code)


def _problem(code: str, status: int, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:voucher:refusal:{code.lower()}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [],
        "request_id": REQUEST_ID,
    }


class _Facts(dict[str, str]):
    """Facts of a sentence: amounts in yuan, days, and what FACTS has."""

    def __missing__(self, name: str) -> str:
        return "1234.56" if name.endswith("_fen") else "2026-06-15"
