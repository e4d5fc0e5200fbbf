"""The rows of people who are invited, disabled, enabled, renamed and removed, in the current scope.

All of it is written in the transaction of the caller, and the realm is asked for it there
(`plexica.identity.realm_changes`). Who may do it is the business of a higher app
(`plexica.rbac.people`).
"""

import re
import uuid
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput, NotFound
from plexica.events.services import publish
from plexica.identity.browser_sessions import end_all_of
from plexica.identity.models import User, UserKind
from plexica.identity.people_states import PersonState, change_of, state_of
from plexica.identity.providers import tenant_provider
from plexica.identity.realm_changes import ask_realm
from tenants.models import Tenant

MAX_EMAIL_LENGTH = 254
MAX_PERSON_NAME = 100
# Any number that nothing else takes as an advisory lock in one database.
_LOCK = 0x70656F70
# What Keycloak refuses in names (its validator `person-name-prohibited-characters`).
_PROHIBITED = re.compile(r"[<>&\"$%!#?§;*~/\\|^=\[\]{}()\x00-\x1f\x7f]")


class AddressInUse(Conflict):
    """Somebody here has this address."""

    code = "address-in-use"
    title = gettext_noop("Somebody has this address already")


class NotInvited(Conflict):
    """The person has no invitation that this could be done to."""

    code = "not-invited"
    title = gettext_noop("The person has no open invitation")


def lock_person(user_id: UUID) -> User:
    """Return a person's row as it is now, and hold it until the transaction ends.

    Raises:
        NotFound: There is no such person, or they were removed.
    """
    found = (
        User.objects.select_for_update()
        .filter(pk=user_id, kind=UserKind.PERSON, removed_at__isnull=True)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such person here, or they were removed."))
    return found


def clean_address(email: str) -> str:
    """Return an address as it is kept.

    Raises:
        InvalidInput: It is none.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(fields={"email": [_("This is no e-mail address.")]}) from error
    if len(address) > MAX_EMAIL_LENGTH:
        raise InvalidInput(
            fields={"email": [_("Use %(max)d characters at most.") % {"max": MAX_EMAIL_LENGTH}]}
        )
    return address


def clean_names(**names: str) -> dict[str, str]:
    """Return names as they are kept.

    Raises:
        InvalidInput: One is too long, or has characters that Keycloak refuses.
    """
    cleaned = {field: name.strip() for field, name in names.items()}
    problems = {
        field: [
            _("Use %(max)d characters at most, and none of these: %(these)s")
            % {"max": MAX_PERSON_NAME, "these": '< > & " $ % ! # ? § ; * ~ / \\ | ^ = [ ] { } ( )'}
        ]
        for field, name in cleaned.items()
        if len(name) > MAX_PERSON_NAME or _PROHIBITED.search(name) or not name.isprintable()
    }
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)
    return cleaned


def find_invitable(email: str) -> User | None:
    """Return whoever has an address and may be invited again, and keep others from inviting it.

    Raises:
        AddressInUse: Somebody has it who is invited, active or disabled, or is being removed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(current_schema() || %s))", [_LOCK, email]
        )
    people = User.objects.filter(kind=UserKind.PERSON, email__iexact=email)
    if people.filter(removed_at__isnull=False, realm_change__is_removal=True).exists():
        raise AddressInUse(
            _("Somebody with this address was removed, which the login service has yet to do.")
        )
    present = people.filter(removed_at__isnull=True).select_related("realm_change").first()
    if present is None or state_of(present) == PersonState.WITHDRAWN:
        return present
    words = {
        PersonState.INVITED: _("They are invited already. Send the invitation again."),
        PersonState.DISABLED: _("They were here before and are disabled. Enable them."),
    }
    raise AddressInUse(words.get(state_of(present), _("They are in the workspace already.")))


def begin_invitation(
    *, tenant: Tenant, email: str, first_name: str, last_name: str, actor: Actor
) -> User:
    """Write the row of somebody new, who comes in once the realm has them.

    Their subject is chosen here, so that nobody has to be found by an address ever.
    """
    user = User.objects.create(
        issuer=tenant_provider(tenant).issuer,
        subject=str(uuid.uuid4()),
        email=email,
        first_name=first_name,
        last_name=last_name,
        is_active=False,
    )
    open_again(user=user, actor=actor)
    return user


