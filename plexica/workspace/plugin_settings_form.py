"""The form that is made from the settings of a manifest."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from plexica.core.errors import PlexicaError
from plexica.core.forms import StrictForm, text_widget
from plugins.settings_values import MAX_LENGTH

Definition = Mapping[str, Any]

# Whole numbers that every program reads alike (RFC 8259, section 6).
MAX_INTEGER = 2**53
# Texts that may be longer than this get several lines.
LINE_LENGTH = 200

_GIVEN = _(
    "It is set, and nobody can read it back. Leave the field empty to keep it, or type another one"
    " to replace it."
)
_NOT_GIVEN = _("It is not set. Once it is, nobody can read it back.")
_VALUE, _REMOVAL = "set_", "remove_"
_INPUTS = {"email": forms.EmailInput, "uri": forms.URLInput}


class PluginSettingsForm(StrictForm):
    """How a plugin is set. What is judged here is judged again by the service, for the API.

    Args:
        definitions: The settings, each as the manifest has it, by their names.
        required: The names of those that have to be given.
        values: The present values without the secret ones; what is not in it has its default.
        secrets: The names of the secret ones that have a value.
    """

    def __init__(
        self,
        *args: Any,
        definitions: Mapping[str, Definition],
        required: Iterable[str],
        values: Mapping[str, Any],
        secrets: Iterable[str],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._definitions = definitions
        self._given = frozenset(secrets)
        for name, definition in definitions.items():
            is_needed = name in set(required) and "default" not in definition
            field = _field_of(definition, is_required=is_needed and name not in self._given)
            field.label, field.help_text = definition["title"], self._help_of(name, definition)
            field.initial = _shown(definition, values.get(name, definition.get("default")))
            self.fields[_VALUE + name] = field
            if name in self._given and not is_needed:
                self.fields[_REMOVAL + name] = forms.BooleanField(
                    label=_("Remove it"),
                    required=False,
                    widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
                )

    def _help_of(self, name: str, definition: Definition) -> str:
        """Return what stands below a field: what it does, and of a secret whether it is set."""
        words = [definition.get("description", "")]
        if definition.get("secret"):
            words.append(str(_GIVEN if name in self._given else _NOT_GIVEN))
        return " ".join(filter(None, words))

    def clean(self) -> dict[str, Any]:
        """Refuse a secret that is replaced and removed at once."""
        cleaned = super().clean()
        for name in self._definitions:
            if cleaned.get(_REMOVAL + name) and cleaned.get(_VALUE + name):
                self.add_error(
                    _VALUE + name, ValidationError(_("Either give another one, or remove it."))
                )
        return cleaned

    def rows(self) -> list[dict[str, Any]]:
        """Return the fields as the page shows them, each with what removes its value."""
        return [
            {
                "field": self[_VALUE + name],
                "is_check": isinstance(self.fields[_VALUE + name], forms.BooleanField),
                "removal": self[_REMOVAL + name] if _REMOVAL + name in self.fields else None,
            }
            for name in self._definitions
        ]

    def values(self) -> dict[str, Any]:
        """Return what somebody has changed, by the settings' names; None takes a value away."""
        found: dict[str, Any] = {}
        for name, definition in self._definitions.items():
            field = _VALUE + name
            value = self.cleaned_data[field]
            if self.cleaned_data.get(_REMOVAL + name):
                found[name] = None
            elif definition.get("secret"):
                if value:
                    found[name] = value
            elif field in self.changed_data or self._is_first_answer(name, definition):
                found[name] = None if value in ("", None) else value
        return found

    def add_refusal(self, error: PlexicaError) -> None:
        """Show at its fields, or above them, why a service refused."""
        for name, messages in error.fields.items():
            field = _VALUE + name
            self.add_error(field if field in self.fields else None, messages)
        if not error.fields:
            self.add_error(None, error.detail)

    def _is_first_answer(self, name: str, definition: Definition) -> bool:
        """Return whether "no" has been said where nothing was, which changes nothing to see."""
        return (
            definition["type"] == "boolean"
            and "enum" not in definition
            and "default" not in definition
            and self.fields[_VALUE + name].initial is None
        )


def _field_of(definition: Definition, *, is_required: bool) -> forms.Field:
    kind = definition["type"]
    if "enum" in definition:
        return _choice(definition, is_required=is_required)
    if kind == "boolean":
        return forms.BooleanField(
            required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
        )
    if kind == "string":
        return _text(definition, is_required=is_required)
    number = forms.IntegerField if kind == "integer" else forms.FloatField
    return number(
        required=is_required,
        min_value=definition.get("minimum", -MAX_INTEGER),
        max_value=definition.get("maximum", MAX_INTEGER),
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )


def _choice(definition: Definition, *, is_required: bool) -> forms.Field:
    values = [(json.dumps(value), _words_of(value)) for value in definition["enum"]]
    empty = [] if "default" in definition else [("", "–")]
    return forms.TypedChoiceField(
        choices=[*empty, *values],
        coerce=json.loads,
        empty_value=None,
        required=is_required,
        widget=forms.Select(attrs={"class": "form-select"}),
    )


def _text(definition: Definition, *, is_required: bool) -> forms.Field:
    longest = definition.get("maxLength", MAX_LENGTH)
    widget: forms.Widget = text_widget()
    if definition.get("secret"):
        widget = forms.PasswordInput(
            attrs={"class": "form-control", "autocomplete": "new-password"}
        )
    elif definition.get("format") == "date":
        widget = text_widget({"type": "date"})
    elif definition.get("format") in _INPUTS:
        widget = _INPUTS[definition["format"]](attrs={"class": "form-control"})
    elif definition.get("maxLength", 0) > LINE_LENGTH:
        widget = forms.Textarea(attrs={"class": "form-control", "rows": 4})
    return _Text(
        required=is_required,
        min_length=definition.get("minLength"),
        max_length=longest,
        strip=not definition.get("secret"),
        widget=widget,
    )


class _Text(forms.CharField):
    def to_python(self, value: Any) -> Any:
        """Return the text with the ends of lines that were typed; browsers send others."""
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


def _shown(definition: Definition, value: Any) -> Any:
    if definition.get("secret") or value is None:
        return None
    return json.dumps(value) if "enum" in definition else value


def _words_of(value: Any) -> Any:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)
