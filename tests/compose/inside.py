"""What the containers themselves are like: who runs in them, and what they may do."""

from typing import Any

from tests.compose.outside import expect
from tests.compose.podman import container, podman
from tests.compose.stack import Stack

# As compose.yaml says of each; all else of the kernel's powers is dropped.
_POWERS = {"plugins": {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"}}
_ROOT = {"plugins"}


def check_inside(stack: Stack) -> list[str]:
    """See that each container is as compose.yaml says.

    Returns:
        What was found, a line each.

    Raises:
        ComposeError: Something is not as it should be.
    """
    for name in stack.staying:
        facts = stack.inspect(name)
        powers = set(facts["EffectiveCaps"] or [])
        # Others than root have none in effect, whatever they might have had.
        expect(powers, _POWERS.get(name, set()), f"{name}: powers")
        expect(facts["HostConfig"]["ReadonlyRootfs"], True, f"{name}: read-only root")
        expect(facts["HostConfig"]["Memory"] > 0, True, f"{name}: a limit of memory")
        user = stack.run(name, "sh", "-c", "id -u").strip()
        expect(user == "0", name in _ROOT, f"{name}: root")
        made = stack.run(name, "sh", "-c", "touch /x 2>/dev/null && echo made || true")
        expect(made.strip(), "", f"{name}: files in the image")
        expect(_published(facts), _wanted_ports(stack, name), f"{name}: published ports")
    secrets = stack.run("web", "ls", "/run/secrets").split()
    for hidden in ("KEYCLOAK_ADMIN_CLIENT_SECRET", "PLEXICA_DATABASE_ADMIN_URL"):
        expect(hidden in secrets, False, f"the web server's {hidden}")
    _check_image(stack)
    return [
        "no root (but the agent), read-only roots, no powers, limits, each its own secrets",
        "only the proxy is published (and the catcher of mail, on loopback)",
        "the image has no compiler, no pip, no tests, no secrets",
    ]


def _published(facts: dict[str, Any]) -> set[int]:
    bindings = facts["HostConfig"]["PortBindings"] or {}
    return {int(each["HostPort"]) for found in bindings.values() for each in found or []}


def _wanted_ports(stack: Stack, name: str) -> set[int]:
    return {
        "proxy": {stack.port, stack.http_port},
        "mail": {stack.mail_port},
    }.get(name, set())


def _check_image(stack: Stack) -> None:
    """See that the image has nothing that only its building needed."""
    found = stack.run(
        "web",
        *("sh", "-c"),
        "for program in gcc cc make pip pip3 node npm git; do command -v $program; done;"
        " ls -d /srv/plexica/tests /srv/plexica/.git /srv/plexica/node_modules ~root/.cache"
        " /srv/plexica/Dockerfile /srv/plexica/.plexica 2>/dev/null; true",
    )
    expect(found.strip(), "", "what the image should not have")
    history = podman("history", "--no-trunc", stack.services["web"]["image"])
    expect("only-for-the-build" in history, False, "values of the build in the image's history")
    variables = stack.inspect("web")["Config"]["Env"]
    telling = [each for each in variables if "PASSWORD=" in each or "SECRET_KEY=" in each]
    expect(telling, [], f"secrets in the variables of {container('web')}")
