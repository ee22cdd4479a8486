"""A login service of the tests' own: it publishes signing keys over HTTP and counts who asks for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def published(key: PrivateKey, kid: str | None, **more: Any) -> dict[str, Any]:
    """A key as an issuer publishes it."""
    if isinstance(key, rsa.RSAPrivateKey):
        plain: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        plain = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    facts = {name: value for name, value in plain.items() if name != "key_ops"} | {"kid": kid, "use": "sig"} | more
    return {name: value for name, value in facts.items() if value is not None}


class Issuer:
    """What it publishes now, as bytes and a status, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.content = b""
        self.address = ""

    def publish(self, *keys: dict[str, Any]) -> None:
        """Publish these keys and no others."""
        self.content = json.dumps({"keys": keys}).encode()


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer on this machine, while the block lasts."""
    issuer = Issuer()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            self.send_response(issuer.status)
            self.send_header("Content-Length", str(len(issuer.content)))
            self.end_headers()
            self.wfile.write(issuer.content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        issuer.address = f"http://127.0.0.1:{server.server_port}/keys"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
