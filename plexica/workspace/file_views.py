"""The pages of files: the tenant's bucket, folder by folder."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.core.errors import Conflict, InvalidInput, NotFound, OutwardError, PlexicaError
from plexica.core.forms import StrictForm
from plexica.core.htmx import render_page, wants_fragment
from plexica.identity.actors import actor_of
from plexica.rbac.guards import require
from plexica.rbac.visit_middleware import visit_of
from plexica.storage.files import (
    LINK_SECONDS,
    Listing,
    delete_file,
    delete_folder,
    get_file,
    list_folder,
    make_folder,
    max_file_bytes,
    note_download,
    open_file,
    read_link,
    sign_link,
    upload_file,
)
from plexica.storage.names import folder_of, name_of
from plexica.workspace.file_forms import (
    FileForm,
    FileListForm,
    FolderForm,
    FolderMakeForm,
    UploadForm,
)
from tenants.requests import tenant_of

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

_FRAGMENT = "workspace/_file_list.html"

logger = structlog.get_logger(__name__)


@require_GET
@require("core:files:read")
def file_list(request: HttpRequest) -> HttpResponse:
    """Show what is in a folder, in pages; the folder is in the address."""
    form = FileListForm(request.GET)
    if not form.is_valid():
        raise NotFound(_("There is no such file or folder."))
    return _show(request, form.cleaned_data["folder"], after=form.cleaned_data["after"])


@require_POST
@require("core:files:upload")
def file_upload(request: HttpRequest) -> HttpResponse:
    """Put the files that were sent into a folder, and say of each that could not be why."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form.data.get("folder", ""), status=400, upload_form=form)
    folder, files = form.cleaned_data["folder"], form.cleaned_data["upload"]
    problems = _upload_all(request, folder, files, replaces=form.cleaned_data["replaces"])
    number = len(files) - len(problems)
    done = (
        ngettext("%(number)d file was uploaded.", "%(number)d files were uploaded.", number)
        % {"number": number}
        if number
        else ""
    )
    if problems or wants_fragment(request):
        status = 400 if problems else 200
        return _show(request, folder, status=status, problems=problems, done=done)
    messages.success(request, done)
    return _to_folder(folder)


@require_POST
@require("core:files:upload")
def folder_make(request: HttpRequest) -> HttpResponse:
    """Make a folder in a folder, and show what is in it: nothing yet."""
    form = FolderMakeForm(request.POST)
    if not form.is_valid():
        return _show(request, form.data.get("folder", ""), status=400, folder_form=form)
    try:
        path = make_folder(tenant=tenant_of(request), actor=actor_of(request), **form.cleaned_data)
    except (InvalidInput, Conflict) as error:
        form.add_refusal(error)
        folder = form.cleaned_data.get("folder", "")
        return _show(request, folder, status=error.status, folder_form=form)
    return _to_folder(path)


