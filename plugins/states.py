"""The states of releases, installations and backends, and which may follow which."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReleaseState(models.TextChoices):
    """Where a release is in its life."""

    REGISTERED = "REGISTERED", _("Registered")
    PUBLISHED = "PUBLISHED", _("Published")
    DEPRECATED = "DEPRECATED", _("Deprecated")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


# What may become of a release of each state; a withdrawn one stays so.
NEXT_STATES: dict[str, tuple[ReleaseState, ...]] = {
    ReleaseState.REGISTERED: (ReleaseState.PUBLISHED, ReleaseState.WITHDRAWN),
    ReleaseState.PUBLISHED: (ReleaseState.DEPRECATED, ReleaseState.WITHDRAWN),
    ReleaseState.DEPRECATED: (ReleaseState.PUBLISHED, ReleaseState.WITHDRAWN),
    ReleaseState.WITHDRAWN: (),
}

# A plugin is shown by its highest release of the first of these that it has one of.
CURRENT_FIRST = (
    ReleaseState.PUBLISHED,
    ReleaseState.DEPRECATED,
    ReleaseState.REGISTERED,
    ReleaseState.WITHDRAWN,
)


class InstallationState(models.TextChoices):
    """Where an installation is in its life; it is served while ENABLED only."""

    INSTALLING = "INSTALLING", _("Being installed")
    ENABLED = "ENABLED", _("Enabled")
    DISABLED = "DISABLED", _("Disabled")
    UPGRADING = "UPGRADING", _("Being upgraded")
    UNINSTALLING = "UNINSTALLING", _("Uninstalled")
    FAILED = "FAILED", _("Could not be installed")


class BackendState(models.TextChoices):
    """Where a backend is; it answers while READY only."""

    STOPPED = "STOPPED", _("Stopped")
    STARTING = "STARTING", _("Starting")
    READY = "READY", _("Running")
    WAITING = "WAITING", _("Waits to be started again")
    QUARANTINED = "QUARANTINED", _("In quarantine")
    REFUSED = "REFUSED", _("May not run here")
