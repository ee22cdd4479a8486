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

WAVES, WAVE_SECONDS, MOST_CALLS, OTHERS = 3, 20.0, 14, 5
STRANGERS = 0.1
SCHEDULED = ("sweep", "reconcile", "verify_audit")

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
        # of the reads those of one record
        calls = [each for each in everything.calls.items() if not each[0].startswith("GET") or each[0].endswith("_id}")]
        return cloud.tables, cloud.files, changes, calls


def calls() -> Calls:
    """The calls that people choose from, once a town was found."""
    return FOUNDED[0][3]


def live(city: City) -> None:
    """Wave after wave: the calls about one thing, in turn or all at once, and some others beside them."""
    chance, all_calls = city.cloud.chance.random, calls()
    for wave in range(WAVES):
        _, anchor = chance.choice(all_calls)
        near = [each for each in all_calls if _ids(each[1].path) & _ids(anchor.path)]
        first = chance.randrange(max(1, len(near) - MOST_CALLS + 1))
        in_turn = chance.choice((0.0, 1.0))
        turns = [
            *enumerate(near[first : first + MOST_CALLS]),
            *((0, each) for each in chance.sample(all_calls, OTHERS)),
        ]
        for number, (turn, (route, call)) in enumerate(turns):
            for again in range(chance.choice((1, 1, 2))):
                key = call.key or f"{wave}.{number}" + chance.choice(("", f".{again}"))
                begin(
                    city,
                    f"wave {wave}: {route} {again}",
                    lambda route=route, call=call, key=key, delay=wave * WAVE_SECONDS + in_turn * turn: _take(
                        city, route, call, key, delay
                    ),
                    1.0,
                )
    for folder in chance.sample(SCHEDULED, 2):
        begin(city, folder, lambda folder=folder: on_schedule(city.cloud, folder), WAVES * WAVE_SECONDS)
    begin(city, "a deployment", city.cloud.deploy, WAVES * WAVE_SECONDS)


def _ids(path: str) -> set[str]:
    return {part for part in path.partition("?")[0].split("/") if any(letter.isdigit() for letter in part)}


def _take(city: City, route: str, call: Call, key: str, delay: float) -> None:
    city.cloud.scheduler.sleep(delay)
    # somebody else tries it, too, who must not learn that the thing exists
    is_stranger = call.foreign and city.cloud.chance.random.random() < STRANGERS
    city.people.call(
        scenario.STRANGER if is_stranger else call.person, route.partition(" ")[0], call.path, call.body, key
    )
