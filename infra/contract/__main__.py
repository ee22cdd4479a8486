"""Releases the document: from now on clients rely on it, and a test refuses what would break them.

python -m infra.contract
"""

from infra.contract import changes, document


def main() -> None:
    """Keep what the document says now."""
    changes.FILE.write_text(changes.released_text(document.document()))


if __name__ == "__main__":
    main()
