"""`make token WHO=owner`: prints a fresh access token of one person of the city, and nothing else on standard output.

python -m infra.demo.token WHO
"""

import sys
from dataclasses import asdict

from infra.client.http import HttpClient
from infra.demo import people
from infra.local import stack as local
from infra.local.state import LOCAL


def main() -> int:
    """Sign in as the person of that name; 1 with the names there are, or with what to do first."""
    who = sys.argv[1] if len(sys.argv) > 1 else ""
    stack = local.read()
    if stack is None:
        print("The local stack does not run: `make run` first.", file=sys.stderr)
        return 1
    city = people.read(LOCAL)
    known = city.people if city else people.staff()
    if who not in known:
        print(
            f"make token WHO=…: nobody is called {who!r}. There are:" if who else "make token WHO=…, one of:",
            file=sys.stderr,
        )
        for name, each in known.items():
            print(f"  {name:<13} {each.words}", file=sys.stderr)
        if city is None:
            print("(Owners come with `make run`.)", file=sys.stderr)
        return 1
    print(HttpClient(asdict(stack)).sign_in(known[who].person)["access"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
