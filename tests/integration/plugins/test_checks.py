"""A broken plugin keeps the host from nothing, and is an error where somebody asks for that."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from plexica.core.actor import SYSTEM
from plugins.models import Backend, Release
from plugins.services import publish_release
from plugins.states import BackendState
from tests.integration.plugins.packages import Author


def check() -> None:
    """Check as a pipeline does."""
    call_command("check", databases=["default"], fail_level="WARNING")


def test_what_is_broken_is_named_and_stops_nothing(ada: Author) -> None:
    release = publish_release(release=ada.registered(), actor=SYSTEM)
    check()
    Backend.objects.create(
        release=release, state=BackendState.QUARANTINED, last_error="It ended by itself."
    )
    Release.objects.update(manifest=release.manifest | {"host": {"min_version": "99.0.0"}})
    with pytest.raises(SystemCheckError) as error:
        check()
    assert "hello 0.1.0: It needs Plexica 99.0.0 or newer" in str(error.value)
    assert "hello 0.1.0 does not run: It ended by itself." in str(error.value)
    call_command("check", databases=["default"])
