"""Raw connections as each of the database's roles: what they reach, by whatever they may say."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench._isolation.cast import Cast
from bench._isolation.planting import Planted
from bench._isolation.watch import Watch
from plexica.core.scope import role_name
from tenants.schema.privileges import models_of

_STATEMENT = "the statement of a session"
# Of no use but for the platform's own people: each would read what is in the server's files or in
# another session.
_CALLS = (
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "CREATE TEMPORARY TABLE f (t text); COPY f FROM '/etc/passwd'; SELECT * FROM f",
    "SELECT query_to_xml('SELECT * FROM {schema}.identity_user', true, false, '')",
    "SELECT schema_to_xml('{schema}', true, false, '')",
    "SELECT database_to_xml(true, false, '')",
    "SELECT table_to_xml('{schema}.audit_auditentry', true, false, '')",
    "SELECT cursor_to_xml('c', 10, true, false, '')",
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_stats",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_stat_statements",
    "SELECT * FROM pg_prepared_statements",
    "SELECT * FROM pg_cursors",
    "SELECT * FROM pg_shadow",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_largeobject",
    "SELECT lo_get(oid) FROM pg_largeobject_metadata",
    "SELECT * FROM information_schema.view_table_usage",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE prokind = 'f' AND oid > 16383",
    "CREATE EXTENSION dblink",
    "CREATE SCHEMA {schema}_x",
    "CREATE FUNCTION public.now() RETURNS text LANGUAGE sql AS 'SELECT 1::text'",
    "ALTER TABLE {schema}.identity_user OWNER TO CURRENT_USER",
    "GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO CURRENT_USER",
    "CREATE VIEW pg_temp.v AS SELECT * FROM {schema}.identity_user; SELECT * FROM pg_temp.v",
    "SET search_path = {schema}, public; SELECT * FROM identity_user",
    "SET search_path = {schema}; TABLE audit_auditentry",
    "SET row_security = off; SELECT * FROM public.events_outboxmessage",
    "SET SESSION AUTHORIZATION {prefix}owner; SELECT * FROM {schema}.identity_user",
    "DO $$ BEGIN PERFORM * FROM {schema}.identity_user; END $$",
    "LISTEN plexica; NOTIFY plexica",
)  # fmt: skip
_READING = (
    "SELECT * FROM {}",
    "COPY {} TO STDOUT",
    "SELECT count(*), max(t::text) FROM {} t",
    "EXPLAIN (ANALYZE) SELECT * FROM {}",
    "UPDATE {} SET ctid = ctid WHERE false RETURNING *",
)
# For those whose statements may be a stranger's: nobody else's role is to be had.
_TAKING = (
    "SET ROLE {role}",
    "SELECT set_config('role', '{role}', false)",
    "SET SESSION AUTHORIZATION {role}",
    "GRANT {role} TO CURRENT_USER",
    "ALTER ROLE {role} LOGIN PASSWORD 'x'",
)


@dataclass(frozen=True)
class Login:
    """A way to be a role.

    Attributes:
        name: What the report calls it.
        address: How to connect.
        role: The role that is taken first; empty: none.
        is_foreign: Whether its session is a stranger's, who may try to take other roles.
        shares_login: Whether acme's sessions are of the same login, whose statements it sees.
        sees_shared: Whether all rows of the shared tables are its own to see.
    """

    name: str
    address: str
    role: str = ""
    is_foreign: bool = False
    shares_login: bool = False
    sees_shared: bool = False


@contextmanager
def busy_acme(watch: Watch, planted: Planted, web: str) -> Iterator[None]:
    """Have a session of acme's in the middle of its work: with a statement, and statistics."""
    with psycopg.connect(web, autocommit=True) as acme:
        acme.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(planted.acme.database_role)))
        acme.execute(f"PREPARE isolated AS SELECT '{watch.canary(_STATEMENT)}'")
        yield


def log_in_raw(watch: Watch, planted: Planted, cast: Cast, *, thorough: bool) -> None:
    """Connect as each role, and try."""
    web = _address("web")
    shared = [
        name
        for name in (*watch.names, *watch.ids)
        if name.startswith((*_shared_labels(), "the contact", "the tenant's id"))
    ]
    with busy_acme(watch, planted, web):
        for login in _logins(cast, web):
            allowed = [*(shared if login.sees_shared else ()), *_own(login)]
            with psycopg.connect(login.address, autocommit=True, connect_timeout=5) as connection:
                _Session(watch, login, connection, allowed).try_everything(
                    planted, thorough=thorough
                )


