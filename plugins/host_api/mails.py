"""Mail that plugins have the platform send to the people of their tenants."""

from uuid import UUID

import structlog
from celery import current_app
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from plexica.core.errors import InvalidInput, ServiceUnavailable
from plexica.core.languages import ENGLISH, known_language
from plexica.core.rate_limits import count_try
from plexica.identity.models import User, UserKind
from plugins.models import Installation

LIMIT = "plugin-mail"
SENDING_TASK = "plugins.send_mail"

logger = structlog.get_logger(__name__)


def ask_for_mail(*, installation: Installation, to: UUID, subject: str, text: str) -> None:
    """Have a worker send a mail to somebody of the current scope.

    Args:
        installation: Whose plugin asks.
        to: The person's id.
        subject: One line.
        text: The mail itself.

    Raises:
        InvalidInput: There is no such person, or they have no address.
        TooManyTries: The installation has asked for too many.
        ServiceUnavailable: Nobody can be told to send it.
    """
    if _address_of(to) is None:
        raise InvalidInput(fields={"to": ["Nobody of this tenant can get mail under this id."]})
    count_try(LIMIT, account=str(installation.pk))
    try:
        current_app.send_task(
            SENDING_TASK,
            kwargs={
                "user_id": str(to),
                "plugin": installation.release.manifest["plugin"]["name"],
                "subject": subject,
                "text": text,
            },
        )
    except (OperationalError, OSError) as error:
        logger.warning("plugin_mail_not_queued", error=type(error).__name__)
        raise ServiceUnavailable("No mail can be sent now. Try again soon.") from error


def send_plugin_mail(*, user_id: UUID, plugin: str, subject: str, text: str) -> None:
    """Send a mail to somebody of the current scope, if they are still there.

    Args:
        user_id: The person's id.
        plugin: What the plugin is called, which the mail tells.
        subject: One line.
        text: The mail itself.

    Raises:
        OSError: The mail server does not take it now.
    """
    person = _address_of(user_id)
    if person is None:
        return
    with translation.override(known_language(person.locale) or ENGLISH):
        signed = _("This mail was sent by the plugin “%(plugin)s”.") % {"plugin": plugin}
    EmailMessage(subject=subject, body=f"{text}\n\n-- \n{signed}\n", to=[person.email]).send()


def _address_of(user_id: UUID) -> User | None:
    return (
        User.objects.filter(pk=user_id, kind=UserKind.PERSON, is_active=True, removed_at=None)
        .exclude(email="")
        .first()
    )
