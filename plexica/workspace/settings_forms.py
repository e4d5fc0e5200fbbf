"""What the pages of the workspace's settings accept."""

from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from plexica.core.colours import OWN_COLOUR
from plexica.core.forms import StrictForm, text_widget
from plexica.core.images import PictureField
from plexica.core.themes import ThemeMode
from plexica.core.time_zones import time_zone_choices
from plexica.storage.theme_pictures import ICON_BOUNDS, LOGO_BOUNDS, PictureChange
from tenants.models import Tenant
from tenants.services import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH

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
        widget=_select(),
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

    def picture_change(self, name: str) -> PictureChange:
        """Return what becomes of the logo or the icon."""
        return PictureChange(
            picture=self.cleaned_data[name], is_removed=self.cleaned_data[f"remove_{name}"]
        )
