import configparser
import os
import signal
from pathlib import Path

import pytest

from deploy.local.errors import LocalPlatformError
from deploy.local.instance import Instance
from deploy.local.launcher import Launcher
from deploy.local.part import Program
from deploy.local.ports import Ports
from deploy.local.supervision import render


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(root=tmp_path, ports=Ports())


def read(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=True)
    parser.read_string(text)
    return parser


def test_a_program_is_written_with_its_words_and_variables(instance: Instance) -> None:
    program = Program(
        name="thing",
        command=[Path("/opt/a b/thing"), "--rate=50%"],
        environment={"SECRET": "100%=sure,yes"},
        stop_signal=signal.SIGINT,
        stop_seconds=7,
    )
    section = read(render(instance, [program]))["program:thing"]
    assert section["command"] == '"/opt/a b/thing" "--rate=50%%"'
    assert section["environment"].endswith('SECRET="100%%=sure,yes"')
    assert (section["stopsignal"], section["stopwaitsecs"]) == ("INT", "7")
    assert section["autostart"] == "false"


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\\b", "a ;b", "a #b"])
def test_what_the_configuration_cannot_carry_is_refused(instance: Instance, text: str) -> None:
    program = Program(name="thing", command=["thing"], environment={"VALUE": text})
    with pytest.raises(LocalPlatformError, match="supervisor's configuration"):
        render(instance, [program])


def test_no_secret_stands_on_a_command_line(instance: Instance) -> None:
    instance.make_directories()
    lines = render(instance, Launcher(instance).programs).splitlines()
    commands = [line for line in lines if line.startswith("command=")]
    assert len(commands) == 10
    for secret in instance.secrets.values():
        assert not any(secret in command for command in commands)


def test_everything_listens_on_loopback_by_its_command(instance: Instance) -> None:
    instance.make_directories()
    programs = {program.name: program for program in Launcher(instance).programs}
    for name in ("postgres", "s3", "mail", "keycloak", "web"):
        words = " ".join(str(word) for word in programs[name].command)
        assert "127.0.0.1" in words


def test_a_part_that_is_there_already_has_no_program(tmp_path: Path) -> None:
    instance = Instance(root=tmp_path, ports=Ports(), external={"REDIS_URL": "redis://x/0"})
    instance.make_directories()
    assert "redis" not in {program.name for program in Launcher(instance).programs}


def test_the_socket_moves_when_its_path_is_too_long(tmp_path: Path) -> None:
    near = Instance(root=Path("/srv/px"), ports=Ports())
    assert near.socket == Path("/srv/px/run/supervisor.sock")
    deep = Instance(root=tmp_path / ("d" * 120), ports=Ports())
    assert len(os.fsencode(deep.socket)) < 100
    other = Instance(root=tmp_path / ("e" * 120), ports=Ports())
    assert deep.socket != other.socket


def test_an_unknown_part_is_answered_with_the_known(instance: Instance) -> None:
    instance.make_directories()
    with pytest.raises(LocalPlatformError, match="keycloak"):
        Launcher(instance).part("kafka")
