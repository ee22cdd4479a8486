"""The issuer's published signing keys: one set, kept for minutes, so that a key ends with the set that lacks it.

PyJWT fetches and reads the set. It is kept here, because PyJWT would ask again at each request once the issuer fails.
A wall clock measures its age, since the other clocks may stand still while Lambda freezes a process.
"""

import time

import jwt

# a key that the issuer withdraws opens nothing after this time
LIFESPAN_SECONDS = 300
# …or after this one if the issuer gives no set meanwhile: its failure must not log everybody out
STALE_SECONDS = 3600
# A key that the set lacks makes us ask again, as does an issuer that fails, but no more often than this: what is in a
# token costs its sender nothing. So long it may take until a new key is known.
PAUSE_SECONDS = 10
TIMEOUT_SECONDS = 4


class IssuerFailed(Exception):
    """The issuer has given no usable keys for too long: it cannot be reached, or answers something else than keys."""


class UnknownKey(jwt.InvalidTokenError):
    """A token names a key that the issuer does not publish."""


class IssuerKeys:
    """The keys that are published at an address."""

    def __init__(self, address: str) -> None:
        self._client = jwt.PyJWKClient(address, cache_jwk_set=False, timeout=TIMEOUT_SECONDS)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._given_at = self._asked_at = float("-inf")

    def find(self, key_id: object) -> jwt.PyJWK:
        """The key of that id. Raises UnknownKey, or IssuerFailed if there is no set to look into."""
        if key_id not in self._keys or not self._is_younger_than(LIFESPAN_SECONDS):
            self._ask()
        if not self._keys or not self._is_younger_than(STALE_SECONDS):
            raise IssuerFailed
        if key_id not in self._keys:
            raise UnknownKey
        return self._keys[str(key_id)]

    def _is_younger_than(self, seconds: float) -> bool:
        return 0 <= time.time() - self._given_at < seconds

    def _ask(self) -> None:
        now = time.time()
        if 0 <= now - self._asked_at < PAUSE_SECONDS:
            return
        self._asked_at = now
        try:
            self._keys = {str(each.key_id): each for each in self._client.get_signing_keys()}
        except (jwt.PyJWKClientConnectionError, ValueError, OSError):
            return
        except jwt.PyJWTError:
            # it answered, and no key is left
            self._keys = {}
        self._given_at = now
