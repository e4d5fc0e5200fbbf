"""A schema is migrated whole, or not at all."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from plexica_sdk.testing import ADA, RunningBackend
from tests.integration.plugins.sdk.running import ROUGH, running_plugin

MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("rough", "0001_initial")]
    operations = [{operation}]
"""
FILL = """\
migrations.RunPython(
    lambda apps, _: apps.get_model("rough", "Thing").objects.create(name="filled"))
"""
ADD_COLUMN = (
    'migrations.AddField("thing", "size", models.IntegerField(null=True)),'
    f"{FILL},"
    'migrations.AddField("thing", "weight", models.IntegerField(default=1)),'
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the rough plugin, to add migrations to."""
    return Path(shutil.copytree(ROUGH, tmp_path / "rough"))


@pytest.fixture
def reset(database_url: str) -> Iterator[str]:
    """The database, in whose `public` nobody has made anything."""
    yield database_url
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        assert row == (0,)


def _add_migration(directory: Path, operation: str, *, atomic: bool = True) -> None:
    path = directory / "rough" / "migrations" / "0002_next.py"
    path.write_text(MIGRATION.format(operation=operation, atomic=atomic), "utf-8")


def _tables(backend: RunningBackend, url: str) -> set[str]:
    database = backend.host.installations["acme"].database
    assert database
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", [database.schema]
        )
        return {name for (name,) in rows}


def _migrate(backend: RunningBackend) -> tuple[int, dict[str, object]]:
    answer = backend.ask("POST", "/_plexica/migrate", via="lifecycle")
    return answer.status_code, answer.json()


def test_it_says_what_it_applied_and_can_be_repeated(copy: Path, reset: str) -> None:
    _add_migration(copy, ADD_COLUMN)
    with running_plugin(copy, reset) as backend:
        assert _migrate(backend) == (200, {"applied": ["rough.0001_initial", "rough.0002_next"]})
        assert _migrate(backend) == (200, {"applied": []})
        assert _tables(backend, reset) == {"django_migrations", "rough_thing"}
        assert backend.ask("GET", "/things", member=ADA).json() == {"things": ["filled"]}


@pytest.mark.parametrize(
    ("operation", "atomic", "words"),
    [
        (f"{FILL}, migrations.RunSQL('SELECT 1 / 0')", True, "division by zero"),
        ("migrations.RunSQL('CREATE TABLE public.mine (id int)')", True, "permission denied"),
        ("migrations.RunSQL('DROP SCHEMA public CASCADE')", True, "must be owner"),
        ("migrations.RunPython(lambda *_: 1 / 0)", True, "It failed: division by zero"),
        (FILL, False, "rough.0002_next has atomic = False"),
    ],
    ids=["fails half-way", "reaches for public", "drops public", "raises", "not atomic"],
)
def test_one_that_fails_leaves_nothing(
    copy: Path, reset: str, operation: str, words: str, *, atomic: bool
) -> None:
    _add_migration(copy, operation, atomic=atomic)
    with running_plugin(copy, reset) as backend:
        status, answer = _migrate(backend)

        assert status == 422
        assert words in str(answer["error"])
        assert _tables(backend, reset) == set()


def test_one_that_ends_its_transaction_is_told_so(copy: Path, reset: str) -> None:
    _add_migration(copy, "migrations.RunSQL('COMMIT')")
    with running_plugin(copy, reset) as backend:
        status, answer = _migrate(backend)

    assert status == 422
    assert "savepoint" in str(answer["error"])


def test_two_at_once_are_done_one_after_the_other(copy: Path, reset: str) -> None:
    with running_plugin(copy, reset) as backend, ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: _migrate(backend), range(4)))

    assert [status for status, _ in found] == [200] * 4
    assert sum(len(answer["applied"]) for _, answer in found) == 1  # type: ignore[arg-type, misc]


def test_only_the_host_itself_migrates(copy: Path, reset: str) -> None:
    with running_plugin(copy, reset) as backend:
        answer = backend.ask("POST", "/_plexica/migrate", member=ADA, via="page")

        assert answer.status_code == 403
        assert _tables(backend, reset) == set()
