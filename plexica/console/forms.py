"""What the console's pages accept."""

from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from plexica.core.forms import StrictForm, TypedWordField, demand_word, text_widget
from plexica.rbac.models import MAX_KEY_LENGTH as MAX_ROLE_KEY_LENGTH
from plexica.rbac.visits import (
    CHALLENGE_LENGTH,
    DEFAULT_MINUTES,
    MAX_REASON_LENGTH,
    MIN_REASON_LENGTH,
    MINUTES_OFFERED,
)
from tenants.deletion_requests import MAX_WORDS_LENGTH
from tenants.life import MAX_GRACE_DAYS
from tenants.models import Tenant
from tenants.overview import Period
from tenants.session_limits import (
    MAX_IDLE_MINUTES,
    MAX_MAX_MINUTES,
    MIN_IDLE_MINUTES,
    MIN_MAX_MINUTES,
)
from tenants.slugs import MAX_LENGTH as MAX_SLUG_LENGTH
from tenants.slugs import validate_slug
from tenants.states import TenantState
from tenants.validation import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH

MAX_SEARCH_LENGTH = 100
MINUTES_AN_HOUR = 60
MAX_PAGE = 100_000


def _email() -> forms.EmailInput:
    return forms.EmailInput(attrs={"class": "form-control", "autocomplete": "off"})


def _minutes() -> forms.NumberInput:
    return forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"})


def minutes_in_words() -> list[tuple[int, str]]:
    """Return for how long a visit may be, in the language of who asks."""
    return [(minutes, _in_words(minutes)) for minutes in MINUTES_OFFERED]


def _in_words(minutes: int) -> str:
    if minutes < MINUTES_AN_HOUR:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = minutes // MINUTES_AN_HOUR
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


class TenantCreateForm(StrictForm):
    """A new tenant."""

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        help_text=_("What people call it, such as the company's name."),
        widget=text_widget({"data-slug-target": "id_slug"}),
    )
    slug = forms.CharField(
        label=_("Address"),
        max_length=MAX_SLUG_LENGTH,
        validators=[validate_slug],
        widget=text_widget(
            {
                "autocapitalize": "none",
                "spellcheck": "false",
                "hx-get": reverse_lazy("console:slug_check"),
                "hx-trigger": "input changed delay:250ms",
                "hx-target": "#slug-check",
                "hx-sync": "this:replace",
            }
        ),
    )
    owner_email = forms.EmailField(
        label=_("Owner's e-mail address"),
        max_length=MAX_EMAIL_LENGTH,
        help_text=_("The owner gets an invitation here to set a password and log in."),
        widget=_email(),
    )
    contact_email = forms.EmailField(
        label=_("Contact's e-mail address"),
        max_length=MAX_EMAIL_LENGTH,
        required=False,
        help_text=_("Whom to write to about this tenant, if it is not the owner."),
        widget=_email(),
    )


class TenantEditForm(StrictForm):
    """What may be changed of a tenant, and the version that the change was made on."""

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        widget=text_widget(),
    )
    contact_email = forms.EmailField(
        label=_("Contact's e-mail address"),
        max_length=MAX_EMAIL_LENGTH,
        required=False,
        help_text=_("Whom to write to about this tenant, if it is not the owner."),
        widget=_email(),
    )
    session_idle_minutes = forms.IntegerField(
        label=_("Minutes until an idle session ends"),
        min_value=MIN_IDLE_MINUTES,
        max_value=MAX_IDLE_MINUTES,
        help_text=_("How long somebody may do nothing in a browser and still be logged in."),
        widget=_minutes(),
    )
    session_max_minutes = forms.IntegerField(
        label=_("Minutes until every session ends"),
        min_value=MIN_MAX_MINUTES,
        max_value=MAX_MAX_MINUTES,
        help_text=_("After this everybody has to log in again, whatever they do."),
        widget=_minutes(),
    )
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput())


