import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.environment import provisioner_environment, setup_environment, web_environment
from deploy.local.instance import CHECKOUT, Instance
from deploy.local.keycloak import Keycloak
from deploy.local.launcher import Launcher
from deploy.local.ports import Ports


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text("utf-8"))
    return loaded


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    instance = Instance(root=tmp_path, ports=Ports())
    instance.make_directories()
    return instance


def test_it_has_the_same_parts_as_make_up(compose: dict[str, Any], instance: Instance) -> None:
    parts = {part.name for part in Launcher(instance).parts}
    assert compose["services"].keys() == parts | {"setup"}


@pytest.mark.parametrize(
    ("service", "environment"),
    [
        ("web", web_environment),
        ("worker", web_environment),
        ("beat", web_environment),
        ("plugins", web_environment),
        ("provisioner", provisioner_environment),
        ("setup", setup_environment),
    ],
)
def test_its_processes_get_the_same_variables_as_ours(
    compose: dict[str, Any], instance: Instance, service: str, environment: Any
) -> None:
    # The image has pg_dump on its path; a checkout has it in a wheel.
    # Keycloak's distribution is in another container, where the provisioner cannot run it.
    exporting = Keycloak(instance).export_environment().keys()
    ours = environment(instance).keys() - {"PLEXICA_PG_DUMP"} - exporting
    assert compose["services"][service]["environment"].keys() == ours


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (CHECKOUT / "compose.yaml").read_text("utf-8")
    used = set(re.findall(r"\$\{([A-Z0-9_]+)(:\?)?[^}]*\}", text))
    assert used
    assert all(mark == ":?" for _, mark in used)
    header = text.partition("name: plexica")[0]
    assert all(name in header for name, _ in used)
    assert compose["name"] == "plexica"


def test_only_loopback_is_published(compose: dict[str, Any]) -> None:
    published = [
        port for service in compose["services"].values() for port in service.get("ports", [])
    ]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