def open_again(*, user: User, actor: Actor) -> None:
    """Ask for an invitation of somebody who has never been here."""
    ask_realm(user=user, actor=actor, is_creation=True, is_enabled=True, sends_mail=True)
    _tell(user, "invited", actor, after={"email": user.email})


def ask_for_mail(*, user: User, actor: Actor) -> None:
    """Ask for another mail to somebody who is invited."""
    ask_realm(user=user, actor=actor, sends_mail=True)
    record(
        actor=actor,
        action="user.invitation_asked_again",
        target=_target(user),
        after={"email": user.email},
    )


def close(*, user: User, actor: Actor, what: str) -> bool:
    """Refuse somebody from now on, and end their sessions.

    Args:
        user: Whom; their row is held.
        actor: Who does it.
        what: How the audit calls it: `disabled`, or `invitation_withdrawn`.

    Returns:
        Whether that was a change.
    """
    change = change_of(user)
    if not user.is_active and not (change and change.is_enabled):
        return False
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_all_of(User.objects.filter(pk=user.pk))
    ask_realm(user=user, actor=actor, is_enabled=False, ends_sessions=True, sends_mail=False)
    _tell(user, what, actor, before={"email": user.email})
    return True


def ask_to_enable(*, user: User, actor: Actor) -> None:
    """Ask that somebody who is disabled may come in again, once the realm lets them."""
    ask_realm(user=user, actor=actor, is_enabled=True)
    record(
        actor=actor,
        action="user.enabling_asked",
        target=_target(user),
        after={"email": user.email},
    )


def ask_to_rename(*, user: User, actor: Actor, names: dict[str, str]) -> bool:
    """Ask that somebody be called otherwise, once the realm does.

    Args:
        user: Whom; their row is held.
        actor: Who asks.
        names: The new `first_name`, `last_name`, or both.

    Returns:
        Whether that is a change of what they are called, or are to be called.
    """
    change = change_of(user)
    planned = {name: getattr(change, name, None) for name in names}
    before = {name: getattr(user, name) for name in names}
    if all(
        wanted == (before[name] if planned[name] is None else planned[name])
        for name, wanted in names.items()
    ):
        return False
    ask_realm(user=user, actor=actor, **names)
    record(
        actor=actor,
        action="user.renaming_asked",
        target=_target(user),
        before=before,
        after=names,
    )
    return True


def remove(*, user: User, actor: Actor, roles: list[str], groups: list[str]) -> None:
    """Refuse somebody for good, end their sessions, and ask for their removal from the realm.

    Args:
        user: Whom; their row is held.
        actor: Who does it.
        roles: The roles that were taken from them, for the audit.
        groups: The groups that they were in, likewise.
    """
    user.is_active = False
    user.removed_at = timezone.now()
    user.save(update_fields=["is_active", "removed_at"])
    end_all_of(User.objects.filter(pk=user.pk))
    ask_realm(
        user=user,
        actor=actor,
        is_creation=False,
        is_enabled=None,
        first_name=None,
        last_name=None,
        ends_sessions=False,
        sends_mail=False,
        is_removal=True,
    )
    before = {"email": user.email, "name": user.get_full_name(), "roles": roles, "groups": groups}
    _tell(user, "removed", actor, before=before)


def abandon(*, user: User, actor: Actor, reason: str) -> None:
    """Take back an invitation that the realm refused, so that nothing is left of it."""
    record(
        actor=actor,
        action="user.invitation_refused",
        target=_target(user),
        before={"email": user.email, "reason": reason},
    )
    user.delete()


def _tell(user: User, what: str, actor: Actor, **values: dict[str, Any]) -> None:
    record(actor=actor, action=f"user.{what}", target=_target(user), **values)
    publish(event=f"user.{what}", payload={"user": str(user.pk)})


def _target(user: User) -> str:
    return f"user:{user.pk}"
