"""The example in Go, built for tests as its README says."""

from pathlib import Path

from django.conf import settings

from deploy.local.go import run_go
from plugins.runtimes.programs import this_platform

CHECKOUT = Path(settings.BASE_DIR)
EXAMPLES = CHECKOUT / "examples"
POLLS = EXAMPLES / "polls"
# Kept beside the tools: what is fetched and built once is there for the next run.
_WORK = CHECKOUT / ".plexica" / "tools" / "go"
_SECONDS = 400


def go_in_polls(*words: str, directory: Path = POLLS, **environment: str) -> str:
    """Run Go in the example, or in a copy of it."""
    return run_go(
        list(words),
        work=_WORK,
        directory=directory,
        timeout=_SECONDS,
        doing=f"go {words[0]}",
        environment=environment,
    )


def build_polls(directory: Path) -> None:
    """Build the program of a copy of the example, for this machine's platform."""
    target = this_platform()
    program = directory / "programs" / target / "polls"
    system, _, processor = target.partition("-")
    go_in_polls(
        *("build", "-trimpath", "-ldflags=-s -w", "-o", str(program), "."),
        directory=directory,
        GOOS=system,
        GOARCH=processor,
    )
