import json
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hello.forms import NoteForm
from hello.models import Note
from hello.services import add_note
from plexica_sdk import hosting
from plexica_sdk.hosting import PluginRequest, require

MAX_SHOWN = 50


@require_safe
@require("hello:notes:read")
def page(request: PluginRequest) -> HttpResponse:
    """Show the notes, and a form to those who may write one."""
    return render(request, "hello/page.html", _board(request, NoteForm()))


@require_POST
@require("hello:notes:write")
def add(request: PluginRequest) -> HttpResponse:
    """Add a note; HTMX gets the board anew, a plain form is led back to the page."""
    form = NoteForm(request.POST)
    if form.is_valid():
        add_note(text=form.cleaned_data["text"], author=_author(request))
        form = NoteForm()
        if request.plexica.via == "page":
            return redirect("hello:page")
    template = "page" if request.plexica.via == "page" else "_board"
    return render(request, f"hello/{template}.html", _board(request, form))


@require_safe
@require("hello:notes:read")
def widget(request: PluginRequest) -> HttpResponse:
    """Show how many notes there are, and the newest."""
    return render(
        request,
        "hello/widget.html",
        {"count": Note.objects.count(), "newest": Note.objects.first()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@require("hello:notes:read", POST="hello:notes:write")
def api(request: PluginRequest) -> HttpResponse:
    """List the newest notes, or add one."""
    if request.method != "POST":
        return JsonResponse(
            {"results": [_document(note) for note in Note.objects.all()[:MAX_SHOWN]]}
        )
    form = NoteForm(_body(request))
    if not form.is_valid():
        return hosting.problem(400, " ".join(form.errors.get("text", ["Send a note's text."])))
    note = add_note(text=form.cleaned_data["text"], author=_author(request))
    return JsonResponse(_document(note), status=201)


def _board(request: PluginRequest, form: NoteForm) -> dict[str, Any]:
    return {
        "form": form,
        "greeting": hosting.settings()["greeting"],
        "may_write": "hello:notes:write" in request.plexica.permissions,
        "notes": Note.objects.all()[:MAX_SHOWN],
    }


def _author(request: PluginRequest) -> str:
    return request.plexica.user.name if request.plexica.user else request.plexica.tenant.name


def _body(request: PluginRequest) -> dict[str, Any]:
    try:
        found = json.loads(request.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _document(note: Note) -> dict[str, Any]:
    return {
        "id": note.pk,
        "text": note.text,
        "author": note.author,
        "created_at": note.created_at.isoformat(),
    }
