"""A page of another origin in a real browser: it runs a script and hands back what the script saw."""

import json
import queue
import shutil
import subprocess
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# as root there is no sandbox; no proxy may stand between the page and this machine
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server")
PAGE = """<!doctype html><meta charset="utf-8"><title>Another origin</title><script type="module">
const facts = await (await fetch("/facts")).json();
const seen = async () => { %s };
const found = await seen().catch((error) => ({error: String(error)}));
await fetch("/found", {method: "POST", body: JSON.stringify(found)});
</script>"""


@cache
def browser() -> str | None:
    """The browser of this machine, None if it has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def run_in_page(folder: Path, script: str, facts: dict[str, Any]) -> dict[str, Any]:
    """What `script`, the body of an async function, returns in a page that knows `facts`. Raises RuntimeError if the
    browser ends before."""
    found: queue.Queue[dict[str, Any]] = queue.Queue()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_facts = self.path == "/facts"
            self._answer(
                json.dumps(facts) if is_facts else PAGE % script, "application/json" if is_facts else "text/html"
            )

        def do_POST(self) -> None:
            found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer("", "text/plain")

        def _answer(self, text: str, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [str(browser()), *FLAGS, f"--user-data-dir={folder}", f"http://127.0.0.1:{server.server_port}/"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while process.poll() is None:
                try:
                    return found.get(timeout=1)
                except queue.Empty:
                    continue
            raise RuntimeError(f"the browser ended with {process.returncode}")
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
