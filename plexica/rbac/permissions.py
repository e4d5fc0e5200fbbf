"""The permissions of Plexica itself; those that a plugin brings have its own namespace."""

from django.utils.translation import gettext_noop

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
OWNERSHIP_DELETE = "ownership:workspace:delete"
SETTINGS_MANAGE = "core:settings:manage"
STAFF_VIEW = "core:staff:view"
STAFF_MANAGE = "core:staff:manage"
PLUGINS_VIEW = "core:plugins:view"
PLUGINS_MANAGE = "core:plugins:manage"
INSTALLATIONS_VIEW = "core:installations:view"
INSTALLATIONS_MANAGE = "core:installations:manage"
SERVICE_ACCOUNTS_READ = "core:service-accounts:read"
SERVICE_ACCOUNTS_MANAGE = "core:service-accounts:manage"
FILES_READ = "core:files:read"
FILES_UPLOAD = "core:files:upload"
FILES_DELETE = "core:files:delete"
AUDIT_VIEW = "core:audit:view"
TENANT_AUDIT_VIEW = "core:tenant-audit:view"
AUDIT_READ = "core:audit:read"
USERS_READ = "core:users:read"
USERS_INVITE = "core:users:invite"
USERS_UPDATE = "core:users:update"
USERS_DISABLE = "core:users:disable"
USERS_REMOVE = "core:users:remove"

