"""The console's pages about plugins: the registry, its releases, and whom the platform trusts."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from plexica.audit.selectors import list_entries
from plexica.console.plugin_forms import (
    PageForm,
    PluginFilterForm,
    PluginRegisterForm,
    ReleaseReasonForm,
    TrustKeyForm,
)
from plexica.console.plugin_words import RELEASE_WORDS
from plexica.core.errors import Conflict, InvalidInput
from plexica.core.forms import StrictForm
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.rbac.guards import require
from plugins.backend_selectors import find_backend
from plugins.installations import list_installations
from plugins.models import Plugin, Release
from plugins.selectors import (
    get_plugin,
    get_release,
    get_trusted_key,
    list_plugins,
    list_releases,
    list_trusted_keys,
)
from plugins.services import (
    SignatureRefused,
    deprecate_release,
    publish_release,
    register_release,
    withdraw_release,
)
from plugins.states import ReleaseState
from plugins.trust import add_trusted_key, revoke_trusted_key

PAGE_SIZE = 25
RELEASES_SHOWN = 100
ENTRIES_SHOWN = 20
DEFAULT_SORT = "name"
ASKING = ["GET", "HEAD", "POST"]


@require_GET
@require("core:plugins:view")
def plugin_list(request: HttpRequest) -> HttpResponse:
    """Show the plugins: searched, filtered, sorted, in pages, all of it in the address."""
    form = PluginFilterForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.cleaned_data if is_valid else {}
    sort, state = wanted.get("sort") or DEFAULT_SORT, wanted.get("state")
    plugins = list_plugins(
        search=wanted.get("q", ""), states=[state] if state else (), ordering=sort
    )
    paginator = Paginator(plugins if is_valid else plugins.none(), PAGE_SIZE)
    return render_page(
        request,
        "console/plugin_list.html",
        {
            "form": form,
            "page": paginator.get_page(wanted.get("page") or 1),
            "sort": sort,
            "is_filtered": bool(wanted.get("q") or state) or not is_valid,
        },
        fragment="console/_plugin_table.html",
        status=200 if is_valid else 400,
    )


@require_http_methods(ASKING)
@require("core:plugins:manage")
def plugin_register(request: HttpRequest) -> HttpResponse:
    """Ask for a package, check it, and lead to its release."""
    form = PluginRegisterForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        form = PluginRegisterForm(request.POST, request.FILES)
        status = 400
        if form.is_valid():
            content = form.cleaned_data["package"].read()
            try:
                release, is_new = register_release(content=content, actor=actor_of(request))
            except (InvalidInput, SignatureRefused, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(
                    request,
                    _("The release is registered. Publish it to offer it to tenants.")
                    if is_new
                    else _("This release was registered before, with the same contents."),
                )
                return _to_release(release)
    return render_page(request, "console/plugin_register.html", {"form": form}, status=status)


@require_GET
@require("core:plugins:view")
def plugin_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a plugin by its current release."""
    plugin = get_plugin(slug=slug)
    # A plugin has a release from the transaction on in which it came.
    version = plugin.current.version if plugin.current else ""
    return _show(request, plugin, get_release(slug=slug, version=version))


@require_GET
@require("core:plugins:view")
def release_detail(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Show one release: what it is, what it asks for, and who signed it."""
    release = get_release(slug=slug, version=version)
    return _show(request, release.plugin, release)


@require_http_methods(ASKING)
@require("core:plugins:manage")
def release_publish(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Ask whether to publish a release, and do it."""
    form = StrictForm(request.POST if request.method == "POST" else None)
    return _confirm(request, get_release(slug=slug, version=version), form, publish_release)


@require_http_methods(ASKING)
@require("core:plugins:manage")
def release_deprecate(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Ask whether to deprecate a release, and do it."""
    form = ReleaseReasonForm(request.POST if request.method == "POST" else None)
    return _confirm(request, get_release(slug=slug, version=version), form, deprecate_release)


@require_http_methods(ASKING)
@require("core:plugins:manage")
def release_withdraw(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Ask whether to withdraw a release, and do it."""
    form = ReleaseReasonForm(request.POST if request.method == "POST" else None)
    return _confirm(request, get_release(slug=slug, version=version), form, withdraw_release)


@require_GET
@require("core:plugins:view")
def key_list(request: HttpRequest) -> HttpResponse:
    """Show whose signatures count, and whose did."""
    return render_page(
        request,
        "console/plugin_keys.html",
        {"keys": list_trusted_keys(), "form": TrustKeyForm()},
    )


@require_http_methods(ASKING)
@require("core:plugins:manage")
def key_trust(request: HttpRequest) -> HttpResponse:
    """Ask for a key, and trust it."""
    form = TrustKeyForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                key = add_trusted_key(**form.cleaned_data, actor=actor_of(request))
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(
                    request, _("What “%(name)s” signs is accepted now.") % {"name": key.name}
                )
                return redirect("console:plugin_keys")
    return render_page(request, "console/plugin_key_trust.html", {"form": form}, status=status)


@require_http_methods(ASKING)
@require("core:plugins:manage")
def key_revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Ask whether to revoke a key, and do it."""
    key = get_trusted_key(key_id=key_id)
    form = StrictForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                revoke_trusted_key(key=key, actor=actor_of(request))
            except Conflict as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(
                    request, _("What “%(name)s” signs is accepted no more.") % {"name": key.name}
                )
                return redirect("console:plugin_keys")
    return render_page(
        request, "console/plugin_key_revoke.html", {"form": form, "key": key}, status=status
    )


def _show(request: HttpRequest, plugin: Plugin, release: Release) -> HttpResponse:
    releases = list_releases(plugin=plugin)[:RELEASES_SHOWN]
    form = PageForm(request.GET)
    number = form.cleaned_data["page"] if form.is_valid() else None
    return render_page(
        request,
        "console/plugin_detail.html",
        {
            "plugin": plugin,
            "release": release,
            "manifest": release.contract,
            "releases": releases,
            "entries": list_entries(target=f"plugin:{plugin.slug}")[:ENTRIES_SHOWN],
            "backend": find_backend(release=release),
            "may_publish": release.key.is_trusted and release.may_become(ReleaseState.PUBLISHED),
            "may_deprecate": release.may_become(ReleaseState.DEPRECATED),
            "may_withdraw": release.may_become(ReleaseState.WITHDRAWN),
            "users": Paginator(list_installations(plugin=plugin), PAGE_SIZE).get_page(number or 1),
        },
        fragment="console/_plugin_users.html",
    )


def _confirm(
    request: HttpRequest, release: Release, form: StrictForm, act: Callable[..., Release]
) -> HttpResponse:
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                release = act(release=release, actor=actor_of(request), **form.cleaned_data)
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(request, _("The release has been changed."))
                return _to_release(release)
    words = RELEASE_WORDS[act.__name__]
    names = {"name": release.plugin.name, "version": release.version}
    return render_page(
        request,
        "console/plugin_release_action.html",
        {"form": form, "release": release, "words": words, "title": words.title % names},
        status=status,
    )


def _to_release(release: Release) -> HttpResponse:
    return redirect("console:plugin_release", slug=release.plugin.slug, version=release.version)
