"""What a container is given."""

from pathlib import Path

import pytest

from plexica.core.errors import PermanentError
from plexica_sdk.manifest import Runtime
from plugins.runtimes.container import plan
from plugins.runtimes.container.plan import Contents, Target, Unit, Wiring

UNIT = Unit(key="abc", instance="here", backend="b-1", release="d" * 64)
TARGETS = (Target("api", "web", 8000), Target("database", "127.0.0.1", 5432))
COMMAND = Runtime(command=("python", "-m", "hello"), memory_mb=256, cpu=0.5)
IMAGE = Runtime(image=f"registry.example/hello@sha256:{'0' * 64}")
VARIABLES = {"PLEXICA_PLUGIN": "hello"}


def wiring(*, targets: tuple[Target, ...] = TARGETS, shares_names: bool = True) -> Wiring:
    return Wiring(
        targets=targets,
        door=Path("/p/doors/abc"),
        outlets=Path("/p/outlets"),
        porter_user="65532:65532",
        shares_names=shares_names,
    )


def contents(wants: Runtime) -> Contents:
    return Contents(image="i", wants=wants, variables=VARIABLES, secret=Path("/p/secrets/abc"))


@pytest.mark.parametrize("wants", [COMMAND, IMAGE])
def test_a_backend_may_do_next_to_nothing(wants: Runtime) -> None:
    config = plan.plugin_config(UNIT, wiring(), contents(wants))
    host = config["HostConfig"]
    assert config["User"] == "65532:65532"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["PidsLimit"] == 128
    assert host["Memory"] == host["MemorySwap"] == wants.memory_mb * 1024 * 1024
    assert host["NanoCpus"] == int(wants.cpu * 1e9)
    assert host["RestartPolicy"] == {"Name": "no"}
    assert host["LogConfig"]["Config"]["max-size"] == "1048576"
    assert list(host["Tmpfs"]) == ["/tmp"]  # noqa: S108 (a container's own)
    assert "noexec" in host["Tmpfs"]["/tmp"]  # noqa: S108 (the same)
    # Neither the door nor the outlets: they are the porter's alone.
    assert host["Binds"] == ["/p/secrets/abc:/plexica/secret:ro"]
    assert host["NetworkMode"] == "container:plexica-abc-porter"


def test_a_porter_has_an_empty_network_and_a_door() -> None:
    config = plan.porter_config(UNIT, wiring(), image="foundation")
    host = config["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["Binds"] == ["/p/doors/abc:/door:rw", "/p/outlets:/outlets:ro"]
    assert config["Cmd"][3:] == ["8080", "api=127.0.0.1:8000", "database=127.0.0.1:5432"]
    assert host["ExtraHosts"] == ["web:127.0.0.1"]
    assert host["CapDrop"] == ["ALL"]
    assert host["Memory"] == 32 * 1024 * 1024


def test_a_key_is_a_part_of_a_path_and_nothing_else() -> None:
    assert plan.is_key(plan.new_key())
    assert not [text for text in ("", "..", "a/b", f"{plan.new_key()}\n") if plan.is_key(text)]


def test_both_are_known_by_their_labels() -> None:
    porter = plan.porter_config(UNIT, wiring(), image="foundation")["Labels"]
    plugin = plan.plugin_config(UNIT, wiring(), contents(COMMAND))["Labels"]
    assert plugin == {
        "plexica.instance": "here",
        "plexica.unit": "abc",
        "plexica.backend": "b-1",
        "plexica.release": "d" * 64,
        "plexica.role": "plugin",
    }
    assert porter == plugin | {"plexica.role": "porter"}


def test_a_command_is_entered_by_way_of_its_secret() -> None:
    config = plan.plugin_config(UNIT, wiring(), contents(COMMAND))
    assert config["Entrypoint"][-1] == "/plexica/enter.py"
    assert config["Cmd"] == ["python", "-m", "hello"]
    assert "PLEXICA_LISTEN=127.0.0.1:8080" in config["Env"]
    assert not [line for line in config["Env"] if "SECRET" in line]


def test_an_image_runs_as_it_is_and_reads_its_secret() -> None:
    config = plan.plugin_config(UNIT, wiring(), contents(IMAGE))
    assert not {"Entrypoint", "Cmd", "WorkingDir"} & config.keys()
    assert "PLEXICA_SECRET_FILE=/plexica/secret/secret" in config["Env"]
    assert not [line for line in config["Env"] if line.startswith("PATH=")]


def test_a_backend_listens_where_nothing_of_the_host_is() -> None:
    targets = (Target("api", "web", 8080), Target("database", "db", 8081))
    assert wiring(targets=targets).listen == "127.0.0.1:8082"


def test_podmans_containers_have_hosts_files_of_their_own() -> None:
    config = plan.plugin_config(UNIT, wiring(shares_names=False), contents(COMMAND))
    assert config["HostConfig"]["ExtraHosts"] == ["web:127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "host", "port", "address", "alias"),
    [
        ("http://web:8000", "web", 8000, "127.0.0.1", "web:127.0.0.1"),
        ("https://plexica.example", "plexica.example", 443, "127.0.0.1",
         "plexica.example:127.0.0.1"),
        ("http://127.0.0.1:8000", "127.0.0.1", 8000, "127.0.0.1", ""),
        ("http://127.0.0.9:80", "127.0.0.9", 80, "127.0.0.9", ""),
        ("http://localhost:8000", "localhost", 8000, "127.0.0.1", ""),
    ],
)  # fmt: skip
def test_the_host_is_reached_by_its_own_name(
    url: str, host: str, port: int, address: str, alias: str
) -> None:
    target = Target.of_url("api", url)
    assert target == Target("api", host, port)
    assert (target.inner_address, target.alias) == (address, alias)


@pytest.mark.parametrize("host", ["10.0.0.5", "::1", "", "/run/postgresql"])
def test_what_has_no_name_cannot_be_reached(host: str) -> None:
    with pytest.raises(PermanentError, match=r"backends\.md"):
        _ = Target("database", host, 5432).inner_address
