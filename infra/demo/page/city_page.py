"""stub"""

from infra.demo.demo_year import DemoYear


def of(year: DemoYear) -> str:
    """stub"""
    return str(year.plan.year)
