"""What became of the simulated rushes, as the last `python -m infra.bench rush` left it."""

from infra.bench import rush
from infra.bench.rush import Case, default_settings, parameter
from infra.pages.markers import table


def rushes() -> str:
    """A column for each case: the rush, the parameters, and its figures."""
    date, cases = rush.kept()
    heads = [
        ("within", [f"{each.outcome.opening.seconds:g} s" for each in cases]),
        ("quotas in the batch", [f"{each.outcome.opening.quotas:,}" for each in cases]),
        ("warm environments", [f"{each.outcome.opening.warm}" for each in cases]),
    ]
    figures = [rush.rows(each.outcome) for each in cases]
    rows = [
        *((name, *values) for name, values in heads),
        *((f"`{parameter(name)}`", *(_setting(each, name) for each in cases)) for name in vars(default_settings())),
        ("Lambda's quota of the account, at least", *(f"{each.outcome.settings.environments:,}" for each in cases)),
        *((names[0][0], *(value for _, value in names)) for names in zip(*figures, strict=True)),
    ]
    kinds = " | ".join("smallest" if each.advised else "defaults" for each in cases)
    said = f"{cases[0].outcome.opening.claimants:,} claimants, {date}, `python -m infra.bench rush`"
    return table(f"{said} | {kinds}", rows)


def _setting(case: Case, name: str) -> str:
    return f"{getattr(case.outcome.settings, name):,}"
