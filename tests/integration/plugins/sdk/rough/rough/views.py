import threading
import time
from collections.abc import Iterator

from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse

from plexica_sdk.hosting import (
    HostError,
    NoContext,
    PluginRequest,
    send_mail,
    storage,
    users,
)
from plexica_sdk.hosting import (
    publish as publish_event,
)
from rough.models import Thing


def things(request: PluginRequest) -> JsonResponse:
    return JsonResponse({"things": [thing.name for thing in Thing.objects.order_by("id")]})


def write_then_fail(request: PluginRequest) -> HttpResponse:
    Thing.objects.create(name="half-way")
    publish_event("rough.happened", {})
    raise RuntimeError("This is on purpose.")


def stream(request: PluginRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        yield "begin "
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            yield cursor.fetchone()[0]

    return StreamingHttpResponse(lines(), content_type="text/plain")


def in_a_thread(request: PluginRequest) -> HttpResponse:
    said = []

    def count() -> None:
        try:
            said.append(str(Thing.objects.count()))
        except NoContext as error:
            said.append(str(error))

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    return HttpResponse(said[0], content_type="text/plain")


@transaction.non_atomic_requests
def run_sql(request: PluginRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute(request.body.decode())
            found = str(cursor.fetchall() if cursor.description else "done")
    except DatabaseError as error:
        found = f"refused: {error}"
    return HttpResponse(found, content_type="text/plain")


def wait_for_the_file(request: PluginRequest) -> HttpResponse:
    storage.save("began", ContentFile(b""))
    while not storage.exists("go-on"):
        time.sleep(0.02)
    return HttpResponse("It went on.", content_type="text/plain")


def use_files(request: PluginRequest) -> JsonResponse:
    for name in ("a.txt", "a.txt", "notes/b c.txt", "notes/ü.txt", "notes/deep/d.txt"):
        storage.save(name, ContentFile(name.encode()))
    directories, files = storage.listdir("notes")
    with storage.open("notes/ü.txt") as stream:
        content = stream.read().decode()
    storage.delete("notes/b c.txt")
    storage.delete("never-there")
    try:
        storage.open("never-there")
    except FileNotFoundError as error:
        missing = str(error)
    return JsonResponse(
        {
            "directories": directories,
            "files": files,
            "content": content,
            "size": storage.size("a.txt"),
            "deleted": not storage.exists("notes/b c.txt"),
            "missing": missing,
        }
    )


def people(request: PluginRequest) -> JsonResponse:
    return JsonResponse({"people": [f"{person.name} {person.email}" for person in users()]})


def mail(request: PluginRequest) -> JsonResponse:
    try:
        send_mail(request.GET["to"], "News", "There are news.")
    except HostError as error:
        return JsonResponse({"error": f"{type(error).__name__}: {error}"})
    return JsonResponse({"error": ""})


@transaction.non_atomic_requests
def publish(request: PluginRequest) -> JsonResponse:
    try:
        publish_event(request.GET["event"], {"size": "x" * int(request.GET["size"])})
    except HostError as error:
        return JsonResponse({"error": f"{type(error).__name__}: {error}"})
    return JsonResponse({"error": ""})


def large_file(request: PluginRequest) -> JsonResponse:
    try:
        storage.open("large")
    except HostError as error:
        return JsonResponse({"error": str(error)})
    return JsonResponse({"error": ""})
