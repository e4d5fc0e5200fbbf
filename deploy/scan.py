"""Looks for secrets in the checkout, and for known faults in what is pinned (`make lint`).

`python -m deploy.scan secrets` and `python -m deploy.scan dependencies`.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
BASELINE = CHECKOUT / ".secrets.baseline"
# What was looked at before and has not changed is not looked at again.
SCANNED = CHECKOUT / ".plexica" / "scanned.json"
REQUIREMENTS = ("requirements/base.txt", "requirements/dev.txt")
# Pictures and fonts, compiled messages, and locks that are full of digests.
_NOT_READ = (".png", ".webp", ".ico", ".woff2", ".mo", "package-lock.json", "base.txt", "dev.txt")
_TIMEOUT = 120
# What the hook ends with when it has found something; 3 says that known lines have moved.
_FOUND = 1
_SERVICE_TIMEOUT = 10


def scan_secrets() -> int:
    """Look through the files that git knows, and return how many hold what may be a secret.

    What is none is in the baseline: `detect-secrets audit .secrets.baseline` says so of a find.
    """
    known: dict[str, str] = json.loads(SCANNED.read_text()) if SCANNED.exists() else {}
    # Other rules, or another baseline, look at everything anew.
    rules = hashlib.sha256(BASELINE.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    if known.get("") != rules:
        known = {"": rules}
    names = _files()
    if names is None:
        print("Secrets: not run, git does not say which files are its own here.")
        return 0
    digests = {name: _digest(name) for name in names}
    fresh = [name for name, digest in digests.items() if known.get(name) != digest]
    found = [name for name in _in_parts(fresh) if _hook([name]).returncode == _FOUND]
    for name in found:
        print(_hook([name]).stdout.strip())
    clean = {name: digest for name, digest in digests.items() if name not in found}
    SCANNED.parent.mkdir(exist_ok=True)
    SCANNED.write_text(json.dumps(clean | {"": rules}))
    print(f"Secrets: {len(fresh)} files looked at, {len(found)} with what may be one.")
    return len(found)


def _in_parts(names: list[str]) -> list[str]:
    """Return the files that are to be looked at one by one: none if all together are clean."""
    return names if names and _hook(names).returncode == _FOUND else []


def _hook(names: list[str]) -> "subprocess.CompletedProcess[str]":
    # It writes into the baseline where known lines are now, which changes nothing that is tracked.
    with tempfile.NamedTemporaryFile(suffix=".baseline") as copy:
        shutil.copyfile(BASELINE, copy.name)
        return _run("detect-secrets-hook", "--no-verify", "--baseline", copy.name, *names)


def _files() -> list[str] | None:
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z"],  # noqa: S607 (git is wherever it is)
            cwd=CHECKOUT,
            capture_output=True,
            check=True,
            text=True,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    names = [name for name in done.stdout.split("\0") if name and not name.endswith(_NOT_READ)]
    return [name for name in names if (CHECKOUT / name).is_file()]


def _digest(name: str) -> str:
    return hashlib.sha256((CHECKOUT / name).read_bytes()).hexdigest()


def scan_dependencies() -> int:
    """Ask the advisory service about all that is pinned, and return how many have a known fault.

    Where the service cannot be reached, that is said and nothing fails: a scan that was not run
    says nothing about the dependencies.
    """
    faults = 0
    for requirements in REQUIREMENTS:
        done = _run(
            *("pip-audit", "--requirement", requirements, "--require-hashes", "--disable-pip"),
            *("--progress-spinner", "off", "--timeout", str(_SERVICE_TIMEOUT), "--format", "json"),
        )
        faults += _report(requirements, done.stdout)
    return faults


def _report(requirements: str, answer: str) -> int:
    try:
        each: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        each = []
    asked = [one for one in each if "skip_reason" not in one]
    if not asked:
        print(f"Dependencies of {requirements}: not run, the advisory service does not answer.")
        return 0
    faulty = [one for one in asked if one["vulns"]]
    for one in faulty:
        for fault in one["vulns"]:
            better = ", ".join(fault["fix_versions"]) or "no version yet"
            print(f"{one['name']} {one['version']}: {fault['id']}, mended in {better}")
    print(f"Dependencies of {requirements}: {len(asked)} asked, {len(faulty)} with known faults.")
    return len(faulty)


def _run(tool: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 (pinned tools of our own environment)
        [str(Path(sysconfig.get_path("scripts")) / tool), *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
        text=True,
        timeout=_TIMEOUT,
    )


if __name__ == "__main__":
    scan = {"secrets": scan_secrets, "dependencies": scan_dependencies}[sys.argv[1]]
    sys.exit(bool(scan()))
