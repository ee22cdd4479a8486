"""A town with one of each thing, and people who take many steps at once: each a call that its route accepts, but beside
the others; some are sent twice, some by a client that has forgotten its key."""

from tests.simulation.clients import People
from tests.simulation.cloud import Cloud, simulated
from tests.simulation.dynamodb import Change, DynamoDB
from tests.simulation.life import City, begin, on_schedule
from tests.support import scenario
from tests.support.bucket import BucketInMemory
from tests.support.calls.call import Call
from tests.support.calls.everything import build_everything

WAVES, WAVE_SECONDS, MOST_CALLS = 3, 20.0, 14
SCHEDULED = ("sweep", "reconcile", "verify_audit")
READS = ("GET", "HEAD")

Calls = list[tuple[str, Call]]
FOUNDED: list[tuple[DynamoDB, BucketInMemory, list[Change], Calls]] = []


def found(cloud: Cloud) -> City:
    """The town as it is before the first wave."""
    if not FOUNDED:
        FOUNDED.append(_found())
    tables, files, changes, _ = FOUNDED[0]
    cloud.tables.copy(tables)
    cloud.files.copy(files)
    cloud.tables.on_commit(changes)
    return City(cloud, People(cloud))


def _found() -> tuple[DynamoDB, BucketInMemory, list[Change], Calls]:
    changes: list[Change] = []
    with simulated(0) as cloud:
        cloud.tables.on_commit, cloud.tables.on_change = changes.extend, lambda _change: None
        everything = build_everything(scenario.settle(scenario.open_year(People(cloud))))
        calls = [(route, call) for route, call in everything.calls.items() if not route.startswith(READS)]
        return cloud.tables, cloud.files, changes, calls


def live(city: City) -> None:
    """Wave after wave: the calls about one thing, and some others beside them."""
    chance, calls = city.cloud.chance.random, FOUNDED[0][3]
    for wave in range(WAVES):
        _, anchor = chance.choice(calls)
        near = [each for each in calls if _ids(each[1].path) & _ids(anchor.path)]
        chosen = chance.sample(near, min(len(near), MOST_CALLS // 2)) + chance.sample(calls, MOST_CALLS // 2)
        for number, (route, call) in enumerate(chosen):
            for again in range(chance.choice((1, 1, 2))):
                key = call.key or f"{wave}.{number}" + chance.choice(("", f".{again}"))
                begin(
                    city,
                    f"wave {wave}: {route} {again}",
                    lambda route=route, call=call, key=key, wave=wave: _take(city, route, call, key, wave),
                    2.0,
                )
    for folder in chance.sample(SCHEDULED, 2):
        begin(city, folder, lambda folder=folder: on_schedule(city.cloud, folder), WAVES * WAVE_SECONDS)


def _ids(path: str) -> set[str]:
    return {part for part in path.partition("?")[0].split("/") if any(letter.isdigit() for letter in part)}


def _take(city: City, route: str, call: Call, key: str, wave: int) -> None:
    city.cloud.scheduler.sleep(wave * WAVE_SECONDS)
    city.people.call(call.person, route.partition(" ")[0], call.path, call.body, key)
