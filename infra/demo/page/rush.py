"""Draws the rush: what the batch had left after each answer, millisecond by millisecond."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.city.document_files import yuan
from infra.demo.demo_year import Press
from infra.demo.page.html import escape, section

Scale = Callable[[float], float]
STEPS_MS = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
MOST_TICKS = 6


@dataclass(frozen=True)
class Canvas:
    """One size of the drawing; `left` is the room for the amounts."""

    name: str
    width: int
    height: int
    left: int
    font: float


CANVASES = (Canvas("desk", 1060, 380, 86, 14), Canvas("phone", 358, 330, 66, 11.5))
BOTTOM, TOP, RIGHT = 46, 34, 14


def rush_section(presses: Sequence[Press], released_fen: int) -> str:
    """Both drawings and the sum."""
    granted = [each for each in presses if each.granted_fen]
    granted_fen = sum(each.granted_fen for each in granted)
    drawings = "".join(f'<div class="{each.name}">{draw(presses, released_fen, each)}</div>' for each in CANVASES)
    return section("rush", f"{len(presses)} 家企业同一瞬间按下“领取”", "The rush, by the millisecond", [
        (f"<p><b>{len(presses)} 家中 {len(granted)} 家领到：发放 {yuan(released_fen)} 元，领走 {yuan(granted_fen)} 元，"
        f'<span class="ok">没有多发一分。</span></b>其余 {len(presses) - len(granted)} 家得到“已领完”的答复。</p>'),
        ('<p class="soft">Dots are grants (large ones: 20,000 yuan), crosses are refusals. Time counts from the common '
        "press to each answer.</p>"),
        drawings,
    ])  # fmt: skip


def draw(presses: Sequence[Press], released_fen: int, canvas: Canvas) -> str:
    """The drawing in one size: the amount left as stairs, grants as dots, refusals as crosses, the end as a line."""
    times = [each.after_ms for each in presses] or [0.0]
    margin = max(max(times) - min(times), 1) * 0.05
    start_ms, end_ms = max(0.0, min(times) - margin), max(times) + margin
    wide, high = canvas.width - canvas.left - RIGHT, canvas.height - TOP - BOTTOM

    def x(ms: float) -> float:
        return canvas.left + wide * (ms - start_ms) / (end_ms - start_ms)

    def y(fen: float) -> float:
        return TOP + high * (1 - fen / released_fen)

    left_fen, stairs, marks, last_ms = released_fen, [f"M{x(start_ms):.1f} {y(released_fen):.1f}"], [], 0.0
    largest = max((each.granted_fen for each in presses), default=0)
    for each in presses:
        title = f"<title>{escape(f'{each.after_ms:.0f} ms · {each.enterprise.name}')}</title>"
        if each.granted_fen:
            left_fen, last_ms = left_fen - each.granted_fen, each.after_ms
            stairs.append(f"H{x(each.after_ms):.1f}V{y(left_fen):.1f}")
            radius = 5.5 if each.granted_fen == largest else 3.8
            marks.append(
                f'<circle cx="{x(each.after_ms):.1f}" cy="{y(left_fen):.1f}" r="{radius}" fill="var(--good)" '
                f'stroke="var(--card)">{title}</circle>'
            )
        else:
            at, base = x(each.after_ms), y(0)
            marks.append(
                f'<path d="M{at - 4:.1f} {base - 4:.1f}l8 8m0-8l-8 8" stroke="var(--bad)" stroke-width="1.8">'
                f"{title}</path>"
            )
    stairs.append(f"H{x(end_ms):.1f}")
    words = f"抢券过程：{len(presses)} 次请求，{yuan(released_fen - left_fen)} 元被领走"
    return (
        f'<svg viewBox="0 0 {canvas.width} {canvas.height}" role="img" aria-label="{escape(words)}">'
        f"{_axes(canvas, released_fen, (start_ms, end_ms), x, y)}{_end_line(canvas, left_fen, last_ms, x(last_ms))}"
        f'<path d="{"".join(stairs)}" fill="none" stroke="var(--f2)" stroke-width="2"/>{"".join(marks)}</svg>'
    )


def _end_line(canvas: Canvas, left_fen: int, last_ms: float, at: float) -> str:
    """The line at the last grant."""
    words = f"领完 sold out · {last_ms:,.0f} ms" if not left_fen else f"余 {yuan(left_fen)} 元 · {last_ms:.0f} ms"
    return (
        f'<path d="M{at:.1f} {TOP - 12}V{canvas.height - BOTTOM}" stroke="var(--bad)" stroke-width="1.5" '
        f'stroke-dasharray="5 4"/><text x="{min(at, canvas.width - RIGHT) + 4:.1f}" y="{TOP - 18}" '
        f'text-anchor="end" font-size="{canvas.font}" font-weight="600">{escape(words)}</text>'
    )


def _axes(canvas: Canvas, released_fen: int, span_ms: tuple[float, float], x: Scale, y: Scale) -> str:
    """Amounts on the left, milliseconds below."""
    parts = []
    for quarter in range(5):
        fen = released_fen * quarter // 4
        parts.append(
            f'<path d="M{canvas.left} {y(fen):.1f}H{canvas.width - RIGHT}" stroke="var(--line)"/>'
            f'<text class="dim" x="{canvas.left - 8}" y="{y(fen) + canvas.font / 3:.1f}" text-anchor="end" '
            f'font-size="{canvas.font}">{escape(f"{fen // 100:,}")}</text>'
        )
    start_ms, end_ms = span_ms
    step = next((each for each in STEPS_MS if (end_ms - start_ms) / each <= MOST_TICKS), STEPS_MS[-1])
    parts += [
        f'<text class="dim" x="{x(tick):.1f}" y="{canvas.height - BOTTOM + 22}" text-anchor="middle" '
        f'font-size="{canvas.font}">{tick:,}</text>'
        for tick in range(-(-int(start_ms) // step) * step, int(end_ms) + 1, step)
    ]
    parts.append(
        f'<text class="dim" x="{canvas.width - RIGHT}" y="{canvas.height - 4}" text-anchor="end" '
        f'font-size="{canvas.font}">按下后的毫秒 ms after the press</text>'
        f'<text class="dim" x="0" y="{canvas.font + 2}" font-size="{canvas.font}">剩余（元）left</text>'
    )
    return "".join(parts)
