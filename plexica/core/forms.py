"""What the forms of all pages have in common."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from plexica.core.errors import PlexicaError


class StrictForm(forms.Form):
    """A form that refuses fields it does not have, and can show a service's refusal."""

    required_css_class = "required"

    def clean(self) -> dict[str, Any]:
        """Refuse unknown fields: a misspelt one must not be dropped in silence."""
        unknown = sorted(set(self.data) - set(self.fields) - {"csrfmiddlewaretoken"})
        if unknown:
            raise ValidationError(_("Unknown field: %(name)s"), params={"name": unknown[0][:50]})
        return self.cleaned_data

    def add_refusal(self, error: PlexicaError) -> None:
        """Show at its fields, or above them, why a service refused."""
        for name, messages in error.fields.items():
            self.add_error(name if name in self.fields else None, messages)
        if not error.fields:
            self.add_error(None, error.detail)


def text_widget(attributes: dict[str, Any] | None = None) -> forms.TextInput:
    """Return a line for text that the browser does not fill in by itself.

    Args:
        attributes: Further attributes of the element.
    """
    defaults = {"class": "form-control", "autocomplete": "off"}
    return forms.TextInput(attrs=defaults | (attributes or {}))


class LongSelect(forms.Select):
    """A choice among hundreds. Django renders a template for each option: 60 ms for 400 of them."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,  # noqa: ARG002 (Django's signature)
    ) -> SafeString:
        """Return the element, with what is chosen."""
        chosen = self.format_value(value)
        return format_html(
            "<select{}>{}</select>",
            flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name})),
            format_html_join("", "{}", ((each,) for each in _options(self.choices, chosen))),
        )


def _options(choices: Iterable[Any], chosen: list[str]) -> Iterable[SafeString]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            inner = format_html_join("", "{}", ((each,) for each in _options(label, chosen)))
            yield format_html('<optgroup label="{}">{}</optgroup>', value, inner)
        elif str(value) in chosen:
            yield format_html('<option value="{}" selected>{}</option>', value, label)
        else:
            yield format_html('<option value="{}">{}</option>', value, label)


class TypedWordField(forms.CharField):
    """Takes one word only, which somebody types to say that they mean it.

    Attributes:
        word: The word; see `demand_word`.
    """

    word = ""

    def validate(self, value: str) -> None:
        """Accept the word.

        Raises:
            ValidationError: It is another.
        """
        super().validate(value)
        if value != self.word:
            raise ValidationError(_("Type “%(word)s”."), params={"word": self.word})


def demand_word(form: forms.Form, name: str, word: str) -> None:
    """Say which word one form's `TypedWordField` takes.

    Args:
        form: The form.
        name: The field's name.
        word: What has to be typed.
    """
    form.fields[name].word = word  # type: ignore[attr-defined] # the field is one of ours
