"""Knows how the sources become stacks: `sam build` and `sam deploy`, for the emulator just as for AWS.

A fingerprint of everything that is built or deployed tells whether there is anything to do.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.local.emulator import REGION, ROOT_KEY
from infra.local.environment import python_of
from infra.local.state import LOCAL, ROOT, locked

SETTINGS = ROOT / "infra" / "samconfig.toml"
BUILT = LOCAL / "build"
# folders of the layers, and what stays of their subfolders: of all services of AWS those that functions call, of all
# countries the one whose credit codes we check; nothing else of them is ever read
KEPT = {
    "botocore/data": {"dynamodb", "kms", "s3", "secretsmanager", "sqs"},
    "stdnum": {"cn"},
}


class DeploymentFailed(Exception):
    """`sam` ended with an error; the message is its own output."""


def fingerprint() -> str:
    """A digest of template, nested stacks, functions and layers: equal exactly when a deployment would be."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def build(wanted: str) -> Path:
    """Build template, functions and layers, unless what lies there is `wanted`, a fingerprint.

    The built template. Raises DeploymentFailed.
    """
    stamp = LOCAL / "build.sha256"
    with locked(LOCAL / "building"):
        if not (stamp.is_file() and stamp.read_text() == wanted and (BUILT / "template.yaml").is_file()):
            stamp.unlink(missing_ok=True)
            folders = ["--build-dir", str(BUILT), "--cache-dir", str(LOCAL / "build-cache"), "--cached"]
            _sam(["build", "--template", str(ROOT / "template.yaml"), *folders], {})
            for packages in BUILT.glob("*/python"):
                trim(packages)
                _compile(packages)
            stamp.write_text(wanted)
    return BUILT / "template.yaml"


def deploy(template: Path, stack: str, endpoint: str, bucket: str, parameters: Mapping[str, str]) -> None:
    """Create or update `stack` from `template`, its packages laid in `bucket`. Raises DeploymentFailed."""
    command = ["deploy", "--config-env", "local", "--template", str(template), "--stack-name", stack]
    if parameters:
        command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    env = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": REGION, **ROOT_KEY}
    _sam([*command, "--s3-bucket", bucket], env)


def _sources() -> Iterator[Path]:
    yield ROOT / "template.yaml"
    yield SETTINGS
    yield from (ROOT / "infra").glob("*.yaml")
    for folder in ("functions", "layers"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _sam(arguments: list[str], env: Mapping[str, str]) -> None:
    """Run SAM in its own environment. It finds Python 3.13, its build target, beside itself."""
    foreign = ("PYTHON", "AWS_", "SAM_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    tools = {"PATH": f"{python_of('deploy').parent}:{os.environ.get('PATH', os.defpath)}"}
    manners = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.5"}
    command = [str(python_of("deploy")), "-m", "samcli", *arguments, "--config-file", str(SETTINGS)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**inherited, **tools, **manners, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = f"{done.stdout}\n{done.stderr}"
        raise DeploymentFailed(f"sam {arguments[0]} ended with {done.returncode}:\n{words}")


def trim(packages: Path) -> None:
    """Remove from a layer what no function reads: AWS unpacks a layer's whole size before a cold start."""
    for name, kept in KEPT.items():
        for folder in (packages / name).glob("*/"):
            if folder.name not in kept | {"__pycache__"}:
                shutil.rmtree(folder)


def _compile(packages: Path) -> None:
    """Compile a layer's modules here, once, not at every cold start; no path of this machine goes in."""
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(packages.parent), "-p", "/opt"]
    subprocess.run([str(python_of("deploy")), "-m", "compileall", *options, str(packages)], check=True)
