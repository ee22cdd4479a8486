"""A receiver of the webhook to try things with: it verifies each post as functions/webhook/README.md says.

`python -m infra.local.webhook_receiver 8099 <key>` prints what comes.
"""

import json
import re
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "functions/webhook/README.md"


def verifier() -> Callable[[str, str, str, bytes], bool]:
    """The verifier that the page shows: what receivers copy is what is tried here."""
    [shown] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(shown, names)  # noqa: S102 - our own page
    verify: Callable[[str, str, str, bytes], bool] = names["is_ours"]
    return verify


class Receiver(ThreadingHTTPServer):
    """Takes posts on a port of this machine (0: any). `taken` are those that are ours, by id; `status` and `headers`
    are what it answers to them."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(("127.0.0.1", port), _Post)
        self.key, self.status, self.headers = key, 204, dict[str, str]()
        self.is_ours = verifier()
        self.asked: list[str] = []
        self.taken: dict[str, dict[str, Any]] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/posts"


class _Post(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        receiver, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        said = (self.headers["Webhook-Timestamp"], self.headers["Webhook-Signature"])
        receiver.asked.append(self.path)
        status = receiver.status if receiver.is_ours(receiver.key, *said, body) else 401
        if 200 <= status < 300:
            post = json.loads(body)
            receiver.taken[post["id"]] = post
        self.send_response(status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, _format: str, *_values: Any) -> None:
        """Nothing: what comes is printed by `main`, or looked at by a test."""


def main(port: str, key: str) -> None:
    """Print what comes, until it is interrupted."""
    receiver = Receiver(int(port), key)
    print(f"listening at {receiver.url}", flush=True)
    while True:
        receiver.handle_request()
        print(receiver.asked[-1:], json.dumps(list(receiver.taken.values())[-1:], ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
