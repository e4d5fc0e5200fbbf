"""`{% load plexica %}`: addresses of the plugin's static files."""

from urllib.parse import quote

from django import template

from plexica_sdk.hosting.environment import this_backend

register = template.Library()


@register.simple_tag
def plugin_static(name: str) -> str:
    """Return the address of one of the package's static files, which never changes.

    Args:
        name: Its name below the directory that the manifest names, such as `icon.svg`.
    """
    return f"/x-static/{this_backend().digest}/{quote(name)}"
