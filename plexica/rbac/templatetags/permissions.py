"""The guards' equivalent in templates; every template has it without loading."""

from django import template

from plexica.identity.models import User

register = template.Library()


@register.filter
def may(user: object, permission: str) -> bool:
    """Return whether the person of a page holds a permission in the current scope.

    `{% if user|may:"core:roles:manage" %}` shows what a view with the guard
    `require("core:roles:manage")` would let them do. Who is not logged in may nothing.

    Args:
        user: The page's `user`.
        permission: The permission's key; a test compares those in templates with the registry.
    """
    return isinstance(user, User) and user.has_perm(permission)
