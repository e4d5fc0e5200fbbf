"""What the tenant list accepts: which tenants, in which order, and which of them are chosen."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plexica.console.forms import MAX_PAGE, MAX_SEARCH_LENGTH
from plexica.console.tenant_columns import COLUMNS, SHORT_DIGEST
from plexica.core.forms import StrictForm
from tenants.bulk import MAX_TENANTS
from tenants.selectors import AT_PRESENT_VERSION, BEHIND, ORDERINGS, SchemaVersion
from tenants.states import TenantState

DEFAULT_SORT = "-created_at"
PAGE_SIZES = (25, 50, 100)
EARLIEST = date(2000, 1, 1)
LATEST = date(2999, 12, 31)
_CHOSEN = RegexValidator(
    r"\A[a-z][a-z0-9-]{1,31}(:[1-9][0-9]{0,9})?\Z", gettext_lazy("This is no tenant of the list.")
)


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(
        format="%Y-%m-%d",
        attrs={
            "type": "date",
            "class": "form-control filter-date",
            "min": EARLIEST.isoformat(),
            "max": LATEST.isoformat(),
        },
    )
    return forms.DateField(label=label, required=False, input_formats=["%Y-%m-%d"], widget=widget)


class TenantFilterForm(StrictForm):
    """Which tenants the list shows, in which order, with which columns."""

    q = forms.CharField(
        label=gettext_lazy("Search"),
        max_length=MAX_SEARCH_LENGTH,
        required=False,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "class": "form-control",
                "placeholder": gettext_lazy("Name, address or owner"),
            }
        ),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[("", gettext_lazy("All states")), *TenantState.choices],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    version = forms.CharField(
        label=gettext_lazy("Version"),
        required=False,
        validators=[
            RegexValidator(rf"\A({AT_PRESENT_VERSION}|{BEHIND}|[0-9a-f]{{{SHORT_DIGEST}}})\Z")
        ],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    since = _day(gettext_lazy("Created from"))
    until = _day(gettext_lazy("to"))
    columns = forms.MultipleChoiceField(
        choices=[(column.key, column.label) for column in COLUMNS], required=False
    )
    size = forms.TypedChoiceField(
        label=gettext_lazy("Rows"),
        choices=[(size, size) for size in PAGE_SIZES],
        coerce=int,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    sort = forms.ChoiceField(choices=[(key, key) for key in ORDERINGS], required=False)
    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse days that nobody means, and a first day after the last."""
        values = super().clean()
        for name in ("since", "until"):
            day = values.get(name)
            if day and not EARLIEST <= day <= LATEST:
                self.add_error(name, _("Use a day between 2000 and 2999."))
        if values.get("since") and values.get("until") and values["since"] > values["until"]:
            self.add_error("until", _("The last day is before the first one."))
        return values

    def offer_versions(self, versions: Sequence[SchemaVersion]) -> None:
        """Say which versions can be chosen: by what is there, and what is asked for already.

        Args:
            versions: What there is.
        """
        asked = str(self["version"].value() or "")
        choices: list[tuple[str, Any]] = [
            ("", gettext_lazy("All versions")),
            (AT_PRESENT_VERSION, gettext_lazy("At the present version")),
            (BEHIND, gettext_lazy("Behind")),
        ]
        for version in versions:
            digest = version.digest[:SHORT_DIGEST]
            if digest and not version.is_present:
                label = _("Schema %(version)s (%(count)d)")
                choices.append((digest, label % {"version": digest, "count": version.tenants}))
        if asked not in {key for key, _label in choices}:
            choices.append((asked, _("Schema %(version)s") % {"version": asked[:SHORT_DIGEST]}))
        self.fields["version"].widget.choices = choices

    def filters(self) -> dict[str, Any]:
        """Return what `list_tenants` is to be asked for."""
        values = self.cleaned_data
        until = values["until"]
        return {
            "search": values["q"],
            "states": [values["state"]] if values["state"] else [],
            "version": values["version"],
            "created_since": _midnight(values["since"]),
            # The whole of the last day counts.
            "created_before": _midnight(until + timedelta(days=1) if until else None),
            "ordering": values["sort"] or DEFAULT_SORT,
        }

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves tenants out."""
        names = ("q", "state", "version", "since", "until")
        return any(self.cleaned_data.get(name) for name in names)


class ChosenTenantsField(forms.Field):
    """Slugs, each with the version that was seen after a colon once the tenants have been shown."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> dict[str, int]:
        """Return the version by the slug; 0 where none has been seen.

        Raises:
            ValidationError: None is chosen, too many are, or one is no slug.
        """
        chosen: dict[str, int] = {}
        for each in value or ():
            _CHOSEN(each)
            slug, _colon, version = str(each).partition(":")
            chosen[slug] = int(version or 0)
        if not chosen:
            raise ValidationError(_("Choose at least one tenant."))
        if len(chosen) > MAX_TENANTS:
            raise ValidationError(_("Choose %(max)d tenants at most."), params={"max": MAX_TENANTS})
        return chosen


class BulkForm(StrictForm):
    """Several tenants that somebody has chosen, and whether they have said yes."""

    tenant = ChosenTenantsField()
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)


def _midnight(day: date | None) -> datetime | None:
    """Return when a day begins where the reader is."""
    return timezone.make_aware(datetime.combine(day, time())) if day else None
