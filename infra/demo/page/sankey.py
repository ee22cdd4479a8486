"""Draws the year's money: places as bars, money as ribbons, the amount on each."""

from dataclasses import dataclass

from infra.city.document_files import yuan
from infra.demo.page.html import escape, section, table
from infra.demo.page.money import Flow, Money

BAR = 10
CAPTION = 30  # above each bar: its name, in one line or two
LEAST_BETWEEN_LABELS = 15
LAST_GAP = 40
LAST = 4  # column of what was paid, or will be


@dataclass(frozen=True)
class Canvas:
    """One size of the drawing."""

    name: str
    width: int
    height: int
    font: float
    with_english: bool


CANVASES = (Canvas("desk", 1060, 560, 14, True), Canvas("phone", 358, 600, 10.4, False))


def money_section(money: Money, residual_fen: int) -> str:
    """Both drawings, and every arrow as a row."""
    names = {key: place.chinese for key, place in money.places.items()}
    rows = [(names[each.source], names[each.target], yuan(each.fen), f"{each.fen:,}") for each in money.flows]
    drawings = "".join(f'<div class="{each.name}">{draw(money, each)}</div>' for each in CANVASES)
    return section("money", "一年的钱，一分不差", "The year's money, to the fen", [
        (f"<p>每条箭头上是金额（元）。{len(money.flows)} 条箭头出自服务券的会计分录和公开的年度数字；"
        f'<span class="ok">✓ 每一处流入等于流出，各终点与对账报告逐项一致，残差 {residual_fen} 分。</span></p>'),
        ('<p class="soft">Every arrow adds up: what arrives at a bar leaves it, and the ends agree with the '
        "reconciliation. What an order gave back counts as not used.</p>"),
        drawings,
        "<details><summary>全部箭头 / every arrow</summary>",
        table(("从 from", "到 to", "元 yuan", "分 fen"), rows, frozenset({2, 3})),
        "</details>",
    ])  # fmt: skip


def draw(money: Money, canvas: Canvas) -> str:
    """The drawing in one size."""
    columns: dict[int, list[str]] = {}
    for key, place in money.places.items():
        columns.setdefault(place.column, []).append(key)
    size = {key: max(money.into(key), money.out_of(key)) for key in money.places}
    most = max(map(len, columns.values()))
    per_fen = (canvas.height - CAPTION * most) / max(sum(size[key] for key in keys) for keys in columns.values())
    step = (canvas.width - BAR) / (len(columns) - 1)
    left = {key: money.places[key].column * step for key in money.places}
    top: dict[str, float] = {}
    for column, keys in sorted(columns.items()):
        # the last column stands beside the orders that feed it, so that its captions have room
        y = top.get("used", CAPTION) - CAPTION if column == LAST else 0.0
        for key in keys:
            y += CAPTION + (LAST_GAP if column == LAST and key != keys[0] else 0)
            top[key] = y
            y += max(size[key] * per_fen, 2)
    ribbons, labels = _ribbons(money, canvas, left, top, per_fen)
    bars = [
        f'<rect x="{left[key]:.1f}" y="{top[key]:.1f}" width="{BAR}" height="{max(size[key] * per_fen, 2):.1f}" '
        f'rx="2" fill="var(--f{place.colour})"/>' + _caption(money, canvas, key, left[key], top[key])
        for key, place in money.places.items()
    ]
    total = yuan(money.out_of("budget"))
    height = max(top[key] + size[key] * per_fen for key in money.places) + 8
    return (
        f'<svg viewBox="0 0 {canvas.width} {height:.0f}" role="img" '
        f'aria-label="{escape(f"资金流向图：财政预算 {total} 元如何分到批次、服务券、订单与拨付")}">'
        f"{''.join(ribbons)}{''.join(bars)}{''.join(labels)}</svg>"
    )


def _ribbons(
    money: Money, canvas: Canvas, left: dict[str, float], top: dict[str, float], per_fen: float
) -> tuple[list[str], list[str]]:
    """A ribbon and a label for each arrow; labels of one gap keep their distance."""
    leaving, arriving = dict(top), dict(top)
    ribbons, middles = [], []
    order = list(money.places)
    for flow in sorted(money.flows, key=lambda each: (order.index(each.source), order.index(each.target))):
        thick = max(flow.fen * per_fen, 1)
        x0, x1 = left[flow.source] + BAR, left[flow.target]
        y0, y1, bend = leaving[flow.source], arriving[flow.target], (left[flow.target] + left[flow.source] + BAR) / 2
        leaving[flow.source] += flow.fen * per_fen
        arriving[flow.target] += flow.fen * per_fen
        words = f"{money.places[flow.source].chinese} → {money.places[flow.target].chinese}：{yuan(flow.fen)} 元"
        ribbons.append(
            f'<path d="M{x0:.1f} {y0:.1f}C{bend:.1f} {y0:.1f} {bend:.1f} {y1:.1f} {x1:.1f} {y1:.1f}'
            f"V{y1 + thick:.1f}C{bend:.1f} {y1 + thick:.1f} {bend:.1f} {y0 + thick:.1f} {x0:.1f} {y0 + thick:.1f}Z"
            f'" fill="var(--f{money.places[flow.target].colour})" fill-opacity=".26">'
            f"<title>{escape(words)}</title></path>"
        )
        middles.append((bend, (y0 + y1 + thick) / 2, flow))
    return ribbons, _labels(middles, canvas)


def _labels(middles: list[tuple[float, float, Flow]], canvas: Canvas) -> list[str]:
    labels: list[str] = []
    last: dict[float, float] = {}
    for x, middle, flow in sorted(middles, key=lambda each: each[:2]):
        y = max(middle, last.get(x, -100.0) + LEAST_BETWEEN_LABELS)
        last[x] = y
        labels.append(
            f'<text class="halo" x="{x:.1f}" y="{y + canvas.font / 3:.1f}" text-anchor="middle" '
            f'font-size="{canvas.font}">{escape(yuan(flow.fen))}</text>'
        )
    return labels


def _caption(money: Money, canvas: Canvas, key: str, x: float, y: float) -> str:
    place = money.places[key]
    anchor, at = ("end", x + BAR) if place.column == LAST else ("start", x)
    english = f' <tspan class="dim" font-size="12">{escape(place.english)}</tspan>' if canvas.with_english else ""
    size = 14 if canvas.with_english else 12
    return (
        f'<text class="halo" x="{at:.1f}" y="{y - 6:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="600">{escape(place.chinese)}{english}</text>'
    )
