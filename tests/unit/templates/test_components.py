from datetime import timedelta

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxMiddleware

from plexica.core.csp import keycloak_origin
from plexica.core.error_pages import ErrorPageMiddleware
from plexica.core.errors import Conflict, PermissionRefused, TransientError
from plexica.core.htmx import wants_fragment
from plexica.core.templatetags.components import ago, as_words
from tenants.middleware import host_not_found


def render(source: str, **context: object) -> str:
    return str(engines["django"].from_string(source).render(context))


def test_a_component_shows_its_values_and_its_block() -> None:
    shown = render(
        '{% component "card" title=title %}<b>{{ what }}</b>{% endcomponent %}',
        title="A & B",
        what="<",
    )
    assert "A &amp; B" in shown
    assert "<b>&lt;</b>" in shown


def test_components_stand_in_each_other_without_a_trace() -> None:
    shown = render(
        '{% component "card" title="outer" %}'
        '{% component "datum" label="inner" %}x{% endcomponent %}'
        "{% endcomponent %}{{ title }}{{ slot }}"
    )
    assert shown.count("outer") == 2  # label and heading
    assert shown.endswith("</section>\n")


def test_an_empty_block_is_false() -> None:
    assert "d-print-none" not in render(
        '{% component "page_header" title="x" %} {% endcomponent %}'
    )


def test_an_icon_is_hidden_from_screen_readers() -> None:
    shown = render('{% icon "check" %}')
    assert 'aria-hidden="true"' in shown
    assert "icons.svg#check" in shown


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=3, seconds=3), "3\xa0minutes ago"),
        (timedelta(days=8), "1\xa0week ago"),
    ],
)
def test_ago(age: timedelta, words: str) -> None:
    assert ago(timezone.now() - age) == words


def test_keys_become_words() -> None:
    assert as_words("tenant.creation_retried") == "tenant creation retried"


@pytest.mark.parametrize(
    ("headers", "is_fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_htmx_itself_gets_a_fragment(headers: dict[str, str], *, is_fragment: bool) -> None:
    request = RequestFactory().get("/", headers=headers)
    HtmxMiddleware(lambda _request: None)(request)  # type: ignore[arg-type, return-value]
    assert wants_fragment(request) is is_fragment


def test_forms_may_lead_to_the_default_keycloak_where_there_is_no_tenant() -> None:
    assert keycloak_origin(RequestFactory().get("/")).startswith("http://localhost:")


def test_a_host_that_is_not_there_gets_the_same_bytes_each_time() -> None:
    assert host_not_found().content == host_not_found().content


class TestErrorPages:
    def page(self, error: Exception, path: str = "/") -> tuple[int, str, str]:
        request = RequestFactory().get(path)
        answer = ErrorPageMiddleware(lambda _request: None).process_exception(  # type: ignore[arg-type, return-value]
            request, error
        )
        assert answer is not None
        return answer.status_code, answer.headers["Content-Type"], answer.content.decode()

    def test_our_errors_are_pages_in_their_own_words(self) -> None:
        status, kind, text = self.page(Conflict("Somebody <else> was quicker."))
        assert (status, kind) == (409, "text/html; charset=utf-8")
        assert "Somebody &lt;else&gt; was quicker." in text

    def test_a_refusal_says_so_without_words_too(self) -> None:
        status, _kind, text = self.page(PermissionRefused())
        assert status == 403
        assert "You do not have the permission to do this" in text

    def test_a_server_that_is_down_is_503(self) -> None:
        assert self.page(TransientError("The storage server did not answer."))[0] == 503

    def test_programs_get_a_problem(self) -> None:
        status, kind, _text = self.page(Conflict("x"), "/api/tenants")
        assert (status, kind) == (409, "application/problem+json")

    def test_what_nobody_foresaw_is_left_to_django(self) -> None:
        request = RequestFactory().get("/")
        middleware = ErrorPageMiddleware(lambda _request: None)  # type: ignore[arg-type, return-value]
        assert middleware.process_exception(request, KeyError("x")) is None
