"""Times an upgrade of many schemas: `python -m bench._upgrade ours|stock COUNT`, JSON last.

Each runs by itself, since a process has one database backend.
"""

import json
import os
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import psycopg

DATABASE = "plexica_stock_upgrade"
LATER = {"audit": "bench._later.migrations"}
NOOP_REPEATS = 5


def main() -> None:
    """Measure one of the two and print its figures."""
    measure = {"ours": measure_ours, "stock": measure_stock}[sys.argv[1]]
    print(json.dumps(measure(int(sys.argv[2]))))


def measure_ours(count: int) -> dict[str, float]:
    """Time `tenants.upgrade` with all its checks, claims and audit rows."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "plexica.settings"
    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from django.conf import settings  # noqa: PLC0415 (after the set-up)

    from plexica.core.scope import platform_scope  # noqa: PLC0415
    from tenants.parts import configured_parts  # noqa: PLC0415
    from tenants.schema.migrations import tenant_digest  # noqa: PLC0415
    from tenants.schema.step import Schema  # noqa: PLC0415
    from tenants.upgrade import list_behind, upgrade_tenants  # noqa: PLC0415

    with platform_scope():
        for number in range(count):
            tenant = _tenant(number)
            for part in configured_parts().values():
                setattr(tenant, part.digest_field, part.present_digest())
            tenant.save(force_insert=True)
            Schema().do(tenant)
        noop = []
        for _number in range(NOOP_REPEATS):
            started = time.monotonic()
            if list(list_behind()):
                raise SystemExit("Some are behind before there is anything new.")
            noop.append(time.monotonic() - started)
        settings.MIGRATION_MODULES = LATER
        tenant_digest.cache_clear()
        started = time.monotonic()
        report = upgrade_tenants()
        change = time.monotonic() - started
        if len(report.tenants) != count or not report.is_complete:
            raise SystemExit(f"Not all were upgraded: {report.tenants[:3]}")
    return {"noop_s": statistics.median(noop), "change_s": change}


def measure_stock(count: int) -> dict[str, float]:
    """Time `migrate_schemas`, in a database of its own on the same server."""
    admin = urlsplit(os.environ["PLEXICA_DATABASE_ADMIN_URL"])
    with psycopg.connect(admin.geturl(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        server.execute(f"CREATE DATABASE {DATABASE}")
    os.environ["DATABASE_URL"] = admin._replace(path=f"/{DATABASE}").geturl()
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench._stock_settings"

    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from django.conf import settings  # noqa: PLC0415 (after the set-up)
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate_schemas", shared=True, verbosity=0)
    for number in range(count):
        tenant = _tenant(number)
        tenant.save(force_insert=True)
        tenant.create_schema(check_if_exists=True, verbosity=0)
    noop = _timed(lambda: call_command("migrate_schemas", tenant=True, verbosity=0))
    settings.MIGRATION_MODULES = LATER
    change = _timed(lambda: call_command("migrate_schemas", tenant=True, verbosity=0))
    return {"noop_s": noop, "change_s": change}


def _timed(act: Any) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def _tenant(number: int) -> Any:
    from tenants import slugs  # noqa: PLC0415 (after the set-up)
    from tenants.models import Tenant  # noqa: PLC0415

    slug = f"bench-{number}"
    return Tenant(
        slug=slug,
        name=slug,
        state="ACTIVE",
        owner_email="o@example.com",
        schema_name=slugs.schema_name(slug),
        realm=slugs.realm_name(slug),
        bucket=slugs.bucket_name(slug),
    )


if __name__ == "__main__":
    main()
