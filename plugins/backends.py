"""Backends, as everybody but the agent sees them: wanted, waited for, reached, restarted."""

import base64
import threading
import time
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.crypto import Rotation, decrypt, rotate_rows
from plexica.core.errors import Conflict, PermanentError, TransientError
from plexica.core.fence import fenced_transaction
from plexica.core.postgresql.fixed import FixedRead
from plexica.core.scope import platform_scope
from plugins.models import Backend, Installation, Release
from plugins.states import BackendState, InstallationState, ReleaseState

KEPT_SECONDS = 1.0
_POLL_SECONDS = 0.2

# An installation that is disabled is enabled by one transaction, so its backend runs on.
_NEEDING = (
    InstallationState.INSTALLING,
    InstallationState.ENABLED,
    InstallationState.DISABLED,
    InstallationState.UPGRADING,
)


class BackendStateRefused(Conflict):
    """The backend's state does not allow it."""

    code = "backend-state"
    title = gettext_noop("The state of this backend does not allow it")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a backend answers, and what signs its contexts.

    Attributes:
        backend_id: The audience of its contexts.
        address: Host and port, or the path of a container's door.
        secret: As `PLEXICA_SECRET` has it: the key in URL-safe Base64 without padding.
    """

    backend_id: UUID
    address: str
    secret: str = field(repr=False)

    @property
    def key(self) -> bytes:
        """The secret's bytes, which contexts are signed with."""
        return base64.urlsafe_b64decode(self.secret + "=" * (-len(self.secret) % 4))


def _ready_backend(release_id: UUID) -> QuerySet[Backend]:
    return Backend.objects.filter(release=release_id, state=BackendState.READY)


_READY_BACKEND = FixedRead(_ready_backend, UUID(int=0))
_known: dict[UUID, tuple[float, Endpoint]] = {}
_known_lock = threading.Lock()


def want_backend(*, release: Release) -> Backend:
    """Have a release run, from now until nobody needs it."""
    with fenced_transaction():
        backend, _is_new = Backend.objects.get_or_create(release=release)
        backend = Backend.objects.select_for_update().get(pk=backend.pk)
        if not backend.is_wanted:
            backend.is_wanted = True
            backend.save(update_fields=["is_wanted"])
    return backend


def drop_backend(*, release: Release) -> None:
    """Let a release run no more, unless an installation still needs it; a withdrawn one at once."""
    with fenced_transaction():
        # Who wants it meanwhile waits here, and is not overlooked.
        backend = Backend.objects.select_for_update().filter(release=release).first()
        if backend is None or not backend.is_wanted:
            return
        needing = Installation.objects.filter(Q(release=release) | Q(target=release))
        is_withdrawn = Release.objects.filter(pk=release.pk, state=ReleaseState.WITHDRAWN).exists()
        if is_withdrawn or not needing.filter(state__in=_NEEDING).exists():
            backend.is_wanted = False
            backend.save(update_fields=["is_wanted"])


def wait_until_ready(*, release: Release, seconds: float) -> None:
    """Wait until a release's backend answers. Not to be called in a transaction.

    Args:
        release: The release.
        seconds: How long at most.

    Raises:
        TransientError: It does not answer yet, and may do so later.
        PermanentError: It will not run until a person does something.
    """
    deadline = time.monotonic() + seconds
    while True:
        backend = Backend.objects.filter(release=release).first()
        if backend is None or not backend.is_wanted:
            raise PermanentError("The plugin's backend is not meant to run any more.")
        if backend.state == BackendState.READY:
            forget_endpoint(release.pk)
            return
        if backend.state == BackendState.REFUSED:
            raise PermanentError(
                f"The plugin's backend may not run here. {backend.last_error}".rstrip()
            )
        if backend.state == BackendState.QUARANTINED:
            raise PermanentError(
                "The plugin's backend is in quarantine: it ended several times by itself."
                f" {backend.last_error}".rstrip()
            )
        if time.monotonic() >= deadline:
            raise TransientError(_not_ready(backend))
        time.sleep(_POLL_SECONDS)


def _not_ready(backend: Backend) -> str:
    if backend.seen_at is None:
        return "The plugin's backend has not been started: does the plugin agent run?"
    return f"The plugin's backend does not answer yet. {backend.last_error}".rstrip()