CORE_PERMISSIONS = (
    PermissionDefinition(
        key=TENANTS_VIEW,
        label=gettext_noop("See tenants"),
        description=gettext_noop(
            "See the list of tenants, and everything that the platform knows of each."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_CREATE,
        label=gettext_noop("Create tenants"),
        description=gettext_noop(
            "Have a tenant made, with its schema, realm and bucket, and its owner invited."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_UPDATE,
        label=gettext_noop("Change tenants"),
        description=gettext_noop("Change a tenant's name and contact address."),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_SUSPEND,
        label=gettext_noop("Suspend and resume tenants"),
        description=gettext_noop(
            "Close a tenant's workspace and end its logins, and open it again."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_DELETE,
        label=gettext_noop("Delete and restore tenants"),
        description=gettext_noop(
            "Have a tenant removed with all its data, call that off in time, and give the"
            " slug of a deleted tenant away."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_MAINTAIN,
        label=gettext_noop("Maintain tenants"),
        description=gettext_noop(
            "Bring a tenant up to date, have it compared with what it should be and mended,"
            " and send its owner's invitation again."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_APPOINT,
        label=gettext_noop("Appoint owners"),
        description=gettext_noop(
            "Make somebody the owner of a tenant whose owner has left or cannot be reached."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_SUPPORT,
        label=gettext_noop("Open workspaces as support"),
        description=gettext_noop(
            "See a tenant's workspace as its people do, for a limited time and with a reason that"
            " stands in both audits."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANTS_SUPPORT_WRITE,
        label=gettext_noop("Change things as support"),
        description=gettext_noop(
            "Change things in a workspace that was opened as support: all but who may do what."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=RUNS_VIEW,
        label=gettext_noop("See provisioning runs"),
        description=gettext_noop(
            "See how a tenant was made, changed or removed, step by step, with times and errors."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=RUNS_RETRY,
        label=gettext_noop("Retry provisioning runs"),
        description=gettext_noop("Have a failed run of a tenant tried again."),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=HEALTH_VIEW,
        label=gettext_noop("See the platform's health"),
        description=gettext_noop(
            "See whether the servers answer, what waits in queues, and what runs by the clock."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=DASHBOARD_VIEW,
        label=gettext_noop("See the dashboard"),
        description=gettext_noop(
            "See the workspace's dashboard: the tenant's name, its people and its storage."
        ),
    ),
    PermissionDefinition(
        key=ROLES_VIEW,
        label=gettext_noop("See roles and groups"),
        description=gettext_noop(
            "See which roles and groups there are, what they give, who has them, and why"
            " somebody may do something or may not."
        ),
    ),
    PermissionDefinition(
        key=ROLES_MANAGE,
        label=gettext_noop("Manage roles"),
        description=gettext_noop(
            "Make, change and delete roles of the workspace's own. Nobody puts more into a"
            " role than they hold themselves."
        ),
    ),
    PermissionDefinition(
        key=ROLES_ASSIGN,
        label=gettext_noop("Give and take roles"),
        description=gettext_noop(
            "Give roles to people and groups, and take them away: those that give nothing"
            " that one does not hold oneself."
        ),
    ),
    PermissionDefinition(
        key=GROUPS_MANAGE,
        label=gettext_noop("Manage groups"),
        description=gettext_noop(
            "Make, change and delete groups, and say who is in them: groups that give"
            " nothing that one does not hold oneself."
        ),
    ),
    PermissionDefinition(
        key=OWNERSHIP_HAND_OVER,
        label=gettext_noop("Hand over the ownership"),
        description=gettext_noop(
            "Make somebody else the owner in one's place. Only an owner can do it."
        ),
    ),
    PermissionDefinition(
        key=OWNERSHIP_DELETE,
        label=gettext_noop("Ask for the workspace's deletion"),
        description=gettext_noop(
            "Ask the operator of this service to delete the workspace with all that is in it, and"
            " take that back. Only an owner can do it."
        ),
    ),
    PermissionDefinition(
        key=SETTINGS_MANAGE,
        label=gettext_noop("Change the settings"),
        description=gettext_noop(
            "Change the workspace's name, language and time zone, how it looks, and how people log"
            " in to it."
        ),
    ),
    PermissionDefinition(
        key=STAFF_VIEW,
        label=gettext_noop("See the staff"),
        description=gettext_noop(
            "See who may use the console, with which role, and why somebody may do"
            " something or may not."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=STAFF_MANAGE,
        label=gettext_noop("Manage the staff"),
        description=gettext_noop(
            "Give roles of the console to people who have logged in, and take them away:"
            " those that give nothing that one does not hold oneself."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=PLUGINS_VIEW,
        label=gettext_noop("See the plugins"),
        description=gettext_noop(
            "See which plugins and releases the platform has, what they ask for, and which keys it"
            " trusts."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=PLUGINS_MANAGE,
        label=gettext_noop("Manage the plugins"),
        description=gettext_noop(
            "Register, publish, deprecate and withdraw releases of plugins, and say whose signature"
            " the platform trusts: code of others runs because of it."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=INSTALLATIONS_VIEW,
        label=gettext_noop("See the workspace's plugins"),
        description=gettext_noop(
            "See which plugins the workspace has and could have, what they ask for, and how they"
            " are set."
        ),
    ),
    PermissionDefinition(
        key=INSTALLATIONS_MANAGE,
        label=gettext_noop("Manage the workspace's plugins"),
        description=gettext_noop(
            "Install, switch on and off, set, upgrade and uninstall plugins, and agree to what they"
            " ask for: code of others works with the workspace's data because of it."
        ),
    ),
    PermissionDefinition(
        key=SERVICE_ACCOUNTS_READ,
        label=gettext_noop("See service accounts"),
        description=gettext_noop(
            "See which programs have an account in the workspace, who made it, and which"
            " roles it has."
        ),
    ),
    PermissionDefinition(
        key=SERVICE_ACCOUNTS_MANAGE,
        label=gettext_noop("Manage service accounts"),
        description=gettext_noop(
            "Make accounts for programs, give them roles that one has oneself, change their"
            " secrets, and revoke them."
        ),
    ),
    PermissionDefinition(
        key=USERS_READ,
        label=gettext_noop("See people"),
        description=gettext_noop("See who is in the workspace, with name, address and state."),
    ),
    PermissionDefinition(
        key=USERS_INVITE,
        label=gettext_noop("Invite people"),
        description=gettext_noop(
            "Invite people by mail, send an invitation again, and withdraw it."
        ),
    ),
    PermissionDefinition(
        key=USERS_UPDATE,
        label=gettext_noop("Rename people"),
        description=gettext_noop("Change what people are called."),
    ),
    PermissionDefinition(
        key=USERS_DISABLE,
        label=gettext_noop("Disable and enable people"),
        description=gettext_noop(
            "Shut people out and end their sessions, and let them in again. Nobody shuts"
            " out somebody who holds more than they do."
        ),
    ),
    PermissionDefinition(
        key=USERS_REMOVE,
        label=gettext_noop("Remove people"),
        description=gettext_noop(
            "Remove people for good, with their roles and their login. Nobody removes"
            " somebody who holds more than they do."
        ),
    ),
    PermissionDefinition(
        key=FILES_READ,
        label=gettext_noop("Read files"),
        description=gettext_noop("See which files the workspace keeps, and download them."),
    ),
    PermissionDefinition(
        key=FILES_UPLOAD,
        label=gettext_noop("Upload files"),
        description=gettext_noop(
            "Bring files, write over those of the same name, and make folders."
        ),
    ),
    PermissionDefinition(
        key=FILES_DELETE,
        label=gettext_noop("Delete files"),
        description=gettext_noop("Delete files and empty folders for good."),
    ),
    PermissionDefinition(
        key=AUDIT_READ,
        label=gettext_noop("Read the audit"),
        description=gettext_noop("See and export who did what in the workspace, and when."),
    ),
    PermissionDefinition(
        key=AUDIT_VIEW,
        label=gettext_noop("Read the platform's audit"),
        description=gettext_noop(
            "See and export what the staff, programs and the platform itself did."
        ),
        audience=Audience.PLATFORM,
    ),
    PermissionDefinition(
        key=TENANT_AUDIT_VIEW,
        label=gettext_noop("Read tenants' own audits"),
        description=gettext_noop(
            "See and export what the people of a tenant did in their workspace. It needs the"
            " permission to read the platform's audit, too."
        ),
        audience=Audience.PLATFORM,
    ),
)

# The namespaces and the resources in these keys, as pages show them.
RESOURCE_WORDS = (
    gettext_noop("audit"),
    gettext_noop("dashboard"),
    gettext_noop("files"),
    gettext_noop("groups"),
    gettext_noop("health"),
    gettext_noop("installations"),
    gettext_noop("plugins"),
    gettext_noop("roles"),
    gettext_noop("runs"),
    gettext_noop("service accounts"),
    gettext_noop("settings"),
    gettext_noop("staff"),
    gettext_noop("tenant audit"),
    gettext_noop("tenants"),
    gettext_noop("users"),
    gettext_noop("workspace"),
)
