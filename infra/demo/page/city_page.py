"""The page as a whole: it is made from what the tale heard, and can be opened anywhere."""

from infra.city.document_files import yuan
from infra.client.steps import expect
from infra.demo.demo_year import DemoYear
from infra.demo.hands import STEPS, Step, hands_of
from infra.demo.page.categories import categories_section
from infra.demo.page.html import escape, page, section
from infra.demo.page.lanes import lanes_section
from infra.demo.page.money import money_of
from infra.demo.page.refusals import refusals_section
from infra.demo.page.rush import rush_section
from infra.demo.page.sankey import money_section


def of(year: DemoYear) -> str:
    """The whole page. Raises UnexpectedAnswer if its money does not add up."""
    number, report = year.plan.year, year.reports[year.plan.year]
    programme = expect(year.client.call(None, "GET", f"/programmes/{number}"), 200)
    granted = sum(1 for each in year.rush if each.granted_fen)
    holding = sum(each["holds"] for each in report["invariants"])
    facts = (
        ("年度预算（元）budget", yuan(programme["total_fen"])),
        ("领到 / 同抢（家）rush", f"{granted} / {len(year.rush)}"),
        ("已拨付（元）paid", yuan(report["accounts"]["paid"])),
        ("成立 / 对账规则 rules", f"{holding} / {len(report['invariants'])}"),
        ("对不上的钱（分）residual", str(report["residual_fen"])),
    )
    links = (("money", "钱"), ("rush", "抢券"), ("categories", "类别"), ("firm", "一家企业"), ("hands", "经手人"),
             ("refusals", "拒绝"))  # fmt: skip
    header = (
        f"<h1>丽水市服务券 {number} 年度，一座虚构城市<small>One programme year of a made-up city, told by "
        f"<code>make run</code> on {escape(year.plan.today)}</small></h1>"
        f'<nav aria-label="本页内容">{"".join(f'<a href="#{anchor}">{words}</a>' for anchor, words in links)}</nav>'
        f'<dl class="facts">{"".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in facts)}</dl>'
    )
    sections = (
        money_section(money_of(year), report["residual_fen"]),
        rush_section(year.rush, year.batches[0]["amount_fen"]),
        categories_section(programme),
        lanes_section(year),
        hands_section(year),
        refusals_section(year.client.refusals()),
    )
    footer = (
        "企业、机构、人名和材料均为虚构。依据丽经信〔2024〕44号。All firms, people and documents are invented. "
        "本页不连接任何服务器。This page calls no server."
    )
    return page(f"服务券 {number} 年度", header, sections, footer)


def hands_section(year: DemoYear) -> str:
    """Who took each step of the money."""
    rows = [
        f"<tr><td><b>{escape(step.chinese)}</b> <small>{escape(step.words)}</small></td>"
        f"<td>{escape(hands_of(step, year.client.calls))}</td>"
        f"<td>{_not_by(step)}</td></tr>"
        for step in STEPS
    ]
    return section("hands", "前后环节，不同的人", "Who took each step, and who may not", [
        "<table class=\"hands\"><thead><tr><th>环节 step</th><th>经手 by</th><th>不得是 may not be</th></tr></thead>",
        f"<tbody>{''.join(rows)}</tbody></table>",
    ])  # fmt: skip


def _not_by(step: Step) -> str:
    if not step.not_by:
        return ""
    return f"{escape(step.not_by_chinese)} <small>{escape(step.not_by.partition(' (§')[0])}</small>"