def endpoint_of(release_id: UUID) -> Endpoint | None:
    """Return where a release's backend answers, or None while it does not.

    What is found is kept for `KEPT_SECONDS`: whoever is refused there calls `forget_endpoint`.
    It may be called in any scope.

    Raises:
        UndecryptableError: No present key opens the backend's secret.
    """
    now = time.monotonic()
    with _known_lock:
        until, endpoint = _known.get(release_id, (0.0, None))
    if endpoint is not None and now < until:
        return endpoint
    with platform_scope():
        backend = _READY_BACKEND.first(release_id)
    if backend is None or _is_detached(backend):
        forget_endpoint(release_id)
        return None
    endpoint = Endpoint(backend.pk, backend.address, decrypt(backend.ciphertext))
    with _known_lock:
        _known[release_id] = (now + KEPT_SECONDS, endpoint)
    return endpoint


def _is_detached(backend: Backend) -> bool:
    """Return whether it is a process of somebody's own that was not heard of for too long."""
    return backend.attached_until is not None and backend.attached_until < timezone.now()


def forget_endpoint(release_id: UUID) -> None:
    """Have the next caller of `endpoint_of` look anew."""
    with _known_lock:
        _known.pop(release_id, None)


def restart_backend(*, backend: Backend, actor: Actor) -> Backend:
    """Have the agent end what runs of a backend, and start it anew at once.

    Raises:
        BackendStateRefused: It is not meant to run, or is in quarantine.
    """
    with transaction.atomic():
        backend = _locked(backend)
        if backend.attached_until is not None:
            raise BackendStateRefused(_("Somebody develops this plugin, and runs it themselves."))
        if not backend.is_wanted:
            raise BackendStateRefused(_("Nobody needs this backend, so it does not run."))
        if backend.state == BackendState.QUARANTINED:
            raise BackendStateRefused(
                _("This backend is in quarantine. End the quarantine, and it is started.")
            )
        before = backend.state
        backend.state = BackendState.WAITING
        backend.retry_at = timezone.now()
        backend.save(update_fields=["state", "retry_at"])
        _tell("plugin.backend_restarted", backend.release, actor, before)
    forget_endpoint(backend.release_id)
    return backend


def end_quarantine(*, backend: Backend, actor: Actor) -> Backend:
    """Have the agent start a backend again that ended too often.

    Raises:
        BackendStateRefused: It is not in quarantine.
    """
    with transaction.atomic():
        backend = _locked(backend)
        if backend.state != BackendState.QUARANTINED:
            raise BackendStateRefused(_("This backend is not in quarantine."))
        backend.state = BackendState.STOPPED
        backend.crashes = []
        backend.last_error = ""
        backend.save(update_fields=["state", "crashes", "last_error"])
        _tell("plugin.backend_quarantine_ended", backend.release, actor, BackendState.QUARANTINED)
    return backend


def set_unconfined(*, release: Release, allowed: bool, actor: Actor) -> Release:
    """Say whether a release may run where it cannot have an OS user of its own.

    Such a process can read what the agent's user can.
    """
    with transaction.atomic():
        release = Release.objects.select_for_update(of=("self",)).get(pk=release.pk)
        if allowed == (release.unconfined_at is not None):
            return release
        release.unconfined_at = timezone.now() if allowed else None
        release.unconfined_by = actor.name if allowed else ""
        release.save(update_fields=["unconfined_at", "unconfined_by"])
        if allowed:
            Backend.objects.filter(release=release, state=BackendState.REFUSED).update(
                state=BackendState.STOPPED, last_error=""
            )
        what = "plugin.release_unconfined" if allowed else "plugin.release_confined"
        _tell(what, release, actor)
    return release


def rotate_backend_secrets(*, is_dry: bool) -> Rotation:
    """Encrypt the secrets of all backends that run with the current key, or only count them."""
    return rotate_rows(Backend.objects.all(), "ciphertext", is_dry=is_dry)


def _locked(backend: Backend) -> Backend:
    found = Backend.objects.select_for_update(of=("self",))
    return found.select_related("release__plugin").get(pk=backend.pk)


def _tell(what: str, release: Release, actor: Actor, before: str = "") -> None:
    record(
        actor=actor,
        action=what,
        target=f"plugin:{release.plugin.slug}",
        before={"state": before} if before else None,
        after={"version": release.version},
    )
