"""The documentation: its generated pages are true, it is whole, and it builds without a warning."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

from deploy.documentation.commands import commands_reference
from deploy.documentation.pages import reference_pages

CHECKOUT = Path(settings.BASE_DIR)
DOCS = CHECKOUT / "docs"
SECONDS = 120


def test_the_generated_pages_are_up_to_date() -> None:
    old = [
        str(path.relative_to(CHECKOUT))
        for path, text in reference_pages(CHECKOUT).items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert old == [], "They are not as the code has it: make reference"


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
