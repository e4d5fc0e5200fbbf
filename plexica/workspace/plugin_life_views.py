"""The pages on which plugins are installed, upgraded and uninstalled, and the runs that do it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PlexicaError,
    ServiceUnavailable,
)
from plexica.core.forms import StrictForm
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.rbac.guards import require
from plexica.workspace.plugin_forms import ConsentForm, PurgeForm, UninstallForm
from plexica.workspace.plugin_settings_form import PluginSettingsForm
from plexica.workspace.plugin_views import ASKING, SETTLED, describe, to_run
from plexica.workspace.plugin_words import PLUGIN_RUN_WORDS
from plugins.details import OfferDetails, PluginDetails, get_plugin_details
from plugins.exporting import export_installation
from plugins.installation_runs import get_plugin_run, retry_plugin_run
from plugins.installations import get_catalogue_entry, get_installation
from plugins.installing import install_plugin, uninstall_installation, upgrade_installation
from plugins.models import Installation, Release
from plugins.states import InstallationState
from tenants.requests import tenant_of


@require_http_methods(ASKING)
@require("core:installations:manage")
def plugin_install(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to install a plugin, with what it asks for and needs to know, and begin it."""
    tenant = tenant_of(request)
    details = get_plugin_details(tenant=tenant, slug=slug)
    before = details.entry.installation
    kept = before if before is not None and before.is_kept else None
    if before is not None and kept is None and before.state != InstallationState.FAILED:
        return redirect("workspace:plugin_detail", slug=slug)
    release, offer = _offered(details)
    data = _split(request)
    consent = ConsentForm(data and data[0], initial={"version": release.version})
    form = PluginSettingsForm(
        data and data[1],
        definitions=offer.settings,
        required=offer.required,
        values=kept.settings if kept else {},
        secrets=_secrets(details) if kept else (),
    )

    def install() -> Installation:
        return install_plugin(
            tenant=tenant,
            slug=slug,
            version=release.version,
            uses=[use.key for use in offer.consent.uses],
            settings=form.values(),
            actor=actor_of(request),
        )

    outcome = _agreed(consent, form, release, install)
    if isinstance(outcome, HttpResponse):
        return outcome
    return render_page(
        request,
        "workspace/plugin_install.html",
        {
            **describe(details, release=release, consent=offer.consent),
            "consent_form": consent,
            "form": form,
            "kept": kept,
        },
        status=outcome,
    )


