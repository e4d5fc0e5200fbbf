"""A tenant's database role, compared with the one that `tenants.schema.roles` makes."""

from collections.abc import Collection, Iterator
from typing import NamedTuple, TypeAlias

import structlog
from django.db import DatabaseError, connection
from psycopg import sql

from plexica.core.fence import fenced_transaction
from plexica.core.scope import enter_scope, role_name
from tenants.models import Tenant
from tenants.parts import Difference, Finding
from tenants.schema import roles

# Admin, inherit, set.
_Options: TypeAlias = tuple[bool, bool, bool]

# What the provisioner may change of a role that it made, and what only a superuser may.
_ATTRIBUTES = {
    "rolcanlogin": ("LOGIN", "NOLOGIN", True),
    "rolcreaterole": ("CREATEROLE", "NOCREATEROLE", True),
    "rolsuper": ("SUPERUSER", "NOSUPERUSER", False),
    "rolcreatedb": ("CREATEDB", "NOCREATEDB", False),
    "rolreplication": ("REPLICATION", "NOREPLICATION", False),
    "rolbypassrls": ("BYPASSRLS", "NOBYPASSRLS", False),
}
_MEMBERSHIPS = """
    SELECT granted.rolname, member.rolname,
           bool_or(m.admin_option), bool_or(m.inherit_option), bool_or(m.set_option),
           bool_and(m.grantor = to_regrole(%(provisioner)s))
      FROM pg_catalog.pg_auth_members m
      JOIN pg_catalog.pg_roles granted ON granted.oid = m.roleid
      JOIN pg_catalog.pg_roles member ON member.oid = m.member
     WHERE %(role)s IN (granted.rolname, member.rolname)
     GROUP BY 1, 2 ORDER BY 1, 2"""

logger = structlog.get_logger(__name__)


class _Mismatch(NamedTuple):
    difference: Difference
    what: str
    detail: str
    # What `roles.ensure_role` mends needs no statement; None: somebody else has to mend it.
    remedy: sql.Composable | None


_MENDED_BY_ENSURING = sql.SQL("SELECT 1")


def inspect_role(part: str, tenant: Tenant) -> list[Finding]:
    """Return how a tenant's role differs from what it should be."""
    return [
        Finding(
            part=part,
            difference=found.difference,
            what=found.what,
            detail=found.detail,
            can_repair=found.remedy is not None,
        )
        for found in _mismatches(tenant.database_role)
    ]


def repair_role(tenant: Tenant, names: Collection[str]) -> None:
    """Mend what `inspect_role` has named."""
    role = tenant.database_role
    if not any(found.what in names for found in _mismatches(role)) or roles.role_is_anothers(role):
        return
    roles.ensure_role(tenant)
    for found in _mismatches(role):
        if found.what in names and found.remedy is not None:
            try:
                with (
                    enter_scope(roles.provisioner_scope()),
                    fenced_transaction(),
                    connection.cursor() as cursor,
                ):
                    cursor.execute(found.remedy.as_string())
            except DatabaseError:
                logger.warning("not_mended", role=role, what=found.what, exc_info=True)


def _mismatches(role: str) -> list[_Mismatch]:
    what = f"role {role}"
    if not roles.role_exists(role):
        detail = "Nothing can be done in the tenant's name without it."
        return [_Mismatch(Difference.MISSING, what, detail, _MENDED_BY_ENSURING)]
    if roles.role_is_anothers(role):
        detail = "Plexica did not make it, so it leaves it alone. An operator has to rename it."
        return [_Mismatch(Difference.DIFFERENT, what, detail, None)]
    return [*_attributes(role), *_memberships(role)]


def _attributes(role: str) -> Iterator[_Mismatch]:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT {}, rolconfig FROM pg_catalog.pg_roles WHERE rolname = %s")
            .format(sql.SQL(", ").join(map(sql.Identifier, _ATTRIBUTES)))
            .as_string(),
            [role],
        )
        *has, settings = cursor.fetchone() or (*(False for _ in _ATTRIBUTES), None)
    for is_set, (word, remedy, is_ours_to_mend) in zip(has, _ATTRIBUTES.values(), strict=True):
        if is_set:
            statement = sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), sql.SQL(remedy))
            detail = f"It must not have {word}."
            if not is_ours_to_mend:
                detail += f" A superuser has to run: {statement.as_string()}"
            yield _Mismatch(
                Difference.DIFFERENT,
                f"role {role}: {word}",
                detail,
                statement if is_ours_to_mend else None,
            )
    if settings:
        names = ", ".join(sorted(setting.partition("=")[0] for setting in settings))
        yield _Mismatch(
            Difference.DIFFERENT,
            f"role {role}: settings",
            f"It must not have settings of its own: {names}.",
            sql.SQL("ALTER ROLE {} RESET ALL").format(sql.Identifier(role)),
        )


def _memberships(role: str) -> Iterator[_Mismatch]:
    provisioner, group = role_name("provisioner"), role_name("tenant")
    expected: dict[tuple[str, str], _Options] = {
        (role, role_name("web")): (False, False, True),
        # Who makes a role gets the right to administer it.
        (role, provisioner): (True, False, True),
        (group, role): (False, True, False),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERSHIPS, {"role": role, "provisioner": provisioner})
        found = {
            (granted, member): ((admin, inherit, may_set), is_ours)
            for granted, member, admin, inherit, may_set, is_ours in cursor.fetchall()
        }
    for (granted, member), options in expected.items():
        has, _is_ours = found.pop((granted, member), ((False, False, False), True))
        if has != options:
            yield _Mismatch(
                Difference.DIFFERENT if any(has) else Difference.MISSING,
                f"membership of {member} in {granted}",
                f"Expected: {_listed(options)}. Found: {_listed(has)}.",
                sql.SQL("GRANT {} TO {} WITH ADMIN FALSE, INHERIT {}, SET {}").format(
                    sql.Identifier(granted),
                    sql.Identifier(member),
                    *(sql.SQL(str(is_on)) for is_on in options[1:]),
                ),
            )
    for (granted, member), (_has, is_ours) in found.items():
        statement = sql.SQL("REVOKE {} FROM {} CASCADE").format(
            sql.Identifier(granted), sql.Identifier(member)
        )
        detail = "Nobody else may take a tenant's role, and it may take no other."
        if not is_ours:
            detail += f" Who granted it, or a superuser, has to run: {statement.as_string()}"
        yield _Mismatch(
            Difference.DIFFERENT,
            f"membership of {member} in {granted}",
            detail,
            statement if is_ours else None,
        )


def _listed(options: _Options) -> str:
    names = ("admin", "inherit", "set")
    return ", ".join(name for name, is_on in zip(names, options, strict=True) if is_on) or "nothing"
