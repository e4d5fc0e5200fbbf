"""The steps of each kind of run, and the parts of a tenant, by the classes that are them."""

TENANT_STEPS = {
    "create": [
        "tenants.schema.step.Schema",
        "plexica.storage.provisioning.Bucket",
        "plexica.identity.provisioning.Realm",
        "plexica.rbac.provisioning.SystemRoles",
        "plexica.rbac.provisioning.Owner",
    ],
    "suspend": [
        "plexica.identity.access.Access",
        "plexica.identity.access.Sessions",
        "plugins.lifecycle.tenants.PluginsClosed",
    ],
    "resume": ["plexica.identity.access.Opening", "plugins.lifecycle.tenants.PluginsOpened"],
    "delete": [
        "plexica.identity.access.Access",
        "plexica.identity.access.Sessions",
        "plugins.lifecycle.tenants.PluginsClosed",
    ],
    "restore": ["plexica.identity.access.Opening", "plugins.lifecycle.tenants.PluginsOpened"],
    "from-backup": [
        "tenants.schema.step.Schema",
        "plexica.storage.provisioning.Bucket",
        "plexica.backup.steps.RestoredRealm",
        "plexica.backup.steps.Rows",
        "plexica.backup.steps.People",
        "plexica.backup.steps.Files",
        "plexica.backup.steps.Plugins",
        "plexica.backup.steps.Comparison",
        "plexica.backup.steps.RestoredRoles",
        "plexica.backup.steps.Mails",
    ],
    # Before the steps of creation are taken back.
    "purge": ["plugins.lifecycle.tenants.PluginsRemoved"],
    "plugin-install": [
        "plugins.lifecycle.steps.Compatibility",
        "plugins.lifecycle.steps.Running",
        "plugins.lifecycle.steps.Database",
        "plugins.lifecycle.steps.Files",
        "plugins.lifecycle.steps.Migrations",
    ],
    "plugin-upgrade": [
        "plugins.lifecycle.steps.Compatibility",
        "plugins.lifecycle.steps.Running",
        "plugins.lifecycle.steps.Migrations",
    ],
    "plugin-uninstall": [
        "plugins.lifecycle.removal.Closing",
        "plugins.lifecycle.removal.DatabaseRemoval",
        "plugins.lifecycle.removal.FilesRemoval",
    ],
}
TENANT_PARTS = [
    "tenants.schema.part.SchemaPart",
    "plexica.rbac.part.RolesPart",
    "plexica.storage.part.BucketPart",
    "plexica.identity.realm_part.RealmPart",
]
