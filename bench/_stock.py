"""Times stock django-tenants making a schema: `python -m bench._stock COUNT`, a JSON list last.

It runs by itself, since a process has one database backend. The migrations are the same; backend
and `create_schema` are django-tenants' own, in a database of their own on the same server.
"""

import json
import os
import sys
import time
from urllib.parse import urlsplit

import psycopg

DATABASE = "plexica_stock"


def main() -> None:
    """Make schemas and print how long each took, in seconds."""
    admin = urlsplit(os.environ["PLEXICA_DATABASE_ADMIN_URL"])
    with psycopg.connect(admin.geturl(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        server.execute(f"CREATE DATABASE {DATABASE}")
    os.environ["DATABASE_URL"] = admin._replace(path=f"/{DATABASE}").geturl()
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench._stock_settings"

    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from tenants.models import Tenant  # noqa: PLC0415 (after the set-up)

    seconds = []
    for number in range(int(sys.argv[1])):
        tenant = Tenant(schema_name=f"t_stock_{number}")
        started = time.monotonic()
        tenant.create_schema(check_if_exists=True, verbosity=0)
        seconds.append(time.monotonic() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
