"""What follows here when a realm has been told of a change, in the current scope.

What lets somebody in, and what they are called, becomes so only now; what keeps them out was so
before the realm was told.
"""

from typing import cast

from django.db import transaction

from plexica.audit.services import record
from plexica.core.actor import Actor, ActorKind
from plexica.events.services import publish
from plexica.identity.models import RealmChange, User
from plexica.identity.sync.state import demand_all
from tenants.epochs import raise_epoch


def settle_state(change: RealmChange) -> bool:
    """Write that a realm has been told all but the mail.

    Args:
        change: What it was told, under our claim; it is brought up to date.

    Returns:
        Whether that is all that is asked for; otherwise the change is free for the next attempt.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().filter(pk=change.user_id).first()
        found = _release_if_changed(change)
        if user is None or found is None:
            return False
        user.realm_version += 1
        user.save(update_fields=["realm_version"])
        actor = actor_of_change(found)
        if found.is_enabled and not user.is_active:
            _let_in(user, actor, is_new=found.is_creation)
        _rename(user, found, actor)
        if found.is_passed_over:
            demand_all()
        if found.sends_mail:
            found.forget_state()
            found.attempts = 0
            found.save()
        else:
            found.delete()
    change.user = user
    return True


def settle_mail(change: RealmChange) -> bool:
    """Write that the invitation was sent, which is the last that a change asks for.

    Returns:
        Whether nothing else is asked for meanwhile.
    """
    with transaction.atomic():
        found = _release_if_changed(change)
        if found is None:
            return False
        record(
            actor=actor_of_change(found),
            action="user.invitation_sent",
            target=f"user:{change.user_id}",
            after={"email": change.user.email},
        )
        found.delete()
    return True


def actor_of_change(change: RealmChange) -> Actor:
    """Return who asked for a change last."""
    return Actor(
        kind=cast("ActorKind", change.asked_by_kind),
        id=change.asked_by_id,
        name=change.asked_by_name,
    )


def _release_if_changed(change: RealmChange) -> RealmChange | None:
    found = RealmChange.objects.select_for_update().filter(pk=change.pk).first()
    if found is None or found.claim != change.claim:
        return None
    if found.version != change.version:
        found.claim = found.claimed_until = None
        found.save(update_fields=["claim", "claimed_until"])
        return None
    return found


def _let_in(user: User, actor: Actor, *, is_new: bool) -> None:
    user.is_active = True
    user.save(update_fields=["is_active"])
    raise_epoch()
    what = "user.created" if is_new else "user.enabled"
    record(actor=actor, action=what, target=f"user:{user.pk}", after={"email": user.email})
    publish(event=what, payload={"user": str(user.pk)})


def _rename(user: User, change: RealmChange, actor: Actor) -> None:
    wanted = {"first_name": change.first_name, "last_name": change.last_name}
    after = {
        name: value
        for name, value in wanted.items()
        if value is not None and getattr(user, name) != value
    }
    if not after:
        return
    before = {name: getattr(user, name) for name in after}
    for name, value in after.items():
        setattr(user, name, value)
    user.save(update_fields=list(after))
    record(
        actor=actor,
        action="user.updated",
        target=f"user:{user.pk}",
        before=before,
        after=after,
    )
    publish(event="user.updated", payload={"user": str(user.pk)})
