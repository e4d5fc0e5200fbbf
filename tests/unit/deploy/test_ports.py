import socket

import pytest

from deploy.local.errors import LocalPlatformError
from deploy.local.ports import LOOPBACK, Ports, conflict_message, is_taken


def test_defaults_stand_when_nothing_is_set() -> None:
    assert Ports.from_environment({"PLEXICA_PORT": ""}) == Ports()


def test_a_variable_moves_its_part() -> None:
    ports = Ports.from_environment({"PLEXICA_PORT": "9000", "PLEXICA_POSTGRES_PORT": "5555"})
    assert (ports.web, ports.postgres, ports.redis) == (9000, 5555, Ports().redis)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "80a", "8 0", "١٢٣"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(LocalPlatformError, match="PLEXICA_S3_PORT"):
        Ports.from_environment({"PLEXICA_S3_PORT": text})


def test_two_parts_on_one_port_are_refused() -> None:
    with pytest.raises(LocalPlatformError, match=r"PLEXICA_PORT and PLEXICA_KEYCLOAK_PORT"):
        Ports.from_environment({"PLEXICA_PORT": "8180"})


def test_free_ports_differ_and_are_free() -> None:
    ports = Ports.free()
    numbers = list(vars(ports).values())
    assert len(set(numbers)) == len(numbers)
    assert not any(is_taken(number) for number in numbers)


def test_a_listener_takes_its_port_on_loopback_and_on_all_addresses() -> None:
    for host in (LOOPBACK, ""):
        with socket.socket() as listener:
            listener.bind((host, 0))
            listener.listen()
            assert is_taken(listener.getsockname()[1])


def test_a_conflict_names_port_part_and_variable() -> None:
    text = conflict_message(port=8000, part="Web", variable="PLEXICA_PORT")
    assert "8000" in text
    assert "Web" in text
    assert "PLEXICA_PORT=8001" in text
