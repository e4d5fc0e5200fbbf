"""What the pages of the workspace's settings accept."""

from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from plexica.core.colours import OWN_COLOUR
from plexica.core.forms import LongSelect, StrictForm, TypedWordField, demand_word, text_widget
from plexica.core.images import PictureField
from plexica.core.themes import ThemeMode
from plexica.core.time_zones import time_zone_choices
from plexica.storage.theme_pictures import ICON_BOUNDS, LOGO_BOUNDS, PictureChange
from tenants import login_rules, session_limits
from tenants.deletion_requests import MAX_WORDS_LENGTH
from tenants.models import Tenant
from tenants.slugs import MAX_LENGTH as MAX_SLUG_LENGTH
from tenants.validation import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH

_COLOUR_LENGTH = 7


def as_colour(typed: str) -> str:
    """Return a colour as it is kept, from what somebody has typed; empty for none."""
    colour = typed.strip().lower()
    return f"#{colour}" if colour and not colour.startswith("#") else colour


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "form-select"})


class SettingsForm(StrictForm):
    """A page of the settings, and the version of the tenant that the change was made on."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput())

    # The tenant's values that the page shows, by the names of their columns.
    columns: tuple[str, ...] = ()

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        options["initial"] = {
            name: getattr(tenant, name) for name in ("version", *self.columns)
        } | options.get("initial", {})
        super().__init__(*args, **options)

    def changes(self) -> dict[str, Any]:
        """Return what the settings shall be, as the service that changes them takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class GeneralForm(SettingsForm):
    """What the workspace is called, and how it speaks."""

    columns = ("name", "contact_email", "locale", "time_zone")

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        help_text=_("It stands on every page, on the login page and in mails."),
        widget=text_widget(),
    )
    contact_email = forms.EmailField(
        label=_("Contact's e-mail address"),
        max_length=MAX_EMAIL_LENGTH,
        required=False,
        help_text=_("Whom the operator of this service writes to, if it is not the owner."),
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    locale = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("The language of the browser")), *settings.LANGUAGES],
        required=False,
        help_text=_("For everybody who has chosen none in their profile."),
        widget=_select(),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zone_choices,
        help_text=_("For everybody who has chosen none in their profile."),
        widget=LongSelect(attrs={"class": "form-select"}),
    )


class ThemeForm(SettingsForm):
    """How the workspace looks."""

    columns = ("theme_colour", "theme_mode")

    logo = PictureField(
        label=_("Logo"),
        bounds=LOGO_BOUNDS,
        required=False,
        help_text=_(
            "PNG, JPEG or WebP, up to 1 MB. It stands beside the name, and on the login page."
        ),
    )
    remove_logo = forms.BooleanField(
        label=_("Remove the logo"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    icon = PictureField(
        label=_("Icon"),
        bounds=ICON_BOUNDS,
        required=False,
        help_text=_(
            "PNG, JPEG or WebP, up to 1 MB; the square in its middle is shown in the browser's tab."
        ),
    )
    remove_icon = forms.BooleanField(
        label=_("Remove the icon"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    theme_colour = forms.CharField(
        label=_("Colour"),
        max_length=_COLOUR_LENGTH,
        required=False,
        help_text=_(
            "Of buttons and links, as # and six digits. Empty: Plexica's own. What is lighter or"
            " darker for pages in the dark follows from it."
        ),
        widget=text_widget(
            {
                "spellcheck": "false",
                "placeholder": OWN_COLOUR,
                "hx-get": reverse_lazy("workspace:theme_preview"),
                "hx-trigger": "input changed delay:250ms",
                "hx-target": "#theme-preview",
                "hx-sync": "this:replace",
            }
        ),
    )
    theme_mode = forms.ChoiceField(
        label=_("Brightness"),
        choices=ThemeMode.choices,
        help_text=_("For everybody who has chosen none themselves."),
        widget=_select(),
    )

    def clean_theme_colour(self) -> str:
        """Return the colour as it is kept."""
        return as_colour(self.cleaned_data["theme_colour"])

    def changes(self) -> dict[str, Any]:
        """Return how it shall look."""
        pictures = {name: self._picture_change(name) for name in ("logo", "icon")}
        return {name: self.cleaned_data[name] for name in self.columns} | pictures

    def _picture_change(self, name: str) -> PictureChange:
        return PictureChange(
            picture=self.cleaned_data[name], is_removed=self.cleaned_data[f"remove_{name}"]
        )


def _switch(label: Any, help_text: Any = "") -> forms.BooleanField:
    return forms.BooleanField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


def _number(label: Any, lowest: int, highest: int, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=lowest,
        max_value=highest,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )


class SecurityForm(SettingsForm):
    """How people log in to the workspace."""

    columns = (*login_rules.COLUMNS, *session_limits.COLUMNS)

    password_min_length = _number(
        _("Characters of a password"),
        login_rules.MIN_PASSWORD_LENGTH,
        login_rules.MAX_PASSWORD_LENGTH,
        _("At least so many. A long password is better than one with many rules."),
    )
    password_mixed_case = _switch(_("With small and capital letters"))
    password_digit = _switch(_("With a digit"))
    password_symbol = _switch(_("With another character than letters and digits"))
    password_history = _number(
        _("Last passwords that nobody takes again"),
        0,
        login_rules.MAX_PASSWORD_HISTORY,
        _("With 0, any may be taken again."),
    )
    second_factor_required = _switch(
        _("Everybody needs a second factor"),
        _("A code from an app on the telephone. Who has none sets it up at their next login."),
    )
    session_idle_minutes = _number(
        _("Minutes until an idle session ends"),
        session_limits.MIN_IDLE_MINUTES,
        session_limits.MAX_IDLE_MINUTES,
        _("How long somebody may do nothing in a browser and still be logged in."),
    )
    session_max_minutes = _number(
        _("Minutes until every session ends"),
        session_limits.MIN_MAX_MINUTES,
        session_limits.MAX_MAX_MINUTES,
        _("After this everybody has to log in again, whatever they do."),
    )


class DeletionForm(StrictForm):
    """What is asked of an owner who asks for the workspace's deletion."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=MAX_WORDS_LENGTH,
        required=False,
        help_text=_("For the operator of this service; you may leave it empty."),
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )
    confirm = TypedWordField(
        label=_("Type the name that the workspace's address begins with"),
        max_length=MAX_SLUG_LENGTH,
        widget=text_widget(),
    )

    def __init__(self, *args: Any, slug: str, **options: Any) -> None:
        super().__init__(*args, **options)
        demand_word(self, "confirm", slug)
