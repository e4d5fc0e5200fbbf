import logging

from django.http import HttpResponse, JsonResponse
from django.urls import path

from plexica_sdk.hosting import PluginRequest

logger = logging.getLogger("greeter")


def notes(request: PluginRequest) -> HttpResponse:
    logger.info("Somebody reads notes")
    return HttpResponse("<p>Hello</p>")


def office(request: PluginRequest) -> HttpResponse:
    logger.info("The office has opened")
    return JsonResponse({})


urlpatterns = [path("notes", notes), path("events/office", office)]
