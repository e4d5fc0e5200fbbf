"""The roles that every tenant has, and those of the platform's staff.

They are data of the code: `plexica.rbac.services.ensure_system_roles` writes them into a schema and
brings changed ones in line. Nobody changes them there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from plexica.rbac import permissions
from plexica.rbac.registry import Audience

OWNER = "owner"
ADMIN = "admin"
MEMBER = "member"
VIEWER = "viewer"

SUPER_ADMIN = "super-admin"
SUPPORT = "support"
READ_ONLY = "read-only"


@dataclass(frozen=True, slots=True)
class SystemRole:
    """A role that comes with the code.

    Attributes:
        key: What code and tokens name it by.
        name: What people call it.
        description: What it is for.
        grants: Patterns of the permissions that it gives.
    """

    key: str
    name: str
    description: str
    grants: frozenset[str]

    def facts(self) -> dict[str, Any]:
        """Return what people see of it, ready for JSON."""
        return {
            "name": self.name,
            "description": self.description,
            "grants": sorted(self.grants),
        }


SYSTEM_ROLES: dict[Audience, tuple[SystemRole, ...]] = {
    Audience.TENANT: (
        SystemRole(
            key=OWNER,
            name=gettext_noop("Owner"),
            description=gettext_noop("May do everything in the workspace, plugins included."),
            grants=frozenset({"*"}),
        ),
        SystemRole(
            key=ADMIN,
            name=gettext_noop("Admin"),
            description=gettext_noop("Manages the workspace."),
            grants=frozenset({"core:*"}),
        ),
        SystemRole(
            key=MEMBER,
            name=gettext_noop("Member"),
            description=gettext_noop(
                "Works in the workspace. Whoever logs in for the first time gets it."
            ),
            grants=frozenset(
                {
                    permissions.DASHBOARD_VIEW,
                    permissions.USERS_READ,
                    permissions.FILES_READ,
                    permissions.FILES_UPLOAD,
                }
            ),
        ),
        SystemRole(
            key=VIEWER,
            name=gettext_noop("Viewer"),
            description=gettext_noop("Sees the workspace and changes nothing."),
            grants=frozenset({permissions.DASHBOARD_VIEW, permissions.FILES_READ}),
        ),
    ),
    Audience.PLATFORM: (
        SystemRole(
            key=SUPER_ADMIN,
            name=gettext_noop("Super admin"),
            description=gettext_noop("May do everything in the console."),
            grants=frozenset({"*"}),
        ),
        SystemRole(
            key=SUPPORT,
            name=gettext_noop("Support"),
            description=gettext_noop(
                "Sees tenants, their runs, plugins, the staff and the platform's audit;"
                " retries failed runs, keeps tenants up to date and well, and opens workspaces to"
                " see, not to change."
            ),
            grants=frozenset(
                {
                    permissions.TENANTS_VIEW,
                    permissions.RUNS_VIEW,
                    permissions.TENANTS_MAINTAIN,
                    permissions.TENANTS_SUPPORT,
                    permissions.RUNS_RETRY,
                    permissions.STAFF_VIEW,
                    permissions.HEALTH_VIEW,
                    permissions.AUDIT_VIEW,
                    permissions.PLUGINS_VIEW,
                }
            ),
        ),
        SystemRole(
            key=READ_ONLY,
            name=gettext_noop("Read-only"),
            description=gettext_noop(
                "Sees tenants, their runs, plugins, the staff and the platform's audit, and changes"
                " nothing."
            ),
            grants=frozenset(
                {
                    permissions.TENANTS_VIEW,
                    permissions.RUNS_VIEW,
                    permissions.STAFF_VIEW,
                    permissions.HEALTH_VIEW,
                    permissions.AUDIT_VIEW,
                    permissions.PLUGINS_VIEW,
                }
            ),
        ),
    ),
}


def grants_of_roles(audience: Audience, keys: Iterable[str]) -> frozenset[str]:
    """Return the patterns that some system roles give together, as the code has them.

    Args:
        audience: Whose roles they are.
        keys: The roles' keys; one that is no system role gives nothing.
    """
    wanted = set(keys)
    return frozenset(
        grant for role in SYSTEM_ROLES[audience] if role.key in wanted for grant in role.grants
    )
