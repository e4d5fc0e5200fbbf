"""What waits for the login service, in words for those who look after people."""

from django.utils.translation import gettext as _

from plexica.identity.models import RealmChange


def words_of(change: RealmChange) -> list[str]:
    """Return what waits, and what that means until it is done."""
    words = []
    if change.is_removal:
        words.append(
            _("Their login has yet to be removed. It already opens nothing in this workspace.")
        )
    elif change.is_enabled is False:
        words.append(
            _("Their login has yet to be disabled. It already opens nothing in this workspace.")
        )
    elif change.is_enabled and change.is_creation:
        words.append(_("Their login has yet to be made, so they cannot come in yet."))
    elif change.is_enabled:
        words.append(_("Their login has yet to be enabled, so they cannot come in yet."))
    if change.first_name is not None or change.last_name is not None:
        name = f"{change.first_name or ''} {change.last_name or ''}".strip()
        words.append(
            _("They are to be called %(name)s.") % {"name": name}
            if name
            else _("Their name is to be taken away.")
        )
    if change.locale is not None:
        words.append(_("The login pages do not know their language yet."))
    if change.ended_sessions or (change.ends_sessions and change.is_enabled is not False):
        words.append(_("At the login service their sessions have yet to be ended."))
    if change.sends_mail:
        words.append(_("The invitation has not been sent yet."))
    return words