def _shared_labels() -> tuple[str, ...]:
    return tuple({model._meta.label for model in models_of("public")})  # noqa: SLF001 (Django's documented Options)


def _own(login: Login) -> Sequence[str]:
    return (_STATEMENT,) if login.shares_login else ()


def _logins(cast: Cast, web: str) -> Sequence[Login]:
    return [
        Login("the plugin of globex", cast.plugin_database, is_foreign=True),
        Login("the web server's login", web, shares_login=True),
        Login("globex's role", web, cast.globex.database_role),
        Login("the platform's role", web, role_name("platform"), sees_shared=True),
        Login("the provisioner's login", _address("provisioner")),
    ]


class _Session:
    def __init__(
        self,
        watch: Watch,
        login: Login,
        connection: "psycopg.Connection[tuple[object, ...]]",
        allowed: Sequence[str],
    ) -> None:
        self._watch, self._login, self._connection = watch, login, connection
        self._allowed = allowed

    def try_everything(self, planted: Planted, *, thorough: bool) -> None:
        schema = planted.acme.schema_name
        self._begin()
        for namespace, relation in self._relations():
            name = sql.Identifier(namespace, relation).as_string(self._connection)
            for statement in _READING if thorough else _READING[:1]:
                # The catalogs' names tell everybody of schemas and roles.
                self._try(statement.format(name), with_ids=namespace != "pg_catalog")
        for function in self._functions():
            self._try(f"SELECT {function}")
        for call in _CALLS:
            self._try(call.format(schema=schema, prefix=role_name("")))
        if self._login.is_foreign:
            for role in self._roles():
                for taking in _TAKING if thorough else _TAKING[:2]:
                    self._try(
                        f"{taking.format(role=role)};"
                        f" SET search_path = {schema}; SELECT * FROM identity_user"
                    )
                    self._begin()
        elif self._login.role:
            # What one statement in a query could do, without a second one behind it.
            self._try(f"SELECT set_config('role', '{planted.acme.database_role}', false)")
            self._try(f"SELECT * FROM {schema}.identity_user")

    def _begin(self) -> None:
        self._connection.execute("RESET ALL")
        self._connection.execute("RESET ROLE")
        if self._login.role:
            self._connection.execute(
                sql.SQL("SET ROLE {}").format(sql.Identifier(self._login.role))
            )

    def _try(self, statement: str, *, with_ids: bool = True) -> None:
        attempt = f"{self._login.name}: {statement}"
        if not self._watch.wants(attempt):
            return
        answer, kind = "", "refused"
        try:
            if statement.startswith("COPY ") and statement.endswith("STDOUT"):
                with self._connection.cursor().copy(statement) as copied:
                    answer = b"".join(map(bytes, copied)).decode("utf-8", "replace")
            else:
                cursor = self._connection.execute(statement)
                while True:
                    answer += str(cursor.fetchall()) if cursor.description else ""
                    if not cursor.nextset():
                        break
            kind = "answered"
        except psycopg.Error as error:
            answer += str(error)
        self._watch.look(
            "database", attempt, answer,
            answer=kind, with_ids=with_ids, allowed=self._allowed,
        )  # fmt: skip

    def _relations(self) -> list[tuple[str, str]]:
        return self._rows(
            "SELECT nspname, relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            " ON n.oid = relnamespace WHERE relkind IN ('r', 'v', 'm', 'p', 'S', 'f', 't')"
            " AND nspname !~ '^pg_temp' ORDER BY 1, 2"
        )

    def _functions(self) -> list[str]:
        found = self._rows(
            "SELECT n.nspname, proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n"
            " ON n.oid = pronamespace WHERE nspname NOT IN ('pg_catalog', 'information_schema')"
            " AND pronargs = 0"
        )
        return [f'"{schema}"."{name}"()' for schema, name in found]

    def _roles(self) -> list[str]:
        rows = self._rows("SELECT rolname, '' FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_'")
        return [name for name, _nothing in rows]

    def _rows(self, query: str) -> list[tuple[str, str]]:
        return [(str(row[0]), str(row[1])) for row in self._connection.execute(query)]


def _address(login: str) -> str:
    """Return how a login of the platform's connects, as the set-up commands know."""
    admin = urlsplit(os.environ["PLEXICA_DATABASE_ADMIN_URL"])
    password = os.environ[f"PLEXICA_{login.upper()}_DB_PASSWORD"]
    name = urlsplit(os.environ["DATABASE_URL"]).path
    return f"postgresql://{role_name(login)}:{password}@{admin.hostname}:{admin.port}{name}"
