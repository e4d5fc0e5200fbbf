"""What the pages of people accept."""

import re
from email.utils import parseaddr
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from plexica.core.forms import StrictForm, text_widget
from plexica.identity.people import MAX_PERSON_NAME
from plexica.identity.people_states import WAITING, PersonState
from plexica.rbac.models import Role
from plexica.rbac.people import MAX_INVITED, Invitee
from plexica.workspace.role_forms import MAX_PAGE, MAX_SEARCH_LENGTH

MAX_ADDRESSES_LENGTH = 10_000
_SEPARATORS = re.compile(r"[\n,;]+")


class PeopleFilterForm(StrictForm):
    """Which people the list shows."""

    q = forms.CharField(
        label=_("Search"),
        max_length=MAX_SEARCH_LENGTH,
        required=False,
        widget=text_widget({"type": "search", "placeholder": _("Name or address")}),
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            ("", _("All but removed people")),
            *PersonState.choices,
            (WAITING, _("Waiting for the login service")),
        ],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)


class NamesForm(StrictForm):
    """What somebody is called."""

    first_name = forms.CharField(
        label=_("First name"), max_length=MAX_PERSON_NAME, required=False, widget=text_widget()
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=MAX_PERSON_NAME, required=False, widget=text_widget()
    )


class InviteForm(StrictForm):
    """Whom to invite, and which roles they get."""

    people = forms.CharField(
        label=_("E-mail addresses"),
        max_length=MAX_ADDRESSES_LENGTH,
        widget=forms.Textarea(
            attrs={
                "class": "form-control",
                "rows": 4,
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, offered: list[Role], **options: Any) -> None:
        """Take the roles that may be given."""
        super().__init__(*args, **options)
        self.fields["people"].help_text = _(
            "One a line, %(max)d at most. With a name if you know it: Dora Day <dora@example.com>"
        ) % {"max": MAX_INVITED}
        self.fields["roles"].choices = [(role.key, str(role)) for role in offered]  # type: ignore[attr-defined] # it is a field with choices

    def clean_people(self) -> list[Invitee]:
        """Return whom to invite.

        Raises:
            ValidationError: There is nobody, or there are too many.
        """
        lines = [
            line.strip() for line in _SEPARATORS.split(self.cleaned_data["people"]) if line.strip()
        ]
        if not 1 <= len(lines) <= MAX_INVITED:
            raise ValidationError(
                _("Invite 1 to %(max)d people at once."), params={"max": MAX_INVITED}
            )
        return [_invitee(line) for line in lines]


def _invitee(line: str) -> Invitee:
    name, address = parseaddr(line) if line.endswith(">") else ("", line)
    first_name, _space, last_name = name.partition(" ")
    return Invitee(address or line, first_name, last_name.strip())
