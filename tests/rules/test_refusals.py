"""Every way to say no: a Chinese sentence, an honest status, a fixed precedence, and never a fact left blank."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from voucher.refusals import FieldError, Refusal, Refused, refuse_first, refused_by

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers" / "voucher").rglob("*.py")])
CLAUSE = re.compile(r"§[1-6](\.[0-9]+)*(\(\d\))?([ab]|\.cap|\.floor)?")


def facts_in(refusal: Refusal) -> set[str]:
    """The names in braces in a refusal's sentence."""
    return {name for _, name, _, _ in Formatter().parse(refusal.sentence) if name is not None}


def members_named(node: ast.expr) -> list[Refusal]:
    """The members an expression `Refusal.X` or `Refusal.X if … else Refusal.Y` stands for."""
    if isinstance(node, ast.IfExp):
        return [*members_named(node.body), *members_named(node.orelse)]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Refusal":
        return [Refusal[node.attr]]
    return []


# which keyword gives which facts of a sentence, where their names differ
GIVEN = {"of": {"state", "of_word"}, "roles": {"role_words"}, "thing": {"thing_word", "by_words"}}


def raised() -> Iterator[tuple[str, Refusal, set[str]]]:
    """(place, refusal, facts given) of every `Refused(Refusal.X, …)` in the product's source."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                given = [keyword.arg for keyword in node.keywords if keyword.arg]
                facts = {fact for name in given for fact in GIVEN.get(name, {name})}
                place = f"{source.relative_to(ROOT)}:{node.lineno}"
                yield from ((place, refusal, facts) for refusal in members_named(node.args[0]))


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_speaks_chinese_in_one_sentence(refusal: Refusal) -> None:
    words = refusal.sentence.format(**dict.fromkeys(facts_in(refusal), "实"))
    assert re.search(r"[\u4e00-\u9fff]", words)
    assert words.endswith(("。", "实")) and not set(words) & set("{}")


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_a_status_of_the_contract_and_a_clause_in_its_usual_form(refusal: Refusal) -> None:
    assert refusal.status in {401, 403, 404, 405, 409, 422, 429}
    assert refusal.clause is None or CLAUSE.fullmatch(refusal.clause)


def test_wherever_a_refusal_is_raised_it_is_given_every_fact_its_sentence_names() -> None:
    found = list(raised())
    assert len(found) > 100
    assert [(place, refusal.name) for place, refusal, facts in found if facts_in(refusal) - facts] == []


def test_no_sentence_with_facts_is_shown_without_them() -> None:
    shown = [
        (f"{source.relative_to(ROOT)}:{node.lineno}", member.name)
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "sentence"
        for member in members_named(node.value)
        if facts_in(member)
    ]
    assert shown == []


def test_refusals_with_the_same_status_clause_and_words_are_still_different_members() -> None:
    assert len({refusal.value for refusal in Refusal}) == len(Refusal.__members__)
    assert [refusal.value for refusal in Refusal] == sorted(refusal.value for refusal in Refusal)


def test_precedence_goes_from_who_asks_over_what_was_sent_to_what_the_clauses_say() -> None:
    order = [
        Refusal.UNAUTHENTICATED,
        Refusal.ROLE_REQUIRED,
        Refusal.FOUR_EYES,
        Refusal.NOT_FOUND,
        Refusal.MALFORMED,
        Refusal.IDEMPOTENCY_KEY_REUSED,
        Refusal.WRONG_STATE,
        Refusal.DOCUMENTS_MISSING,
        Refusal.INVALID_USCC,
        Refusal.OUTSIDE_DISTRICT,
        Refusal.RATED_D,
        Refusal.TOO_YOUNG,
        Refusal.HAS_VIOLATION,
        Refusal.BATCH_NOT_OPEN,
        Refusal.QUOTA_USED,
        Refusal.SOLD_OUT,
    ]
    assert sorted(order, key=lambda refusal: refusal.value) == order


def test_the_refusal_of_highest_precedence_stands_in_front_and_carries_all() -> None:
    several = [Refused(Refusal.HAS_VIOLATION), Refused(Refusal.TOO_YOUNG, months=12), Refused(Refusal.NOT_SME)]
    with pytest.raises(Refused) as no:
        refuse_first(several)
    assert no.value.refusal is Refusal.NOT_SME
    assert no.value.errors == (
        FieldError("industry_code", "企业不属于中小微企业。", "NOT_SME", "§2.1"),
        FieldError("established_on", "企业申请时成立不足12个月。", "TOO_YOUNG", "§2.1.2"),
        FieldError("uscc", "有尚未解除的服务券使用违规记录，解除前不能领券或办理新业务。", "HAS_VIOLATION", "§2.1.3"),
    )


def test_one_refusal_alone_keeps_its_own_errors_or_names_itself() -> None:
    own = [FieldError("uscc", "有误。")]
    with pytest.raises(Refused) as with_errors:
        refuse_first([Refused(Refusal.INVALID_USCC, errors=own)])
    with pytest.raises(Refused) as bare:
        refuse_first([Refused(Refusal.SOLD_OUT)])
    assert with_errors.value.errors == tuple(own)
    assert bare.value.errors == (FieldError("body", "本批次服务券已领完，请关注下一批次。", "SOLD_OUT", "§1.4a"),)


def test_two_refusals_with_errors_of_their_own_are_both_named() -> None:
    own = [FieldError("uscc", "有误。")]
    with pytest.raises(Refused) as no:
        refuse_first([Refused(Refusal.NOT_SME, errors=own), Refused(Refusal.INVALID_USCC, errors=own)])
    assert [each.code for each in no.value.errors] == ["INVALID_USCC", "NOT_SME"]


def test_of_several_checks_each_that_refuses_is_heard_and_a_fault_is_no_refusal() -> None:
    def refuse(refusal: Refusal) -> None:
        raise Refused(refusal)

    checks = [lambda: refuse(Refusal.NOT_SME), lambda: None, lambda: refuse(Refusal.RATED_D)]
    assert [each.refusal for each in refused_by(checks)] == [Refusal.NOT_SME, Refusal.RATED_D]
    with pytest.raises(ZeroDivisionError):
        refused_by([lambda: 1 // 0])


def test_who_asks_is_answered_with_the_status_the_contract_names() -> None:
    first = list(Refusal)[:5]
    assert {refusal.name: refusal.status for refusal in first} == {
        "UNAUTHENTICATED": 401,
        "ROLE_REQUIRED": 403,
        "FOUR_EYES": 403,
        "NOT_FOUND": 404,
        "ROUTE_NOT_FOUND": 404,
    }


def test_without_a_refusal_nothing_is_refused() -> None:
    assert refused_by([]) == []
    refuse_first([])


def test_where_it_is_raised_a_refusal_may_name_a_clause_nearer_to_the_matter() -> None:
    assert Refused(Refusal.NOT_ELIGIBLE, reason="企业不属于中小微企业。").clause == "§2.1"
    near = Refused(Refusal.DOCUMENTS_MISSING, clause="§3.2.1", kinds="营业执照")
    assert (near.clause, near.detail) == ("§3.2.1", "申请材料不齐全，请补充上传：营业执照。")


def test_every_sentence_speaks_of_money_in_yuan() -> None:
    amounts = {refusal: re.findall(r"\{(\w+_fen)\}(.{2})", refusal.sentence) for refusal in Refusal}
    assert sum(map(len, amounts.values())) >= 10
    assert {unit for found in amounts.values() for _, unit in found} == {" 元"}
    said = Refused(Refusal.OVER_RATIO, percent=70, max_voucher_fen=864_196).detail
    assert "8641.96 元" in said and "864196" not in said
