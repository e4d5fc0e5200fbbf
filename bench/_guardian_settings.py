"""A plain Django project with django-guardian, for a comparison."""

import os
from urllib.parse import urlsplit

_admin = urlsplit(os.environ["PLEXICA_DATABASE_ADMIN_URL"])

SECRET_KEY = "only-for-a-benchmark"  # noqa: S105 (nothing is signed with it)
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "guardian"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["GUARDIAN_DATABASE"],
        "USER": _admin.username,
        "PASSWORD": _admin.password,
        "HOST": _admin.hostname,
        "PORT": _admin.port,
    }
}
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
