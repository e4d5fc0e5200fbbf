"""compose.yaml has the parts, processes and variables of `make up`, and is fit for production."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.image import check, layout
from deploy.local import keycloak, s3
from deploy.local.environment import provisioner_environment, setup_environment, web_environment
from deploy.local.instance import CHECKOUT, Instance
from deploy.local.launcher import Launcher
from deploy.local.ports import Ports
from deploy.local.secrets_store import SECRETS

# What only images have: the proxy in front, the maker of secrets, and the mail that is sent.
ONLY_HERE = {"proxy", "secrets", "setup"}
# What the servers of production need beyond those of one machine.
MORE = {
    "PLEXICA_TRUSTED_PROXIES", "PLEXICA_PROXY_NETWORKS", "PLEXICA_PLUGIN_HOST",
    "PLEXICA_SMTP_SECURITY", "PLEXICA_SMTP_USER", "PLEXICA_SMTP_PASSWORD", "PLEXICA_WORKER",
}  # fmt: skip
ONE_SHOT = {"secrets", "setup"}


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / name).read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = load("compose.yaml")["services"]
    return found


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    instance = Instance(root=tmp_path, ports=Ports())
    instance.make_directories()
    return instance


def test_it_has_the_same_parts_as_make_up(services: dict[str, Any], instance: Instance) -> None:
    parts = {part.name for part in Launcher(instance).parts}
    assert services.keys() == parts - {"mail"} | ONLY_HERE
    assert load("compose.override.yaml")["services"].keys() == {"mail", "proxy"}


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
    services: dict[str, Any], instance: Instance, service: str, environment: Any
) -> None:
    # The image has pg_dump in a place of its own; a checkout has it in a wheel.
    # Keycloak's distribution is in another container, where the provisioner cannot run it.
    exporting = keycloak.Keycloak(instance).export_environment().keys()
    ours = environment(instance).keys() - {"PLEXICA_PG_DUMP"} - exporting
    given = services[service]["environment"].keys()
    assert {name.removesuffix("_FILE") for name in given} - MORE == ours


@pytest.mark.parametrize("service", ["web", "worker", "beat", "plugins", "provisioner", "setup"])
def test_each_secret_comes_from_a_file_that_the_process_has(
    services: dict[str, Any], service: str
) -> None:
    [volume] = [
        name.partition(":")[0].removeprefix("secrets-")
        for name in services[service]["volumes"]
        if ":/run/secrets" in name
    ]
    secrets = dict.fromkeys(SECRETS, "x")
    handed = layout.values_for(volume, secrets=secrets, environment={}).keys()
    read = {
        name.removesuffix("_FILE"): value
        for name, value in services[service]["environment"].items()
        if name.endswith("_FILE")
    }
    assert read.keys() == handed
    assert all(value == f"/run/secrets/{name}" for name, value in read.items())


def test_every_kind_of_process_that_has_secrets_has_a_volume(services: dict[str, Any]) -> None:
    mounted = {
        name.partition(":")[0].removeprefix("secrets-")
        for name in services["secrets"]["volumes"]
        if name.startswith("secrets-")
    }
    assert mounted - {"store"} == layout.OWNERS.keys()
    for process, user in layout.OWNERS.items():
        assert services[process]["user"].partition(":")[0] == str(user), process


def test_nothing_secret_is_in_it() -> None:
    for name in (
        "compose.yaml",
        "compose.override.yaml",
        "Dockerfile",
        "deploy/keycloak/Dockerfile",
    ):
        text = (CHECKOUT / name).read_text("utf-8")
        assert not re.search(r"(PASSWORD|SECRET|_KEYS?)(_FILE)?: (?!/run/secrets/)\S", text)


def test_only_the_proxy_is_published(services: dict[str, Any]) -> None:
    assert [name for name, each in services.items() if each.get("ports")] == ["proxy"]
    [published] = load("compose.override.yaml")["services"]["mail"]["ports"]
    assert published.startswith("127.0.0.1:")


def test_each_service_is_confined_and_bounded(services: dict[str, Any]) -> None:
    every = services | {"mail": load("compose.override.yaml")["services"]["mail"]}
    for name, each in every.items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert each["mem_limit"], name
        assert each["pids_limit"], name
        assert each["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert each["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name
        assert "entrypoint" in each, name
        assert "command" in each, name
        if name not in ONE_SHOT:
            assert each["healthcheck"]["test"], name
    rooted = {name for name, each in every.items() if each["user"].startswith("0:")}
    assert rooted == {"plugins", "secrets"}
    assert {name for name, each in every.items() if each.get("cap_add")} == rooted


def test_makers_images_have_a_whole_version(services: dict[str, Any]) -> None:
    every = services | {"mail": load("compose.override.yaml")["services"]["mail"]}
    for name, each in every.items():
        if "build" not in each:
            assert re.search(r":v?\d+\.\d+(\.\d+)?$", each["image"]), name
    for dockerfile in ("Dockerfile", "deploy/keycloak/Dockerfile"):
        text = (CHECKOUT / dockerfile).read_text("utf-8")
        [image] = re.findall(r"^(?:ARG BASE=|FROM )([\w./-]+:\S+)$", text, re.MULTILINE)
        assert re.search(r":\d+\.\d+(\.\d+)?(-slim)?$", image)


def test_the_servers_have_the_versions_that_are_tested() -> None:
    text = (CHECKOUT / "deploy/keycloak/Dockerfile").read_text("utf-8")
    assert f":{keycloak.VERSION}\n" in text
    assert load("compose.yaml")["services"]["s3"]["image"].endswith(f":{s3.VERSION}")


def test_networks_keep_apart_what_does_not_speak(services: dict[str, Any]) -> None:
    assert load("compose.yaml")["networks"]["back"] == {"internal": True}
    members = {
        network: {name for name, each in services.items() if network in each.get("networks", [])}
        for network in ("front", "back", "plugins")
    }
    assert members["front"] == {"proxy", "web", "keycloak"}
    assert services["proxy"]["networks"] == ["front"]
    assert services["plugins"]["networks"] == ["plugins"]
    assert not members["plugins"] & {"keycloak", "s3", "proxy", "setup"}
    assert services["secrets"]["network_mode"] == "none"


def test_each_health_check_is_one_that_there_is(services: dict[str, Any]) -> None:
    for each in services.values():
        test = each.get("healthcheck", {}).get("test", [])
        if "deploy.image.check" in test:
            assert test[-1] in check.CHECKS


def test_what_compose_mounts_is_there(services: dict[str, Any]) -> None:
    for each in services.values():
        for volume in each.get("volumes", []):
            place = volume.partition(":")[0]
            if place.startswith("./"):
                assert (CHECKOUT / place).exists(), place
