"""Why an archive is not taken."""

from django.utils.translation import gettext_noop

from plexica.core.errors import Conflict


class ArchiveRefused(Conflict):
    """An archive is damaged, not ours, or not to be opened here; nothing was changed."""

    code = "archive-refused"
    title = gettext_noop("This archive cannot be used")


class TargetRefused(Conflict):
    """There is no room here for what an archive holds; nothing was changed."""

    code = "restore-refused"
    title = gettext_noop("This cannot be restored here")
