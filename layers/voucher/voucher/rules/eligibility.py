"""Who may take part (§2.1): one named check for each paragraph, and all their findings together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from voucher.models.enterprises import Enterprise
from voucher.models.standing import Standing
from voucher.policy import Policy, SizeClass
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.size_class import classify
from voucher.rules.working_days import add_months
from voucher.words import SIZE_WORDS


@dataclass(frozen=True)
class Finding:
    """What one rule found of one enterprise: `message` is for the person, `refusal` is raised if it did not pass."""

    clause: str
    rule: str
    passed: bool
    message: str
    refusal: Refusal
    facts: Mapping[str, Any]


def findings(enterprise: Enterprise, standing: Standing, policy: Policy, today: date) -> list[Finding]:
    """Every rule of §2.1 in the order of the text, passed or not. Before an enterprise applies, `today` counts as
    the day of its application."""
    applied_on = enterprise.applied_on or today
    return [
        _district(enterprise, policy),
        _legal_person(enterprise),
        _direction(enterprise, policy),
        _sector(enterprise, policy),
        _size(enterprise),
        _not_rated_d(standing),
        _old_enough(enterprise, policy, applied_on),
        _no_violation(standing),
    ]


def findings_of_its_own(enterprise: Enterprise, policy: Policy, today: date) -> list[Finding]:
    """The same, without the rules that rest on what others said of the credit code (§2.1.1, §2.1.3)."""
    nothing = Standing(uscc=enterprise.uscc)
    by_others = {_not_rated_d(nothing).rule, _no_violation(nothing).rule}
    return [each for each in findings(enterprise, nothing, policy, today) if each.rule not in by_others]


def _finding(refusal: Refusal, rule: str, passed: bool, message: str, **facts: int) -> Finding:
    words = message if passed else refusal.sentence.format(**facts)
    return Finding(refusal.clause or "", rule, passed, words, refusal, facts)


def _district(enterprise: Enterprise, policy: Policy) -> Finding:  # §2.1
    inside = enterprise.district in policy.districts
    return _finding(Refusal.OUTSIDE_DISTRICT, "district", inside, "企业在丽水市区范围内。")


def _legal_person(enterprise: Enterprise) -> Finding:  # §2.1
    return _finding(Refusal.NOT_LEGAL_PERSON, "legal_person", enterprise.is_legal_person, "企业具有独立法人资格。")


def _direction(enterprise: Enterprise, policy: Policy) -> Finding:  # §2.1
    excluded = bool(policy.excluded_industries) and enterprise.industry_code.startswith(policy.excluded_industries)
    fits = not (excluded or enterprise.outside_direction)
    return _finding(Refusal.OUTSIDE_DIRECTION, "direction", fits, "企业符合产业发展方向。")


def _sector(enterprise: Enterprise, policy: Policy) -> Finding:  # §2.1
    inside = enterprise.industry_code.startswith(policy.sector_divisions) or enterprise.digital_economy
    return _finding(Refusal.OUTSIDE_SECTOR, "sector", inside, "企业属于工业、信息化或数字经济领域。")


def _size(enterprise: Enterprise) -> Finding:  # §2.1
    size = size_class(enterprise)
    if size is None:  # the code is too short to tell, or the table has no row for it
        return _finding(Refusal.SIZE_UNKNOWN, "size", False, "")
    return _finding(Refusal.NOT_SME, "size", size is not SizeClass.LARGE, f"企业划型为{SIZE_WORDS[size]}企业。")


def _not_rated_d(standing: Standing) -> Finding:  # §2.1.1
    return _finding(
        Refusal.RATED_D,
        "rated_d",
        not latest_rating_is_d(standing),
        "最近一次亩均论英雄评价结果不是D类，或未参与评价。",
    )


def _old_enough(enterprise: Enterprise, policy: Policy, applied_on: date) -> Finding:  # §2.1.2
    months = policy.enterprise_min_age_months
    old_enough = add_months(enterprise.established_on, months) <= applied_on
    return _finding(Refusal.TOO_YOUNG, "age", old_enough, f"企业申请时成立已满{months}个月。", months=months)


def _no_violation(standing: Standing) -> Finding:  # §2.1.3
    return _finding(Refusal.HAS_VIOLATION, "violation", not standing.violations, "没有服务券使用违规记录。")


def approval_finding(enterprise: Enterprise) -> Finding:
    """§4.1.2, §4.1.3: the operator approved the enterprise, and did not withdraw the qualification."""
    refusal = Refusal.DISQUALIFIED if enterprise.state == "disqualified" else Refusal.NOT_APPROVED
    return _finding(refusal, "approved", enterprise.state == "approved", "企业已通过审核。")


def size_class(enterprise: Enterprise) -> SizeClass | None:
    """§2.1: the class by 工信部联企业〔2011〕300号; None for an industry that the table does not know."""
    return classify(enterprise.industry_code, enterprise.employees, enterprise.revenue_fen, enterprise.assets_fen)


def latest_rating_is_d(standing: Standing) -> bool:
    """§2.1.1: the latest D list counts, in every programme year that still grants. A newer D list replaces the older
    one in every standing, so the year that a standing keeps is the latest."""
    return bool(standing.listed.get("rated_d"))


def refusals(found: Iterable[Finding]) -> list[Refused]:
    """The findings that did not pass, as refusals in the order of the text."""
    return [
        Refused(
            each.refusal,
            errors=[FieldError(each.rule, each.message, each.refusal.name, each.clause)],
            **each.facts,
        )
        for each in found
        if not each.passed
    ]


def not_eligible(failed: list[Refused]) -> Refused:
    """§4.1.2: NOT_ELIGIBLE for the reasons that speak against an enterprise: the first one in its sentence, each of
    them as a field error."""
    errors = [FieldError(each.refusal.name.lower(), each.detail, each.refusal.name, each.clause) for each in failed]
    return Refused(Refusal.NOT_ELIGIBLE, clause=failed[0].clause, errors=errors, reason=failed[0].detail)
