"""The bounds between large, medium, small and micro enterprises, by industry and edition of the table (§2.1).

Data only; `rules.size_class` reads it. A later edition is one more `SizeClasses` value, no new code. A bound
that a row does not use is None. Counts are persons, amounts fen; the standard writes in 10,000 yuan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

TEN_THOUSAND_YUAN_FEN = 1_000_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least values of one class in one row, each inclusive. An enterprise must meet all that are not None."""

    employees: int | None = None
    revenue_fen: int | None = None
    assets_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One industry of the table. An enterprise below the bounds of `small` is micro."""

    name: str
    large: Bounds
    medium: Bounds
    small: Bounds


@dataclass(frozen=True, slots=True)
class SizeClasses:
    """One edition: its rows, and which row a GB/T 4754 code is in, by the longest prefix found."""

    edition: str
    in_force_from: date
    rows: tuple[Row, ...]
    prefixes: Mapping[str, Row]


def _row(name: str, columns: str, *classes: tuple[int, ...]) -> Row:
    """A row as the standard prints it: which of X persons, Y revenue, Z assets (10,000 yuan); large first."""
    bounds = []
    for values in classes:
        values_by_column = dict(zip(columns, values, strict=True))
        bounds.append(
            Bounds(
                employees=values_by_column.get("X"),
                revenue_fen=values_by_column["Y"] * TEN_THOUSAND_YUAN_FEN if "Y" in values_by_column else None,
                assets_fen=values_by_column["Z"] * TEN_THOUSAND_YUAN_FEN if "Z" in values_by_column else None,
            )
        )
    large, medium, small = bounds
    return Row(name, large, medium, small)


FARMING = _row("农、林、牧、渔业", "Y", (20000,), (500,), (50,))
INDUSTRY = _row("工业", "XY", (1000, 40000), (300, 2000), (20, 300))
CONSTRUCTION = _row("建筑业", "YZ", (80000, 80000), (6000, 5000), (300, 300))
WHOLESALE = _row("批发业", "XY", (200, 40000), (20, 5000), (5, 1000))
RETAIL = _row("零售业", "XY", (300, 20000), (50, 500), (10, 100))
TRANSPORT = _row("交通运输业", "XY", (1000, 30000), (300, 3000), (20, 200))
STORAGE = _row("仓储业", "XY", (200, 30000), (100, 1000), (20, 100))
POST = _row("邮政业", "XY", (1000, 30000), (300, 2000), (20, 100))
LODGING_CATERING = _row("住宿业、餐饮业", "XY", (300, 10000), (100, 2000), (10, 100))
TRANSMISSION = _row("信息传输业", "XY", (2000, 100000), (100, 1000), (10, 100))
SOFTWARE = _row("软件和信息技术服务业", "XY", (300, 10000), (100, 1000), (10, 50))
REAL_ESTATE = _row("房地产开发经营", "YZ", (200000, 10000), (1000, 5000), (100, 2000))
PROPERTY_MANAGEMENT = _row("物业管理", "XY", (1000, 5000), (300, 1000), (100, 500))
LEASING_BUSINESS = _row("租赁和商务服务业", "XZ", (300, 120000), (100, 8000), (10, 100))
OTHER = _row("其他未列明行业", "X", (300,), (100,), (10,))


def _divisions(first: int, last: int, row: Row) -> dict[str, Row]:
    return {f"{division:02}": row for division in range(first, last + 1)}


# GB/T 4754-2017. Divisions in no row are absent: 53 railways (the table's transport excludes 铁路运输业),
# 66-69 finance, 83 education, 91-97.
PREFIXES_2011: dict[str, Row] = {
    **_divisions(1, 5, FARMING),
    **_divisions(6, 46, INDUSTRY),  # B 06-12, C 13-43, D 44-46
    **_divisions(47, 50, CONSTRUCTION),
    "51": WHOLESALE,
    "52": RETAIL,
    **_divisions(54, 58, TRANSPORT),
    "59": STORAGE,
    "591": TRANSPORT,  # 装卸搬运 shares a division with storage, but the table counts it as transport
    "60": POST,
    **_divisions(61, 62, LODGING_CATERING),
    **_divisions(63, 64, TRANSMISSION),
    "65": SOFTWARE,
    # "70" alone does not tell which kind of real estate, so it has no row
    "701": REAL_ESTATE,
    "702": PROPERTY_MANAGEMENT,
    "703": OTHER,
    "709": OTHER,  # not 704: the table excludes the letting of one's own property
    **_divisions(71, 72, LEASING_BUSINESS),
    **_divisions(73, 82, OTHER),  # M 73-75, N 76-79, O 80-82
    **_divisions(84, 90, OTHER),  # Q 84-85, the whole section as this project reads the table, R 86-90
}

SIZE_CLASSES_2011 = SizeClasses(
    edition="工信部联企业〔2011〕300号",
    in_force_from=date(2011, 6, 18),
    rows=tuple(dict.fromkeys(PREFIXES_2011.values())),
    prefixes=PREFIXES_2011,
)
