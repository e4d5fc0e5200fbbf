"""Two tenants on an empty platform, and the proof between them."""

from django.core.management import call_command

import plexica.celery  # noqa: F401 (its tasks are those that are run)
from bench._isolation.prover import staged
from bench._isolation.watch import Watch
from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.services import create_tenant


def prove(*, thorough: bool) -> Watch:
    """Make acme and globex, and look for acme's canaries."""
    # What pages name of it must be there.
    call_command("collectstatic", interactive=False, verbosity=0)
    acme, globex = _make("acme", "ada@acme.example"), _make("globex", "cy@globex.example")
    with platform_scope(), staged(acme=acme, globex=globex) as stage:
        stage.look(thorough=thorough)
        return stage.watch


def _make(slug: str, owner_email: str) -> Tenant:
    with platform_scope():
        run = create_tenant(slug=slug, name=slug.title(), owner_email=owner_email, actor=SYSTEM)
        run_provisioning(run.id)
        tenant: Tenant = Tenant.objects.get(slug=slug)
        if not tenant.is_active:
            raise RuntimeError([step.error_message for step in run.steps.all()])
        return tenant
