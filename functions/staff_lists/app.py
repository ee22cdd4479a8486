"""Lists of what staff works through over all organisations: years, what to publish, objections, what is owed, paid and
claimed back.

The public lists of years, batches and products are other routes, because what anybody may keep in a cache must be the
same for everybody. This function writes nothing.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.batches import batch_now, reply_batches
from voucher.edge.disclosure import disclose
from voucher.edge.identity import require
from voucher.edge.own import of_others
from voucher.edge.pages import ListOf, OfDays, Search, all_of, reply_list
from voucher.edge.queries import Paging, QueryId, Switch
from voucher.edge.replies import Answer, PageOf, reply_page
from voucher.models.batches import BatchNow, ShownState
from voucher.models.notices import Objection, ObjectionState
from voucher.models.orders import KeptRecovery, ListedRecovery, RecoveryState
from voucher.models.payables import Payable, PayableState, PublicPayable
from voucher.models.payouts import Payout, PayoutState
from voucher.models.products import MedianPrice, Product, ProductOfStaff, ProductState
from voucher.models.programmes import Programme
from voucher.rules.products import PriceKind, median_prices, price_kind, revised_product
from voucher.rules.recoveries import is_overdue
from voucher.store import objections, payables, payouts, products, programmes, recoveries
from voucher.store.engine.pages import Selection, cut_page
from voucher.store.engine.table import Item

app = Api()


class Batches(OfDays):
    state: ShownState | None = None


class Products(Search[ProductState]):
    to_publish: Switch = "false"


class Recoveries(Search[RecoveryState]):
    agency_uscc: QueryId | None = None
    overdue: Switch = "false"


class Payables(Search[PayableState]):
    account_proposed: Switch = "false"


@app.get("/staff/programmes")
def list_all_programmes(query: Paging) -> Answer[PageOf[Programme]]:
    """§1.3: programme years as staff see them, drafts included, the latest first."""
    require(app.caller, "platform", "bureau", "finance", "discipline", "admin")
    placed = [(f"{each.year:04}", each) for each in programmes.list_all()]
    return reply_page(*cut_page("staff.programmes", placed, Selection(query.limit, query.cursor)))


@app.get("/staff/batches")
def list_all_batches(query: Batches) -> Answer[ListOf[BatchNow]]:
    """§1.4a: batches, drafts included, by the day on which they open."""
    require(app.caller, "platform", "bureau", "finance", "discipline", "admin")
    states = {query.state} if query.state else set(get_args(ShownState))
    return reply_batches(query.selection(), clock.now(), states, batch_now)


@app.get("/staff/products")
def list_all_products(query: Products) -> Answer[ListOf[ProductOfStaff]]:
    """§3.3, §5.2a: products of all agencies, each beside the median of the prices on sale like it; with
    `to_publish=true` the drafts, and those on sale with a correction that waits. `q` looks into name and agency."""
    require(app.caller, "platform", "bureau", "finance", "discipline", "admin")
    waiting = _waits_for_publication if query.to_publish == "true" else None
    keep = all_of(query.finds("name", "agency_uscc"), waiting)
    page, medians = products.list_page(query.selection(), keep), median_prices(products.list_on_sale())
    return reply_list(page, lambda item: _with_median(Product.model_validate(item), medians))


def _with_median(product: Product, medians: Mapping[PriceKind, MedianPrice]) -> dict[str, Any]:
    return product.public() | {"median_price": medians.get(price_kind(revised_product(product)))}


def _waits_for_publication(item: Item) -> bool:
    return item["state"] == "draft" or (item["state"] == "published" and bool(item["revision"]))


@app.get("/objections")
def list_all_objections(query: Search[ObjectionState]) -> Answer[ListOf[Objection]]:
    """§3.5.3: objections to all notices; `q` looks into the ids of notice and order, and the agency. Whoever acts for
    a party of a line sees none about it."""
    require(app.caller, "platform", "bureau", "finance")
    selection = query.selection(visible=of_others(app.caller))
    disclose(app, "notice:all")
    page = objections.list_page(selection, query.finds("notice_id", "order_id", "agency_uscc"))
    return reply_list(page, Objection.model_validate)


@app.get("/payables")
def list_payables(query: Payables) -> Answer[ListOf[PublicPayable]]:
    """§3.5.4: what agencies are owed, over all rounds; with `account_proposed=true` where another account waits to be
    confirmed. `q` looks into round, agency and the number of the summary invoice."""
    require(app.caller, "platform", "bureau", "finance")
    waiting = _has_proposed_account if query.account_proposed == "true" else None
    keep = all_of(query.finds("round_id", "agency_uscc", "invoice_number"), waiting)
    page = payables.list_page(query.selection(), keep)
    return reply_list(page, lambda item: Payable.model_validate(item).public())


def _has_proposed_account(item: Item) -> bool:
    return item["change"] is not None


@app.get("/payouts")
def list_payouts(query: Search[PayoutState]) -> Answer[ListOf[Payout]]:
    """§3.5.4: payouts of all rounds: those `made` wait for the bank's answer. `q` looks into round, agency, the number
    of the file and the bank's reference."""
    require(app.caller, "platform", "bureau", "finance")
    keep = query.finds("round_id", "agency_uscc", "file_number", "bank_reference")
    return reply_list(payouts.list_page(query.selection(), keep), Payout.model_validate)


@app.get("/recoveries")
def list_recoveries(query: Recoveries) -> Answer[ListOf[ListedRecovery]]:
    """§5.2b: what the bureau claims back, of all agencies or of one; with `overdue=true` what has not come in by its
    last day. `q` looks into order and agency."""
    require(app.caller, "bureau", "finance")
    today = clock.today()
    late = (lambda item: is_overdue(KeptRecovery.model_validate(item), today)) if query.overdue == "true" else None
    keep = all_of(query.finds("order_id", "agency_uscc", "enterprise_uscc"), late)
    page = recoveries.list_page(query.selection(), keep, query.agency_uscc)
    return reply_list(page, lambda item: _listed(KeptRecovery.model_validate(item), today))


def _listed(kept: KeptRecovery, today: date) -> ListedRecovery:
    return ListedRecovery(**kept.model_dump(), overdue=is_overdue(kept, today))


handler = app.handle
