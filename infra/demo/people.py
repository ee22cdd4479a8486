"""Who is who in the told city: names that one remembers, and what is theirs; `.local/people.json` and back."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, PASSWORD, Person
from infra.demo.plan import owner_of
from infra.local.stack import PEOPLE

STAFF = {
    "platform": (OPERATOR, "平台审核员 reviews and gathers"),
    "platform-two": (OPERATOR_TWO, "平台拨付员 makes the payouts"),
    "bureau": (BUREAU, "市经信局 releases and decides"),
    "bureau-two": (BUREAU_TWO, "市经信局复核员 lifts violations, withdraws claims"),
    "finance": (FINANCE, "市财政局 confirms and pays"),
    "discipline": (Person("discipline-he", "discipline"), "市纪委监委 reads leads, opens the mailbox"),
    "admin": (Person("admin-xu", "admin"), "系统管理员 reads the registers"),
}


@dataclass(frozen=True)
class Account:
    """One person of the city; `theirs` maps a word to a credit code or an id."""

    username: str
    role: str
    words: str
    theirs: dict[str, str] = field(default_factory=dict)
    password: str = PASSWORD

    @property
    def person(self) -> Person:
        """The caller that this account is."""
        return Person(self.username, self.role)


@dataclass(frozen=True)
class City:
    """Who is who, and what the tale left open (word → id)."""

    year: int
    people: dict[str, Account]
    open_things: dict[str, str]


def staff() -> dict[str, Account]:
    """The staff, who are the same in every city."""
    return {name: Account(person.name, person.role, words) for name, (person, words) in STAFF.items()}


def city_of(year: int, open_things: dict[str, str]) -> City:
    """The people of a year that left these things open."""

    def owner(word: str, words: str, *things: str) -> Account:
        uscc = open_things[word]
        theirs = {"uscc": uscc} | {thing: open_things[thing] for thing in things if thing in open_things}
        return Account(owner_of(uscc).name, "", words, theirs)

    people = {
        "owner": owner("approved_enterprise", "企业负责人 approved, still without a voucher", "batch"),
        "newcomer": owner("waiting_enterprise", "企业负责人 waits for the review"),
        "applicant": owner("waiting_agency", "服务机构负责人 waits for the review"),
    }
    if "agency" in open_things:
        people["agency"] = owner("agency", "服务机构负责人 has an application in review", "settlement")
    return City(year, people | staff(), open_things)


def write(city: City, state: Path) -> Path:
    """Write a city into a state folder; where."""
    path = state / PEOPLE
    path.write_text(json.dumps(asdict(city), ensure_ascii=False, indent=2) + "\n")
    return path


def read(state: Path) -> City | None:
    """The city that was told on the stack of a state folder, or None."""
    try:
        known = json.loads((state / PEOPLE).read_text())
        people = {name: Account(**each) for name, each in known["people"].items()}
        return City(known["year"], people, known["open_things"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
