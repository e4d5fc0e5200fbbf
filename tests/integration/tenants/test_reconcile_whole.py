"""A tenant as everybody makes one has nothing to mend, in any part that is configured."""

from tenants.models import Tenant
from tenants.parts import configured_parts
from tenants.reconcile import reconcile


def test_a_fresh_tenant_is_clean_in_all_parts(acme: Tenant) -> None:
    report = reconcile(slugs=["acme"])
    assert [part.part for part in report.tenants[0].parts] == list(configured_parts())
    assert report.is_clean, report
