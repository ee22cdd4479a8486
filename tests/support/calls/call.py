"""What a call of one route looks like that the route accepts."""

from dataclasses import dataclass
from typing import Any

from infra.client.http import Person

STAFF = ("platform", "bureau", "finance", "discipline", "admin")


@dataclass(frozen=True)
class Call:
    """One call. `roles`: the staff roles that may; empty where membership or nothing is asked for. `path` has its
    ids filled in; `foreign` says that a stranger is told the thing does not exist; `refused` is the code of a call
    that is well formed but comes on the wrong day."""

    person: Person | None
    path: str
    body: Any = None
    key: str | None = None
    roles: tuple[str, ...] = ()
    foreign: bool = False
    refused: str | None = None


Calls = dict[str, Call]
