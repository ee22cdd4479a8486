"""Writes the whole city as files and prints a summary, for people who want to look at it.

python -m infra.city --seed 1 --out DIR [--today YYYY-MM-DD] [--year YYYY]
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from infra.city.agencies import Agency, make_agencies
from infra.city.document_files import DocumentFile, agency_documents, enterprise_documents, yuan
from infra.city.enterprises import Enterprise, make_enterprises
from infra.city.lists import make_list_files
from infra.city.products import Product, make_products


def main() -> None:
    """Read the command line, make the city, write its files and print the summary."""
    arguments = _arguments()
    today: date = arguments.today
    year: int = arguments.year or today.year
    folder: Path = arguments.out
    enterprises = make_enterprises(arguments.seed, today, year)
    agencies = make_agencies(arguments.seed, today)
    products = make_products(arguments.seed, agencies)
    lists = make_list_files(enterprises, arguments.seed, year)

    _write_json(folder / "enterprises.json", enterprises)
    _write_json(folder / "agencies.json", agencies)
    _write_json(folder / "products.json", products)
    for kind, content in lists.items():
        _write(folder / "lists" / f"{kind}-{year}.xlsx", content)
    for enterprise in enterprises:
        _write_documents(folder / "documents" / enterprise.uscc, enterprise_documents(enterprise, today))
    for agency in agencies:
        _write_documents(folder / "documents" / agency.uscc, agency_documents(agency, today))
    print(f"seed {arguments.seed}, applying on {today}, programme year {year}, written to {folder}")
    print(_summary(enterprises, agencies, products))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.city", description="Write the demo city as files.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    shanghai_today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    parser.add_argument("--today", type=date.fromisoformat, default=shanghai_today)
    parser.add_argument("--year", type=int, help="programme year (default: that of --today)")
    return parser.parse_args()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_json(path: Path, records: Sequence[Enterprise | Agency | Product]) -> None:
    rows = [asdict(record) for record in records]
    _write(path, json.dumps(rows, ensure_ascii=False, indent=1, default=date.isoformat).encode())


def _write_documents(folder: Path, documents: list[DocumentFile]) -> None:
    for document in documents:
        _write(folder / (document.kind + Path(document.filename).suffix), document.content)


def _summary(enterprises: list[Enterprise], agencies: list[Agency], products: list[Product]) -> str:
    to_approve = [each for each in enterprises if each.expected_refusal is None]
    refusals = [f"{each.expected_refusal} {each.refusal_reason}" for each in enterprises if each.refusal_reason]
    quota_fen = sum(each.expected_quota_fen for each in enterprises)
    refused_agencies = [each.expected_refusal for each in agencies if each.expected_refusal]
    lines = [
        f"enterprises {len(enterprises)}: {len(to_approve)} to approve, quotas {yuan(quota_fen)} yuan in all",
        "  refused    " + _counts(Counter(refusals)),
        "  districts  " + _counts(Counter(each.district for each in enterprises)),
        "  sizes      " + _counts(Counter(each.size_class for each in enterprises)),
        f"  industries {len({each.industry_code[:2] for each in enterprises})} divisions",
        "  lists      " + _counts(Counter(kind for each in enterprises for kind in each.on_lists)),
        f"agencies {len(agencies)}: refused {', '.join(refused_agencies)}",
        f"products {len(products)}: " + _counts(Counter(each.category for each in products)),
    ]
    return "\n".join(lines)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


if __name__ == "__main__":
    main()
