"""Django's migrations, which the backend itself runs when the host tells it to."""

from plugins.gateway.calls import call_backend
from plugins.gateway.contexts import Via
from plugins.models import Installation, Release

_PATH = "/_plexica/migrate"
_SECONDS = 120.0


def apply_django_migrations(installation: Installation, release: Release) -> None:
    """Have a release's backend migrate an installation's schema, under the installation's role.

    Raises:
        TransientError: The backend does not answer.
        PermanentError: It refuses, and has changed nothing; the words are its own.
    """
    call_backend(
        installation=installation,
        release=release,
        method="POST",
        path=_PATH,
        body={},
        via=Via.LIFECYCLE,
        seconds=_SECONDS,
    )
