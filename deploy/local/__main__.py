"""The command line behind `make up`, `down`, `status`, `logs`, `reset`, `restart` and `run`."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from xmlrpc.client import Fault

from deploy.local import control
from deploy.local.environment import (
    credentials,
    provisioner_environment,
    setup_environment,
    web_environment,
)
from deploy.local.errors import LocalPlatformError
from deploy.local.files import locked, write_whole
from deploy.local.instance import Instance
from deploy.local.launcher import Launcher
from deploy.local.stages import Stages
from deploy.local.system import require_browser, require_curl

if TYPE_CHECKING:
    from collections.abc import Callable

_ENVIRONMENTS = {
    "web": web_environment,
    "provisioner": provisioner_environment,
    "setup": setup_environment,
}
_LOG_LINES = "40"


def main() -> int:
    """Do what the command line says.

    Returns:
        The exit status: 0, 1 after a failure, 3 when `status` finds something down.
    """
    options = _parser().parse_args()
    commands: dict[str, Callable[[Instance], int]] = {
        "up": up,
        "down": down,
        "restart": restart,
        "status": status,
        "fetch": fetch,
        "logs": lambda instance: logs(instance, options.parts),
        "reset": lambda instance: reset(instance, is_sure=options.yes),
        "run": lambda instance: run(instance, options.environment, options.words),
    }
    try:
        return commands[options.command](Instance.from_environment(os.environ))
    except LocalPlatformError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"\n{error.filename} belongs to another user. Was the platform started as root before?",
            file=sys.stderr,
        )
        return 1
    except Fault as fault:
        print(f"\nThe supervisor refuses: {fault.faultString}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; make up goes on where this ended.", file=sys.stderr)
        return 130


def up(instance: Instance) -> int:
    """Bring the whole platform up, or say that it is."""
    with locked(
        instance.root / ".lock", on_wait=lambda: print("Another start is at work; waiting …")
    ):
        launcher = Launcher(instance)
        if launcher.is_up():
            print("Plexica is running already; nothing was changed.")
        else:
            stages = Stages()
            launcher.stages = stages
            launcher.start_all()
            print(f"Plexica is up after {stages.close():.1f} s.")
        write_whole(
            instance.root / "credentials.json", json.dumps(credentials(instance), indent=2) + "\n"
        )
    _print_summary(instance)
    return 0


def restart(instance: Instance) -> int:
    """Start Plexica's own processes anew, on new code and migrations; the servers stay."""
    with locked(instance.root / ".lock"):
        launcher = Launcher(instance, stages=Stages())
        for part in reversed(launcher.app):
            launcher.supervisor.stop(part.name)
        launcher.start_all()
    _print_summary(instance)
    return 0


def down(instance: Instance) -> int:
    """Stop everything; the data stays."""
    started = time.monotonic()
    was_running = bool(Launcher(instance).supervisor.states())
    control.stop(instance)
    seconds = time.monotonic() - started
    print(f"Plexica is down after {seconds:.1f} s." if was_running else "Plexica was not running.")
    return 0


def status(instance: Instance) -> int:
    """Print a line a part: where it is, since when, and whether it answers."""
    launcher = Launcher(instance)
    states = launcher.supervisor.states()
    all_well = True
    for part in launcher.parts:
        state = states.get(part.name)
        is_well = (part.is_external or (state is not None and state.is_alive)) and part.is_ready()
        all_well = all_well and is_well
        ports = ", ".join(str(getattr(instance.ports, name)) for name in part.port_names)
        if part.is_external:
            ports, process = "", f"another's, at {part.external_variable}"
        elif state is None or not state.is_alive:
            process = f"{state.status.lower()} {state.detail}".strip() if state else "down"
        else:
            process = f"process {state.pid}, up {_duration(time.time() - state.started_at)}"
        print(f"{'ok  ' if is_well else 'DOWN'}  {part.name:<12} {ports:<14} {process}")
        if state is not None and state.is_dead:
            print(f"{launcher.supervisor.log(part.name)} ends:")
            print(launcher.supervisor.log_tail(part.name))
    return 0 if all_well else 3


def logs(instance: Instance, names: list[str]) -> int:
    """Show the logs: followed on a terminal, else their ends."""
    launcher = Launcher(instance)
    chosen = [launcher.part(name).name for name in names] or [part.name for part in launcher.parts]
    files = [str(path) for name in chosen if (path := launcher.supervisor.log(name)).exists()]
    if not files:
        print("There are no logs yet.")
        return 0
    follow = ["-F"] if sys.stdout.isatty() else []
    tail = ["tail", "-n", _LOG_LINES, *follow, *files]
    return subprocess.run(tail, check=False).returncode  # noqa: S603  # ends with the person


def reset(instance: Instance, *, is_sure: bool) -> int:
    """Remove all data of the instance, having asked."""
    if not is_sure:
        if not sys.stdin.isatty():
            raise LocalPlatformError("make reset removes all data; without a terminal: YES=1")
        answer = input(f"Remove all data, logs and passwords under {instance.root}? [y/N] ")
        if answer.strip().lower() not in {"y", "yes"}:
            print("Nothing was removed.")
            return 1
    with locked(instance.root / ".lock"):
        control.reset(instance)
    print("Plexica is down and its data is gone; what was fetched stays.")
    return 0


def fetch(instance: Instance) -> int:
    """Fetch what the tests need and nothing has fetched yet: servers, and a Chromium to drive."""
    launcher = Launcher(instance, stages=Stages())
    require_browser()
    require_curl()
    instance.make_directories()
    launcher.fetch()
    return 0


def run(instance: Instance, environment: str, words: list[str]) -> int:
    """Become a command that sees the platform's environment."""
    variables = os.environ | _ENVIRONMENTS[environment](instance)
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{variables.get('PATH', '')}"
    sys.stdout.flush()
    os.execvpe(words[0], words, variables)  # noqa: S606  # the person's own command


def _print_summary(instance: Instance) -> None:
    found = credentials(instance)
    print(f"""
  Console    {found["console_url"]}
  Name       {found["admin_username"]}
  Password   {found["admin_password"]}
  Mail       {found["mail_url"] or "(another's server)"}
  All of it  {instance.root / "credentials.json"}
""")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for function in (up, down, status, restart, fetch):
        commands.add_parser(function.__name__, help=function.__doc__)
    followed = commands.add_parser("logs", help=logs.__doc__)
    followed.add_argument("parts", nargs="*", help="only these parts")
    removal = commands.add_parser("reset", help=reset.__doc__)
    removal.add_argument("--yes", action="store_true", help="do not ask")
    runner = commands.add_parser("run", help=run.__doc__)
    runner.add_argument("--as", dest="environment", choices=_ENVIRONMENTS, default="web")
    runner.add_argument("words", nargs="+", metavar="command", help="after --")
    return parser


if __name__ == "__main__":
    sys.exit(main())
