"""Every refusal of the year by its clause: how often it was said, and in which words."""

from collections.abc import Iterable

from infra.demo.page.html import escape, section
from infra.demo.recorder import Call


def refusals_section(calls: Iterable[Call]) -> str:
    """A row for each clause and code; of several sentences (amounts differ) the first stands for all."""
    counts: dict[tuple[str, str, int], int] = {}
    sentences: dict[tuple[str, str, int], str] = {}
    for call in calls:
        kind = (call.reply.body.get("clause") or "", call.reply.code or "", call.reply.status)
        counts[kind] = counts.get(kind, 0) + 1
        sentences.setdefault(kind, call.reply.body["detail"])
    rows = [
        f"<tr><td><b>{escape(clause or '—')}</b></td><td><code>{escape(code)}</code> "
        f'<span class="soft">{status}</span></td><td>{escape(sentences[clause, code, status])}</td>'
        f'<td class="n">{count}</td></tr>'
        for (clause, code, status), count in sorted(counts.items(), key=lambda each: each[0])
    ]
    return section("refusals", f"{sum(counts.values())} 次拒绝，每次都有依据", "Every refusal, by its clause", [
        '<p class="soft">金额随情形而变，这里引第一次的原话。Amounts differ; this is the first sentence.</p>',
        ('<table class="refusals"><thead><tr><th>条款 clause</th><th>代码 code</th><th>对申请人说的话 sentence</th>'
        f'<th class="n">次数 count</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'),
    ])  # fmt: skip
