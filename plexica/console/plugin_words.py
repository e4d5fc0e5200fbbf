"""What people read before they change a release."""

from django.utils.translation import gettext_lazy as _

from plexica.console.words import ActionWords

RELEASE_WORDS: dict[str, ActionWords] = {
    "publish_release": ActionWords(
        title=_("Publish %(name)s %(version)s?"),
        text=_("It is offered to tenants. Look first at what it asks for, and at who signed it."),
        button=_("Publish"),
    ),
    "deprecate_release": ActionWords(
        title=_("Deprecate %(name)s %(version)s?"),
        text=_("It is offered no more; who has it goes on with it. It can be published again."),
        button=_("Deprecate"),
    ),
    "withdraw_release": ActionWords(
        title=_("Withdraw %(name)s %(version)s?"),
        text=_(
            "It is taken back for good and never offered again. Tenants that have it are served by"
            " it no more, from the next request on; their data stays. Its version stays taken, so"
            " that other contents cannot come under the same name."
        ),
        button=_("Withdraw"),
        is_dangerous=True,
    ),
}
