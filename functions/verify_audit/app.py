"""Schedule, every night: reads the whole audit trail, raises the alarm if it does not hold, and anchors its end in
another table, so that a trail that is cut off later is found to be. Then it draws each sample of an inspection again
(§5.1).

A break stays for ever, because no entry is written again. So what follows one in the middle is anchored all the same:
else whoever changes one old entry could cut off the end from then on. Only the true end is anchored.
"""

from typing import Any

from voucher.edge import metrics
from voucher.edge.audit import verify_end, verify_part
from voucher.edge.inspections import changed_draws
from voucher.edge.observe import log_schedule, log_work, logger
from voucher.models.audit import GENESIS, Break
from voucher.store import audit

MOST_NAMED = 20
AT_THE_END = ("cut", "replaced")


def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The whole trail, up to its end as it is when the night begins."""
    log_schedule(context)
    anchors, head = audit.list_anchors(), audit.find_head()
    furthest = max([head.seq, *anchors])
    found: list[Break] = []
    link = GENESIS
    while link.seq < furthest:
        breaks, link = verify_part(link, furthest, anchors)
        found += breaks
    found += verify_end(head)
    if found:
        named = [each._asdict() for each in found[:MOST_NAMED]]
        logger.error("the audit trail does not hold", extra={"breaks": named, "count": len(found)})
    if head.seq and not any(each.kind in AT_THE_END for each in found):
        audit.commit_anchor(head)
    metrics.count("AuditBroken", len(found))
    draws = changed_draws()
    if draws:
        some = dict(sorted(draws.items())[:MOST_NAMED])
        logger.error("draws of inspections do not agree", extra={"draws": some, "count": len(draws)})
    metrics.count("DrawsChanged", len(draws))
    log_work("audit verified", entries=furthest, breaks=len(found), sha256=head.sha256, draws=len(draws))
    return {"seq": head.seq, "sha256": head.sha256, "breaks": [each._asdict() for each in found], "draws": draws}
