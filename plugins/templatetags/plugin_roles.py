"""What the roles are called that a manifest names by their keys."""

from collections.abc import Iterable

from django import template
from django.utils.translation import gettext as _

from plexica.rbac.registry import Audience
from plexica.rbac.system_roles import SYSTEM_ROLES

register = template.Library()

_NAMES = {role.key: role.name for role in SYSTEM_ROLES[Audience.TENANT]}


@register.filter
def role_names(keys: Iterable[str]) -> str:
    """Return the names of some of the roles that every tenant has, in one's language."""
    return ", ".join(_(_NAMES[key]) for key in keys)
