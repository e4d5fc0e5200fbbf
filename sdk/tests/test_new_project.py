"""Beginning a plugin, and building it."""

import subprocess
import sys
from pathlib import Path

import pytest

from plexica_sdk.building import read_manifest
from plexica_sdk.cli import main
from plexica_sdk.package import read_package

SLUG = "shopping-list"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "hello"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    directory = tmp_path / "made"
    assert main(["new", SLUG, str(directory)]) == 0
    return directory


def test_the_manifest_is_right(made: Path) -> None:
    manifest = read_manifest(made)

    assert manifest.slug == SLUG
    assert manifest.name == "Shopping list"
    assert manifest.runtime.command[-1] == "shopping_list"


def test_nothing_is_left_of_the_templates(made: Path) -> None:
    files = [path for path in made.rglob("*") if path.is_file()]

    assert made / "src" / "shopping_list" / "migrations" / "0001_initial.py" in files
    assert made / ".gitignore" in files
    for path in files:
        assert "@" not in path.name
        assert not any(mark in path.read_text("utf-8") for mark in ("@slug@", "@module@", "@name@"))
        if path.suffix == ".py":
            compile(path.read_text("utf-8"), path, "exec")


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: one sets Django up once."""
    command = [sys.executable, "-m", "plexica_sdk.cli", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_migrations_are_written_for_what_has_changed(made: Path) -> None:
    package = made / "src" / "shopping_list"
    assert run("makemigrations", made, "--check").returncode == 0, "The first one is right."
    models = package / "models.py"
    models.write_text(
        models.read_text().replace(
            "    created_at", "    done_at = models.DateTimeField(null=True)\n    created_at"
        )
    )
    assert run("makemigrations", made, "--check").returncode == 1
    assert len(list((package / "migrations").glob("0*.py"))) == 1

    done = run("makemigrations", made)

    assert done.returncode == 0, done.stderr
    assert "done_at" in (package / "migrations" / "0002_entry_done_at.py").read_text()


def test_the_examples_migrations_are_those_of_its_models() -> None:
    done = run("makemigrations", EXAMPLE, "--check")

    assert done.returncode == 0, done.stdout + done.stderr


def test_it_builds_to_the_same_bytes(made: Path) -> None:
    package = made / f"{SLUG}-0.1.0.plexica"
    found = []
    for _ in range(2):
        assert main(["build", str(made), "--no-isolation"]) == 0
        found.append(package.read_bytes())

    assert found[0] == found[1]
    assert "wheels/shopping_list-0.1.0-py3-none-any.whl" in read_package(found[0]).files


def test_what_changes_in_the_code_changes_the_package(made: Path) -> None:
    main(["build", str(made), "--no-isolation"])
    package = made / f"{SLUG}-0.1.0.plexica"
    before = read_package(package.read_bytes()).digest
    (made / "src" / "shopping_list" / "more.py").write_text("MORE = True\n")

    main(["build", str(made), "--no-isolation"])

    assert read_package(package.read_bytes()).digest != before


def test_a_wheel_that_cannot_be_built_is_said(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made / "pyproject.toml").write_text("[build-system\n")

    assert main(["build", str(made), "--no-isolation"]) == 1
    assert "The wheel cannot be built" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("Shop", "plugin.slug"),
        ("admin", "the platform's own"),
        ("json", "Python has a module json already"),
        ("class", "Python has a module class already"),
        ("django", "Python has a module django already"),
        ("../shop", "plugin.slug"),
        ('a"b', "This is not TOML"),
    ],
)
def test_a_name_that_would_not_do_is_refused(
    slug: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", slug, str(tmp_path / "made")]) == 1

    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")

    assert main(["new", SLUG, str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
