"""Each process gets its own secrets, once made, and what an operator brings instead."""

from pathlib import Path

import pytest

from deploy.image.layout import OWNERS
from deploy.image.make_secrets import Places, make, show

ENVIRONMENT = {"PLEXICA_BASE_DOMAIN": "example.com", "PLEXICA_PORT": "443"}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "copies" / "store", tmp_path / "copies", tmp_path / "given")
    for name in (*OWNERS, "store"):
        (places.copies / name).mkdir(parents=True)
    places.given.mkdir()
    return places


def run(places: Places, **environment: str) -> dict[str, int]:
    """Make them, and return whom each file was given to."""
    given: dict[str, int] = {}

    def give(path: Path, user: int) -> None:
        given[str(path.relative_to(places.copies))] = user

    make(places=places, environment=ENVIRONMENT | environment, give=give)
    return given


def read(places: Places, process: str) -> dict[str, str]:
    directory = places.copies / process
    return {path.name: path.read_text("utf-8") for path in directory.iterdir()}


def test_each_has_its_own_and_only_its_user_reads_them(places: Places) -> None:
    given = run(places)
    assert given["web/DATABASE_URL"] == 10001
    assert given["postgres"] == 999
    assert {path.stat().st_mode & 0o777 for path in places.copies.glob("*/[A-Z]*")} == {0o400}
    assert read(places, "redis").keys() == {"REDIS_PASSWORD"}
    web, provisioner, setup = (read(places, name) for name in ("web", "provisioner", "setup"))
    assert "KEYCLOAK_ADMIN_CLIENT_SECRET" not in web
    assert web["DATABASE_URL"].startswith("postgresql://plexica_web:")
    assert web["DATABASE_URL"].endswith("@postgres:5432/plexica")
    assert provisioner["DATABASE_URL"].startswith("postgresql://plexica_provisioner:")
    assert setup["PLEXICA_WEB_DB_PASSWORD"] in web["DATABASE_URL"]
    assert setup["PLEXICA_DATABASE_ADMIN_URL"] not in {**web, **provisioner}.values()


def test_the_next_start_makes_the_same(places: Places) -> None:
    run(places)
    before = {process: read(places, process) for process in OWNERS}
    run(places)
    assert {process: read(places, process) for process in OWNERS} == before


def test_what_an_operator_brings_takes_its_place(places: Places) -> None:
    (places.given / "PLEXICA_SMTP_PASSWORD").write_text("brought\n", "utf-8")
    (places.given / "S3_SECRET_KEY").write_text("brought too", "utf-8")
    (places.given / "README.md").write_text("not a secret", "utf-8")
    run(places, PLEXICA_POSTGRES="db.example.com:5433")
    web = read(places, "web")
    assert web["PLEXICA_SMTP_PASSWORD"] == "brought"
    assert web["S3_SECRET_KEY"] == "brought too"
    assert "@db.example.com:5433/" in web["DATABASE_URL"]
    assert "README.md" not in web


def test_secrets_of_further_servers_go_to_those_who_use_them(places: Places) -> None:
    (places.given / "KEYCLOAK_NORTH_ADMIN_CLIENT_SECRET").write_text("hidden", "utf-8")
    (places.given / "S3_NORTH_SECRET_KEY").write_text("hidden", "utf-8")
    run(places)
    having = {
        name: [process for process in OWNERS if name in read(places, process)]
        for name in (
            "KEYCLOAK_NORTH_ADMIN_CLIENT_SECRET",
            "S3_NORTH_SECRET_KEY",
        )
    }
    assert list(having.values()) == [
        ["provisioner", "setup"],
        ["web", "provisioner", "setup", "plugins"],
    ]


def test_what_a_version_no_longer_needs_goes(places: Places) -> None:
    (places.copies / "web" / "OF_BEFORE").write_text("x", "utf-8")
    run(places)
    assert "OF_BEFORE" not in read(places, "web")


def test_it_tells_the_super_admins_password(places: Places) -> None:
    run(places)
    told = dict(line.split("=", 1) for line in show(places, ENVIRONMENT).splitlines())
    assert told["console_url"] == "https://example.com"
    assert told["admin_password"] == read(places, "setup")["PLEXICA_ADMIN_PASSWORD"]
    other = show(places, ENVIRONMENT | {"PLEXICA_PORT": "8443"})
    assert "console_url=https://example.com:8443\n" in other
