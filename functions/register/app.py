"""The public register: agencies that may be ordered from today, with contact and ratings (§3.2.2, §4.2.3)."""

from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.pages import ListOf, OfDays, reply_list
from voucher.edge.queries import Words
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency, RegisteredAgency
from voucher.policy import Category, District
from voucher.refusals import not_found
from voucher.rules.agencies import is_active, is_found
from voucher.rules.search import search_words
from voucher.store import keys, organisations, ratings

app = Api()


class Register(OfDays):
    category: Category | None = None
    district: District | None = None
    q: Words | None = None


@app.get("/register")
def list_registered(query: Register) -> Answer[ListOf[RegisteredAgency]]:
    """Agencies that may be ordered from today, by category, district and words of their name."""
    words, today = search_words(query.q), clock.today()

    def keep(item: dict[str, Any]) -> bool:
        agency = Agency.model_validate(item)
        return is_active(agency, today) and is_found(agency, query.category, query.district, words)

    page = organisations.list_page("agency", query.selection(), keep)
    rated = ratings.read_each_of(keys.agency_ratings(item["uscc"]) for item in page.items)
    return reply_list(
        page, lambda item: Agency.model_validate(item).registered(rated[keys.agency_ratings(item["uscc"])])
    )


@app.get("/register/<uscc>")
def show(uscc: str) -> Answer[RegisteredAgency]:
    """One agency that may be ordered from today."""
    agency = organisations.get_agency(uscc)
    if not is_active(agency, clock.today()):
        raise not_found("agency")
    return reply(agency.registered(ratings.find(keys.agency_ratings(uscc))))


handler = app.handle
