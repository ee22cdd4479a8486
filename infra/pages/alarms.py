"""The alarms, from infra/alarms.yaml."""

import re

from infra.pages.markers import ROOT, table


def alarms() -> str:
    """Every alarm: its name in the stack, and what it says."""
    found = re.findall(
        r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm\n.*?AlarmDescription: ([^\n]+)",
        (ROOT / "infra/alarms.yaml").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    return table("alarm | what it says", [(f"`{name}`", words) for name, words in found])
