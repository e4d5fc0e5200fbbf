import json
import subprocess
from pathlib import Path

import pytest

from deploy.local.environment import (
    credentials,
    provisioner_environment,
    setup_environment,
    web_environment,
    write_environment,
)
from deploy.local.errors import LocalPlatformError
from deploy.local.instance import Instance
from deploy.local.keycloak import Keycloak
from deploy.local.mail import Mail
from deploy.local.ports import Ports
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis
from deploy.local.s3 import S3


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(root=tmp_path, ports=Ports())


def external(tmp_path: Path, **variables: str) -> Instance:
    return Instance(root=tmp_path, ports=Ports(), external=variables)


def test_the_web_gets_no_login_that_makes_roles_or_realms(instance: Instance) -> None:
    secrets = instance.secrets
    values = json.dumps(web_environment(instance))
    for name in (
        "postgres_password",
        "provisioner_db_password",
        "keycloak_client_secret",
        "keycloak_admin_password",
        "keycloak_db_password",
        "api_client_secret",
        "admin_password",
    ):
        assert secrets[name] not in values


def test_the_provisioner_gets_its_own_login_and_no_superuser(instance: Instance) -> None:
    found = provisioner_environment(instance)
    assert found["DATABASE_URL"].startswith("postgresql://plexica_provisioner:")
    assert found["KEYCLOAK_ADMIN_CLIENT_ID"] == "plexica-provisioner"
    assert "PLEXICA_DATABASE_ADMIN_URL" not in found


def test_set_up_passwords_are_those_inside_the_urls(instance: Instance) -> None:
    found = setup_environment(instance)
    assert found["PLEXICA_WEB_DB_PASSWORD"] in web_environment(instance)["DATABASE_URL"]
    assert found["PLEXICA_PROVISIONER_DB_PASSWORD"] in found["DATABASE_URL"]


def test_credentials_have_exactly_the_promised_keys(instance: Instance) -> None:
    found = credentials(instance)
    assert list(found) == [
        "console_url",
        "admin_username",
        "admin_password",
        "token_url",
        "api_client_id",
        "api_client_secret",
        "keycloak_url",
        "database_url",
        "s3_endpoint_url",
        "mail_url",
    ]
    assert found["console_url"] == "http://localhost:8000"
    assert found["token_url"] == (
        "http://localhost:8180/realms/plexica/protocol/openid-connect/token"
    )


def test_the_broker_is_another_database_of_the_same_server(instance: Instance) -> None:
    redis = Redis(instance)
    assert redis.cache_url.endswith("/0")
    assert redis.broker_url == redis.cache_url[:-1] + "1"


def test_an_environment_file_survives_a_shell(tmp_path: Path) -> None:
    path = tmp_path / "env"
    write_environment(path, {"A": "two words", "B": "$HOME'\"`x`"})
    script = f'set -a; . {path}; printf "%s|%s" "$A" "$B"'
    done = subprocess.run(  # noqa: S603  # the test's own words
        ["/bin/sh", "-c", script], check=True, capture_output=True, text=True, timeout=10
    )
    assert done.stdout == "two words|$HOME'\"`x`"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("part", "variables", "missing"),
    [
        (Postgres, {"DATABASE_URL": "x"}, "PLEXICA_DATABASE_ADMIN_URL"),
        (Keycloak, {"KEYCLOAK_URL": "x"}, "KEYCLOAK_ADMIN_CLIENT_ID and KEYCLOAK_ADMIN_CLIENT_S"),
        (S3, {"S3_ENDPOINT_URL": "x", "S3_ACCESS_KEY": "k"}, "S3_SECRET_KEY"),
        (Mail, {"PLEXICA_SMTP_HOST": "x"}, "PLEXICA_SMTP_PORT"),
    ],
)
def test_an_external_part_names_what_else_it_needs(
    tmp_path: Path,
    part: type[Postgres | Keycloak | S3 | Mail],
    variables: dict[str, str],
    missing: str,
) -> None:
    with pytest.raises(LocalPlatformError, match=missing):
        part(external(tmp_path, **variables)).check_external()


def test_external_parts_are_handed_through(tmp_path: Path) -> None:
    instance = external(
        tmp_path,
        DATABASE_URL="postgresql://web:s%40crt@db.example:5432/app",
        PLEXICA_DATABASE_ADMIN_URL="postgresql://root:top@db.example:5432/postgres",
        REDIS_URL="redis://cache.example:6379/4",
        KEYCLOAK_URL="https://id.example/",
        KEYCLOAK_ADMIN_CLIENT_ID="maker",
        KEYCLOAK_ADMIN_CLIENT_SECRET="hidden",
        S3_ENDPOINT_URL="https://s3.example",
        S3_ACCESS_KEY="key",
        S3_SECRET_KEY="hush",
        PLEXICA_SMTP_HOST="mail.example",
        PLEXICA_SMTP_PORT="25",
    )
    found = setup_environment(instance)
    assert found["PLEXICA_WEB_DB_PASSWORD"] == "s@crt"
    assert found["DATABASE_URL"].startswith("postgresql://plexica_provisioner:")
    assert found["DATABASE_URL"].endswith("@db.example:5432/app")
    assert found["CELERY_BROKER_URL"] == "redis://cache.example:6379/1"
    assert found["KEYCLOAK_URL"] == found["PLEXICA_KEYCLOAK_INTERNAL_URL"] == "https://id.example"
    assert found["KEYCLOAK_ADMIN_CLIENT_SECRET"] == "hidden"
    assert (found["S3_ACCESS_KEY"], found["S3_REGION"]) == ("key", "us-east-1")
    assert credentials(instance)["mail_url"] == ""
