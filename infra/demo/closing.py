"""How the tale ends: who there is, and six lines that work as they are printed."""

import os
from collections.abc import Mapping
from pathlib import Path

from infra.demo.people import City
from infra.demo.printing import print_heading, print_line, print_table
from infra.local.stack import Stack


def tell_next_steps(stack: Stack, city: City, state: Path) -> None:
    """People, files, and the six lines."""
    print_heading("And now you")
    rows = [
        (who, each.role or "owner", each.words, " ".join(each.theirs.values())) for who, each in city.people.items()
    ]
    print_table(("WHO", "role", "who that is", "theirs"), rows)
    print_line(f"all of them, with the password: {_short(state / 'people.json')}; a token: make token WHO=owner")
    print_line(
        f"the year as a page, for a browser: {_short(state / 'city.html')}; addresses: {_short(state / 'stack.json')}"
    )
    print_line(
        "also for a browser, behind the address that follows: /docs (the API), /public (what everybody may see),"
        " /office (bureau, finance and operator, with a token)"
    )
    print_line("these lines work as they are, in this folder:")
    print("\n" + "\n".join(lines_to_try(stack.api_url, city, os.environ)) + "\n", flush=True)


def lines_to_try(api_url: str, city: City, environment: Mapping[str, str]) -> list[str]:
    """The address, and six calls: two by anybody, one of a signed-in person, a review, a grab, a quote."""
    things = city.open_things
    voucher = f"{things['batch']}.{things['approved_enterprise']}"
    review = '{"decision": "approve", "reasons": []}'
    claim = f'{{"enterprise_uscc": "{things["approved_enterprise"]}"}}'
    order = f'{{"product_id": "{things["product"]}", "voucher_id": "{voucher}", "contract_fen": 1000000}}'
    has_proxy = any(environment.get(name) for name in ("http_proxy", "all_proxy", "ALL_PROXY"))
    return [
        f"API={api_url}" + ("; export no_proxy=127.0.0.1" if has_proxy else ""),
        f'curl -s "$API/programmes/{city.year}"',
        f'curl -s "$API/notices/{things["notice"]}"',
        f'curl -s {_as("owner")} "$API/me"',
        f"curl -s {_as('platform')} -d '{review}' \"$API/enterprises/{things['waiting_enterprise']}/review\"",
        f"curl -s {_as('owner')} -d '{claim}' \"$API/batches/{things['batch']}/vouchers\"",
        f"curl -s {_as('owner')} -d '{order}' \"$API/orders/quote\"",
    ]


def _as(who: str) -> str:
    return f'-H "Authorization: Bearer $(make -s token WHO={who})"'


def _short(path: Path) -> str:
    """A path as one would type it here."""
    return os.path.relpath(path)
