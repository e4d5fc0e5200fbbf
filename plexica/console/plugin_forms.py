"""What the console's pages about plugins accept."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from plexica.console.forms import MAX_PAGE, MAX_SEARCH_LENGTH
from plexica.core.forms import StrictForm, text_widget
from plugins.models import MAX_NAME_LENGTH, MAX_REASON_LENGTH
from plugins.packages import MAX_KEY_BYTES, MAX_PACKAGE_BYTES
from plugins.selectors import ORDERINGS
from plugins.states import ReleaseState

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


class PluginFilterForm(StrictForm):
    """Which plugins the list shows, in which order."""

    q = forms.CharField(
        label=_("Search"),
        max_length=MAX_SEARCH_LENGTH,
        required=False,
        widget=text_widget({"type": "search", "placeholder": _("Name, slug or author")}),
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("All states")), *ReleaseState.choices],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    sort = forms.ChoiceField(
        choices=[(key, key) for key in ORDERINGS], required=False, widget=forms.HiddenInput()
    )
    page = forms.IntegerField(
        min_value=1, max_value=MAX_PAGE, required=False, widget=forms.HiddenInput()
    )


class PageForm(StrictForm):
    """Which page of a list is shown."""

    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)


class PluginRegisterForm(StrictForm):
    """A package to register."""

    package = forms.FileField(
        label=_("Package"),
        allow_empty_file=True,
        help_text=_("The signed .plexica file. Nothing of it runs now."),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".plexica"}),
    )

    def clean_package(self) -> "UploadedFile[Any]":
        """Refuse a file that no package is as large as, before it is read."""
        package: UploadedFile[Any] = self.cleaned_data["package"]
        if (package.size or 0) > MAX_PACKAGE_BYTES:
            raise ValidationError(
                _now("A package has %(max)d MiB at most."),
                params={"max": MAX_PACKAGE_BYTES // 2**20},
            )
        return package


class ReleaseReasonForm(StrictForm):
    """Why a release is deprecated or withdrawn."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON_LENGTH,
        required=False,
        help_text=_("For those who have this release."),
        widget=text_widget(),
    )


class TrustKeyForm(StrictForm):
    """A key to trust."""

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        help_text=_("Whose key it is."),
        widget=text_widget(),
    )
    public_key = forms.CharField(
        label=_("Public key"),
        max_length=MAX_KEY_BYTES,
        help_text=_("The line of the author's .pub file. Ask them for it in a way that you trust."),
        widget=text_widget({"spellcheck": "false", "placeholder": "ed25519 …"}),
    )
