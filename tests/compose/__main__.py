"""`deploy/verify-compose`: proves the images and compose.yaml without a registry and Docker."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.compose import images
from tests.compose.inside import check_inside
from tests.compose.journey import PICTURES, Journey, at_a_browser, install_plugin
from tests.compose.outside import check_outside
from tests.compose.podman import ComposeError, prepare, why_not
from tests.compose.stack import Stack

_ONLY_DOCKER = """Not proved here, since it takes Docker itself and its registry:
  - the makers' own images (here the same servers from packages, under the same names and paths)
  - that the engine starts services in the order of their conditions, asks for their health by
    itself (here a script does, from the same file), and starts them again with the machine
  - rotation of the engine's logs, and `docker compose up` building both images by itself
  - certificates of a public authority (PLEXICA_TLS=acme), which need a public name"""


def main() -> int:
    """Prove it, and return the exit status."""
    parser = argparse.ArgumentParser(prog="deploy/verify-compose", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the platform running")
    options = parser.parse_args()
    reason = why_not()
    if reason:
        _say(f"verify-compose: not run, since {reason}.")
        return 0
    prepare()
    stack = Stack()
    try:
        _prove(stack)
    except ComposeError as error:
        _say(f"\nverify-compose: FAILED\n{error}")
        return 1
    finally:
        if not options.keep:
            with _stage("taken down"):
                stack.take_down()
    if options.keep:
        _say(f"It is left running: {stack.console_url}, mail on {stack.mail_url}.")
    elif left := stack.leftovers():
        _say(f"verify-compose: FAILED, left behind: {', '.join(left)}")
        return 1
    else:
        _say("           nothing is left of it")
    _say(_ONLY_DOCKER)
    _say("verify-compose: passed")
    return 0


def _prove(stack: Stack) -> None:
    stack.take_down()
    images.remove_context()
    with _stage("Debian"):
        images.make_base()
    with _stage("makers' images from packages"):
        images.make_makers_images(stack.services)
    with _stage("our images"):
        sizes = images.build_ours(stack.services)
    _say("".join(f"           {name}: {size}\n" for name, size in sizes.items()).rstrip())
    for name in stack.in_order():
        with _stage(f"{name} up"):
            stack.start(name)
    _say(f"           {stack.log('setup', 2).strip()}")
    password = dict(line.split("=", 1) for line in stack.tell("show").splitlines() if "=" in line)[
        "admin_password"
    ]
    _check("inside", lambda: check_inside(stack))
    _check("outside", lambda: check_outside(stack))
    with at_a_browser() as browser:
        journey = Journey(stack, browser, password)
        for what, act in (
            ("super admin logs in and makes a tenant", journey.make_tenant),
            ("its owner follows the invitation", journey.accept_invitation),
            ("a file is uploaded", journey.upload),
            ("a plugin is installed", lambda: install_plugin(stack)),
            ("and used", journey.use_plugin),
        ):
            with _stage(what):
                act()
        for name in stack.staying:
            with _stage(f"{name} restarted"):
                stack.restart(name)
                stack.wait_for_all()
        with _stage("setup and secrets again, as on every start"):
            stack.start("secrets")
            stack.start("setup")
        with _stage("all is there as before"):
            journey.see_all_again()
        if problems := journey.problems():
            raise ComposeError("The browser complained:\n" + "\n".join(problems))
    _say(f"           pictures are in {PICTURES}")


def _check(name: str, check: Callable[[], list[str]]) -> None:
    with _stage(f"looked at from {name}"):
        found = check()
    for line in found:
        _say(f"           {line}")


@contextmanager
def _stage(what: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    except BaseException:
        _say(f"{time.monotonic() - started:8.1f} s {what}: failed")
        raise
    _say(f"{time.monotonic() - started:8.1f} s {what}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (what it is for)


if __name__ == "__main__":
    sys.exit(main())
