"""What the pages of files accept."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plexica.core.forms import StrictForm, text_widget
from plexica.storage.files import MAX_TOKEN_LENGTH
from plexica.storage.names import MAX_KEY_BYTES, MAX_NAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.files.uploadedfile import UploadedFile

MAX_FILES = 20


class FolderField(forms.CharField):
    """The path of a folder, as it stands in an address; empty for the top."""

    def __init__(self) -> None:
        super().__init__(
            max_length=MAX_KEY_BYTES, required=False, strip=False, widget=forms.HiddenInput()
        )


class FileListForm(StrictForm):
    """Which page of which folder is shown."""

    folder = FolderField()
    after = forms.CharField(max_length=MAX_TOKEN_LENGTH, required=False, strip=False)


class FileForm(StrictForm):
    """Which file something is done with."""

    key = forms.CharField(max_length=MAX_KEY_BYTES, strip=False, widget=forms.HiddenInput())


class FolderForm(StrictForm):
    """Which folder something is done with."""

    folder = forms.CharField(max_length=MAX_KEY_BYTES, strip=False, widget=forms.HiddenInput())


class FolderMakeForm(StrictForm):
    """A new folder."""

    folder = FolderField()
    name = forms.CharField(
        label=_("Name of the new folder"),
        max_length=MAX_NAME_BYTES,
        widget=text_widget(),
    )


class FilesWidget(forms.ClearableFileInput):
    """Lets several files be chosen."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each of which the service judges by itself."""

    widget = FilesWidget

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":  # noqa: ARG002 (Django's signature)
        """Return the files that were sent.

        Raises:
            ValidationError: There are none, or too many.
        """
        files: Sequence[UploadedFile[Any]] = data if isinstance(data, list | tuple) else [data]
        chosen = [file for file in files if file]
        if not chosen:
            raise forms.ValidationError(_("Choose one file or several."))
        if len(chosen) > MAX_FILES:
            raise forms.ValidationError(
                _("Choose %(max)d files at most."), params={"max": MAX_FILES}
            )
        return chosen


class UploadForm(StrictForm):
    """Files that are to be put into a folder."""

    folder = FolderField()
    upload = FilesField(
        label=_("Files"),
        widget=FilesWidget(attrs={"class": "form-control", "multiple": True}),
    )
    replaces = forms.BooleanField(
        label=_("Write over files of the same name"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
