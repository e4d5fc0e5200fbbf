"""The reference of all permissions, docs/permissions.md, as the registry has them."""

from plexica.rbac.registry import Audience, PermissionDefinition, list_definitions
from plexica.rbac.selectors import is_granted
from plexica.rbac.system_roles import SYSTEM_ROLES

_PREAMBLE = """\
# Permissions

<!-- Written by `make permissions` from the code. A test fails when it is not up to date. -->

A permission has a key, `namespace:resource:action`. A role grants keys or patterns:
`core:groups:*` is every action on groups, `core:*` everything of Plexica itself, and `*` everything
there is, plugins included. A pattern also covers what a later version or a plugin brings. What
somebody holds by their roles and by their groups' roles adds up; nothing takes away.

People and groups get roles on the pages *Roles* and *Groups* of a workspace, and the platform's
staff on the page *Staff* of the console. Nobody gives, takes or changes a role that gives more than
they hold themselves. The page *Why?* of a workspace, and `GET /api/permissions/explain`, tell how
somebody comes to a permission, or what would give it to them.
"""

_TITLES = {
    Audience.TENANT: "In a workspace",
    Audience.PLATFORM: "In the console",
}


def permissions_reference() -> str:
    """Return the reference as Markdown."""
    return "\n".join([_PREAMBLE, *(_section(audience) for audience in _TITLES)])


def _section(audience: Audience) -> str:
    roles = SYSTEM_ROLES[audience]
    lines = [
        f"## {_TITLES[audience]}",
        "",
        "| Role | Key | Grants | What it is for |",
        "|---|---|---|---|",
        *(
            f"| {role.name} | `{role.key}` |"
            f" {', '.join(f'`{grant}`' for grant in sorted(role.grants))} | {role.description} |"
            for role in roles
        ),
        "",
    ]
    for definition in list_definitions(audience):
        lines += _entry(definition, audience)
    return "\n".join(lines)


def _entry(definition: PermissionDefinition, audience: Audience) -> list[str]:
    given_by = [
        role.name for role in SYSTEM_ROLES[audience] if is_granted(role.grants, definition.key)
    ]
    return [
        f"### `{definition.key}`",
        "",
        f"**{definition.label}.** {definition.description}",
        "",
        f"Audience: {definition.audience}. Given by: {', '.join(given_by) or 'no system role'}.",
        "",
    ]
