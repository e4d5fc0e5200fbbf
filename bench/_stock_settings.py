"""Plexica's settings with django-tenants' own database backend, as it comes."""

from plexica.settings import *  # noqa: F403 (settings are meant to be taken over whole)
from plexica.settings import DATABASES

DATABASES["default"]["ENGINE"] = "django_tenants.postgresql_backend"
DATABASES["default"]["OPTIONS"].pop("pool")
# Its default: the search path is set before every query.
TENANT_LIMIT_SET_CALLS = False
