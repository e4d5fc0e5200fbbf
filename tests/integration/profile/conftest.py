"""People of acme, with and without a login at the real realm."""

import re

from django.test import Client

from tests.integration.people.conftest import comes, invite, link_to, start, stop
from tests.integration.workspace.conftest import ada, bo, cy, dee

__all__ = ["ada", "bo", "comes", "cy", "dee", "invite", "link_to", "start", "stop"]

_KNOWN = re.compile(r'name="known" value="([0-9a-f]+)"')


def known_in(client: Client) -> str:
    """Return what a form of the profile says that somebody was shown."""
    found = _KNOWN.search(client.get("/profile/").content.decode())
    assert found
    return found[1]


def values(client: Client, **wanted: str) -> dict[str, str]:
    """Return what a form of the profile sends."""
    empty = dict.fromkeys(("first_name", "last_name", "locale", "time_zone", "theme_mode"), "")
    return {**empty, "known": known_in(client), **wanted}
