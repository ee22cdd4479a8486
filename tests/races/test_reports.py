"""Workers that count the same enterprises at once, while an order is placed: each change counts once (§5.1)."""

from functools import partial
from typing import Any

import pytest

from tests.races import tables
from tests.races.interleaving import Interleaving
from tests.races.order_parties import seed_parties
from tests.races.seed_data import YEAR
from tests.support.backend import World
from tests.support.workers import deliver
from voucher.rules.reports import account_differences, counted
from voucher.store import reports


@pytest.mark.clause("§5.1")
def test_workers_and_orders_at_once_count_each_change_once(world: World, seed: int) -> None:
    parties = seed_parties(world)
    message = {"year": YEAR, "uscc": parties.enterprise.uscc}

    def insist() -> Any:
        while deliver("keep_reports", message)["batchItemFailures"]:
            pass

    def order() -> Any:
        parties.place_order(200_000)
        insist()

    Interleaving(seed).run([insist, order, insist, partial(deliver, "keep_reports", message, message)])
    kept = reports.read(YEAR)
    assert kept.rows == counted(reports.read_firm(YEAR, parties.enterprise.uscc))
    assert account_differences(kept.rows, tables.assert_books_hold()) == {}
