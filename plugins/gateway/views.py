"""A plugin's pages in the workspace: `/x/<plugin>/…`."""

from functools import wraps
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from plexica.core.csrf import form_token
from plexica.core.errors import NotFound
from plexica.core.htmx import render_page, wants_fragment
from plexica.identity.actors import viewer_of
from plexica.rbac.engine import snapshot_of
from plexica.rbac.guards import require_found
from plexica_sdk.manifest import Route
from plugins.gateway import static_files
from plugins.gateway.bodies import FormKeeper, check_length, read_body
from plugins.gateway.contexts import Caller, Via, permissions_held
from plugins.gateway.failures import BackendBroken, BackendFailure
from plugins.gateway.forwarding import Passage, Reply, forward, log_failure
from plugins.gateway.headers import check_html, headers_to_backend, is_html
from plugins.gateway.ui import is_widget, page_at, prefix_of
from plugins.installed import Installed, installed_here
from tenants.requests import tenant_of

_FRAGMENT_HEADERS = ("HX-Request", "HX-History-Restore-Request", "HX-Target")
# By it a page's script knows that an error is words to be shown, see `static/js/plexica.js`.
_NOTICE_HEADER = "Plexica-Notice"
_NO_UTF8 = "Its HTML is not UTF-8."


def find_route(request: HttpRequest, plugin: str, path: str = "") -> tuple[Installed, Route]:
    """Return the plugin and the route that a request is for.

    Raises:
        NotFound: The tenant has no such plugin, it is not enabled, or no route leads there.
    """
    installed = installed_here().get(plugin)
    route = installed.routes.match(request.method or "", f"/{path}") if installed else None
    if installed is None or route is None:
        raise NotFound(_("There is nothing at this address."))
    return installed, route


def _permission(request: HttpRequest, plugin: str, path: str = "") -> str:
    return find_route(request, plugin, path)[1].permission


@csrf_protect
@require_found(_permission)
def _passed(request: HttpRequest, plugin: str, path: str = "") -> HttpResponseBase:
    installed, _route = find_route(request, plugin, path)
    passage = _passage(request, installed, f"/{path}")
    try:
        reply = forward(passage)
        if not is_html(reply.content_type) or request.method == "HEAD":
            return handed_on(reply, is_head=request.method == "HEAD")
        return _shown(request, passage, reply)
    except BackendFailure as failure:
        return _calm(request, passage, failure)


@csrf_exempt  # `_passed` checks the token, once it is seen to that the form is kept
@wraps(_passed)
def plugin_page(request: HttpRequest, plugin: str, path: str = "") -> HttpResponseBase:
    """Hand a request on to a plugin's backend, and its answer back.

    Its HTML is set into the workspace's layout, or returned as it is when HTMX asks.
    """
    check_length(request)
    request.upload_handlers = [FormKeeper(request)]
    return _passed(request, plugin, path)


def handed_on(reply: Reply, *, is_head: bool) -> HttpResponseBase:
    """Return a backend's answer as it comes.

    Raises:
        BackendFailure: It does not come as it should.
    """
    content_type = reply.content_type or None
    response: HttpResponseBase
    if is_head or not reply.content_type:
        response = HttpResponse(reply.read(), content_type=content_type, status=reply.status)
    else:
        response = StreamingHttpResponse(reply, content_type=content_type, status=reply.status)
        if reply.length is not None:
            response.headers["Content-Length"] = str(reply.length)
    if not reply.content_type:
        del response.headers["Content-Type"]
    _add_headers(response, reply)
    return response


def _passage(request: HttpRequest, installed: Installed, path: str) -> Passage:
    user = viewer_of(request)
    via = Via.PAGE
    if wants_fragment(request):
        element = request.headers.get("HX-Target", "")
        via = Via.WIDGET if is_widget(installed.release, path, element) else Via.FRAGMENT
    return Passage(
        installed=installed,
        tenant=tenant_of(request),
        caller=Caller(
            user, permissions_held(installed.manifest, snapshot_of(user)), form_token(request)
        ),
        via=via,
        method=request.method or "",
        path=path,
        query=request.META.get("QUERY_STRING", ""),
        headers=headers_to_backend(request.headers),
        body=read_body(request),
        prefix=prefix_of(installed.slug),
    )


def _shown(request: HttpRequest, passage: Passage, reply: Reply) -> HttpResponse:
    content = _decoded(passage, reply)
    if wants_fragment(request):
        response = HttpResponse(content, status=reply.status)
    else:
        # What a plugin may write into the page is decided when its package is trusted; the
        # policy of the page lets no script run but files of that package.
        response = _page(request, passage, {"content": mark_safe(content)}, reply.status)  # noqa: S308
    _add_headers(response, reply)
    return response


def _decoded(passage: Passage, reply: Reply) -> str:
    content = reply.read()
    try:
        text = content.decode("utf-8")
        check_html(text)
    except (UnicodeDecodeError, BackendBroken) as error:
        failure = error if isinstance(error, BackendBroken) else BackendBroken(_NO_UTF8)
        log_failure(passage, failure)
        raise failure from error
    return text


def _calm(request: HttpRequest, passage: Passage, failure: BackendFailure) -> HttpResponse:
    """Say in the plugin's own place that it has not answered."""
    response = _page(request, passage, {"failure": failure}, failure.status)
    response.headers[_NOTICE_HEADER] = "1"
    return response


def _page(
    request: HttpRequest, passage: Passage, what: dict[str, object], status: int
) -> HttpResponse:
    page = page_at(passage.installed.release, passage.path)
    loaded = {
        part: static_files.find_file(passage.installed.digest, name)
        for part, name in (("module", page.module), ("style", page.style))
        if name and "content" in what
    }
    return render_page(
        request,
        "workspace/plugin_page.html",
        {"plugin": passage.installed, "prefix": passage.prefix, "page": page} | loaded | what,
        fragment="workspace/_plugin_failure.html",
        status=status,
    )


def _add_headers(response: HttpResponseBase, reply: Reply) -> None:
    for name, value in reply.headers.items():
        response.headers[name] = value
    patch_vary_headers(response, cast("list[str]", _FRAGMENT_HEADERS))
