"""Developing a plugin by the API: in the local environment only, and nothing of it stays."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica_sdk.package import read_package, write_package
from plugins.agent.loop import Agent
from plugins.backends import BackendStateRefused, endpoint_of, forget_endpoint, restart_backend
from plugins.developing import ATTACHED
from plugins.models import Backend, Plugin, Release, StoredPackage, TrustedKey
from tests.integration.api.conftest import Api
from tests.integration.api.test_staff_roles import client, program
from tests.integration.plugins.packages import Author, empty_registry

DEVELOPMENT = "/api/plugins/development"
BINARY = "application/octet-stream"
VERSION = "0.1.0-dev.1"
ADDRESSES = (
    ("POST", f"{DEVELOPMENT}?port=2000"),
    ("POST", f"{DEVELOPMENT}/hello/{VERSION}"),
    ("POST", f"{DEVELOPMENT}/hello/{VERSION}/installation"),
    ("DELETE", f"{DEVELOPMENT}/hello"),
)

__all__ = ["client", "program"]


@pytest.fixture(autouse=True)
def _registry(_platform_scope: None) -> Iterator[None]:
    empty_registry()
    yield
    empty_registry()


@pytest.fixture
def _local(settings: Settings) -> None:
    settings.PLEXICA_ENVIRONMENT = "local"


def unsigned(version: str = VERSION, slug: str = "hello") -> bytes:
    package = read_package(Author().package(slug, version))
    return write_package(type(package)(package.manifest, package.files))


def begin(api: Api, content: bytes = b"") -> Any:
    return api.send("POST", f"{DEVELOPMENT}?port=2000", content or unsigned(), BINARY)


@pytest.mark.parametrize("environment", ["production", "test"])
@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_elsewhere_there_is_no_such_thing(
    api: Api, settings: Settings, environment: str, method: str, path: str
) -> None:
    settings.PLEXICA_ENVIRONMENT = environment
    content_type = BINARY if "port" in path else "application/json"
    answer = api.send(method, path, unsigned() if "port" in path else b"{}", content_type)
    assert answer.status_code == 404, answer.content
    assert not Plugin.objects.exists()


@pytest.mark.usefixtures("_local")
@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_who_may_not_manage_plugins_is_refused(
    stranger: Api, program: Any, method: str, path: str
) -> None:
    assert stranger.send(method, path, b"{}", "application/json").status_code == 401
    viewer = program("support")
    assert viewer.send(method, path, b"{}", "application/json").status_code == 403
    assert not Plugin.objects.exists()


@pytest.mark.usefixtures("_local")
def test_it_is_begun_and_ended_without_a_trace(api: Api) -> None:
    begun = begin(api)
    assert begun.status_code == 201, begun.content
    assert "no-store" in begun["Cache-Control"]
    found = begun.json()
    assert (found["plugin"], found["version"]) == ("hello", VERSION)
    release = Release.objects.get()
    backend = Backend.objects.get()
    assert found["variables"]["PLEXICA_BACKEND"] == str(backend.pk)
    endpoint = endpoint_of(release.pk)
    assert endpoint is not None
    assert (endpoint.address, endpoint.secret) == (
        "127.0.0.1:2000",
        found["variables"]["PLEXICA_SECRET"],
    )
    # What signed it signs nothing else, and no agent has to do with it.
    assert not TrustedKey.objects.get().is_trusted
    assert Agent([])._backends() == []  # noqa: SLF001
    with pytest.raises(BackendStateRefused):
        restart_backend(backend=backend, actor=SYSTEM)
    assert api.send("DELETE", f"{DEVELOPMENT}/hello").status_code == 204
    for model in (Plugin, Release, StoredPackage, TrustedKey, Backend):
        assert not model.objects.exists()


@pytest.mark.usefixtures("_local")
def test_one_that_is_not_heard_of_is_reached_no_more_until_it_is(api: Api) -> None:
    begin(api)
    backend = Backend.objects.get()
    Backend.objects.update(attached_until=backend.attached_until - 2 * ATTACHED)
    forget_endpoint(backend.release_id)
    assert endpoint_of(backend.release_id) is None
    kept = api.post({"tenant": "nobody"}, f"{DEVELOPMENT}/hello/{VERSION}")
    assert kept.status_code == 404, "There is no such tenant."
    assert endpoint_of(backend.release_id) is not None


@pytest.mark.usefixtures("_local")
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK", "no package"), (unsigned("0.1.0"), "ends with -dev.")],
    ids=["rubbish", "a version of its own"],
)
def test_what_cannot_be_developed(api: Api, content: bytes, words: str) -> None:
    answer = begin(api, content)
    assert answer.status_code == 400, answer.content
    assert words in answer.json()["detail"]
    assert not TrustedKey.objects.exists()


@pytest.mark.usefixtures("_local")
def test_what_is_registered_stays_when_a_development_of_it_ends(api: Api) -> None:
    author = Author()
    author.trusted()
    kept = author.registered()
    begin(api, unsigned("0.2.0-dev.1"))
    assert Plugin.objects.get().current != kept
    assert api.send("DELETE", f"{DEVELOPMENT}/hello").status_code == 204
    assert (Plugin.objects.get().current, Release.objects.get()) == (kept, kept)
    assert TrustedKey.objects.get().is_trusted
    kept_on = api.post({"tenant": "acme"}, f"{DEVELOPMENT}/hello/0.1.0")
    assert kept_on.status_code == 404, "It is not being developed."
