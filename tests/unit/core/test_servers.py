"""Where servers are is read from the environment, and from the files that it names."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from plexica.settings.environment import required
from plexica.settings.servers import read_keycloaks, read_s3

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _one_of_each(monkeypatch: Patch) -> None:
    for name, value in {
        "KEYCLOAK_URL": "https://auth.example.com:443/",
        "PLEXICA_KEYCLOAK_INTERNAL_URL": "http://keycloak:8080/",
        "S3_ENDPOINT_URL": "http://s3:7070",
        "S3_ACCESS_KEY": "key",
        "S3_SECRET_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)


def test_one_of_each_is_called_default() -> None:
    [(name, keycloak)] = read_keycloaks().items()
    assert (name, keycloak.public_url) == ("default", "https://auth.example.com")
    assert (keycloak.internal_url, keycloak.ceiling) == ("http://keycloak:8080", 800)
    [(name, s3)] = read_s3().items()
    assert (name, s3.endpoint_url, s3.ceiling) == ("default", "http://s3:7070", 10_000)


def test_more_of_them_have_variables_with_their_names(monkeypatch: Patch) -> None:
    for name, value in {
        "PLEXICA_MORE_KEYCLOAKS": "north, south",
        "KEYCLOAK_NORTH_URL": "https://north.example.com",
        "KEYCLOAK_NORTH_ADMIN_CLIENT_SECRET": "hidden",
        "KEYCLOAK_SOUTH_URL": "https://south.example.com:8443",
        "KEYCLOAK_SOUTH_INTERNAL_URL": "http://south:8080",
        "KEYCLOAK_SOUTH_CEILING": "5",
        "PLEXICA_MORE_S3": "north",
        "S3_NORTH_ENDPOINT_URL": "https://s3.example.com",
        "S3_NORTH_ACCESS_KEY": "other",
        "S3_NORTH_SECRET_KEY": "hidden",
        "S3_NORTH_REGION": "eu-north-1",
        "S3_NORTH_CEILING": "0",
        "PLEXICA_REALM_CEILING": "7",
    }.items():
        monkeypatch.setenv(name, value)
    keycloaks = read_keycloaks()
    assert list(keycloaks) == ["default", "north", "south"]
    assert keycloaks["north"].internal_url == "https://north.example.com"
    assert "hidden" not in repr(keycloaks)
    assert keycloaks["south"].public_url == "https://south.example.com:8443"
    assert [each.ceiling for each in keycloaks.values()] == [7, 800, 5]
    s3 = read_s3()["north"]
    assert (s3.region, s3.ceiling) == ("eu-north-1", 0)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("PLEXICA_MORE_KEYCLOAKS", "default", "PLEXICA_MORE_KEYCLOAKS"),
        ("PLEXICA_MORE_KEYCLOAKS", "No", "PLEXICA_MORE_KEYCLOAKS"),
        ("PLEXICA_MORE_KEYCLOAKS", "north", "KEYCLOAK_NORTH_URL"),
        ("PLEXICA_REALM_CEILING", "-1", "PLEXICA_REALM_CEILING"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    monkeypatch: Patch, name: str, value: str, named: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=named):
        read_keycloaks()


class TestFiles:
    def test_a_value_may_be_in_a_file(self, monkeypatch: Patch, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("from the file\n", "utf-8")
        monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))
        assert required("SOME_SECRET") == "from the file"

    def test_a_file_that_is_not_there_is_named(self, monkeypatch: Patch, tmp_path: Path) -> None:
        monkeypatch.setenv("OTHER_SECRET_FILE", str(tmp_path / "nowhere"))
        with pytest.raises(ImproperlyConfigured, match="OTHER_SECRET_FILE"):
            required("OTHER_SECRET")
