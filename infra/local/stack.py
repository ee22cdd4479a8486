"""The local stack as one thing: `up` makes it answer, `down` ends it, `read` says where it is.

python -m infra.local.stack up|down|status [--state-dir FOLDER] [--port N] [--parameter Name=Value …]
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import boto3

from infra.local import deployment, emulator, gateway, recovery
from infra.local.deployment import DeploymentFailed
from infra.local.emulator import REGION, Emulator, EmulatorFailed
from infra.local.state import LOCAL, ROOT, locked

IDENTITY_STACK = "voucher-identity"
STACK = "voucher"
PACKAGES_BUCKET = "voucher-packages"
PEOPLE = "people.json"
STUCK = "The running stack could not be changed. `make down` ends it, with all that is in it; then it can start anew."
# A demo year is played in minutes: its coming night is swept by hand. No template can say so, lest a city does.
PLAYED = {"SWEEP_AHEAD": "allowed"}


@dataclass(frozen=True)
class Stack:
    """Where a client finds the running stack: what `stack.json` holds, no more."""

    api_url: str
    aws_endpoint_url: str
    region: str
    user_pool_id: str
    client_id: str
    stack_name: str


def up(state: Path = LOCAL, parameters: Mapping[str, str] | None = None, port: int | None = None) -> Stack:
    """Make the stack of folder `state` answer with the present sources, reusing what runs; where it is.

    `parameters` go to the main template beside issuer, keys and audience. A `port` is that of a new start.
    Raises EmulatorFailed, DeploymentFailed.
    """
    overrides = dict(parameters or {})
    with locked(state):
        running = emulator.running(state)
        if running and port not in (None, running.port):
            raise EmulatorFailed(f"It runs on port {running.port}; after `make down` it can have another one.")
        wanted = json.dumps([deployment.fingerprint(), overrides])
        known = read(state)
        if running and known and _deployed(state) == wanted:
            return known
        _tell("Building what changed in functions and layers …")
        built = deployment.build(deployment.fingerprint())
        _forget(state)
        if not running:
            _tell("Starting the local AWS (MiniStack, IAM enforced) …")
            forget_people(state)
            running = emulator.launch(state, port)
        try:
            stack = _deploy(running, built, overrides)
        except (DeploymentFailed, KeyboardInterrupt) as trouble:
            # A stack whose first creation broke off cannot be updated: the next `up` needs an empty emulator.
            if known is None:
                emulator.stop(state)
            elif isinstance(trouble, DeploymentFailed):
                raise DeploymentFailed(f"{trouble}\n{STUCK}") from trouble
            raise
        (state / "stack.json").write_text(json.dumps(asdict(stack), indent=2) + "\n")
        (state / "deployed.json").write_text(wanted)
    return stack


def down(state: Path = LOCAL) -> bool:
    """End what `up` started for folder `state`, and nothing else; False if nothing of it was running."""
    with locked(state):
        _forget(state)
        forget_people(state)
        return emulator.stop(state)


def forget_people(state: Path) -> None:
    """The demo's people are those of one emulator: the next one knows nobody."""
    (state / PEOPLE).unlink(missing_ok=True)


def read(state: Path = LOCAL) -> Stack | None:
    """Where the stack of folder `state` is, if its emulator still runs."""
    if emulator.running(state) is None:
        return None
    try:
        return Stack(**json.loads((state / "stack.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def session() -> boto3.Session:
    """A session with the emulator's root key."""
    key = emulator.ROOT_KEY
    return boto3.Session(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], region_name=REGION)


def _deploy(running: Emulator, built: Path, overrides: Mapping[str, str]) -> Stack:
    """Deploy the identity stack, then the main one that trusts its issuer."""
    aws = session()
    _make_packages_bucket(aws, running.url)
    _tell("Deploying the identity stack …")
    local = {"Use": "local"}
    deployment.deploy(ROOT / "infra" / "identity.yaml", IDENTITY_STACK, running.url, PACKAGES_BUCKET, local)
    identity = _outputs(aws, running.url, IDENTITY_STACK)
    pool, client = identity["UserPoolId"], identity["ClientId"]
    # The issuer's real address is of the world outside; its keys are fetched from the emulator.
    keys_url = f"{running.url}/{pool}/.well-known/jwks.json"
    trusted = {"Issuer": identity["Issuer"], "JwksUrl": keys_url, "Audience": client, "GroupsClaim": "cognito:groups"}
    _tell("Deploying the voucher stack …")
    deployment.deploy(built, STACK, running.url, PACKAGES_BUCKET, {**trusted, **overrides})
    recovery.complete(aws, running.url, STACK)
    _let_nights_come_early(aws, running.url)
    path = gateway.complete(aws, running.url, STACK)
    return Stack(running.url + path, running.url, REGION, pool, client, STACK)


def _make_packages_bucket(aws: boto3.Session, endpoint: str) -> None:
    storage = aws.client("s3", endpoint_url=endpoint)
    if all(bucket["Name"] != PACKAGES_BUCKET for bucket in storage.list_buckets()["Buckets"]):
        storage.create_bucket(Bucket=PACKAGES_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def _let_nights_come_early(aws: boto3.Session, endpoint: str) -> None:
    functions, name = aws.client("lambda", endpoint_url=endpoint), _outputs(aws, endpoint, STACK)["SweepFunction"]
    known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**known, **PLAYED}})


def _outputs(aws: boto3.Session, endpoint: str, stack: str) -> dict[str, str]:
    answer = aws.client("cloudformation", endpoint_url=endpoint).describe_stacks(StackName=stack)
    return {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0].get("Outputs", [])}


def _deployed(state: Path) -> str | None:
    path = state / "deployed.json"
    return path.read_text() if path.is_file() else None


def _forget(state: Path) -> None:
    """A stack on its way up or down is not there for anybody."""
    for name in ("stack.json", "deployed.json"):
        (state / name).unlink(missing_ok=True)


def _tell(words: str) -> None:
    print(words, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.stack", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--state-dir", type=Path, default=LOCAL)
    parser.add_argument("--port", type=int, help="port of 127.0.0.1 for a new start (default: the last one's)")
    parser.add_argument("--parameter", action="append", default=[], metavar="Name=Value")
    return parser.parse_args()


def main() -> int:
    """Run one command; 1 with a plain message if the stack could not be brought up or does not run."""
    arguments = _arguments()
    state = arguments.state_dir.resolve()
    if arguments.command == "down":
        _tell("Ended." if down(state) else "Nothing was running.")
        return 0
    if arguments.command == "status":
        found = read(state)
        _tell(json.dumps(asdict(found), indent=2) if found else "Not running.")
        return 0 if found else 1
    try:
        stack = up(state, dict(pair.split("=", 1) for pair in arguments.parameter), arguments.port)
    except (EmulatorFailed, DeploymentFailed) as error:
        print(error, file=sys.stderr)
        return 1
    _tell(f"The API answers at {stack.api_url}\nWhere everything is: {state / 'stack.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
