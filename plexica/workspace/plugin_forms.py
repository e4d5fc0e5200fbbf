"""What the pages of the workspace's plugins accept."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from plexica.core.forms import StrictForm, TypedWordField, demand_word, text_widget
from plexica.workspace.role_forms import MAX_PAGE, MAX_SEARCH_LENGTH
from plugins.limits import MAX_VERSION_LENGTH
from plugins.models import MAX_SLUG_LENGTH

KEEP, PURGE = "keep", "purge"


class PluginFilterForm(StrictForm):
    """Which plugins the list shows."""

    q = forms.CharField(
        label=_("Search"),
        max_length=MAX_SEARCH_LENGTH,
        required=False,
        widget=text_widget({"type": "search", "placeholder": _("Name, author or description")}),
    )
    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)


class ConsentForm(StrictForm):
    """Which release somebody has looked at, and that they agree to what it asks for."""

    version = forms.CharField(max_length=MAX_VERSION_LENGTH, widget=forms.HiddenInput())
    agree = forms.BooleanField(
        label=_("I agree to what it asks for, for the whole workspace."),
        error_messages={"required": _("Agree to what it asks for, or leave it.")},
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, is_asking: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not is_asking:
            del self.fields["agree"]

    def ask_again(self, version: str) -> None:
        """Show another release in place of the one that was agreed to, and agree to nothing.

        Args:
            version: The other release's.
        """
        self.data = {"version": version}


class PurgeForm(StrictForm):
    """What is asked before the data of a plugin is removed."""

    confirm = TypedWordField(
        label=_("Type the plugin's short name"), max_length=MAX_SLUG_LENGTH, widget=text_widget()
    )

    def __init__(self, *args: Any, slug: str, **options: Any) -> None:
        super().__init__(*args, **options)
        demand_word(self, "confirm", slug)

    @property
    def is_purge(self) -> bool:
        """Whether the data is to go at once."""
        return True


class UninstallForm(PurgeForm):
    """What is asked before a plugin is uninstalled."""

    its_data = forms.ChoiceField(
        label=_("Its data"),
        initial=KEEP,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    field_order = ("its_data", "confirm")

    def __init__(self, *args: Any, days: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["its_data"].choices = [  # type: ignore[attr-defined] # the field is one of ours
            (
                KEEP,
                ngettext("Keep it for %(days)d day", "Keep it for %(days)d days", days)
                % {"days": days},
            ),
            (PURGE, _("Remove it at once")),
        ]

    @property
    def is_purge(self) -> bool:
        """Whether the data is to go at once."""
        return bool(self.cleaned_data["its_data"] == PURGE)
