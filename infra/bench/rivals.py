"""Two other designs, for comparison on the same engine: (a) optimistic version, (b) one counter.

Both grant one voucher per enterprise within its quota, and both use our store's client and encoding.
"""

from collections.abc import Callable

from tests.races.seed_data import QUOTA_FEN, YEAR, Organisation
from voucher.store import conditions, keys
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Unmet, Write, put_write, transact, update_write

GRAB_ATTEMPTS = 200
Grab = Callable[[Organisation], bool]


def versioned(name: str, quotas: int) -> Grab:
    """(a) Read and check the batch and the entitlement; write both on condition that their versions are unchanged."""
    batch = _batch(name, quotas)

    def grab(enterprise: Organisation) -> bool:
        for _ in range(GRAB_ATTEMPTS):
            batch_item, entitlement_item = find_item(batch), find_item(keys.entitlement(YEAR, enterprise.uscc))
            if (
                batch_item is None
                or entitlement_item is None
                or batch_item["left_fen"] < QUOTA_FEN
                or enterprise.person.name not in entitlement_item["members"]
            ):
                return False
            try:
                transact(
                    [
                        _take(batch, conditions.UNCHANGED, seen_version=batch_item["version"]),
                        _use_quota(enterprise, conditions.UNCHANGED, seen_version=entitlement_item["version"]),
                        _make(name, enterprise),
                    ]
                )
            except Unmet as unmet:
                if "voucher" in unmet.items:
                    return False
                continue
            return True
        return False

    return grab


def counter(name: str, quotas: int) -> Grab:
    """(b) One transaction that decreases one counter, on condition that the counter suffices."""
    batch = _batch(name, quotas)

    def grab(enterprise: Organisation) -> bool:
        conditional = conditions.all_of(conditions.CALLER_IS_MEMBER, conditions.QUOTA_SUFFICES)
        writes = [
            _take(batch, "#left_fen >= :amount_fen"),
            _use_quota(enterprise, conditional, caller=enterprise.person.name, quota_fen=QUOTA_FEN),
            _make(name, enterprise),
        ]
        try:
            transact(writes)
        except Unmet:
            return False
        return True

    return grab


def _batch(name: str, quotas: int) -> keys.Key:
    key = keys.Key("vouchers", f"RIVAL#{name}", "RECORD")
    transact([put_write("rival", key, {"left_fen": quotas * QUOTA_FEN, "version": 1}, None)])
    return key


def _take(batch: keys.Key, condition: str, **values: object) -> Write:
    change = "SET #left_fen = #left_fen - :amount_fen, #version = #version + :one"
    return update_write("batch", batch, change, condition, amount_fen=QUOTA_FEN, **values)


def _use_quota(enterprise: Organisation, condition: str, **values: object) -> Write:
    change = (
        "SET #left_fen = #left_fen - :amount_fen, #granted_fen = #granted_fen + :amount_fen, #version = #version + :one"
    )
    return update_write(
        "entitlement", keys.entitlement(YEAR, enterprise.uscc), change, condition, amount_fen=QUOTA_FEN, **values
    )


def _make(name: str, enterprise: Organisation) -> Write:
    voucher = {"batch_id": name, "enterprise_uscc": enterprise.uscc, "face_fen": QUOTA_FEN, "balance_fen": QUOTA_FEN}
    return put_write(
        "voucher", keys.Key("vouchers", f"RIVAL#{name}#{enterprise.uscc}", "VOUCHER"), voucher, conditions.IS_NEW
    )
