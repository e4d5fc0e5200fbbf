"""Light or dark: what people, tenants and the platform choose between."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ThemeMode(models.TextChoices):
    """How bright pages are."""

    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")
    AUTO = "auto", _("Like the system")
