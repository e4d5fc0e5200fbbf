"""What the pages of the audit accept."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from plexica.audit.exports import FORMATS
from plexica.audit.models import AuditEntry
from plexica.audit.selectors import AuditSearch
from plexica.audit.words import GROUP_WORDS, group_of, words_of
from plexica.core.forms import StrictForm, text_widget
from plexica.core.templatetags.components import as_words

MAX_WHO_LENGTH = 100
MAX_TARGET_LENGTH = AuditEntry._meta.get_field("target").max_length  # noqa: SLF001 (documented Options)
MAX_ACTION_LENGTH = 100
MAX_CURSOR_LENGTH = 500
# The calendar ends soon after: the minute that follows has to be in it as well.
YEARS = range(2000, 3000)
# What follows the name of a group in the address, where all of its actions are meant.
ALL_OF_GROUP = ".*"
_NO_FILTER = ("cursor", "format")
_TIME_FORMAT = "%Y-%m-%dT%H:%M"
_TIME_FORMATS = (_TIME_FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_ACTION = RegexValidator(
    r"^[a-z0-9_-]+\.([a-z0-9_.-]+|\*)$", _("This is no action that the audit tells of.")
)


def _time_widget() -> forms.DateTimeInput:
    return forms.DateTimeInput(
        format=_TIME_FORMAT, attrs={"type": "datetime-local", "class": "form-control"}
    )


class AuditFilterForm(StrictForm):
    """Which entries of the audit a page shows.

    Args:
        values: What was asked for.
        actions: The actions that there are.
    """

    who = forms.CharField(
        label=_("Who"),
        max_length=MAX_WHO_LENGTH,
        required=False,
        widget=text_widget({"type": "search", "placeholder": _("Name")}),
    )
    what = forms.CharField(
        label=_("What"),
        max_length=MAX_ACTION_LENGTH,
        required=False,
        validators=[_ACTION],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    target = forms.CharField(
        label=_("On what"),
        max_length=MAX_TARGET_LENGTH,
        required=False,
        widget=text_widget(),
    )
    since = forms.DateTimeField(
        label=_("From"), required=False, input_formats=_TIME_FORMATS, widget=_time_widget()
    )
    until = forms.DateTimeField(
        label=_("Until"), required=False, input_formats=_TIME_FORMATS, widget=_time_widget()
    )
    cursor = forms.CharField(max_length=MAX_CURSOR_LENGTH, required=False)

    def __init__(self, values: Mapping[str, Any], *, actions: Sequence[str] = ()) -> None:
        super().__init__(values)
        self.offer(actions)

    def offer(self, actions: Sequence[str]) -> None:
        """Say which actions there are to choose from."""
        self._actions = actions
        self.fields["what"].widget.choices = _choices(actions)

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it begins."""
        values = super().clean()
        for name in ("since", "until"):
            if values.get(name) and values[name].year not in YEARS:
                self.add_error(
                    name,
                    _("Choose a year from %(first)d to %(last)d.")
                    % {"first": YEARS[0], "last": YEARS[-1]},
                )
        since, until = values.get("since"), values.get("until")
        if since and until and until < since:
            raise ValidationError({"until": _("This is before the beginning.")})
        return values

    def search(self) -> AuditSearch:
        """Return what a valid form asks for."""
        values = self.cleaned_data
        until = values["until"]
        return AuditSearch(
            who=values["who"],
            actions=self._actions_asked_for(values["what"]),
            target=values["target"],
            since=values["since"],
            # The minute that is named is within.
            until=until + timedelta(minutes=1) if until else None,
        )

    def query(self) -> dict[str, str]:
        """Return the filter as it stands in an address, without the page that is shown."""
        return {
            name: str(self.data[name])
            for name in self.fields
            if name not in _NO_FILTER and self.data.get(name)
        }

    def _actions_asked_for(self, what: str) -> tuple[str, ...]:
        if not what.endswith(ALL_OF_GROUP):
            return (what,) if what else ()
        group = what.removesuffix(ALL_OF_GROUP)
        # A group that nothing has happened of yet still leaves all else out.
        return tuple(name for name in self._actions if group_of(name) == group) or (what,)


class AuditExportForm(AuditFilterForm):
    """Which entries are exported, and how the file is written."""

    format = forms.ChoiceField(choices=list(FORMATS.items()))


def _choices(actions: Sequence[str]) -> list[Any]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in actions:
        groups.setdefault(group_of(action), []).append((action, as_words(action).capitalize()))
    offered = [
        (
            words_of(group, GROUP_WORDS),
            [
                (
                    f"{group}{ALL_OF_GROUP}",
                    _("%(group)s: everything") % {"group": words_of(group, GROUP_WORDS)},
                ),
                *members,
            ],
        )
        for group, members in groups.items()
    ]
    return [("", _("Everything")), *sorted(offered, key=lambda group: group[0])]
