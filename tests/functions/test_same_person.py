"""§5.2b: nobody acts for both parties of an order; what both have in common is a flag."""

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.support.backend import function
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import settling, the_order
from voucher.store import keys
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import transact, update_write

Scene = tuple[Town, Json]
SMALL = {"contract_fen": 60_000, "voucher_fen": 40_000}


def let_the_owner_in(town: Town) -> None:
    """The enterprise's owner becomes a member of the agency, too."""
    members = [SELLER.name, OWNER.name]
    change = "SET #members = :members, #version = #version + :one"
    transact([update_write("agency", keys.agency(town.agency.uscc), change, None, members=members)])


@pytest.mark.clause("§5.2b")
def test_who_acts_for_both_parties_is_quoted_nothing_and_neither_orders_nor_accepts(voucher: Scene) -> None:
    town = voucher[0]
    placed, signed = town.order(**SMALL), town.order(**SMALL)
    signed = steps.expect(town.act(OWNER, signed, "contract", town.contract(signed)), 200)
    asked = {name: town.placement()[name] for name in ("product_id", "voucher_id", "contract_fen")}
    let_the_owner_in(town)
    tried = [
        town.world.call(OWNER, "POST", "/orders/quote", asked),
        town.place("new", **SMALL),
        town.act(SELLER, placed, "accept"),
        town.act(SELLER, signed, "accept"),
    ]
    assert {(no.status, no.code, no.body["clause"]) for no in tried} == {(422, "SAME_PERSON", "§5.2b")}
    assert town.act(SELLER, placed, "refuse", {"reason": "同一人"}).status == 200


@pytest.mark.clause("§5.2b")
def test_who_joins_the_other_party_later_takes_no_step_on_either_side(voucher: Scene) -> None:
    """Nor does anybody else, as long as one person is on both sides."""
    town = voucher[0]
    accepted, delivered, signed = (town.order(**SMALL) for _ in range(3))
    for order in (accepted, delivered, signed):
        town.act(SELLER, order, "accept")
    for order in (delivered, signed):
        steps.expect(town.act(SELLER, order, "contract", town.contract(order)), 200)
        steps.expect(town.act(OWNER, order, "contract/acknowledge"), 200)
    steps.expect(town.act(SELLER, delivered, "deliver"), 200)
    let_the_owner_in(town)
    tried = [
        town.act(SELLER, accepted, "contract", town.contract(accepted)),
        town.act(SELLER, signed, "deliver"),
        town.act(OWNER, delivered, "confirm"),
    ]
    assert {(no.status, no.code, no.body["clause"]) for no in tried} == {(422, "SAME_PERSON", "§5.2b")}


@pytest.mark.clause("§5.2b")
def test_who_changed_sides_takes_no_step_for_the_other_party(voucher: Scene) -> None:
    town = voucher[0]
    order = town.order(**SMALL)
    town.act(SELLER, order, "accept")
    steps.expect(town.act(SELLER, order, "contract", town.contract(order)), 200)
    steps.expect(town.act(OWNER, order, "contract/acknowledge"), 200)
    change = "SET #members = :members, #version = #version + :one"
    only_the_owner = update_write("agency", keys.agency(town.agency.uscc), change, None, members=[OWNER.name])
    none_of_them = update_write("firm", keys.enterprise(town.enterprise.uscc), change, None, members=["another"])
    transact([only_the_owner, none_of_them])
    no = town.act(OWNER, order, "deliver")
    assert (no.status, no.code, no.body["clause"]) == (403, "FOUR_EYES", "§5.2b")


