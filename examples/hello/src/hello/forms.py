from typing import ClassVar

from django import forms

from hello.models import Note


class NoteForm(forms.ModelForm):
    """What somebody writes into a note."""

    class Meta:
        model = Note
        fields: ClassVar = ["text"]
        widgets: ClassVar = {
            "text": forms.Textarea(attrs={"class": "form-control", "rows": 2}),
        }
