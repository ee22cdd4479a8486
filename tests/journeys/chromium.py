"""A real browser that a test drives: the Chromium of this machine over its debugging pipe, without another package."""

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.journeys.browser import FLAGS, browser

Json = dict[str, Any]
# the browser reads commands from file 3 and writes answers to file 4
LAUNCH = 'exec "$@" 3<&"$COMMANDS" 4>&"$ANSWERS"'


class Tab:
    """One page of the browser, as wide as a phone or a desktop."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, os.fdopen(answers, "rb")
        self._numbers, self._session, self._rest = itertools.count(1), "", b""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def _ask(self, method: str, **parameters: Any) -> Json:
        """One command and its answer; what the browser tells unasked is left out. Raises RuntimeError."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters}
        command |= {"sessionId": self._session} if self._session else {}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            message = json.loads(self._read())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return dict(message["result"])

    def _read(self) -> bytes:
        while b"\0" not in self._rest:
            if not (more := os.read(self._answers.fileno(), 65536)):
                raise RuntimeError("the browser ended")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return message

    def resize(self, width: int, height: int) -> None:
        """Show pages in a window of this size in CSS pixels; below 600 as a phone does."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._ask("Emulation.setDeviceMetricsOverride", **size)

    def run(self, script: str) -> Any:
        """What an expression is in the page, once it is settled. Raises RuntimeError if it fails."""
        answer = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def open(self, address: str, is_ready: str) -> None:
        """Go to an address, anew, and wait until the expression `is_ready` is true there."""
        self._ask("Page.navigate", url="about:blank")
        self._ask("Page.navigate", url=address)
        self.wait(is_ready)

    def wait(self, is_true: str) -> None:
        """Wait until an expression is true in the page."""
        self.run(
            f"new Promise((done) => {{ const look = () => ({is_true}) ? done() : setTimeout(look, 50); look(); }})"
        )


@contextmanager
def tab(folder: Path) -> Iterator[Tab]:
    """A page of a browser that keeps its files in `folder` and ends with the block."""
    command_out, command_in = os.pipe()
    answer_out, answer_in = os.pipe()
    environment = os.environ | {"COMMANDS": str(command_out), "ANSWERS": str(answer_in)}
    process = subprocess.Popen(
        [str(shutil.which("bash")), "-c", LAUNCH, "bash", str(browser()), *FLAGS, "--remote-debugging-pipe",
         f"--user-data-dir={folder}"],
        env=environment, pass_fds=(command_out, answer_in), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(command_out)
    os.close(answer_in)
    try:
        yield Tab(command_in, answer_out)
    finally:
        process.terminate()
        process.wait()
        os.close(command_in)
