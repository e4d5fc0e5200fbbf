"""What people read before they change what runs."""

from django.utils.translation import gettext_lazy as _

from plexica.console.words import ActionWords

BACKEND_WORDS: dict[str, ActionWords] = {
    "restart": ActionWords(
        title=_("Start the backend of %(name)s %(version)s anew?"),
        text=_("For some seconds no tenant reaches this plugin. Its data stays as it is."),
        button=_("Restart"),
    ),
    "end-quarantine": ActionWords(
        title=_("End the quarantine of %(name)s %(version)s?"),
        text=_("It is started again, and has three new attempts. Look first at what its log says."),
        button=_("End the quarantine"),
    ),
    "unconfine": ActionWords(
        title=_("Let %(name)s %(version)s run without an OS user of its own?"),
        text=_(
            "Where the plugin agent does not run as root, this release can then read what the"
            " agent's user can, the platform's secrets among it. Allow it only if you trust its"
            " author with that."
        ),
        button=_("Allow it"),
        is_dangerous=True,
    ),
    "confine": ActionWords(
        title=_("Let %(name)s %(version)s run with an OS user of its own only?"),
        text=_("Where the plugin agent does not run as root, it is ended and not started again."),
        button=_("Allow it no more"),
    ),
}
