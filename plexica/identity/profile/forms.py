"""What the pages of one's own profile accept."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from plexica.core.forms import StrictForm, text_widget
from plexica.core.themes import ThemeMode
from plexica.core.time_zones import UTC, time_zone_choices
from plexica.identity.people import MAX_PERSON_NAME
from plexica.identity.profile.services import Profile

DIGEST_LENGTH = 32


class ProfileForm(StrictForm):
    """Who somebody is, and how they like to read."""

    first_name = forms.CharField(
        label=_("First name"),
        max_length=MAX_PERSON_NAME,
        required=False,
        widget=text_widget({"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=MAX_PERSON_NAME,
        required=False,
        widget=text_widget({"autocomplete": "family-name"}),
    )
    locale = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("Also of the login pages and of mails about your login."),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    theme_mode = forms.ChoiceField(
        label=_("Theme"),
        required=False,
        help_text=_("In every browser that you log in with."),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    # What they were shown, so that two tabs do not undo each other's change.
    known = forms.CharField(max_length=DIGEST_LENGTH, widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_workspace: bool, **options: Any) -> None:
        """Take whether an empty choice stands for what a workspace has, or for the browser's."""
        super().__init__(*args, **options)
        zones = time_zone_choices()
        like_place = [("", _("Like the workspace"))]
        offered = {
            "locale": [*(like_place if is_workspace else [("", _("Like the browser"))])],
            # The console has no time zone and no theme of its own that these could follow.
            "time_zone": [*like_place, *zones] if is_workspace else [("", UTC), *zones[1:]],
            "theme_mode": [*(like_place if is_workspace else []), *ThemeMode.choices],
        }
        offered["locale"] += settings.LANGUAGES
        for name, choices in offered.items():
            field: Any = self.fields[name]
            field.choices = choices

    @property
    def profile(self) -> Profile:
        """The profile that they want."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "known"}
        return Profile(**values)


class ThemeForm(StrictForm):
    """How bright pages are to be, and which page to go back to."""

    theme = forms.ChoiceField(choices=ThemeMode.choices)
    next = forms.CharField(required=False)
