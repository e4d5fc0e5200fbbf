"""What people change of themselves: their name, their language, their time zone, their theme.

The name is the realm's, so it changes here when the realm has been told (ADR 14). The rest is
Plexica's own and changes at once; of the language the realm is told for its own pages and mails.
"""

from dataclasses import asdict, dataclass
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict
from plexica.core.themes import ThemeMode
from plexica.identity.models import User
from plexica.identity.people import ask_to_rename, clean_names, lock_person
from plexica.identity.people_states import change_of
from plexica.identity.realm_changes import Outcome, ask_realm, attempt_soon, retry
from tenants.models import Tenant

PREFERENCES = ("locale", "time_zone", "theme_mode")


class ProfileChanged(Conflict):
    """What was shown to somebody is not how it is any more."""

    code = "profile-changed"
    title = gettext_noop("The profile was changed in the meantime")


@dataclass(frozen=True, slots=True)
class Profile:
    """What people may change of themselves.

    Attributes:
        first_name: As they want to be called.
        last_name: The same.
        locale: Their language; empty for that of the place.
        time_zone: Their time zone; empty for that of the place.
        theme_mode: One of `ThemeMode`; empty for what the place has.
    """

    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    time_zone: str = ""
    theme_mode: str = ""

    @property
    def digest(self) -> str:
        """What tells this profile from another one."""
        return sha256("\0".join(asdict(self).values()).encode()).hexdigest()[:32]


def profile_of(user: User) -> Profile:
    """Return somebody's profile: the names are those that they asked for last."""
    change = change_of(user)
    names = {
        name: getattr(user, name) if wanted is None else wanted
        for name, wanted in (
            ("first_name", getattr(change, "first_name", None)),
            ("last_name", getattr(change, "last_name", None)),
        )
    }
    return Profile(**names, **{name: getattr(user, name) for name in PREFERENCES})


def change_profile(
    *, tenant: Tenant | None, user: User, actor: Actor, wanted: Profile, known: str
) -> Outcome:
    """Make somebody's profile what they want it to be.

    Args:
        tenant: The tenant of the current scope; None for the platform's staff.
        user: Whose.
        actor: They themselves.
        wanted: All of it; the choices were checked by the form.
        known: The digest of the profile that they were shown.

    Returns:
        What became of what the realm has to be told; done if that is nothing.

    Raises:
        InvalidInput: A name is not acceptable.
        ProfileChanged: It has become another one since it was shown.
        NotFound: They were removed.
    """
    names = clean_names(first_name=wanted.first_name, last_name=wanted.last_name)
    with transaction.atomic():
        found = lock_person(user.pk)
        if profile_of(found).digest != known:
            raise ProfileChanged(
                _("It was changed elsewhere in the meantime. See what it is now, and try again.")
            )
        changed = _set_preferences(
            found, actor, {name: getattr(wanted, name) for name in PREFERENCES}
        )
        is_asked = ask_to_rename(user=found, actor=actor, names=names)
        if "locale" in changed:
            ask_realm(user=found, actor=actor, locale=found.locale)
            is_asked = True
    if not is_asked:
        return Outcome.DONE
    return attempt_soon(tenant=tenant, users=[found])[found.pk]


def choose_theme(*, user: User, actor: Actor, theme: ThemeMode) -> None:
    """Have pages as bright as somebody likes them, in every browser of theirs.

    Raises:
        NotFound: They were removed.
    """
    with transaction.atomic():
        _set_preferences(lock_person(user.pk), actor, {"theme_mode": theme.value})


def tell_again(*, tenant: Tenant | None, user: User) -> Outcome:
    """Tell the realm now what it has yet to be told about somebody, as they ask for it."""
    if tenant is None:
        return attempt_soon(tenant=None, users=[user])[user.pk]
    return retry(tenant=tenant, user=user)


def _set_preferences(user: User, actor: Actor, wanted: dict[str, str]) -> dict[str, str]:
    """Write those that differ, and return them."""
    after = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    if after:
        before = {name: getattr(user, name) for name in after}
        for name, value in after.items():
            setattr(user, name, value)
        user.save(update_fields=list(after))
        record(
            actor=actor,
            action="user.preferences_changed",
            target=f"user:{user.pk}",
            before=before,
            after=after,
        )
    return after
