"""The pages of the workspace's plugins: which it has and could have, and how each is set."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.audit.selectors import list_entries
from plexica.core.errors import Conflict, InvalidInput, NotFound
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.rbac.engine import snapshot_of
from plexica.rbac.guards import require
from plexica.rbac.system_roles import OWNER
from plexica.workspace.plugin_forms import PluginFilterForm
from plexica.workspace.plugin_settings_form import PluginSettingsForm
from plexica.workspace.plugin_words import ROLE_NAMES, USE_WORDS
from plugins.details import PluginDetails, get_plugin_details
from plugins.gateway.ui import list_places, prefix_of
from plugins.installations import Consent, consent_to, get_installation, list_catalogue
from plugins.installing import (
    change_settings,
    disable_installation,
    dismiss_failed,
    enable_installation,
)
from plugins.models import Installation, Release
from plugins.states import InstallationState
from tenants.requests import tenant_of

if TYPE_CHECKING:
    from plexica.identity.models import User

ASKING = ["GET", "HEAD", "POST"]
PAGE_SIZE = 25
ENTRIES_SHOWN = 10
# The states in which an installation can be set, switched, upgraded and uninstalled.
SETTLED = (InstallationState.ENABLED, InstallationState.DISABLED)


@require_GET
@require("core:installations:view")
def plugin_list(request: HttpRequest) -> HttpResponse:
    """Show the plugins that the workspace has, and those that it could have: searched, in pages."""
    form = PluginFilterForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.cleaned_data if is_valid else {}
    search = wanted.get("q", "")
    entries = list_catalogue(tenant=tenant_of(request), search=search) if is_valid else []
    # What the workspace has comes first; each half is in the order of names.
    entries.sort(key=lambda entry: entry.installation is None)
    return render_page(
        request,
        "workspace/plugin_list.html",
        {
            "form": form,
            "page": Paginator(entries, PAGE_SIZE).get_page(wanted.get("page") or 1),
            "is_filtered": bool(search) or not is_valid,
        },
        fragment="workspace/_plugin_table.html",
        status=200 if is_valid else 400,
    )


@require_GET
@require("core:installations:view")
def plugin_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a plugin: what it is, what it asks for, and what the workspace has of it."""
    details = get_plugin_details(tenant=tenant_of(request), slug=slug)
    installation = details.entry.installation
    if installation is None:
        release = details.entry.offered
        consent = details.offer.consent if details.offer else None
    else:
        release = installation.release
        consent = consent_to(release=release, installation=installation)
    return render_page(
        request,
        "workspace/plugin_detail.html",
        {
            **describe(details, release=release, consent=consent),
            "is_settled": installation is not None and installation.state in SETTLED,
            "is_kept": installation is not None and installation.is_kept,
            "has_settings": bool(details.installation and details.installation.definitions),
            "open_url": _first_page(request, slug),
            "entries": list_entries(target=f"plugin:{slug}")[:ENTRIES_SHOWN],
        },
    )


@require_http_methods(ASKING)
@require("core:installations:manage")
def plugin_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Change how a plugin is set; the page is made from what its manifest says."""
    details = get_plugin_details(tenant=tenant_of(request), slug=slug)
    known, installation = details.installation, details.entry.installation
    if known is None or installation is None or installation.state not in SETTLED:
        raise NotFound(_("This plugin has no settings now."))
    form = PluginSettingsForm(
        request.POST if request.method == "POST" else None,
        definitions=known.definitions,
        required=installation.release.contract.document.get("settings", {}).get("required", ()),
        values=installation.settings,
        secrets=[name for name, is_given in known.secrets.items() if is_given],
    )
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                change_settings(
                    installation=installation, values=form.values(), actor=actor_of(request)
                )
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(request, _("The settings have been saved."))
                return redirect("workspace:plugin_detail", slug=slug)
    return render_page(
        request,
        "workspace/plugin_settings.html",
        {"plugin": details.entry.plugin, "form": form},
        status=status,
    )


@require_POST
@require("core:installations:manage")
def plugin_enable(request: HttpRequest, slug: str) -> HttpResponse:
    """Serve a plugin from the next request on."""
    return _do(request, slug, enable_installation, _("The plugin is enabled."))


@require_POST
@require("core:installations:manage")
def plugin_disable(request: HttpRequest, slug: str) -> HttpResponse:
    """Serve a plugin no more."""
    return _do(request, slug, disable_installation, _("The plugin is disabled."))


@require_POST
@require("core:installations:manage")
def plugin_dismiss(request: HttpRequest, slug: str) -> HttpResponse:
    """Put away a plugin that could not be installed."""
    return _do(request, slug, dismiss_failed, _("The failed installation is put away."))


def describe(
    details: PluginDetails, *, release: Release | None, consent: Consent | None
) -> dict[str, Any]:
    """Return what all pages of a plugin show: which it is, and what it asks for, in words.

    Args:
        details: All that is known of it.
        release: The release that the page is about.
        consent: What that asks for.
    """
    return {
        "entry": details.entry,
        "plugin": details.entry.plugin,
        "installation": details.entry.installation,
        "release": release,
        "about": release.manifest["plugin"] if release else {},
        "uses": [
            {"words": USE_WORDS[use.key], "is_new": use.is_new}
            for use in (consent.uses if consent else ())
        ],
        "permissions": [
            {
                "permission": asked.permission,
                "roles": [ROLE_NAMES[role] for role in (OWNER, *asked.permission.holders)],
                "is_new": asked.is_new,
            }
            for asked in (consent.permissions if consent else ())
        ],
    }


def to_run(installation: Installation) -> HttpResponse:
    """Lead to the run that changes an installation; to the plugin if there is none."""
    slug = installation.plugin.slug
    if installation.run_id is None:
        return redirect("workspace:plugin_detail", slug=slug)
    return redirect("workspace:plugin_run", slug=slug, run_id=installation.run_id)


def _do(request: HttpRequest, slug: str, act: Callable[..., Any], done: str) -> HttpResponse:
    tenant = tenant_of(request)
    try:
        act(installation=get_installation(tenant=tenant, slug=slug), actor=actor_of(request))
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, done)
    return redirect("workspace:plugin_detail", slug=slug)


def _first_page(request: HttpRequest, slug: str) -> str:
    """Return the first of a plugin's places in the menu that somebody may go to; empty for none."""
    places = list_places(snapshot_of(cast("User", request.user)))
    return next((each.url for each in places if each.url.startswith(f"{prefix_of(slug)}/")), "")
