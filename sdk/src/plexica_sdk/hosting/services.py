"""What a plugin asks of the host, in the present request and in its installation's name."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction

from plexica_sdk.hosting.context import current
from plexica_sdk.hosting.files import HostStorage
from plexica_sdk.hosting.host import Person, this_host
from plexica_sdk.hosting.kept import Kept

# How soon a change of the settings is seen.
SETTINGS_SECONDS = 10

storage = HostStorage()
_settings: Kept[Mapping[str, Any]] = Kept()


def settings() -> Mapping[str, Any]:
    """Return the installation's settings with their secrets and defaults, as of 10 seconds ago.

    Raises:
        NoContext: There is no request of the host.
        HostError: The host did not answer.
    """
    context = current()
    found = _settings.get(context.installation)
    if found is None:
        found = MappingProxyType(dict(this_host().installation(context.token).settings))
        _settings.put(context.installation, found, seconds=SETTINGS_SECONDS)
    return found


def forget_settings() -> None:
    """Ask for all settings anew, without waiting for their time."""
    _settings.clear()


def publish(event: str, payload: Mapping[str, Any]) -> None:
    """Publish one of the events that the manifest names, when the transaction is committed.

    In a transaction a host that does not take it is written to the log: what was committed
    stays. Outside of one, it is raised.

    Args:
        event: Such as `hello.note_added`.
        payload: What it carries, as JSON has it; 64 kB at most.

    Raises:
        NoContext: There is no request of the host.
        HostError: There is no transaction, and the host did not take it.
    """
    token = current().token

    def send() -> None:
        this_host().publish(token, event, payload)

    if django_settings.DATABASES and transaction.get_connection().in_atomic_block:
        transaction.on_commit(send, robust=True)
    else:
        send()


def users() -> Iterator[Person]:
    """Yield the tenant's people; the manifest has to ask for `users:read`.

    Raises:
        NoContext: There is no request of the host.
        HostError: The host did not answer, or the tenant has not agreed.
    """
    return this_host().users(current().token)


def send_mail(to: str, subject: str, text: str) -> None:
    """Send mail to one of the tenant's people; the manifest has to ask for `mail`.

    Args:
        to: Their id, as users() and the context's user have it.
        subject: The subject, a line.
        text: The mail itself, plain text.

    Raises:
        NoContext: There is no request of the host.
        HostError: The host did not take it.
    """
    this_host().send_mail(current().token, to=to, subject=subject, text=text)
