"""Reading what is known of backends."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.core.errors import NotFound
from plugins.models import Backend, Release

# The agent shows every few seconds that it is there.
AGENT_SILENT_SECONDS = 30


def list_backends(*, states: Sequence[str] = ()) -> QuerySet[Backend]:
    """Return the backends with their releases, those that are meant to run first, without logs.

    `tenant_count` says how many tenants have the release.

    Args:
        states: Only those in one of these; all when empty.
    """
    # The model names it, for those who read it.
    facts: dict[str, Any] = {"tenant_count": Count("release__installations")}
    backends = Backend.objects.select_related("release__plugin").defer("log_tail").annotate(**facts)
    if states:
        backends = backends.filter(state__in=states)
    return backends.order_by("-is_wanted", "release__plugin__slug", "-release__version_key")


def get_backend(*, release: Release, with_log: bool = False) -> Backend:
    """Return the backend of a release.

    Args:
        release: The release.
        with_log: Whether the end of its log is asked for, too.

    Raises:
        NotFound: It has never been meant to run.
    """
    backend = find_backend(release=release, with_log=with_log)
    if backend is None:
        raise NotFound(_("This release has no backend: no tenant has had it installed."))
    return backend


def find_backend(*, release: Release, with_log: bool = False) -> Backend | None:
    """Return the backend of a release, or None if it has never been meant to run."""
    found = Backend.objects.select_related("release__plugin").filter(release=release)
    return (found if with_log else found.defer("log_tail")).first()


def is_agent_silent() -> bool:
    """Tell whether backends are meant to run, and no agent has looked lately."""
    wanted = Backend.objects.filter(is_wanted=True)
    if not wanted.exists():
        return False
    seen_at = Backend.objects.aggregate(last=Max("seen_at"))["last"]
    since = timezone.now() - timedelta(seconds=AGENT_SILENT_SECONDS)
    return seen_at is None or seen_at < since