@require_http_methods(ASKING)
@require("core:installations:manage")
def plugin_upgrade(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to upgrade a plugin, with what it newly asks for, and begin it."""
    details = get_plugin_details(tenant=tenant_of(request), slug=slug)
    installation = _settled(details)
    release, offer = _offered(details)
    if not details.entry.has_newer:
        return redirect("workspace:plugin_detail", slug=slug)
    data = _split(request)
    consent = ConsentForm(
        data and data[0],
        is_asking=offer.consent.has_new,
        initial={"version": release.version},
    )
    # What has a value keeps it; what else there is to set, is set when it is upgraded.
    form = PluginSettingsForm(
        data and data[1],
        definitions={name: offer.settings[name] for name in offer.missing},
        required=offer.missing,
        values={},
        secrets=(),
    )

    def upgrade() -> Installation:
        return upgrade_installation(
            installation=installation,
            version=release.version,
            uses=[use.key for use in offer.consent.uses],
            settings=form.values(),
            actor=actor_of(request),
        )

    outcome = _agreed(consent, form, release, upgrade)
    if isinstance(outcome, HttpResponse):
        return outcome
    return render_page(
        request,
        "workspace/plugin_upgrade.html",
        {
            **describe(details, release=release, consent=offer.consent),
            "consent_form": consent,
            "form": form,
            "has_new": offer.consent.has_new,
        },
        status=outcome,
    )


@require_http_methods(ASKING)
@require("core:installations:manage")
def plugin_uninstall(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to uninstall a plugin, or to remove what is kept of it, and begin it."""
    tenant, days = tenant_of(request), settings.PLEXICA_PLUGIN_KEEP_DAYS
    entry = get_catalogue_entry(tenant=tenant, slug=slug)
    installation = entry.installation
    if installation is None or not (installation.state in SETTLED or installation.is_kept):
        return redirect("workspace:plugin_detail", slug=slug)
    data = request.POST if request.method == "POST" else None
    is_purge = installation.is_kept
    form = PurgeForm(data, slug=slug) if is_purge else UninstallForm(data, slug=slug, days=days)
    outcome = _begin(
        form,
        lambda: uninstall_installation(
            installation=installation, purge=form.is_purge, actor=actor_of(request)
        ),
    )
    if isinstance(outcome, HttpResponse):
        return outcome
    return render_page(
        request,
        "workspace/plugin_uninstall.html",
        {
            "plugin": entry.plugin,
            "installation": installation,
            "is_kept": is_purge,
            "form": form,
            "days": days,
        },
        status=outcome,
    )


@require_POST
@require("core:installations:manage")
def plugin_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Hand out all that a plugin has, as one file."""
    installation = get_installation(tenant=tenant_of(request), slug=slug)
    try:
        export = export_installation(installation=installation, actor=actor_of(request))
    except (Conflict, ServiceUnavailable) as error:
        messages.error(request, error.detail)
        return redirect("workspace:plugin_uninstall", slug=slug)
    return FileResponse(
        export.file, as_attachment=True, filename=export.name, content_type="application/zip"
    )


@require_GET
@require("core:installations:view")
def plugin_run(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Show how far a run is. The fragment asks for itself again until the run is finished."""
    tenant = tenant_of(request)
    found = get_plugin_run(tenant=tenant, slug=slug, run_id=run_id)
    name = _name_of(request, slug)
    words = PLUGIN_RUN_WORDS[found.run.kind]
    return render_page(
        request,
        "workspace/plugin_run.html",
        {
            "slug": slug,
            "name": name,
            "found": found,
            "run": found.run,
            "progress": found.progress,
            "installation": found.installation,
            "words": words,
            "title": words.title % {"name": name},
            "success": words.success % {"name": name},
        },
        fragment="workspace/_plugin_run.html",
    )


@require_POST
@require("core:installations:manage")
def plugin_run_retry(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Begin a failed run again."""
    try:
        run = retry_plugin_run(
            tenant=tenant_of(request), slug=slug, run_id=run_id, actor=actor_of(request)
        )
    except Conflict as error:
        messages.error(request, error.detail)
        return redirect("workspace:plugin_run", slug=slug, run_id=run_id)
    return redirect("workspace:plugin_run", slug=slug, run_id=run.pk)


def _begin(form: StrictForm, act: Callable[[], Installation]) -> HttpResponse | int:
    """Begin what a form asks for: lead to the run, or say with which status to show it again."""
    if not form.is_bound:
        return HTTPStatus.OK
    if not form.is_valid():
        return HTTPStatus.BAD_REQUEST
    try:
        return to_run(act())
    except (InvalidInput, Conflict) as error:
        form.add_refusal(error)
        return error.status


def _offered(details: PluginDetails) -> tuple[Release, OfferDetails]:
    if details.entry.offered is None or details.offer is None:
        raise NotFound(details.entry.refusal or _("No release of this plugin is offered now."))
    return details.entry.offered, details.offer


def _settled(details: PluginDetails) -> Installation:
    installation = details.entry.installation
    if installation is None or installation.state not in SETTLED:
        raise NotFound(_("This plugin is not installed here."))
    return installation


def _secrets(details: PluginDetails) -> list[str]:
    given = details.installation.secrets if details.installation else {}
    return [name for name, is_given in given.items() if is_given]


def _split(request: HttpRequest) -> tuple[Any, Any] | None:
    """Return what was sent for the consent, and what for the settings; each refuses the rest."""
    if request.method != "POST":
        return None
    consent, rest = request.POST.copy(), request.POST.copy()
    for name in request.POST:
        if name in ConsentForm.base_fields:
            del rest[name]
        elif name != "csrfmiddlewaretoken":
            del consent[name]
    return consent, rest


def _agreed(
    consent: ConsentForm,
    form: PluginSettingsForm,
    release: Release,
    act: Callable[[], Installation],
) -> HttpResponse | int:
    """Begin what was agreed to: lead to the run, or say with which status to ask again."""
    if not consent.is_bound:
        return HTTPStatus.OK
    # Both are asked, so that all that is wrong is said at once.
    if not consent.is_valid() & form.is_valid():
        return HTTPStatus.BAD_REQUEST
    try:
        _check_version(consent, release)
        return to_run(act())
    except (InvalidInput, Conflict) as error:
        _refuse(error, consent, form)
        return error.status


def _check_version(consent: ConsentForm, release: Release) -> None:
    """Refuse a consent to another release than the one that is offered now.

    Raises:
        Conflict: Another one has come since the page was shown.
    """
    if consent.cleaned_data["version"] != release.version:
        consent.ask_again(release.version)
        raise Conflict(_("Another version is offered by now. Look at what it asks for."))


def _refuse(error: PlexicaError, consent: ConsentForm, form: PluginSettingsForm) -> None:
    """Show a refusal where it belongs: of settings at theirs, of anything else above."""
    of_settings = {"uses"}.isdisjoint(error.fields) and error.fields
    (form if of_settings else consent).add_refusal(error)


def _name_of(request: HttpRequest, slug: str) -> str:
    """Return what a plugin is called; what is uninstalled may not be offered any more."""
    try:
        return get_catalogue_entry(tenant=tenant_of(request), slug=slug).plugin.name
    except NotFound:
        return slug