class TenantVersionForm(StrictForm):
    """The version of a tenant that somebody has seen when they say yes."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput())


class TenantDeleteForm(TenantVersionForm):
    """What is asked before a tenant is deleted."""

    confirm = TypedWordField(
        label=_("Type the tenant's slug"), max_length=MAX_SLUG_LENGTH, widget=text_widget()
    )
    grace_days = forms.IntegerField(
        label=_("Days until it is removed"),
        min_value=0,
        max_value=MAX_GRACE_DAYS,
        help_text=_("Until then it can be restored. With 0 it is removed at once."),
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        options["initial"] = {
            "version": tenant.version,
            "grace_days": settings.PLEXICA_DELETION_GRACE_DAYS,
        }
        super().__init__(*args, **options)
        demand_word(self, "confirm", tenant.slug)
        if tenant.state == TenantState.FAILED:
            # There is nothing worth a time of grace.
            self.fields["grace_days"].widget = forms.HiddenInput()


class DashboardForm(StrictForm):
    """Over which time the first page counts."""

    period = forms.ChoiceField(choices=[(each, each) for each in Period], required=False)


class DeclineForm(StrictForm):
    """What the owner reads who asked for the deletion of their tenant."""

    answer = forms.CharField(
        label=_("Why not?"),
        max_length=MAX_WORDS_LENGTH,
        help_text=_("The owner reads this in their workspace."),
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )


class StaffFilterForm(StrictForm):
    """Whom of the staff the list shows."""

    who = forms.CharField(
        label=_("Name or address"),
        max_length=MAX_SEARCH_LENGTH,
        required=False,
        widget=text_widget({"type": "search", "placeholder": _("Name or address")}),
    )
    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)


class StaffRoleForm(StrictForm):
    """Which role somebody gets or loses."""

    role = forms.CharField(max_length=MAX_ROLE_KEY_LENGTH)


class PeopleFilterForm(StaffFilterForm):
    """Whom of a tenant's people the list shows."""


class RunFilterForm(StrictForm):
    """Which page of a tenant's runs is shown."""

    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)


class ReconcileForm(StrictForm):
    """Whether a comparison also mends."""

    repair = forms.BooleanField(required=False)


class OwnerInviteForm(StrictForm):
    """Which owner is invited again."""

    user = forms.UUIDField()


class AppointForm(StrictForm):
    """Who is to own a tenant."""

    email = forms.EmailField(
        label=_("New owner's e-mail address"),
        max_length=MAX_EMAIL_LENGTH,
        help_text=_(
            "Somebody of the tenant becomes its owner at once; anybody else is invited as its"
            " owner."
        ),
        widget=_email(),
    )
    replaces = forms.BooleanField(
        label=_("The present owners become admins"),
        required=False,
        help_text=_("Without this the tenant has several owners."),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


class HealthForm(StrictForm):
    """Whether the servers are asked before the page is shown."""

    now = forms.BooleanField(required=False)


class SupportForm(StrictForm):
    """Why somebody of the staff opens a workspace, for how long, and whether to change things."""

    reason = forms.CharField(
        label=_("Reason"),
        min_length=MIN_REASON_LENGTH,
        max_length=MAX_REASON_LENGTH,
        help_text=_(
            "It stands in the platform's audit and in the tenant's, where its people see it."
        ),
        widget=text_widget(),
    )
    minutes = forms.TypedChoiceField(
        label=_("For how long"),
        choices=minutes_in_words,
        coerce=int,
        initial=DEFAULT_MINUTES,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    is_writing = forms.BooleanField(
        label=_("Things are to be changed, too"),
        required=False,
        help_text=_("Without this the visit only sees. Who may do what is never changed in it."),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    # Without it the service says in words what to do; a hidden field has no place for its error.
    challenge = forms.CharField(
        max_length=CHALLENGE_LENGTH, required=False, widget=forms.HiddenInput()
    )

    def __init__(self, *args: Any, may_write: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not may_write:
            self.fields["is_writing"].widget = forms.HiddenInput()
