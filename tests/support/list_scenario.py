"""A version of a list on its way into force: uploaded, read, compared, applied."""

import json
from collections.abc import Callable, Iterable

import boto3

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.support import samples
from tests.support.backend import BUCKET, World
from tests.support.relaying import relayed
from tests.support.scenario import Json
from tests.support.workers import deliver_upload
from voucher.store import keys

KIND = "newly_above_scale"
CODES = [samples.enterprise(number).uscc for number in range(8)]


def content_of(codes: Iterable[str]) -> bytes:
    """A list of these codes without names, in .csv."""
    return "\n".join(["统一社会信用代码", *codes]).encode()


def upload_list(world: World, content: bytes, kind: str = KIND, year: int = 2025, by: Person = OPERATOR) -> Json:
    """A version announced, uploaded and parsed."""
    announced = {"filename": "名单.csv", "content_type": "text/csv", "size_bytes": len(content)}
    record = steps.expect(world.call(by, "POST", f"/lists/{kind}/{year}/imports", announced), 201)
    world.upload(record["upload"], content)
    deliver_upload(record["upload"]["fields"]["key"])
    return steps.expect(world.call(OPERATOR, "GET", path_of(record)), 200)


def path_of(record: Json) -> str:
    """The path of a version."""
    return f"/lists/{record['kind']}/{record['year']}/imports/{record['import_id']}"


def confirmed(world: World, record: Json) -> Json:
    """The body by which the bureau applies what it has seen of a version."""
    return steps.confirmed_difference(world, path_of(record))


def begin_to_apply(world: World, record: Json) -> Json:
    """The bureau applies a version; the worker has yet to bring it into force."""
    return steps.expect(world.call(BUREAU, "POST", f"{path_of(record)}/apply", confirmed(world, record)), 200)


def apply_list(world: World, record: Json) -> None:
    """The bureau applies a version, and the worker brings it into force."""
    with relayed(keys.name_list(record["kind"], record["year"], f"IMPORT#{record['import_id']}")):
        begin_to_apply(world, record)
    assert steps.expect(world.call(OPERATOR, "GET", path_of(record)), 200)["state"] == "applied"


def damage(record: Json, how: str, part: str = "rows") -> Callable[[], None]:
    """Delete what was read of a version, its good rows or its errors, or the first of them; answers how to mend it."""
    client, prefix = boto3.client("s3"), f"rows/{record['kind']}/{record['year']}/{record['import_id']}"
    kept = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    [key] = [each["Key"] for each in kept if each["Key"].endswith(f".{part}.json")]
    content = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    if how == "gone":
        client.delete_object(Bucket=BUCKET, Key=key)
    else:
        client.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(json.loads(content)[1:]))
    return lambda: client.put_object(Bucket=BUCKET, Key=key, Body=content)