@require_http_methods(["GET", "HEAD", "POST"])
@require("core:files:delete")
def file_delete(request: HttpRequest) -> HttpResponse:
    """Ask whether a file is to be deleted, and do it."""
    form = FileForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _refuse(request, form)
    file = get_file(tenant=tenant_of(request), key=form.cleaned_data["key"])
    if request.method == "POST":
        delete_file(tenant=tenant_of(request), key=file.key, actor=actor_of(request))
        messages.success(request, _("“%(name)s” was deleted.") % {"name": file.name})
        return _to_folder(folder_of(file.key))
    return render_page(
        request,
        "workspace/file_delete.html",
        {"form": form, "file": file, "folder_query": quote(folder_of(file.key))},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@require("core:files:delete")
def folder_delete(request: HttpRequest) -> HttpResponse:
    """Ask whether an empty folder is to be deleted, and do it."""
    form = FolderForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _refuse(request, form)
    path, status = form.cleaned_data["folder"], 200
    if request.method == "POST":
        try:
            delete_folder(tenant=tenant_of(request), path=path, actor=actor_of(request))
        except Conflict as error:
            form.add_refusal(error)
            status = error.status
        else:
            messages.success(request, _("“%(name)s” was deleted.") % {"name": name_of(path)})
            return _to_folder(folder_of(path))
    return render_page(
        request,
        "workspace/folder_delete.html",
        {"form": form, "name": name_of(path), "folder_query": quote(folder_of(path))},
        status=status,
    )


@require_GET
@require("core:files:read")
def file_link(request: HttpRequest) -> HttpResponse:
    """Show a link to a file, to be given to others who may read files, and until when it works."""
    form = FileForm(request.GET)
    if not form.is_valid():
        return _refuse(request, form)
    tenant = tenant_of(request)
    file = get_file(tenant=tenant, key=form.cleaned_data["key"])
    path = reverse("workspace:file_download", args=[sign_link(tenant=tenant, key=file.key)])
    return render_page(
        request,
        "workspace/file_link.html",
        {
            "file": file,
            "folder_query": quote(folder_of(file.key)),
            "link": f"{tenant.workspace_url}{path}",
            "path": path,
            "expires_at": timezone.now() + timedelta(seconds=LINK_SECONDS),
        },
    )


@require_GET
@require("core:files:read")
def file_open(request: HttpRequest) -> HttpResponse:
    """Lead to a file by a link that expires."""
    form = FileForm(request.GET)
    if not form.is_valid():
        return _refuse(request, form)
    link = sign_link(tenant=tenant_of(request), key=form.cleaned_data["key"])
    return redirect("workspace:file_download", link=link)


@require_GET
@require("core:files:read")
def file_download(request: HttpRequest, link: str) -> HttpResponseBase:
    """Send a file to be saved: never shown, whatever is in it, as it would be our page then."""
    tenant = tenant_of(request)
    file, chunks = open_file(tenant=tenant, key=read_link(tenant=tenant, link=link))
    logger.info("file_downloaded", key=file.key, user=str(request.user.pk))
    if visit_of(request):
        # The tenant's people see what support took.
        note_download(file=file, actor=actor_of(request))
    response = StreamingHttpResponse(
        chunks,
        content_type="application/octet-stream",
        headers={
            "Content-Length": str(file.size),
            # Not compressed on its way: it would have no length, and could end unnoticed.
            "Content-Encoding": "identity",
            "Content-Disposition": content_disposition_header(True, file.name) or "attachment",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        },
    )
    add_never_cache_headers(response)
    return response


def _upload_all(
    request: HttpRequest, folder: str, files: "list[UploadedFile[Any]]", *, replaces: bool
) -> list[tuple[str, str]]:
    """Upload files, and return the names of those that could not be, with the reasons."""
    problems = []
    for file in files:
        try:
            upload_file(
                tenant=tenant_of(request),
                folder=folder,
                name=file.name or "",
                content=file,
                size=file.size or 0,
                replaces=replaces,
                actor=actor_of(request),
            )
        except NotFound:
            raise
        except PlexicaError as error:
            problems.append((file.name or "", error.detail))
        except OutwardError as error:
            logger.warning("upload_failed", reason=str(error))
            problems.append((file.name or "", _("The storage does not answer now.")))
    return problems


def _show(
    request: HttpRequest, folder: str, *, after: str = "", status: int = 200, **context: Any
) -> HttpResponse:
    """Show a folder; a storage that is down is said calmly."""
    listing: Listing | None = None
    try:
        listing = list_folder(tenant=tenant_of(request), path=folder, token=after)
    except OutwardError as error:
        logger.warning("files_unknown", reason=str(error))
    path = folder.strip("/")
    parts = path.split("/") if path else []
    return render_page(
        request,
        "workspace/file_list.html",
        {
            "listing": listing,
            "folder": path,
            "trail": [("/".join(parts[: n + 1]), part) for n, part in enumerate(parts)],
            "is_first": not after,
            "more": f"?{urlencode({'folder': path, 'after': listing.next_token})}"
            if listing and listing.next_token
            else "",
            "max_bytes": max_file_bytes(),
            "upload_form": UploadForm(None, initial={"folder": path}),
            "folder_form": FolderMakeForm(initial={"folder": path}),
            "problems": [],
        }
        | context,
        fragment=_FRAGMENT,
        status=status,
    )


def _refuse(request: HttpRequest, form: StrictForm) -> HttpResponse:
    """Lead whoever names nothing to the list, and refuse what cannot be.

    Raises:
        NotFound: Something is named, and there can be no such thing.
    """
    if request.method == "POST" or any(form.data.get(name) for name in form.fields):
        raise NotFound(_("There is no such file or folder."))
    return _to_folder("")


def _to_folder(path: str) -> HttpResponseRedirect:
    address = reverse("workspace:file_list")
    return HttpResponseRedirect(f"{address}?{urlencode({'folder': path})}" if path else address)
