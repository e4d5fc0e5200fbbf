"""Prometheus itself, built with Go from its module, for the proofs."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from deploy.local.instance import CHECKOUT
from deploy.local.system import package_file
from plexica_sdk.testing.ports import free_port

VERSION = "v0.305.0"
_MODULE = "github.com/prometheus/prometheus"
_TOOLS = CHECKOUT / ".plexica" / "tools" / f"prometheus-{VERSION}"
_BUILD_SECONDS = 1800
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs.

    Attributes:
        url: Where it answers.
    """

    url: str

    def rules(self) -> dict[str, str]:
        """Return the health of its rules, by their names."""
        groups = self._data("rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        return {
            alert["labels"]["alertname"]
            for alert in self._data("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def _data(self, what: str) -> Any:
        return requests.get(f"{self.url}/api/v1/{what}", timeout=10).json()["data"]


@contextmanager
def running_prometheus(directory: Path) -> Iterator[Prometheus]:
    """Run Prometheus with the configuration in a directory."""
    url = f"127.0.0.1:{free_port()}"
    log = directory / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 # our own words
            [
                _build(),
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                f"--web.listen-address={url}",
            ],
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        found = Prometheus(f"http://{url}")
        _wait_until_ready(found, log)
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(found: Prometheus, log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            if requests.get(f"{found.url}/-/ready", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        assert time.monotonic() < until, log.read_text(encoding="utf-8")
        time.sleep(0.2)


def _build() -> Path:
    """Build it, unless that was done before; its service discovery, most of it, stays out."""
    program = _TOOLS / "prometheus"
    if program.exists():
        return program
    work = _TOOLS / "go"
    work.mkdir(parents=True, exist_ok=True)
    go = package_file("go", "bin", "go")
    environment = os.environ | {
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOPATH": str(work),
        "GOCACHE": str(work / "cache"),
        "GOFLAGS": "-modcacherw -ldflags=-w",
    }

    def run(*words: str, directory: Path) -> str:
        return subprocess.run(  # noqa: S603 # our own words
            [go, *words],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=True,
        ).stdout

    # Its go.mod replaces a module, which `go install` refuses: it is built as its own module.
    found = json.loads(run("mod", "download", "-json", f"{_MODULE}@{VERSION}", directory=work))
    source = work / "prometheus"
    shutil.copytree(found["Dir"], source, dirs_exist_ok=True)
    (source / "plugins" / "plugins.go").write_text("package plugins\n", encoding="utf-8")
    run("build", "-o", str(program), "./cmd/prometheus", directory=source)
    shutil.rmtree(work)
    return program
