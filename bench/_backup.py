"""What `bench.backup` runs beside the commands: filling a tenant, and copying it plainly."""

import json
import os
import subprocess
import sys
from pathlib import Path

import django
import zstandard

_OBJECT_BYTES = 1_000_000
_BATCH = 5_000
_CHUNK = 1024 * 1024


def fill(megabytes: int, rows: int) -> None:
    """Make a tenant with files and rows, and print how large it is."""
    from plexica.audit.models import AuditEntry  # noqa: PLC0415 (Django is set up by now)
    from plexica.core.actor import SYSTEM  # noqa: PLC0415
    from plexica.core.scope import platform_scope  # noqa: PLC0415
    from plexica.storage.clients import get_client  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415
    from tenants.provisioning.engine import run_provisioning  # noqa: PLC0415
    from tenants.schema.roles import schema_bytes  # noqa: PLC0415
    from tenants.scopes import tenant_scope  # noqa: PLC0415
    from tenants.services import create_tenant  # noqa: PLC0415

    with platform_scope():
        run = create_tenant(slug="bench", name="Bench", owner_email="a@b.example", actor=SYSTEM)
        run_provisioning(run.id)
        tenant = Tenant.objects.get(slug="bench")
    client = get_client(tenant.s3)
    for number in range(megabytes):
        client.put_object(
            Bucket=tenant.bucket, Key=f"files/{number}", Body=os.urandom(_OBJECT_BYTES)
        )
    with tenant_scope(tenant):
        for first in range(0, rows, _BATCH):
            AuditEntry.objects.bulk_create(
                AuditEntry(
                    actor_kind="user",
                    actor_id=str(number),
                    actor_name="Ada",
                    action="file.uploaded",
                    target=f"file:{number}",
                    after={"name": f"report {number}", "size": number},
                    request_id="",
                )
                for number in range(first, min(first + _BATCH, rows))
            )
    with platform_scope():
        size = megabytes * _OBJECT_BYTES + (schema_bytes(tenant.schema_name) or 0)
    print(json.dumps({"bytes": size}))


def floor(directory: str) -> None:
    """Dump the tenant's schema with zstd, and copy its files, one after the other."""
    from django.conf import settings  # noqa: PLC0415

    from plexica.core.scope import platform_scope, role_name  # noqa: PLC0415
    from plexica.storage.clients import get_client  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415

    with platform_scope():
        tenant = Tenant.objects.get(slug="bench")
    database = settings.DATABASES["default"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
    }
    command = [settings.PLEXICA_PG_DUMP, f"--role={role_name('owner')}"]
    with (
        (Path(directory) / "dump.zst").open("wb") as file,
        subprocess.Popen(  # noqa: S603 (our own settings)
            [*command, f"--schema={tenant.schema_name}"], env=environment, stdout=subprocess.PIPE
        ) as dump,
    ):
        assert dump.stdout is not None  # noqa: S101 (it is a pipe)
        zstandard.ZstdCompressor(level=3).copy_stream(dump.stdout, file)
    client = get_client(tenant.s3)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=tenant.bucket):
        for found in page.get("Contents", ()):
            body = client.get_object(Bucket=tenant.bucket, Key=found["Key"])["Body"]
            with (Path(directory) / found["Key"].replace("/", "_")).open("wb") as file:
                for data in body.iter_chunks(_CHUNK):
                    file.write(data)


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), int(sys.argv[3]))
    else:
        floor(sys.argv[2])
