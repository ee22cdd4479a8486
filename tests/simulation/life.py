"""What people do in a simulated year: a rush on a small batch, orders up to their payout, and staff who step in."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR
from tests.races import requests, seed_data
from tests.races.order_parties import Parties
from tests.races.seed_data import QUOTA_FEN, TODAY, Organisation
from tests.simulation.clients import Call, GaveUpError, People
from tests.simulation.cloud import START, Cloud, simulated
from tests.simulation.dynamodb import Change, DynamoDB
from tests.simulation.scheduler import Killed
from voucher.policy import Category

RUSH_SECONDS = 4.0
LISTED = 5
MOST_INVOKED = 6  # by Scheduler, retries included (template.yaml)
# five past midnight in Lishui, after the vouchers' last day and after the year's, with a night more for each
NIGHTS = [datetime(2026, month, day, 16, 5, tzinfo=UTC) for month, day in ((11, 30), (12, 1), (12, 31))]
NIGHTS += [datetime(2027, 1, day, 16, 5, tzinfo=UTC) for day in (1, 2)]


@dataclass
class City:
    """Who and what there is; the batch is for those `listed`, if there are any: their quota is the double one."""

    cloud: Cloud
    people: People
    batch_id: str = ""
    enterprises: list[Organisation] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    agencies: list[Organisation] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)


# vouchers of the batch → the tables and the city when they were founded, for the seeds that follow
FOUNDED: dict[int, tuple[DynamoDB, list[Change], City]] = {}


def found(cloud: Cloud) -> City:
    """A year with one open batch, which is too small for all of its enterprises."""
    vouchers = cloud.chance.random.randint(3, 9)
    if vouchers not in FOUNDED:
        FOUNDED[vouchers] = _found(vouchers)
    tables, changes, city = FOUNDED[vouchers]
    cloud.tables.copy(tables)
    cloud.tables.on_commit(changes)
    return replace(city, cloud=cloud, people=People(cloud), stories=[], gave_up=[])


def _found(vouchers: int) -> tuple[DynamoDB, list[Change], City]:
    changes: list[Change] = []
    with simulated(vouchers) as cloud:
        cloud.tables.on_commit, cloud.tables.on_change = changes.extend, lambda _change: None
        return cloud.tables, changes, settle(cloud, vouchers)


def settle(cloud: Cloud, vouchers: int, enterprises: int = 10) -> City:
    """The same in tables that are empty; the batch has as many vouchers."""
    people = People(cloud)
    listed = range(LISTED if vouchers % 4 == 0 else 0)
    claimants = seed_data.add_enterprises(enterprises, double_quota=listed)
    audience = {"audience": {"lists": ["newly_above_scale"]}} if listed else {}
    total_fen = max(100, vouchers) * QUOTA_FEN
    batch_id = seed_data.open_batch(people, QUOTA_FEN * vouchers, total_fen=total_fen, **audience)
    agency = seed_data.add_agency()
    products = [seed_data.add_product(agency, category) for category in list(Category)[:3]]
    return City(cloud, people, batch_id, claimants, [claimants[each].uscc for each in listed], [agency], products)


def live(city: City) -> None:
    """Let everything begin that the seed wants to happen."""
    chance = city.cloud.chance.random
    for enterprise in city.enterprises:
        for time in range(chance.choice((1, 1, 2, 3))):
            begin(
                city, f"grab {time} of {enterprise.person.name}", lambda each=enterprise: grab(city, each), RUSH_SECONDS
            )
    for enterprise in chance.sample(city.enterprises, 3):
        begin(city, f"orders {enterprise.person.name}", lambda each=enterprise: order(city, each), 2 * RUSH_SECONDS)
    staff: list[Callable[[City], None]] = [close_batch, freeze, violate, release_again]
    if chance.random() < 0.5:
        begin(city, "a deployment", city.cloud.deploy, RUSH_SECONDS)
    for step in chance.sample(staff, chance.randint(0, 2)):
        begin(city, step.__name__, lambda step=step: step(city), RUSH_SECONDS)


def begin(city: City, name: str, story: Callable[[], object], within: float) -> None:
    """Begin a story within so many seconds; it ends early when its person gives up, or is told no."""

    def tell() -> None:
        try:
            story()
        except (GaveUpError, steps.UnexpectedAnswer) as end:
            city.gave_up.append(f"{name}: {end}")

    city.stories.append(name)
    delay = city.cloud.chance.random.uniform(0, within)
    if name not in city.cloud.chance.without:
        city.cloud.scheduler.spawn(tell, delay)


def grab(city: City, enterprise: Organisation) -> None:
    """Grab, and after a while look again whether the voucher is there."""
    requests.grab(city.people, city.batch_id, enterprise)
    city.cloud.scheduler.sleep(city.cloud.chance.random.uniform(0, 2))
    requests.grab(city.people, city.batch_id, enterprise)


def buyer(city: City, enterprise: Organisation) -> Parties:
    """Grab a voucher to order with."""
    reply = requests.grab(city.people, city.batch_id, enterprise)
    voucher_id = steps.expect(reply, 200, 201)["voucher_id"]
    product = city.cloud.chance.random.choice(city.products)
    return Parties(
        city.people, city.batch_id, enterprise, city.agencies[0], voucher_id, product, prefix=enterprise.uscc[-4:]
    )


def order(city: City, enterprise: Organisation) -> None:
    """Place two orders and take them as far as the seed says."""
    chance, people, parties = city.cloud.chance.random, city.people, buyer(city, enterprise)
    steps_to_take = chance.choice((parties.place_order, parties.accept_order, parties.complete_order))
    order_ids = [steps_to_take(chance.choice((100_000, 300_000, 700_000))) for _ in range(2)]
    if steps_to_take == parties.place_order and chance.random() < 0.5:
        path = f"/orders/{order_ids[0]}/withdraw"
        steps.expect(people.call(enterprise.person, "POST", path, {"reason": "选错了"}), 200)
    if steps_to_take == parties.accept_order and chance.random() < 0.5:
        requests.both_ask_to_cancel(people, order_ids[0], enterprise.person, city.agencies[0].person)
        path = f"/orders/{order_ids[0]}/cancellation/review"
        steps.expect(people.call(OPERATOR, "POST", path, {"decision": "approve"}), 200)
    if steps_to_take == parties.complete_order:
        pay(city, parties, order_ids)


def pay(city: City, parties: Parties, order_ids: list[str]) -> None:
    """§3.5: settlement, notice and payout of some orders; the bank pays, or says that it failed."""
    path = f"/payouts/{parties.make_payout(order_ids)}/result"
    paid = {"state": "paid", "bank_reference": f"BK-{order_ids[0]}", "paid_on": TODAY.isoformat()}
    result = paid | {"state": city.cloud.chance.random.choice(("paid", "failed"))}
    steps.expect(city.people.call(FINANCE, "POST", path, result), 200)


def close_batch(city: City) -> None:
    """The bureau closes the batch in the middle of the rush."""
    steps.expect(city.people.call(BUREAU, "POST", f"/batches/{city.batch_id}/close"), 200)


def release_again(city: City) -> None:
    """§2.3.3: the bureau closes the batch, and some of what it had left is released once more."""
    close_batch(city)
    batch_id = seed_data.draft_batch(city.people, 2 * QUOTA_FEN, kind="rerelease")
    steps.expect(city.people.call(BUREAU, "POST", f"/batches/{batch_id}/publish"), 200)
    city.cloud.chance.met["released again"] += 1
    again = replace(city, batch_id=batch_id)
    for enterprise in city.cloud.chance.random.sample(city.enterprises, 5):
        begin(again, f"grab again of {enterprise.person.name}", lambda each=enterprise: grab(again, each), 1.0)


def freeze(city: City) -> None:
    """A reconciliation in the middle of the rush."""
    on_schedule(city.cloud, "reconcile")


def on_schedule(cloud: Cloud, folder: str) -> None:
    """A schedule invokes a function, perhaps twice; what fails it invokes again, a few times."""
    event = {"time": cloud.now().isoformat()}
    for _ in range(2 if cloud.chance.happens("schedule again") else 1):
        for _ in range(MOST_INVOKED):
            with suppress(Killed, Exception):
                cloud.invoke(folder, event)
                break
            cloud.scheduler.sleep(60)


def end_year(city: City) -> None:
    """The nights in which the vouchers, and then the year, come to their end; one of them may go by without a sweep."""
    cloud = city.cloud
    missed = cloud.chance.random.choice(NIGHTS)
    for night in NIGHTS:
        cloud.scheduler.sleep(max(0.0, (night - START).total_seconds() - cloud.scheduler.now))
        if night != missed:
            on_schedule(cloud, "sweep")


def finish(city: City) -> None:
    """The bureau finds among its tasks the notices whose closing broke off, and goes on."""
    for (pk, sk), item in list(city.cloud.tables.items()):
        if pk.startswith("NOTICE#") and sk == "RECORD" and item["state"]["S"] == "closing":
            city.people.call(BUREAU, "POST", f"/notices/{pk.removeprefix('NOTICE#')}/close")


def violate(city: City) -> None:
    """§5.1: a violation of an enterprise, which may be in the middle of its grab."""
    enterprise = city.cloud.chance.random.choice(city.enterprises)
    body = {"uscc": enterprise.uscc, "facts": "转让服务券"}
    steps.expect(city.people.call(BUREAU, "POST", "/violations", body), 201)


def is_grab(call: Call) -> bool:
    """Whether a call was a grab."""
    return call.path.endswith("/vouchers") and call.method == "POST"
