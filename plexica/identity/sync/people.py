"""Writing what a realm says of people into their rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from plexica.audit.services import record
from plexica.events.services import publish
from plexica.identity.browser_sessions import end_all_of
from plexica.identity.models import RealmChange, User, UserKind
from plexica.identity.principals import SERVICE_ACCOUNT_PREFIX
from plexica.identity.sync.hooks import KEYCLOAK, Written, held_back

# The columns, what a realm calls them, and how many characters fit.
_COLUMNS = {
    "email": ("email", 254),
    "first_name": ("firstName", 255),
    "last_name": ("lastName", 255),
}


def read_versions(*, issuer: str) -> dict[str, int]:
    """Return how often the realm was told of a change of each person, before they are read there.

    Args:
        issuer: The realm, as rows name it.
    """
    people = User.objects.filter(issuer=issuer, kind=UserKind.PERSON)
    return dict(people.values_list("subject", "realm_version"))


def write_people(
    *, issuer: str, found: Mapping[str, dict[str, Any] | None], versions: Mapping[str, int]
) -> Written:
    """Bring the rows of some people in line with their realm, in the present transaction.

    Whoever was changed here since they were read is left alone: the realm has an event of that,
    which is read next time.

    Args:
        issuer: The realm, as rows name it.
        found: What the realm says of them, by subject; None of those it does not know.
        versions: What `read_versions` said before that was read.
    """
    rows = {
        user.subject: user
        for user in User.objects.select_for_update()
        .filter(issuer=issuer, subject__in=list(found), kind=UserKind.PERSON)
        .order_by("pk")
    }
    held = held_back([user.pk for user in rows.values()])
    closed: list[User] = []
    made = changed = 0
    for subject, said in found.items():
        user = rows.get(subject)
        if user is None:
            if said is not None and not _is_program(said):
                rows[subject], is_new = _make(issuer, subject, said)
                made += is_new
        elif user.realm_version == versions.get(subject):
            if user.pk in held and not _is_closing(user, said):
                _note_passed_over(user, said)
                continue
            was_active = user.is_active
            changed += _update(user, said)
            if was_active and not user.is_active:
                closed.append(user)
    if closed:
        end_all_of(User.objects.filter(pk__in=[user.pk for user in closed]))
    return Written(people=rows, closed=tuple(closed), made=made, changed=changed)


def differing(*, issuer: str, found: Mapping[str, dict[str, Any]]) -> frozenset[str]:
    """Return the subjects of those whose rows are not as their realm says, without a lock."""
    rows = {
        user.subject: user for user in User.objects.filter(issuer=issuer, subject__in=list(found))
    }
    return frozenset(
        subject
        for subject, said in found.items()
        if not _is_program(said) and (subject not in rows or _is_other(rows[subject], said))
    )


def _make(issuer: str, subject: str, said: dict[str, Any]) -> tuple[User, bool]:
    facts = _facts_said(said)
    # A login may be quicker, and says the same.
    user, is_new = User.objects.get_or_create(
        issuer=issuer, subject=subject, defaults={**facts, "date_joined": _joined_at(said)}
    )
    if is_new:
        _tell("created", user, after=facts)
    return user, is_new


def _update(user: User, said: dict[str, Any] | None) -> bool:
    before, was_removed = _facts_of(user), user.removed_at is not None
    if said is None:
        if was_removed:
            return False
        user.is_active, user.removed_at = False, timezone.now()
        user.save(update_fields=["is_active", "removed_at"])
        # There is nobody left to tell the realm anything about.
        RealmChange.objects.filter(pk=user.pk).delete()
        _tell("removed", user, before=before)
        return True
    if not _is_other(user, said):
        return False
    after = _facts_said(said)
    for column, value in after.items():
        setattr(user, column, value)
    user.removed_at = None
    user.save(update_fields=[*after, "removed_at"])
    if was_removed:
        _tell("restored", user, after=after)
        return True
    if after["is_active"] != before["is_active"]:
        _tell("enabled" if user.is_active else "disabled", user)
    words = [column for column in _COLUMNS if after[column] != before[column]]
    if words:
        _tell(
            "updated",
            user,
            before={column: before[column] for column in words},
            after={column: after[column] for column in words},
        )
    return True


def _is_closing(user: User, said: dict[str, Any] | None) -> bool:
    """Return whether the realm shuts somebody out, which nothing that waits for it may hold up.

    Unless what waits is to let them in: then the realm has not heard of that yet.
    """
    change = RealmChange.objects.filter(pk=user.pk).first()
    if change is None or change.is_creation or change.is_enabled:
        return False
    return said is None or (user.is_active and not said.get("enabled"))


def _note_passed_over(user: User, said: dict[str, Any] | None) -> None:
    """Have the realm read again when it has been told what waits, if it says something new."""
    if said is None or _is_other(user, said):
        RealmChange.objects.filter(pk=user.pk).update(is_passed_over=True)


def _is_other(user: User, said: dict[str, Any]) -> bool:
    return user.removed_at is not None or _facts_of(user) != _facts_said(said)


def _tell(
    what: str,
    user: User,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(
        actor=KEYCLOAK,
        action=f"user.{what}",
        target=f"user:{user.id}",
        before=before,
        after=after,
    )
    publish(event=f"user.{what}", payload={"user": str(user.id)})


def _facts_of(user: User) -> dict[str, Any]:
    return {**{column: getattr(user, column) for column in _COLUMNS}, "is_active": user.is_active}


def _facts_said(said: dict[str, Any]) -> dict[str, Any]:
    # What a realm leaves out is empty there.
    words = {
        column: str(said.get(name) or "")[:length] for column, (name, length) in _COLUMNS.items()
    }
    return {**words, "is_active": bool(said.get("enabled"))}


def _is_program(said: dict[str, Any]) -> bool:
    # Keycloak tells of the account of a client only here and there whose it is.
    return bool(said.get("serviceAccountClientId")) or str(said.get("username", "")).startswith(
        SERVICE_ACCOUNT_PREFIX
    )


def _joined_at(said: dict[str, Any]) -> datetime:
    created = said.get("createdTimestamp")
    if not isinstance(created, int):
        return timezone.now()
    return datetime.fromtimestamp(created / 1000, tz=UTC)
