"""A schema and a role for each installation of a test, as the host makes them."""

import secrets
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

# What is the whole database's, the host keeps from plugins: advisory locks and large objects.
_KEEP_FROM_PLUGINS = """
DO $$ DECLARE found regprocedure; BEGIN
  FOR found IN SELECT oid::regprocedure FROM pg_catalog.pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND (proname LIKE 'pg%advisory%' OR proname IN ('lo_create', 'lo_creat', 'lo_from_bytea'))
      AND has_function_privilege('public', oid, 'EXECUTE')
  LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION pg_catalog.%s FROM PUBLIC', found); END LOOP;
END $$
"""


@dataclass(slots=True)
class TestSchema:
    """A schema that one role reaches, in a database that tests may fill.

    Attributes:
        admin_url: The address of somebody who may make schemas and roles there.
        schema: Its name.
        role: The role's name.
    """

    __test__ = False

    admin_url: str = field(repr=False)
    schema: str
    role: str
    password: str = field(repr=False, default_factory=secrets.token_hex)

    @classmethod
    def make(cls, admin_url: str, name: str) -> "TestSchema":
        """Make a schema and its role.

        Args:
            admin_url: As in the attributes.
            name: What their names begin with.
        """
        unique = f"{name}_{secrets.token_hex(4)}"
        made = cls(admin_url, schema=f"t_{unique}", role=f"plexica_p_{unique}")
        role, schema = sql.Identifier(made.role), sql.Identifier(made.schema)
        with psycopg.connect(admin_url) as connection:
            database = sql.Identifier(connection.info.dbname)
            for statement in (
                sql.SQL(_KEEP_FROM_PLUGINS),
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, made.password),
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role),
                sql.SQL("CREATE SCHEMA {}").format(schema),
                sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}").format(schema, role),
                sql.SQL("ALTER ROLE {} SET search_path = {}").format(role, schema),
            ):
                connection.execute(statement)
        return made

    @property
    def url(self) -> str:
        """The address that the installation gets."""
        parts = urlsplit(self.admin_url)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{self.role}:{quote(self.password)}@{place}"))

    def change_password(self) -> None:
        """Give the role another password, as the host does by the clock."""
        self.password = secrets.token_hex()
        with psycopg.connect(self.admin_url) as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(self.role), self.password
                )
            )

    def end_sessions(self) -> None:
        """End all sessions of the role, as a restart of the server would."""
        with psycopg.connect(self.admin_url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
                [self.role],
            )

    def empty(self) -> None:
        """Empty all tables but that of the migrations."""
        with psycopg.connect(self.admin_url) as connection:
            rows = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s"
                " AND tablename <> 'django_migrations'",
                [self.schema],
            ).fetchall()
            if rows:
                tables = sql.SQL(", ").join(sql.Identifier(self.schema, name) for (name,) in rows)
                connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))

    def drop(self) -> None:
        """Drop schema and role."""
        self.end_sessions()
        role, schema = sql.Identifier(self.role), sql.Identifier(self.schema)
        with psycopg.connect(self.admin_url) as connection:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))
            connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))
