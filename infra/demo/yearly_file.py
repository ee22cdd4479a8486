"""The yearly file of the small year: made after its close, downloaded, and received by bureau and finance (§5.1)."""

import hashlib
import io
import json
import zipfile
from urllib.request import urlopen

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, Client, Reply
from infra.client.steps import Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear
from infra.demo.printing import print_heading, print_line, print_table
from infra.demo.scheduled import wait_until


def hand_in_yearly_file(year: DemoYear) -> None:
    """§5.1: one archive of the small year, with the sums in words."""
    number = year.plan.small_year
    print_heading(f"The yearly file of {number} (§5.1)")
    file = make_yearly_file(year.client, number)
    files = unpacked(download(year.client, file))
    print_line(f"{file['yearly_file_id']}: {len(files)} files, SHA-256 {file['sha256'][:16]}…")
    words = json.loads(files["00-cover.json"])["sums_in_words"]
    print_table(("sum", "in words"), [(name, said) for name, said in words.items() if said != "零元整"])
    print_line(f"received by bureau and finance: {confirm_receipts(year.client, file)['state']}")


def make_yearly_file(client: Client, number: int) -> Json:
    """The file of a closed year, once what is counted of it agrees with its reconciliation."""
    made: list[Reply] = []

    def is_made() -> bool:
        made.append(client.call(BUREAU, "POST", f"/reports/{number}/yearly-files", {"position": 1}))
        return made[-1].code != "NOT_RECONCILED"

    wait_until(is_made)
    return expect(made[-1], 200, 201)


def download(client: Client, file: Json) -> bytes:
    """The bytes behind the link of a file. Raises UnexpectedAnswer if they are not those of its hash."""
    path = f"/reports/{file['year']}/yearly-files/{file['yearly_file_id']}"
    with urlopen(expect(client.call(FINANCE, "GET", path), 200)["archive_url"]) as answer:
        content: bytes = answer.read()
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise UnexpectedAnswer(f"{file['yearly_file_id']} is not what was made")
    return content


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def confirm_receipts(client: Client, file: Json) -> Json:
    """First the bureau, then finance."""
    path = f"/reports/{file['year']}/yearly-files/{file['yearly_file_id']}/receipt"
    for person, office in ((BUREAU, "bureau"), (FINANCE, "finance")):
        answer = steps.expect(client.call(person, "POST", path, {"office": office, "sha256": file["sha256"]}), 200)
    return answer
