"""The permissions of Plexica itself; those that a plugin brings have its own namespace."""

from plexica.rbac.registry import Audience, PermissionDefinition

TENANTS_VIEW = "core:tenants:view"
TENANTS_CREATE = "core:tenants:create"
TENANTS_UPDATE = "core:tenants:update"
TENANTS_SUSPEND = "core:tenants:suspend"
TENANTS_DELETE = "core:tenants:delete"
TENANTS_MAINTAIN = "core:tenants:maintain"
TENANTS_APPOINT = "core:tenants:appoint"
TENANTS_SUPPORT = "core:tenants:support"
TENANTS_SUPPORT_WRITE = "core:tenants:support-write"
HEALTH_VIEW = "core:health:view"
RUNS_VIEW = "core:runs:view"
RUNS_RETRY = "core:runs:retry"
DASHBOARD_VIEW = "core:dashboard:view"
ROLES_VIEW = "core:roles:view"
ROLES_MANAGE = "core:roles:manage"
ROLES_ASSIGN = "core:roles:assign"
GROUPS_MANAGE = "core:groups:manage"
# Not of the namespace `core`, all of which admins hold.
OWNERSHIP_HAND_OVER = "ownership:workspace:hand-over"
SETTINGS_MANAGE = "core:settings:manage"
STAFF_VIEW = "core:staff:view"
STAFF_MANAGE = "core:staff:manage"
SERVICE_ACCOUNTS_READ = "core:service-accounts:read"
SERVICE_ACCOUNTS_MANAGE = "core:service-accounts:manage"
USERS_READ = "core:users:read"
USERS_INVITE = "core:users:invite"
USERS_UPDATE = "core:users:update"
USERS_DISABLE = "core:users:disable"
USERS_REMOVE = "core:users:remove"

CORE_PERMISSIONS = (
    PermissionDefinition(
        key=TENANTS_VIEW,
        label="See tenants",
        description="See the list of tenants, and everything that the platform knows of each.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_CREATE,
        label="Create tenants",
        description="Have a tenant made, with its schema, realm and bucket, and its owner invited.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_UPDATE,
        label="Change tenants",
        description="Change a tenant's name and contact address.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_SUSPEND,
        label="Suspend and resume tenants",
        description="Close a tenant's workspace and end its logins, and open it again.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_DELETE,
        label="Delete and restore tenants",
        description="Have a tenant removed with all its data, call that off in time, and give the"
        " slug of a deleted tenant away.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_MAINTAIN,
        label="Maintain tenants",
        description="Bring a tenant up to date, have it compared with what it should be and mended,"
        " and send its owner's invitation again.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_APPOINT,
        label="Appoint owners",
        description="Make somebody the owner of a tenant whose owner has left or cannot be"
        " reached.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_SUPPORT,
        label="Open workspaces as support",
        description="See a tenant's workspace as its people do, for a limited time and with a"
        " reason that stands in both audits.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_SUPPORT_WRITE,
        label="Change things as support",
        description="Change things in a workspace that was opened as support: all but who may do"
        " what.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=RUNS_VIEW,
        label="See provisioning runs",
        description="See how a tenant was made, changed or removed, step by step, with times and"
        " errors.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=RUNS_RETRY,
        label="Retry provisioning runs",
        description="Have a failed run of a tenant tried again.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=HEALTH_VIEW,
        label="See the platform's health",
        description="See whether the servers answer, what waits in queues, and what runs by the"
        " clock.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=DASHBOARD_VIEW,
        label="See the dashboard",
        description="See the workspace's dashboard: the tenant's name, its people and its storage.",
    ),
    PermissionDefinition(
        key=ROLES_VIEW,
        label="See roles and groups",
        description="See which roles and groups there are, what they give, who has them, and why"
        " somebody may do something or may not.",
    ),
    PermissionDefinition(
        key=ROLES_MANAGE,
        label="Manage roles",
        description="Make, change and delete roles of the workspace's own. Nobody puts more into a"
        " role than they hold themselves.",
    ),
    PermissionDefinition(
        key=ROLES_ASSIGN,
        label="Give and take roles",
        description="Give roles to people and groups, and take them away: those that give nothing"
        " that one does not hold oneself.",
    ),
    PermissionDefinition(
        key=GROUPS_MANAGE,
        label="Manage groups",
        description="Make, change and delete groups, and say who is in them: groups that give"
        " nothing that one does not hold oneself.",
    ),
    PermissionDefinition(
        key=OWNERSHIP_HAND_OVER,
        label="Hand over the ownership",
        description="Make somebody else the owner in one's place. Only an owner can do it.",
    ),
    PermissionDefinition(
        key=SETTINGS_MANAGE,
        label="Change the settings",
        description="Change the workspace's name, language and time zone, how it looks, and how"
        " people log in to it.",
    ),
    PermissionDefinition(
        key=STAFF_VIEW,
        label="See the staff",
        description="See who may use the console, with which role, and why somebody may do"
        " something or may not.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=STAFF_MANAGE,
        label="Manage the staff",
        description="Give roles of the console to people who have logged in, and take them away:"
        " those that give nothing that one does not hold oneself.",
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=SERVICE_ACCOUNTS_READ,
        label="See service accounts",
        description="See which programs have an account in the workspace, who made it, and which"
        " roles it has.",
    ),
    PermissionDefinition(
        key=SERVICE_ACCOUNTS_MANAGE,
        label="Manage service accounts",
        description="Make accounts for programs, give them roles that one has oneself, change their"
        " secrets, and revoke them.",
    ),
    PermissionDefinition(
        key=USERS_READ,
        label="See people",
        description="See who is in the workspace, with name, address and state.",
    ),
    PermissionDefinition(
        key=USERS_INVITE,
        label="Invite people",
        description="Invite people by mail, send an invitation again, and withdraw it.",
    ),
    PermissionDefinition(
        key=USERS_UPDATE,
        label="Rename people",
        description="Change what people are called.",
    ),
    PermissionDefinition(
        key=USERS_DISABLE,
        label="Disable and enable people",
        description="Shut people out and end their sessions, and let them in again. Nobody shuts"
        " out somebody who holds more than they do.",
    ),
    PermissionDefinition(
        key=USERS_REMOVE,
        label="Remove people",
        description="Remove people for good, with their roles and their login. Nobody removes"
        " somebody who holds more than they do.",
    ),
)
