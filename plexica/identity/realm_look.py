"""What a tenant's login pages show of it; the theme in deploy/keycloak/themes reads it."""

from django.utils.html import format_html

from tenants.models import Tenant

# The realm's attribute with the address of the style sheet that those pages load beside their own.
STYLE_ATTRIBUTE = "plexica.style"


def style_address(tenant: Tenant) -> str:
    """Return the address of the style sheet of a tenant's colour; empty if it has none."""
    path = tenant.theme.style_sheet
    return f"{tenant.workspace_url}{path}" if path else ""


def name_with_logo(tenant: Tenant) -> str:
    """Return what stands above the form; empty where the name alone does.

    Keycloak lets only harmless HTML through, and shows the name where this is empty.
    """
    path = tenant.theme.logo
    if not path:
        return ""
    return format_html(
        '<img src="{}" alt="" /><span>{}</span>', f"{tenant.workspace_url}{path}", tenant.name
    )
