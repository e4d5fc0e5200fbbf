"""The names and descriptions that people give to roles and groups."""

from django.utils.translation import gettext as _

from plexica.rbac.models import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH


def problems_of_words(*, name: str, description: str) -> dict[str, list[str]]:
    """Return what is wrong with a name and a description, by the field; empty when nothing is."""
    problems: dict[str, list[str]] = {}
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        problems["name"] = [
            _("Give a name of 1 to %(max)d printable characters.") % {"max": MAX_NAME_LENGTH}
        ]
    if len(description) > MAX_DESCRIPTION_LENGTH or "\0" in description:
        problems["description"] = [
            _("Use %(max)d characters at most.") % {"max": MAX_DESCRIPTION_LENGTH}
        ]
    return problems
