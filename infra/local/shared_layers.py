"""Starts MiniStack so that its workers share one unpacked copy of each layer, as functions on AWS do.

By itself each worker unpacks its own: 115 MB times ninety workers. For functions in containers MiniStack does keep
one copy per layer; here its Python workers are pointed to that one. Run as a script by the emulator's Python.
"""

import importlib
import os
import sys
from importlib.metadata import version
from typing import Any

READ_WITH = "1.5.33"


def share_layers() -> None:
    """Have every worker start without layers to unpack, but with the shared copies on its path."""
    runtime = importlib.import_module("ministack.core.lambda_runtime")
    service = importlib.import_module("ministack.services.lambda_svc")
    spawn_alone = runtime.Worker._spawn

    def spawn(worker: Any) -> None:
        config = worker.config
        zips = [service._resolve_layer_zip(layer) for layer in config.get("Layers", [])]
        folders = [service._docker_extracted_dir(content, "layer") for content in zips if content]
        variables = config.get("Environment", {}).get("Variables", {})
        shared = {**variables, "_LAMBDA_LAYERS_DIRS": os.pathsep.join(folders)}
        worker.config = {**config, "Layers": [], "Environment": {"Variables": shared}}
        try:
            spawn_alone(worker)
        finally:
            worker.config = config

    runtime.Worker._spawn = spawn


def main() -> None:
    """Start MiniStack, if it is the very one whose workings this file knows."""
    if version("ministack") != READ_WITH:
        sys.exit(f"{__file__} was written for MiniStack {READ_WITH}; this is {version('ministack')}: look at it anew.")
    names = ("gateway_errors", "known_ids", "permissions")
    gateway_errors, known_ids, permissions = map(importlib.import_module, names)
    # the folder of this script would stand before the packages of the emulator
    sys.path.pop(0)
    share_layers()
    gateway_errors.teach()
    known_ids.keep()
    permissions.teach()
    importlib.import_module("ministack.app").main()


if __name__ == "__main__":
    main()
