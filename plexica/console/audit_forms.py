"""What the console's pages of the audit accept."""

from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from plexica.audit.forms import AuditExportForm, AuditFilterForm
from plexica.audit.selectors import AuditSearch
from plexica.core.errors import NotFound
from plexica.core.forms import text_widget
from tenants.models import Tenant
from tenants.selectors import get_tenant
from tenants.slugs import MAX_LENGTH as MAX_SLUG_LENGTH
from tenants.states import WHOLE_STATES


class Records(models.TextChoices):
    """Whose audit is shown."""

    PLATFORM = "", _("The platform's own")
    WORKSPACE = "workspace", _("The tenant's own")


class ConsoleAuditForm(AuditFilterForm):
    """Which entries are shown, of the platform's audit or of one tenant's."""

    tenant = forms.CharField(
        label=_("Tenant"),
        max_length=MAX_SLUG_LENGTH,
        required=False,
        widget=text_widget({"type": "search", "placeholder": _("Slug"), "autocapitalize": "none"}),
    )
    records = forms.ChoiceField(
        label=_("Records"),
        choices=Records.choices,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def clean(self) -> dict[str, Any]:
        """Find the tenant whose own audit is asked for."""
        values = super().clean()
        values["workspace"] = None
        slug = values.get("tenant", "")
        if values.get("records") == Records.WORKSPACE:
            values["workspace"] = _find_whole(slug)
        elif slug and values.get("target"):
            raise ValidationError(
                {"target": _("Name the tenant or this: the platform's entries tell of one thing.")}
            )
        return values

    def search(self) -> AuditSearch:
        """Return what a valid form asks for."""
        search, slug = super().search(), self.cleaned_data["tenant"]
        if slug and self.cleaned_data["workspace"] is None:
            return replace(search, target=f"tenant:{slug}")
        return search

    def workspace(self) -> Tenant | None:
        """Return the tenant whose own audit a valid form asks for; None for the platform's."""
        tenant: Tenant | None = self.cleaned_data["workspace"]
        return tenant


class ConsoleAuditExportForm(ConsoleAuditForm, AuditExportForm):
    """Which entries are exported, of whose audit, and how the file is written."""


def _find_whole(slug: str) -> Tenant:
    if not slug:
        raise ValidationError({"tenant": _("Name the tenant whose own records you want to see.")})
    try:
        tenant = get_tenant(slug=slug)
    except NotFound as error:
        raise ValidationError({"tenant": _("There is no tenant with this slug.")}) from error
    if tenant.state not in WHOLE_STATES:
        raise ValidationError({"tenant": _("This tenant has no records of its own now.")})
    return tenant
