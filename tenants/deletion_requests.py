"""An owner's request to have their tenant deleted: asked for, withdrawn, declined, accepted.

The owner asks in the workspace and the staff answers in the console; the audits of both tell it.
"""

from contextlib import nullcontext

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput
from plexica.core.scope import current_scope, platform_scope
from tenants.models import DeletionRequest, Tenant
from tenants.scopes import tenant_scope
from tenants.states import RequestState, TenantState

MAX_WORDS_LENGTH = 1000
MAX_LISTED = 20


class RequestClosed(Conflict):
    """The request has been answered or withdrawn, or there is none."""

    code = "request-closed"
    title = gettext_noop("This request is no longer open")


class RequestOpen(Conflict):
    """A request waits for its answer already."""

    code = "request-open"
    title = gettext_noop("A request waits for its answer already")


def open_request(*, tenant: Tenant) -> DeletionRequest | None:
    """Return the request of a tenant that waits for an answer, if there is one."""
    return DeletionRequest.objects.filter(tenant=tenant, state=RequestState.OPEN).first()


def last_request(*, tenant: Tenant) -> DeletionRequest | None:
    """Return the newest request of a tenant, whatever became of it."""
    return DeletionRequest.objects.filter(tenant=tenant).first()


def list_open_requests() -> QuerySet[DeletionRequest]:
    """Return the requests that wait for an answer, with their tenants, oldest first."""
    waiting = DeletionRequest.objects.filter(state=RequestState.OPEN).exclude(
        # Asked for in the moment in which the staff deleted it by themselves.
        tenant__state=TenantState.DELETED
    )
    return waiting.select_related("tenant").order_by("requested_at", "id")[:MAX_LISTED]


def request_deletion(*, tenant: Tenant, actor: Actor, reason: str) -> DeletionRequest:
    """Ask for the deletion of a tenant.

    Args:
        tenant: Which; the current scope is its own.
        actor: Who asks.
        reason: In their words; may be empty.

    Raises:
        InvalidInput: The words are too long.
        RequestOpen: It was asked for already.
    """
    _check_words("reason", reason)
    try:
        with transaction.atomic():
            request = DeletionRequest(
                tenant=tenant, requested_by=actor.name[:255], reason=reason.strip()
            )
            request.save(force_insert=True)
            _record(tenant, actor, "deletion_asked_for", reason=request.reason)
    except IntegrityError as error:
        raise RequestOpen(_("The deletion has been asked for already.")) from error
    return request


def withdraw_request(*, tenant: Tenant, actor: Actor) -> None:
    """Take the request for the deletion of a tenant back.

    Raises:
        RequestClosed: There is none that waits.
    """
    with transaction.atomic():
        _close(tenant, actor, RequestState.WITHDRAWN)
        _record(tenant, actor, "deletion_request_withdrawn")


def decline_request(*, tenant: Tenant, actor: Actor, answer: str) -> None:
    """Decline to delete a tenant, and say why.

    Raises:
        InvalidInput: The words are missing or too long.
        RequestClosed: There is none that waits.
    """
    if not answer.strip():
        raise InvalidInput(fields={"answer": [_("Say why, in words for the owner.")]})
    _check_words("answer", answer)
    with transaction.atomic():
        _close(tenant, actor, RequestState.DECLINED, answer=answer.strip())
        _record(tenant, actor, "deletion_request_declined", answer=answer.strip())


def accept_request(*, tenant: Tenant, actor: Actor) -> None:
    """Note, in the transaction that begins a tenant's deletion, that it was asked for."""
    if open_request(tenant=tenant) is not None:
        _close(tenant, actor, RequestState.ACCEPTED)
        _record(tenant, actor, "deletion_request_accepted")


def _close(tenant: Tenant, actor: Actor, state: RequestState, **values: str) -> None:
    closed = DeletionRequest.objects.filter(tenant=tenant, state=RequestState.OPEN).update(
        state=state, closed_at=timezone.now(), closed_by=actor.name[:255], **values
    )
    if not closed:
        raise RequestClosed(_("It has been answered or withdrawn in the meantime."))


def _record(tenant: Tenant, actor: Actor, what: str, **facts: str) -> None:
    """Write it down where it happens, and where the others read of it."""
    others = platform_scope() if current_scope().tenant_slug else tenant_scope(tenant)
    for scope in (nullcontext(), others):
        with scope:
            record(
                actor=actor,
                action=f"tenant.{what}",
                target=f"tenant:{tenant.slug}",
                after=dict(facts) or None,
            )


def _check_words(field: str, words: str) -> None:
    if len(words) > MAX_WORDS_LENGTH:
        raise InvalidInput(
            fields={field: [_("Use %(max)d characters at most.") % {"max": MAX_WORDS_LENGTH}]}
        )
