"""Starting and stopping an instance from a program; the tests' way to real servers."""

import shutil

from deploy.local.environment import credentials
from deploy.local.files import locked
from deploy.local.instance import Instance
from deploy.local.launcher import Launcher

# Left alone by a reset: what was fetched, and instances of their own inside ours.
_KEPT = ("tools", "test")


def start_servers(instance: Instance) -> dict[str, str]:
    """Start PostgreSQL, Redis, S3, the mail catcher and Keycloak, or those that do not run.

    Returns:
        Every variable that Plexica reads, with the logins of the set-up commands among them.

    Raises:
        LocalPlatformError: A part cannot be started; its text says why.
    """
    with locked(instance.root / ".lock"):
        return Launcher(instance).start_servers()


def start_app(instance: Instance) -> dict[str, str]:
    """Set Plexica up on servers that run, and start its own processes.

    Returns:
        What `credentials.json` holds: addresses, names and passwords.

    Raises:
        LocalPlatformError: A command or a process failed; its text says why.
    """
    with locked(instance.root / ".lock"):
        Launcher(instance).start_app()
    return credentials(instance)


def stop(instance: Instance) -> None:
    """Stop every process of an instance; its data stays."""
    Launcher(instance).stop()


def reset(instance: Instance) -> None:
    """Stop every process of an instance and remove its data, logs and secrets."""
    stop(instance)
    if not instance.root.exists():
        return
    for path in instance.root.iterdir():
        if path.name in _KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    # What the instance still knows of its secrets went with their file.
    instance.__dict__.pop("secrets", None)


def start_part(instance: Instance, name: str) -> None:
    """Start one part, such as `redis`, and wait until it answers."""
    launcher = Launcher(instance)
    launcher.start_part(launcher.part(name))


def stop_part(instance: Instance, name: str) -> None:
    """Stop one part, such as `redis`; it stays down until it is started."""
    launcher = Launcher(instance)
    launcher.supervisor.stop(launcher.part(name).name)


def kill_part(instance: Instance, name: str) -> None:
    """End one part as a crash would; the supervisor starts it again."""
    launcher = Launcher(instance)
    launcher.supervisor.kill(launcher.part(name).name)
