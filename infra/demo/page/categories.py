"""Draws the nine categories against their caps, and the key share against its floor."""

from infra.city.document_files import yuan
from infra.client.steps import Json
from infra.demo.page.html import escape, section
from voucher.policy import CATEGORY_WORDS, Category

NEARLY_PERCENT = 90


def categories_section(programme: Json) -> str:
    """Nine bars on one scale: the frame is the cap, the filling is what was used."""
    largest = max(each["cap_fen"] for each in programme["categories"].values()) or 1
    rows = [_row(name, each, largest, programme) for name, each in programme["categories"].items()]
    share, floor = programme["key_share_percent"], programme["key_floor_percent"]
    return section("categories", "九类服务与各自上限", "Nine categories against their caps (§2.2.cap, §2.2.floor)", [
        ('<p class="soft">框是上限，填色是已用，共用一个比例；绿色为三个重点类别。The frame is the cap, '
        "the filling what was used; green: the three key categories.</p>"),
        f'<ul class="bars">{"".join(rows)}</ul>',
        (f"<p><b>重点类别占已用金额 {escape(share if share is not None else '—')} %，下限 {floor} %</b> "
        '<small class="soft">key share of what was used, and its floor</small></p>'),
        ('<div class="track key wide" role="img" '
        f'aria-label="重点类别占比 {escape(share)} %，下限 {floor} %"><i style="width:{float(share or 0):.2f}%"></i>'
        f'<span class="floor" style="left:{floor}%"></span></div>'),
    ])  # fmt: skip


def _row(name: str, figures: Json, largest: int, programme: Json) -> str:
    cap, used = figures["cap_fen"], figures["used_fen"]
    percent = 100 * used / cap if cap else 0.0
    key = name in programme["policy"]["key_categories"]
    kind = "key" if key else "near" if percent >= NEARLY_PERCENT else ""
    words = f"{CATEGORY_WORDS[Category(name)]}：已用 {yuan(used)} 元，上限 {yuan(cap)} 元"
    name_cell = f"<b>{escape(CATEGORY_WORDS[Category(name)])}</b> <small>{escape(name.replace('_', ' '))}</small>"
    sum_cell = f"{escape(yuan(used))} <small>/ {escape(f'{cap // 100:,}')} · {percent:.0f} %</small>"
    return (
        f"<li><span>{name_cell}</span>"
        f'<div class="bar"><div class="track {kind}" style="width:{100 * cap / largest:.2f}%" role="img" '
        f'aria-label="{escape(words)}"><i style="width:{percent:.2f}%"></i></div></div>'
        f'<span class="sum">{sum_cell}</span></li>'
    )
