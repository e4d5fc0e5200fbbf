"""The console's pages about what runs: the backends of plugins."""

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from plexica.console.backend_words import BACKEND_WORDS
from plexica.console.plugin_forms import PageForm
from plexica.core.actor import Actor
from plexica.core.errors import Conflict
from plexica.core.forms import StrictForm
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.rbac.guards import require
from plugins.backend_selectors import get_backend, is_agent_silent, list_backends
from plugins.backends import end_quarantine, restart_backend, set_unconfined
from plugins.models import Release
from plugins.selectors import get_release

PAGE_SIZE = 25
ASKING = ["GET", "HEAD", "POST"]


@require_GET
@require("core:plugins:view")
def backend_list(request: HttpRequest) -> HttpResponse:
    """Show what runs and what should, anew every few seconds."""
    form = PageForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.cleaned_data if is_valid else {}
    return render_page(
        request,
        "console/backend_list.html",
        {
            "page": Paginator(list_backends(), PAGE_SIZE).get_page(wanted.get("page") or 1),
            "is_agent_silent": is_agent_silent(),
        },
        fragment="console/_backend_table.html",
        status=200 if is_valid else 400,
    )


@require_GET
@require("core:plugins:view")
def backend_detail(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Show one backend: how it is, and the end of its log."""
    release = get_release(slug=slug, version=version)
    return render_page(
        request,
        "console/backend_detail.html",
        {"backend": get_backend(release=release, with_log=True), "release": release},
    )


@require_http_methods(ASKING)
@require("core:plugins:manage")
def backend_restart(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Ask whether to start a backend anew, and have it done."""

    def act(release: Release, actor: Actor) -> None:
        restart_backend(backend=get_backend(release=release), actor=actor)

    return _confirm(request, get_release(slug=slug, version=version), "restart", act)


@require_http_methods(ASKING)
@require("core:plugins:manage")
def backend_end_quarantine(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Ask whether to end a quarantine, and do it."""

    def act(release: Release, actor: Actor) -> None:
        end_quarantine(backend=get_backend(release=release), actor=actor)

    return _confirm(request, get_release(slug=slug, version=version), "end-quarantine", act)


@require_http_methods(ASKING)
@require("core:plugins:manage")
def backend_unconfine(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Ask whether a release may run without an OS user of its own, and allow it."""

    def act(release: Release, actor: Actor) -> None:
        set_unconfined(release=release, allowed=True, actor=actor)

    return _confirm(request, get_release(slug=slug, version=version), "unconfine", act)


@require_http_methods(ASKING)
@require("core:plugins:manage")
def backend_confine(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """Ask whether to take that back, and do it."""

    def act(release: Release, actor: Actor) -> None:
        set_unconfined(release=release, allowed=False, actor=actor)

    return _confirm(request, get_release(slug=slug, version=version), "confine", act)


def _confirm(
    request: HttpRequest, release: Release, what: str, act: Callable[[Release, Actor], None]
) -> HttpResponse:
    # There is a page to go back to.
    get_backend(release=release)
    form = StrictForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                act(release, actor_of(request))
            except Conflict as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(request, _("The plugin agent does it within a few seconds."))
                return redirect(
                    "console:plugin_backend", slug=release.plugin.slug, version=release.version
                )
    words = BACKEND_WORDS[what]
    names = {"name": release.plugin.name, "version": release.version}
    return render_page(
        request,
        "console/backend_action.html",
        {"form": form, "release": release, "words": words, "title": words.title % names},
        status=status,
    )
