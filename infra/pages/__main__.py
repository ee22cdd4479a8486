"""`make pages`: rewrites every generated part of every page, and the list of methods that a function answers by.

python -m infra.pages
"""

import inspect
from collections.abc import Callable

from infra.contract import document, vocabulary
from infra.generated import collection
from infra.pages import accounts, functions, hands, lifecycles, methods, modules, regulation_map
from infra.pages.alarms import alarms
from infra.pages.cost import costs
from infra.pages.markers import ROOT, filled
from infra.pages.personal_data import inventory
from infra.pages.rush import rushes
from voucher.store import keys

Part = Callable[[], str]


def table_keys() -> str:
    """Every key of every table, as store/keys.py says them."""
    _, _, listed = str(inspect.getdoc(keys)).partition("\n\n")
    return f"```\n{listed}\n```"


# page → the parts between its markers
PAGES: dict[str, dict[str, Part]] = {
    "README.md": {},
    "infra/CHANGELOG.md": {},
    "functions/README.md": {"functions": functions.listing},
    "functions/inspections/README.md": {},
    "functions/retention/README.md": {"inventory": inventory},
    "functions/webhook/README.md": {},
    "layers/voucher/voucher/rules/README.md": {"hands": hands.matrix, "lifecycles": lifecycles.drawing},
    "layers/voucher/voucher/store/README.md": {
        "keys": table_keys,
        "money": accounts.drawing,
        "entries": accounts.entries,
        "accounts": accounts.names,
    },
    "tests/README.md": {"helpers": modules.helpers_of_tests, "files": modules.files_of_tests},
    "infra/runbook.md": {},
    "infra/README.md": {"tools": modules.tools, "alarms": alarms, "costs": costs, "rush": rushes},
}


def rewritten(page: str, text: str) -> str:
    """The text of a page with all its generated parts as the code has them. Raises ValueError for a lost marker."""
    for name, part in PAGES[page].items():
        text = filled(text, name, part())
    return regulation_map.rewritten(text) if ROOT / page == regulation_map.PAGE else text


def main() -> None:
    """Rewrite the pages and files in place."""
    methods.PLACE.write_text(methods.text())
    document.FILE.write_text(document.text())
    vocabulary.FILE.write_text(vocabulary.text())
    collection.FILE.write_text(collection.text())
    for page in PAGES:
        path = ROOT / page
        path.write_text(rewritten(page, path.read_text()))


if __name__ == "__main__":
    main()
