"""A start finds the port of the last one; the city's people are written and found again."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.demo import people
from infra.demo.closing import lines_to_try
from infra.local import emulator, stack
from infra.local.emulator import EmulatorFailed

THINGS = {
    "batch": "2026.b",
    "product": "9.p",
    "notice": "n_1",
    "approved_enterprise": "91A",
    "waiting_enterprise": "91B",
    "waiting_agency": "91C",
    "agency": "91D",
    "settlement": "s_1",
}


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def test_a_start_takes_the_port_of_the_last_one_if_it_is_free(tmp_path: Path) -> None:
    free = emulator.free_port()
    (tmp_path / "port").write_text(f"{free}\n")
    assert emulator.port_for(tmp_path, None) == free


def test_a_start_takes_any_port_if_the_last_one_is_taken(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "port").write_text(f"{taken_port}\n")
    assert emulator.port_for(tmp_path, None) != taken_port


def test_a_port_that_was_asked_for_goes_before_the_last_one(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("1\n")
    asked = emulator.free_port()
    assert emulator.port_for(tmp_path, asked) == asked


def test_a_port_that_was_asked_for_and_is_taken_is_said_to_be(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(EmulatorFailed, match=f"Port {taken_port} is taken"):
        emulator.port_for(tmp_path, taken_port)


def test_the_people_of_a_city_are_found_again_until_the_stack_ends(tmp_path: Path) -> None:
    city = people.city_of(2026, THINGS)
    people.write(city, tmp_path)
    assert people.read(tmp_path) == city
    assert city.people["agency"].theirs == {"uscc": "91D", "settlement": "s_1"}
    stack.forget_people(tmp_path)
    assert people.read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"year": 2026, "people": {"owner": {}}, "open_things": {}}'])
def test_people_that_cannot_be_read_are_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "people.json").write_text(text)
    assert people.read(tmp_path) is None


def test_behind_a_proxy_the_lines_to_try_pass_it_by() -> None:
    city = people.city_of(2026, THINGS)
    assert (
        lines_to_try("http://x", city, {"http_proxy": "http://127.0.0.1:9"})[0]
        == "API=http://x; export no_proxy=127.0.0.1"
    )
