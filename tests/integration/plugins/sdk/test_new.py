"""A project that `plexica-plugin new` has made runs, and its tests pass."""

from pathlib import Path

from plexica_sdk.cli import main
from plexica_sdk.testing import ADA
from tests.integration.plugins.sdk.running import migrate, run_own_tests, running_plugin


def test_its_own_tests_pass(database_url: str, tmp_path: Path) -> None:
    assert main(["new", "shopping-list", str(tmp_path / "made")]) == 0

    run_own_tests(tmp_path / "made", database_url)


def test_it_runs(database_url: str, tmp_path: Path) -> None:
    assert main(["new", "shopping-list", str(tmp_path / "made")]) == 0
    with running_plugin(tmp_path / "made", database_url) as backend:
        migrate(backend)

        answer = backend.ask("GET", "/", member=ADA, permissions=["shopping-list:entries:read"])

    assert "Hello, Ada!" in answer.text
