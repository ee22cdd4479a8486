"""A list of 50,000 enterprises through the deployed stack: the time to parse it and to bring it into force, and the
worker's peak memory, which its log lines have."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from random import Random
from time import perf_counter, sleep
from typing import Any

from openpyxl import Workbook

from infra.bench.speed import ResultLine
from infra.city.credit_codes import OUTSIDERS, CreditCodes
from infra.client.http import BUREAU, OPERATOR, HttpClient
from infra.client.steps import Json, confirmed_difference, expect
from infra.local import stack
from infra.local.stack import Stack
from infra.local.state import LOCAL

ROWS = 50_000

KIND = "newly_above_scale"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WAIT_SECONDS = 1_800
LOOK_EVERY_SECONDS = 0.5


def measure() -> list[ResultLine]:
    """Measure on a stack of its own, which is ended afterwards."""
    state = LOCAL / "bench"
    stack.down(state)
    try:
        return _import(stack.up(state, {"Schedules": "DISABLED"}))
    finally:
        stack.down(state)


def _import(own_stack: Stack) -> list[ResultLine]:
    client, content = HttpClient(asdict(own_stack)), _workbook()
    path = f"/lists/{KIND}/{datetime.now(UTC).year}/imports"
    announcement = {"filename": "list.xlsx", "content_type": TYPE, "size_bytes": len(content)}
    record = expect(client.call(OPERATOR, "POST", path, announcement), 201)
    path = f"{path}/{record['import_id']}"

    def get_import() -> Json:
        return expect(client.call(OPERATOR, "GET", path), 200)

    client.upload(record["upload"], content)
    parsing_seconds = _seconds_until(lambda: get_import()["state"] != "waiting")
    parsed = get_import()
    if (parsed["state"], parsed["row_count"], parsed["error_count"]) != ("parsed", ROWS, 0):
        raise RuntimeError(f"the list was not read as it stands: {parsed}")
    began = perf_counter()
    confirmed = confirmed_difference(client, path)
    comparing_seconds = perf_counter() - began
    expect(client.call(BUREAU, "POST", f"{path}/apply", confirmed), 200)
    applying_seconds = _seconds_until(lambda: bool(get_import()["state"] == "applied"))
    peaks = {line["message"]: line["peak_memory_mb"] for line in _work_lines(own_stack)}
    size = f"{len(content) / 2**20:.1f} MB .xlsx"
    return [
        ResultLine(
            f"list of {ROWS:,} rows, {size}: parsed", f"{parsing_seconds:.0f} s, {peaks['list parsed']} MB at most"
        ),
        ResultLine(f"list of {ROWS:,} rows: its difference to the list in force", f"{comparing_seconds:.1f} s"),
        ResultLine(
            f"list of {ROWS:,} enterprises that were on no list: in force",
            f"{applying_seconds:.0f} s, {ROWS / applying_seconds:.0f}/s, {peaks['list applied']} MB at most",
        ),
    ]


def _workbook() -> bytes:
    workbook, codes = Workbook(write_only=True), CreditCodes(Random(1), OUTSIDERS)
    page = workbook.create_sheet()
    page.append(("统一社会信用代码", "企业名称", "年度"))
    for number in range(ROWS):
        page.append((codes.next("91", "331100"), f"丽水市第{number}号有限公司", "2026"))
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def _seconds_until(is_done: Callable[[], bool]) -> float:
    began = perf_counter()
    while not is_done():
        if perf_counter() - began > WAIT_SECONDS:
            raise TimeoutError("the worker did not finish in time")
        sleep(LOOK_EVERY_SECONDS)
    return perf_counter() - began


def _work_lines(own_stack: Stack) -> list[dict[str, Any]]:
    """The worker's log lines about parsing and applying."""
    logs = stack.session().client("logs", endpoint_url=own_stack.aws_endpoint_url)
    groups = logs.describe_log_groups()["logGroups"]
    [name] = [each["logGroupName"] for each in groups if "ImportList" in each["logGroupName"]]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
    messages = [event["message"] for page in pages for event in page["events"]]
    lines = [json.loads(each) for each in messages if each.lstrip().startswith("{")]
    return [each for each in lines if each.get("message") in ("list parsed", "list applied")]
