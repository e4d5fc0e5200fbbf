"""The roles that every tenant has, and those of the platform's staff.

They are data of the code: `plexica.rbac.services.ensure_system_roles` writes them into a schema and
brings changed ones in line. Nobody changes them there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
            name="Owner",
            description="May do everything in the workspace, plugins included.",
            grants=frozenset({"*"}),
        ),
        SystemRole(
            key=ADMIN,
            name="Admin",
            description="Manages the workspace.",
            grants=frozenset({"core:*"}),
        ),
        SystemRole(
            key=MEMBER,
            name="Member",
            description="Works in the workspace. Whoever logs in for the first time gets it.",
            grants=frozenset({permissions.DASHBOARD_VIEW, permissions.USERS_READ}),
        ),
        SystemRole(
            key=VIEWER,
            name="Viewer",
            description="Sees the workspace and changes nothing.",
            grants=frozenset({permissions.DASHBOARD_VIEW}),
        ),
    ),
    Audience.PLATFORM: (
        SystemRole(
            key=SUPER_ADMIN,
            name="Super admin",
            description="May do everything in the console.",
            grants=frozenset({"*"}),
        ),
        SystemRole(
            key=SUPPORT,
            name="Support",
            description="Sees tenants, their runs and the staff; retries failed runs, keeps"
            " tenants up to date and well, and opens workspaces to see, not to change.",
            grants=frozenset(
                {
                    permissions.TENANTS_VIEW,
                    permissions.RUNS_VIEW,
                    permissions.TENANTS_MAINTAIN,
                    permissions.TENANTS_SUPPORT,
                    permissions.RUNS_RETRY,
                    permissions.STAFF_VIEW,
                    permissions.HEALTH_VIEW,
                }
            ),
        ),
        SystemRole(
            key=READ_ONLY,
            name="Read-only",
            description="Sees tenants, their runs and the staff, and changes nothing.",
            grants=frozenset(
                {
                    permissions.TENANTS_VIEW,
                    permissions.RUNS_VIEW,
                    permissions.STAFF_VIEW,
                    permissions.HEALTH_VIEW,
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
