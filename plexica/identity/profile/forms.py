"""What the pages of one's own profile accept."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from plexica.core.forms import LongSelect, StrictForm, text_widget
from plexica.core.images import PictureField
from plexica.core.themes import ThemeMode
from plexica.core.time_zones import UTC, time_zone_choices
from plexica.identity.models import MAX_REALM_SESSION
from plexica.identity.people import MAX_PERSON_NAME
from plexica.identity.profile.avatars import AVATAR_BOUNDS
from plexica.identity.profile.services import Profile

DIGEST_LENGTH = 32
MAX_ACTION = 100


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
        widget=LongSelect(attrs={"class": "form-select"}),
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
        like_place: list[Any] = [("", _("Like the workspace"))] if is_workspace else []
        offered: dict[str, list[Any]] = {
            "locale": [*(like_place or [("", _("Like the browser"))]), *settings.LANGUAGES],
            # The console has no time zone and no theme of its own that these could follow.
            "time_zone": [*like_place, *zones] if is_workspace else [("", UTC), *zones[1:]],
            "theme_mode": [*like_place, *ThemeMode.choices],
        }
        for name, choices in offered.items():
            field: Any = self.fields[name]
            field.choices = choices

    @property
    def profile(self) -> Profile:
        """The profile that they want."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "known"}
        return Profile(**values)


class AvatarForm(StrictForm):
    """A picture of somebody."""

    picture = PictureField(
        bounds=AVATAR_BOUNDS,
        label=_("Picture"),
        help_text=_(
            "PNG, JPEG or WebP, up to 1 MB. It is cut to a square; its notes of place and time are"
            " left out."
        ),
    )


class ThemeForm(StrictForm):
    """How bright pages are to be, and which page to go back to."""

    theme = forms.ChoiceField(choices=ThemeMode.choices)
    next = forms.CharField(required=False)


class SessionForm(StrictForm):
    """Which session is to end."""

    session = forms.CharField(max_length=MAX_REALM_SESSION)


class ActionForm(StrictForm):
    """What the realm is to have somebody do."""

    action = forms.CharField(max_length=MAX_ACTION)
