"""The documentation: its generated pages are true, it is whole, and it builds without a warning."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from deploy.documentation.commands import commands_reference
from deploy.documentation.pages import reference_pages
from plexica.settings.variables import VARIABLES

CHECKOUT = Path(settings.BASE_DIR)
DOCS = CHECKOUT / "docs"
SECONDS = 120
# Settings are loaded once a process, so it takes another to see what they ask for.
_TELL = """
from environ.fileaware_mapping import FileAwareMapping
asked, found = set(), FileAwareMapping.__getitem__
FileAwareMapping.__getitem__ = lambda self, key: asked.add(key) or found(self, key)
import plexica.settings
print(*sorted(asked))
"""


def test_the_generated_pages_are_up_to_date() -> None:
    old = [
        str(path.relative_to(CHECKOUT))
        for path, text in reference_pages(CHECKOUT).items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert old == [], "They are not as the code has it: make reference"


def test_every_variable_that_the_settings_read_is_described() -> None:
    servers = {
        name.replace("<NAME>", "NORTH")
        for name in (each.name for each in VARIABLES)
        if "<NAME>" in name
    }
    more = {"PLEXICA_MORE_KEYCLOAKS": "north", "PLEXICA_MORE_S3": "north"}
    done = subprocess.run(  # noqa: S603 (the test's own words)
        [sys.executable, "-c", _TELL],
        cwd=CHECKOUT,
        env=os.environ | dict.fromkeys(servers, "1") | more,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    described = {each.name.replace("<NAME>", "NORTH") for each in VARIABLES}
    assert set(done.stdout.split()) == described


def test_every_argument_of_a_command_is_explained() -> None:
    gaps = [line for line in commands_reference().splitlines() if line.endswith("|  |")]
    assert gaps == []


def test_it_builds_strictly(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 (fixed arguments)
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=CHECKOUT,
        env={"PATH": str(Path(sys.executable).parent), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "tutorial" / "index.html").exists()
