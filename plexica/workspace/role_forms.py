"""What the pages of roles and groups accept."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from plexica.core.forms import StrictForm, TypedWordField, demand_word, text_widget
from plexica.identity.selectors import MAX_REFERENCE_LENGTH
from plexica.rbac.keys import MAX_LENGTH as MAX_PERMISSION_LENGTH
from plexica.rbac.models import (
    MAX_DESCRIPTION_LENGTH,
    MAX_KEY_LENGTH,
    MAX_NAME_LENGTH,
    MAX_REALM_PATH_LENGTH,
)
from tenants.slugs import MAX_LENGTH as MAX_SLUG_LENGTH

MAX_SEARCH_LENGTH = 100
MAX_PAGE = 100_000


def _name() -> forms.CharField:
    return forms.CharField(label=_("Name"), max_length=MAX_NAME_LENGTH, widget=text_widget())


def _description() -> forms.CharField:
    return forms.CharField(
        label=_("Description"),
        max_length=MAX_DESCRIPTION_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
    )


class PatternsField(forms.MultipleChoiceField):
    """Keys and patterns of permissions; whether there are such is the service's business."""

    def valid_value(self, value: Any) -> bool:  # noqa: ARG002 (Django's signature)
        """Accept any text."""
        return True


class RoleForm(StrictForm):
    """A role, and how far its editing is: `step` says what the button was for."""

    SEARCH: ClassVar[str] = "search"
    EDIT: ClassVar[str] = "edit"
    PREVIEW: ClassVar[str] = "preview"
    SAVE: ClassVar[str] = "save"

    name = _name()
    description = _description()
    grants = PatternsField(required=False)
    q = forms.CharField(
        label=_("Find permissions"),
        max_length=MAX_SEARCH_LENGTH,
        required=False,
        widget=text_widget(
            {"type": "search", "placeholder": _("Find permissions"), "data-filter": "matrix"}
        ),
    )
    step = forms.ChoiceField(choices=[(each, each) for each in (SEARCH, EDIT, PREVIEW, SAVE)])
    seen_at = forms.DateTimeField(required=False, widget=forms.HiddenInput())

    def is_looking(self) -> bool:
        """Return whether nothing is to be done yet: the form is looked through, or gone back to."""
        return self.data.get("step") in {self.SEARCH, self.EDIT}

    def ticked(self) -> frozenset[str]:
        """Return what was ticked, whatever else is wrong with the form."""
        return frozenset(self["grants"].value() or ())

    def begun_again(self) -> "RoleForm":
        """Return a form with the same values and without a complaint."""
        names = ("name", "description", "q", "seen_at")
        return RoleForm(initial={name: self[name].value() for name in names})


class GroupForm(StrictForm):
    """A group's words."""

    name = _name()
    description = _description()


class RealmGroupForm(StrictForm):
    """Which group of the login realm a group follows."""

    realm_path = forms.CharField(
        label=_("Group in Keycloak"),
        max_length=MAX_REALM_PATH_LENGTH,
        required=False,
        help_text=_(
            "Its name, with those of the groups above it, such as /sales/north. Empty: none."
        ),
        widget=text_widget({"autocapitalize": "none", "placeholder": "/sales/north"}),
    )


class HolderForm(StrictForm):
    """Who gets a role or loses it, and the page that asked."""

    role = forms.CharField(max_length=MAX_KEY_LENGTH)
    user = forms.UUIDField(required=False)
    group = forms.UUIDField(required=False)
    back = forms.ChoiceField(choices=[("role", "role"), ("group", "group")])

    def clean(self) -> dict[str, Any]:
        """Take a person or a group.

        Raises:
            ValidationError: Both are given, or neither.
        """
        values = super().clean()
        if bool(values.get("user")) == bool(values.get("group")):
            raise ValidationError(_("Choose a person or a group."))
        return values


class MemberForm(StrictForm):
    """Who comes into a group or leaves it."""

    user = forms.UUIDField()


class EmptyForm(StrictForm):
    """A question whose answer is yes."""


class PeopleForm(StrictForm):
    """Who is looked for to be added, and which page of those who are there."""

    who = forms.CharField(
        label=_("Name or address"),
        max_length=MAX_SEARCH_LENGTH,
        required=False,
        widget=text_widget({"type": "search", "placeholder": _("Name or address")}),
    )
    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)


class WhyForm(StrictForm):
    """About whom and what somebody asks."""

    user = forms.CharField(
        label=_("Who"),
        max_length=MAX_REFERENCE_LENGTH,
        required=False,
        help_text=_("A name or an e-mail address."),
        widget=text_widget(),
    )
    permission = forms.CharField(
        label=_("Permission"),
        max_length=MAX_PERMISSION_LENGTH,
        required=False,
        help_text=_("Its key. Leave it empty to see all that they may do."),
        widget=text_widget({"list": "permissions", "autocapitalize": "none"}),
    )


class OwnershipForm(StrictForm):
    """What is asked before somebody else becomes the owner."""

    successor = forms.UUIDField(widget=forms.HiddenInput())
    confirm = TypedWordField(
        label=_("Type the name that the workspace's address begins with"),
        max_length=MAX_SLUG_LENGTH,
        widget=text_widget(),
    )

    def __init__(self, *args: Any, slug: str, **options: Any) -> None:
        super().__init__(*args, **options)
        demand_word(self, "confirm", slug)
