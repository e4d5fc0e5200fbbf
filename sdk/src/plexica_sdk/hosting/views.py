"""What the host itself asks of a backend."""

import logging

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from plexica_sdk.hosting.context import current
from plexica_sdk.hosting.environment import this_backend
from plexica_sdk.hosting.migrating import MigrationRefused, migrate_installation

CONTRACT = 1

logger = logging.getLogger("plexica.migrations")


@transaction.non_atomic_requests
@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """Say that the plugin answers, and which it is."""
    del request
    backend = this_backend()
    return JsonResponse(
        {"contract": CONTRACT, "plugin": backend.plugin, "version": backend.version}
    )


@transaction.non_atomic_requests
@require_POST
def migrate(request: HttpRequest) -> JsonResponse:
    """Migrate the present installation's schema, whole or not at all."""
    del request
    if current().via != "lifecycle":
        return JsonResponse({"error": "Only the host itself migrates."}, status=403)
    try:
        applied = migrate_installation()
    except MigrationRefused as refused:
        logger.exception("The migration failed")
        return JsonResponse({"error": str(refused)}, status=422)
    return JsonResponse({"applied": applied})
