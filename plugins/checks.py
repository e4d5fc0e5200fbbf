"""What `manage.py check --database default` says of plugins.

Warnings only: Django looks at checks of the database before it migrates, and no plugin may keep
the host from that. A pipeline for which each is an error adds `--fail-level WARNING`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, Warning  # noqa: A004 (Django's name)
from django.db import DatabaseError

from plexica.core.scope import platform_scope
from plugins.compatibility import explain_incompatibility
from plugins.models import Backend, Release
from plugins.states import BackendState, ReleaseState

INCOMPATIBLE, BROKEN = "plugins.W001", "plugins.W002"
_OFFERED = (ReleaseState.PUBLISHED, ReleaseState.DEPRECATED)
_BROKEN = (BackendState.QUARANTINED, BackendState.REFUSED)


def check_plugins(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Look for releases that do not work here, and for backends that do not run.

    Args:
        databases: Those that may be asked; without any, nothing is looked at.
    """
    if not databases:
        return []
    try:
        with platform_scope():
            return [*_incompatible(), *_broken()]
    except DatabaseError:
        # The tables are not there, or not as they will be: whoever migrates checks then.
        return []


def _incompatible() -> Iterator[CheckMessage]:
    for release in Release.objects.filter(state__in=_OFFERED).select_related("plugin"):
        if words := explain_incompatibility(release):
            yield Warning(f"{_name(release)}: {words}", id=INCOMPATIBLE)


def _broken() -> Iterator[CheckMessage]:
    wanted = Backend.objects.filter(is_wanted=True, state__in=_BROKEN)
    for backend in wanted.select_related("release__plugin"):
        words = f"{_name(backend.release)} does not run: {backend.last_error}"
        yield Warning(words, hint="manage.py plugin backends says more.", id=BROKEN)


def _name(release: Release) -> str:
    return f"{release.plugin.slug} {release.version}"
