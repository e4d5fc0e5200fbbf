"""The states of a tenant and of its provisioning runs, and how one leads to another."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TenantState(models.TextChoices):
    """Where a tenant is in its life."""

    PROVISIONING = "PROVISIONING", _("Being made")
    ACTIVE = "ACTIVE", _("Active")
    SUSPENDED = "SUSPENDED", _("Suspended")
    DELETING = "DELETING", _("Being deleted")
    DELETED = "DELETED", _("Deleted")
    FAILED = "FAILED", _("Failed")


TRANSITIONS: dict[TenantState, frozenset[TenantState]] = {
    TenantState.PROVISIONING: frozenset({TenantState.ACTIVE, TenantState.FAILED}),
    TenantState.ACTIVE: frozenset({TenantState.SUSPENDED, TenantState.DELETING}),
    TenantState.SUSPENDED: frozenset({TenantState.ACTIVE, TenantState.DELETING}),
    TenantState.DELETING: frozenset(
        {TenantState.DELETED, TenantState.ACTIVE, TenantState.SUSPENDED}
    ),
    TenantState.DELETED: frozenset(),
    TenantState.FAILED: frozenset({TenantState.PROVISIONING, TenantState.DELETING}),
}
# The states in which a tenant has all its parts: what is compared and brought up to date.
WHOLE_STATES = (TenantState.ACTIVE, TenantState.SUSPENDED, TenantState.DELETING)


class RunState(models.TextChoices):
    """Where a provisioning run is."""

    QUEUED = "QUEUED", _("Waiting to start")
    RUNNING = "RUNNING", _("Running")
    SUCCEEDED = "SUCCEEDED", _("Succeeded")
    FAILED = "FAILED", _("Failed, can be tried again")
    ROLLING_BACK = "ROLLING_BACK", _("Taking back")
    ROLLED_BACK = "ROLLED_BACK", _("Failed, everything taken back")
    ROLLBACK_INCOMPLETE = "ROLLBACK_INCOMPLETE", _("Failed, not everything taken back")


UNFINISHED_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.ROLLING_BACK)
FAILED_RUN_STATES = (RunState.FAILED, RunState.ROLLED_BACK, RunState.ROLLBACK_INCOMPLETE)


class StepState(models.TextChoices):
    """Where one step of a run is."""

    PENDING = "PENDING", _("Waiting")
    STARTED = "STARTED", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")
    UNDOING = "UNDOING", _("Taking back")
    UNDONE = "UNDONE", _("Taken back")
    UNDO_FAILED = "UNDO_FAILED", _("Could not be taken back")


class RunKind(models.TextChoices):
    """What a run does to its tenant."""

    CREATE = "create", _("Creation")
    SUSPEND = "suspend", _("Suspension")
    RESUME = "resume", _("Resumption")
    DELETE = "delete", _("Deletion")
    RESTORE = "restore", _("Restoration")
    PURGE = "purge", _("Removal")
    FROM_BACKUP = "from-backup", _("Restoration from a backup")
    UPGRADE = "upgrade", _("Upgrade")
    PLUGIN_INSTALL = "plugin-install", _("Installation of a plugin")
    PLUGIN_UPGRADE = "plugin-upgrade", _("Upgrade of a plugin")
    PLUGIN_UNINSTALL = "plugin-uninstall", _("Uninstallation of a plugin")


class RequestState(models.TextChoices):
    """What has become of an owner's request to have their tenant deleted."""

    OPEN = "OPEN", _("Waits for an answer")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    DECLINED = "DECLINED", _("Declined")
    ACCEPTED = "ACCEPTED", _("Accepted")
