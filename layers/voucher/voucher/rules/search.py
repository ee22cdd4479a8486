"""The words of a search, and the texts that they are looked for in."""

import unicodedata
from collections.abc import Iterable


def search_words(text: str | None) -> list[str]:
    """The words of a search, in half width and lower case, separated by blanks or Chinese blanks."""
    return _plain(text or "").split()


def mentions_all(texts: Iterable[str | None], words: Iterable[str]) -> bool:
    """True if every word stands somewhere in the texts."""
    text = _plain(" ".join(filter(None, texts)))
    return all(word in text for word in words)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
