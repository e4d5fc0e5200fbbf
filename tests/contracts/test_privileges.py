"""Every shared table is behind row-level security, and no table exists on both sides."""

from django.apps import apps

from plexica.core.scope import PUBLIC_SCHEMA
from tenants.schema.migrations import app_labels


def test_no_app_is_both_shared_and_a_tenants() -> None:
    assert not app_labels(PUBLIC_SCHEMA) & app_labels("t_acme")


def test_whoever_shares_rows_says_whose_they_are() -> None:
    for model in apps.get_models():
        if getattr(model, "shared_privileges", ()):
            assert getattr(model, "tenant_rows", ""), model


def test_only_shared_models_share() -> None:
    shared = app_labels(PUBLIC_SCHEMA)
    for model in apps.get_models():
        if hasattr(model, "shared_privileges"):
            assert model._meta.app_label in shared, model  # noqa: SLF001 (documented Options)
