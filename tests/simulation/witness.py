"""A witness of every transaction as it commits: what must hold at each moment, and what answers are judged by."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.cloud import Cloud
from tests.simulation.dynamodb import Change
from tests.simulation.machines import thing_of, wrong_in
from voucher.store.engine.table import decode

PARTS = ("remaining_fen", "drawn_fen", "held_fen", "payable_fen", "paid_fen", "closed_fen")

Json = dict[str, Any]


class BrokenError(AssertionError):
    """Something that must hold did not hold."""


def insist(holds: bool, broken: str) -> None:
    """Raises BrokenError unless it holds."""
    if not holds:
        raise BrokenError(broken)


@dataclass
class Witness:
    """What was committed so far.

    The balance of every account follows from the postings alone. `room` tells from which second on a batch had how much
    left, `closed` when it took no more draws, `granted` when a voucher was there to be read, `charged` when a violation
    was recorded, `states` in which states a thing was in a version, `latest` from when on a record had which version.
    """

    cloud: Cloud
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    room: defaultdict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    granted: dict[tuple[str, str], float] = field(default_factory=dict)
    charged: dict[str, float] = field(default_factory=dict)
    closed: dict[str, float] = field(default_factory=dict)
    states: defaultdict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    latest: defaultdict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._eyes = {
            "POSTING": self._see_posting,
            "ENTITLEMENT": self._see_entitlement,
            "VOUCHER": self._see_voucher,
            "POOL": self._see_shard,
        }

    def see(self, changes: list[Change]) -> None:
        """A transaction commits. What it breaks is told at rest: a handler would take it for a fault of AWS."""
        try:
            for change in changes:
                old, new = decode(change.old or {}), decode(change.new or {})
                if thing := thing_of(change):
                    self._see_record(change, thing, old, new)
                if see := self._eyes.get(change.at[1].partition("#")[0]):
                    see(old, new)
            below = {name: fen for name, fen in self.balances.items() if fen < 0 and name != "treasury"}
            insist(not below, f"accounts below zero: {below}")
        except BrokenError as failure:
            self.broken.append(str(failure))

    def _see_record(self, change: Change, thing: str, old: Json, new: Json) -> None:
        wrong = wrong_in(thing, old, new)
        insist(not wrong, f"{wrong}: {change.at}")
        version, now = new.get("version", 0), self.cloud.scheduler.now
        for name in "#".join(change.at).split("#"):
            self.states[name, version].add(new.get("state", ""))
        if change.at[1] == "RECORD":
            self.latest[change.at[0].partition("#")[2]].append((now, version))
        if thing == "violation" and not old:
            self.charged[new["uscc"]] = now

    def _see_posting(self, old: Json, new: Json) -> None:
        insist(not old, f"a posting is written over: {old} {new}")
        self._move(new["from_account"], new["to_account"], new["amount_fen"])

    def _see_entitlement(self, old: Json, new: Json) -> None:
        if old and new["left_fen"] < old["left_fen"]:
            insist(old["qualified"] and not old["lapsed"], f"granted to whom it may not: {old}")

    def _see_voucher(self, old: Json, new: Json) -> None:
        if not old:
            self._move(f"batch:{new['batch_id']}", f"voucher:{new['voucher_id']}", new["face_fen"])
            self.granted[new["batch_id"], new["enterprise_uscc"]] = self.cloud.scheduler.now
        insist(new["balance_fen"] >= 0, f"a voucher is overdrawn: {new}")

    def _see_shard(self, old: Json, new: Json) -> None:
        insist(all(new[part] >= 0 for part in PARTS), f"a shard is overdrawn: {new}")
        insist(sum(new[part] for part in PARTS) == new["limit_fen"], f"a shard does not add up: {new}")
        if new["pool_id"].startswith("batch."):
            batch_id, now = new["pool_id"].removeprefix("batch."), self.cloud.scheduler.now
            left_fen = self.room_at(now, batch_id)
            self.room[batch_id].append((now, left_fen + new["remaining_fen"] - old.get("remaining_fen", 0)))
            if not new["open"]:
                self.closed.setdefault(batch_id, now)

    def _move(self, source: str, target: str, amount_fen: int) -> None:
        insist(amount_fen > 0, f"nothing is moved from {source} to {target}")
        self.balances[source] -= amount_fen
        self.balances[target] += amount_fen

    def room_at(self, second: float, batch_id: str) -> int:
        """What a batch had left at this second, in fen."""
        room = self.room[batch_id]
        before = bisect_right(room, (second, 1 << 62))
        return room[before - 1][1] if before else 0
