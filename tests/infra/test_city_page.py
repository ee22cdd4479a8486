"""The page of the told year: its arrows add up or it is not made, and no text of the city becomes markup."""

from typing import Any

import pytest

from infra.client.steps import UnexpectedAnswer
from infra.demo.page import money, sankey
from infra.demo.page.html import escape, section, table

PROGRAMME = {"unreleased_fen": 100}
BATCHES = [{"batch_id": "b", "name": "第一批（长期）", "amount_fen": 900, "remaining_fen": 200}]
ACCOUNTS = {
    "treasury": -1_000,
    "programme": 100,
    "batch": 200,
    "voucher": 150,
    "order": 50,
    "payable": 0,
    "paid": 300,
    "surplus": 200,
}


def posting(entry: str, account: str, amount_fen: int) -> dict[str, Any]:
    """The parts of a posting that the page reads."""
    return {"entry": entry, "from_account": account, "to_account": "x", "amount_fen": amount_fen}


POSTINGS = [
    posting("grant", "batch:b", 700),
    posting("hold", "voucher:v", 450),
    posting("release", "order:o", 100),
    posting("lapse", "voucher:w", 200),
]


def test_the_arrows_of_a_year_add_up_and_a_batch_is_called_by_its_name() -> None:
    found = money.arrows(PROGRAMME, BATCHES, POSTINGS, ACCOUNTS)
    money.check(found, ACCOUNTS)
    assert {(each.source, each.target): each.fen for each in found.flows} == {
        ("budget", "b"): 900,
        ("b", "granted"): 700,
        ("b", "left"): 200,
        ("budget", "unreleased"): 100,
        ("granted", "used"): 350,
        ("granted", "balance"): 150,
        ("granted", "surplus"): 200,
        ("used", "paid"): 300,
        ("used", "due"): 50,
    }
    assert found.places["b"].chinese == "第一批"


@pytest.mark.parametrize("account", ["treasury", "programme", "batch", "voucher", "order", "surplus"])
def test_a_page_whose_money_is_a_fen_off_the_books_is_not_made(account: str) -> None:
    found = money.arrows(PROGRAMME, BATCHES, POSTINGS, ACCOUNTS)
    with pytest.raises(UnexpectedAnswer, match="does not add up"):
        money.check(found, ACCOUNTS | {account: ACCOUNTS[account] + 1})


def test_every_arrow_has_its_amount_in_both_drawings_and_in_the_table() -> None:
    found = money.arrows(PROGRAMME, BATCHES, POSTINGS, ACCOUNTS)
    drawings = [sankey.draw(found, canvas) for canvas in sankey.CANVASES]
    for each in found.flows:
        amount = f">{each.fen // 100}.{each.fen % 100:02}<"
        assert all(amount in drawing for drawing in drawings), each
        assert amount in sankey.money_section(found, 0).partition("<table")[2]


def test_no_text_of_the_city_becomes_markup() -> None:
    name = "<script>\"&'"
    assert escape(name) == "&lt;script&gt;&quot;&amp;&#x27;"
    found = money.arrows(PROGRAMME, [BATCHES[0] | {"name": name}], POSTINGS, ACCOUNTS)
    assert "<script>" not in section(name, name, name, []) + table([name], [[name]], frozenset())
    assert "<script>" not in sankey.money_section(found, 0)