@pytest.mark.in_the_middle
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", ["place", "accept", "confirm"])
def test_no_write_overlooks_somebody_who_joined_the_other_party_at_the_same_moment(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The rule looked just before."""
    town = voucher[0]
    placed = town.order(**SMALL)
    town.act(OWNER, placed, "contract", town.contract(placed))
    if step == "confirm":
        for each in ("accept", "deliver"):
            steps.expect(town.act(SELLER, placed, each), 200)
    module = function("orders" if step == "place" else "fulfilment").orders
    name = "commit_order" if step == "place" else "commit_step"
    write = getattr(module, name)

    def overtaken(*facts: object) -> None:
        monkeypatch.setattr(module, name, write)
        let_the_owner_in(town)
        write(*facts)

    monkeypatch.setattr(module, name, overtaken)
    person = OWNER if step == "confirm" else SELLER
    no = town.place("new", **SMALL) if step == "place" else town.act(person, placed, step)
    assert no.code == "SAME_PERSON"


@pytest.mark.clause("§5.2b")
def test_staff_sees_on_each_line_who_stands_behind_both_parties(submitted: Scene) -> None:
    """The agency is told nothing of it."""
    case, order = settling(submitted), the_order(submitted)
    change = "SET #legal_representative = :person, #contact_phone = :phone, #address = :address"
    same = {"person": " 张 三", "phone": "0578-1234567", "address": "瓯恒路 1号"}
    transact([update_write("agency", keys.agency(case.town.agency.uscc), change, None, **same)])
    same = {"person": "张三", "phone": "0578－1234567", "address": "瓯恒路１号"}
    transact([update_write("enterprise", keys.enterprise(case.town.enterprise.uscc), change, None, **same)])
    breach = {"uscc": case.town.agency.uscc, "facts": "虚报服务"}
    steps.expect(case.call(BUREAU, "POST", "/violations", breach), 201)

    shared = {"SAME_REPRESENTATIVE", "SAME_PHONE", "SAME_ADDRESS", "HAS_VIOLATION"}

    def codes(person: Person) -> set[str]:
        return {flag["code"] for flag in case.line(order, person)["flags"]}

    assert shared <= codes(OPERATOR)
    assert not shared & codes(SELLER)
    steps.expect(case.decide(order), 200)
    path = f"/rounds/{case.gather()['round_id']}"
    [line] = case.town.shown(path, BUREAU)["lines"]
    assert shared <= {flag["code"] for flag in line["flags"]}


@pytest.mark.clause("§5.2b")
def test_whoever_decides_on_an_order_sees_what_speaks_against_its_parties(submitted: Scene) -> None:
    """Staff alone; the order's cancellation and its disputed delivery are decided on what it shows."""
    case, order = settling(submitted), the_order(submitted)
    change, same = "SET #contact_phone = :phone", {"phone": "0578-1234567"}
    parties = keys.agency(case.town.agency.uscc), keys.enterprise(case.town.enterprise.uscc)
    transact([update_write("party", each, change, None, **same) for each in parties])
    place = f"/orders/{order['order_id']}"
    shown = case.town.shown(place, OPERATOR)["flags"]
    names = [f"agency:{case.town.agency.uscc}", f"enterprise:{case.town.enterprise.uscc}"]
    assert [(each["code"], each["shared_with"]) for each in shown] == [("SAME_PHONE", names)]
    assert all("flags" not in case.town.shown(place, person) for person in (OWNER, SELLER))


def load_submission(key: keys.Key) -> Json:
    """What an organisation submitted last."""
    item = find_item(key)
    assert item is not None
    found: Json = item["submission"]
    return found


@pytest.mark.clause("§5.2b")
def test_a_paper_of_two_organisations_is_a_flag_that_names_the_other_to_staff(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    seller, buyer = case.town.agency.uscc, case.town.enterprise.uscc
    assert "SAME_PAPER" not in str(case.shown()["lines"])
    paper = load_submission(keys.enterprise(buyer))["income_statement"][0]
    copied = {"tax_certificate": [f"d_other.{paper.rpartition('.')[2]}"]}
    submission = load_submission(keys.agency(seller)) | copied
    change = "SET #submission = :submission"
    transact([update_write("agency", keys.agency(seller), change, None, submission=submission)])

    def flags(line: Json) -> list[Json]:
        return [flag for flag in line["flags"] if flag["code"] == "SAME_PAPER"]

    [flag] = flags(case.line(order))
    assert flag["shared_with"] == [f"agency:{seller}"] and flag["field"] == "enterprise.income_statement"
    assert flag["message"] == "上年度营业收入（利润表）与其他单位提交的是同一文件，请核实是否串通。"
    assert not flags(case.line(order, SELLER))
    steps.expect(case.decide(order), 200)
    [line] = case.town.shown(f"/rounds/{case.gather()['round_id']}", BUREAU)["lines"]
    assert flags(line) == [flag]
