"""The page as a whole: it is made from what the tale heard, and can be opened anywhere."""

from infra.city.document_files import yuan
from infra.client.steps import expect
from infra.demo.demo_year import DemoYear
from infra.demo.hands import STEPS, hands_of
from infra.demo.page.categories import categories_section
from infra.demo.page.html import escape, page, section, table
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
        ("年度预算 budget", f"{yuan(programme['total_fen'])} 元"),
        ("同时抢券 the rush", f"{granted} / {len(year.rush)} 家领到"),
        ("已拨付 paid", f"{yuan(report['accounts']['paid'])} 元"),
        ("账目规则 rules that hold", f"{holding} / {len(report['invariants'])}"),
        ("对不上的钱 residual", f"{report['residual_fen']} 分"),
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
    rows = [(step.chinese, step.words, hands_of(step, year.client.calls), step.not_by) for step in STEPS]
    return section("hands", "前后环节，不同的人", "Who took each step", [
        table(("环节", "step", "经手 by", "不得是 may not be"), rows, frozenset(), "hands"),
    ])  # fmt: skip
