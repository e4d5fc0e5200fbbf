"""Lets in what the host's gateway sends, and says for whom it is."""

import logging
import time
import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import set_script_prefix
from django.utils import timezone, translation

from plexica_sdk.hosting.answers import problem
from plexica_sdk.hosting.context import Context, enter
from plexica_sdk.hosting.environment import this_backend
from plexica_sdk.hosting.tracing import TRACE_HEADER, traced
from plexica_sdk.hosting.verification import ContextRefused, Verifier

# The one address that the host asks without a context.
READY_PATH = "/_plexica/ready"
_DEFAULT_LANGUAGE = "en"

logger = logging.getLogger("plexica.requests")


class ContextMiddleware:
    """Verifies the context, and sets tenant, addresses, language and time zone by it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        backend = this_backend()
        self._verifier = Verifier(secret=backend.secret, audience=backend.id)
        self._prefixes = (f"/x/{backend.plugin}", f"/api/x/{backend.plugin}")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        response = self._answer(request)
        # Without its length, an answer would be the last one of its connection.
        if isinstance(response, HttpResponse):
            response.setdefault("Content-Length", str(len(response.content)))
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == READY_PATH:
            return self._get_response(request)
        started = time.monotonic()
        try:
            context = self._verifier.verify(
                request.headers.get("Plexica-Context", ""),
                method=request.method or "",
                target=request.META.get("REQUEST_URI", ""),
                now=time.time(),
            )
            prefix = self._prefix(request)
        except ContextRefused as refused:
            logger.warning("Refused %s %s: %s", request.method, request.path_info, refused)
            return problem(401, str(refused))
        enter(context)
        request.plexica = context  # type: ignore[attr-defined] # see PluginRequest
        _set_prefix(request, prefix)
        with (
            traced(
                request.headers.get(TRACE_HEADER, ""),
                f"{request.method} {context.via}",
                request_id=context.request_id,
            ),
            translation.override(_language(context)),
            timezone.override(_time_zone(context)),
        ):
            response = self._get_response(request)
        logger.info(
            "%s %s (%s): %s in %.0f ms",
            request.method,
            request.path_info,
            context.via,
            response.status_code,
            (time.monotonic() - started) * 1000,
        )
        return response

    def _prefix(self, request: HttpRequest) -> str:
        # What the host itself posts comes without one; links in it lead to the pages.
        prefix = request.headers.get("Plexica-Prefix", self._prefixes[0])
        if prefix not in self._prefixes:
            raise ContextRefused("The prefix is not one of this plugin.")
        return prefix


def _set_prefix(request: HttpRequest, prefix: str) -> None:
    set_script_prefix(f"{prefix}/")
    request.META["SCRIPT_NAME"] = prefix
    request.path = f"{prefix}{request.path_info}"


def _language(context: Context) -> str:
    try:
        return translation.get_supported_language_variant(context.language or _DEFAULT_LANGUAGE)
    except LookupError:
        return _DEFAULT_LANGUAGE


def _time_zone(context: Context) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(context.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
