"""How a workspace looks: set by one, seen by all, and nothing that harms."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from deploy.local.control import start_part, stop_part
from plexica.events.models import OutboxMessage
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.theme import PICTURES_PREFIX
from tests.conftest import Servers
from tests.integration.workspace.conftest import Member

THEME = "/settings/theme/"
PREVIEW = f"{THEME}preview/"
TEAL = "#0f766e"
_SHEET = re.compile(r'href="(/theme/[0-9a-f]{32}\.css)"')
_LOGO = re.compile(r'src="(/theme/[0-9a-f]{32}\.webp)"')
_ICON = re.compile(r'href="(/theme/[0-9a-f]{32}\.png)"')


@pytest.fixture(autouse=True)
def _as_it_was(acme: Tenant) -> Iterator[None]:
    yield
    OutboxMessage.objects.filter(event="tenant.updated", delivered_at=None).delete()
    Tenant.objects.filter(pk=acme.pk).update(theme_colour="", theme_mode="auto", logo="", icon="")
    with tenant_scope(acme):
        for name in pictures():
            default_storage.delete(f"{PICTURES_PREFIX}{name}")


def pictures() -> list[str]:
    return sorted(default_storage.listdir(PICTURES_PREFIX)[1])


def png(*, size: tuple[int, int] = (300, 100), name: str = "logo.png", red: int = 200) -> Any:
    file = BytesIO()
    Image.new("RGB", size, (red, 30, 30)).save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), "image/png")


def save(member: Member, **changed: Any) -> Any:
    there = Tenant.objects.get(pk=member.tenant.pk)
    values = {
        "version": there.version, "theme_colour": there.theme_colour,
        "theme_mode": there.theme_mode, **changed,
    }  # fmt: skip
    return member.client.post(THEME, values)


def found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    assert match, page[:2000]
    return match[1]


def test_a_colour_that_one_saves_is_everybodys_at_their_next_page(dee: Member, bo: Member) -> None:
    before = bo.client.get("/").content.decode()
    assert not _SHEET.search(before)
    saved = save(dee, theme_colour="0F766E")
    assert saved.status_code == HTTPStatus.FOUND, saved.content.decode()
    address = found(_SHEET, bo.client.get("/").content.decode())
    answer = bo.client.get(address)
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert f"--tblr-primary: {TEAL};" in answer.content.decode()
    # Another colour has another address, and this one is gone.
    assert save(dee, theme_colour="#7c2d12").status_code == HTTPStatus.FOUND
    assert found(_SHEET, bo.client.get("/").content.decode()) != address
    assert bo.client.get(address).status_code == HTTPStatus.NOT_FOUND
    assert save(dee, theme_colour="").status_code == HTTPStatus.FOUND
    assert not _SHEET.search(bo.client.get("/").content.decode())


def test_whoever_is_not_logged_in_sees_the_look_too(dee: Member) -> None:
    save(dee, theme_colour=TEAL, logo=png(), icon=png())
    stranger = Client(headers={"host": "acme.localhost"})
    page = stranger.get("/oidc/logged-out/").content.decode()
    for pattern in (_SHEET, _ICON):
        answer = stranger.get(found(pattern, page))
        assert answer.status_code == HTTPStatus.OK
        assert "Set-Cookie" not in answer.headers
        assert answer.headers.get("Vary", "Accept-Encoding") == "Accept-Encoding"


def test_a_tenants_look_is_not_anothers(dee: Member, cy: Member) -> None:
    save(dee, theme_colour=TEAL, logo=png())
    page = dee.client.get("/").content.decode()
    for pattern in (_SHEET, _LOGO):
        assert cy.client.get(found(pattern, page)).status_code == HTTPStatus.NOT_FOUND
    assert not _SHEET.search(cy.client.get("/").content.decode())


@pytest.mark.parametrize("colour", ["#fde047", "#ffffff", "#38bdf8"])
def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_can(
    dee: Member, colour: str
) -> None:
    answer = save(dee, theme_colour=colour)
    page = answer.content.decode()
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "Text on buttons (" in page
    assert "Links on light pages (" in page
    nearest = re.search(r"The nearest colour that can is (#[0-9a-f]{6})", page)
    assert nearest
    assert Tenant.objects.get(pk=dee.tenant.pk).theme_colour == ""
    assert save(dee, theme_colour=nearest[1]).status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("colour", ["red", "#12345", "#12345g", "}body{}", "url(x)"])
def test_what_is_no_colour_is_refused(dee: Member, colour: str) -> None:
    answer = save(dee, theme_colour=colour)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "as # and six digits" in answer.content.decode()


def test_a_colour_is_tried_before_it_is_saved(dee: Member, bo: Member) -> None:
    piece = dee.client.get(PREVIEW, {"theme_colour": TEAL}, headers={"HX-Request": "true"})
    sheet = re.search(r'href="(/settings/theme/preview/0f766e\.css)"', piece.content.decode())
    assert sheet
    assert "<html" not in piece.content.decode()
    style = dee.client.get(sheet[1])
    assert style["Content-Type"].startswith("text/css")
    assert ":root" not in style.content.decode()
    assert f".theme-preview {{\n  --tblr-primary: {TEAL};" in style.content.decode()
    piece = dee.client.get(PREVIEW, {"theme_colour": "#fde047"}).content.decode()
    assert "At least 4.5:1 is needed" in piece
    assert "as # and six digits" in dee.client.get(PREVIEW, {"theme_colour": "}"}).content.decode()
    # Without scripts the same is a page.
    assert "preview/0f766e.css" in dee.client.get(THEME, {"theme_colour": TEAL}).content.decode()
    assert Tenant.objects.get(pk=dee.tenant.pk).theme_colour == ""
    for address in (PREVIEW, sheet[1]):
        assert bo.client.get(address).status_code == HTTPStatus.FORBIDDEN
    assert dee.client.get(f"{PREVIEW}red.css").status_code == HTTPStatus.NOT_FOUND


def test_logo_and_icon_are_kept_in_the_bucket_and_the_old_ones_removed(dee: Member) -> None:
    assert save(dee, logo=png(), icon=png(name="icon.png")).status_code == HTTPStatus.FOUND
    page = dee.client.get("/").content.decode()
    logo, icon = found(_LOGO, page), found(_ICON, page)
    answer = dee.client.get(logo)
    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert Image.open(BytesIO(answer.content)).size == (300, 100)
    assert Image.open(BytesIO(dee.client.get(icon).content)).size == (100, 100)
    with tenant_scope(dee.tenant):
        assert len(pictures()) == 2
    assert save(dee, logo=png(red=90)).status_code == HTTPStatus.FOUND
    assert found(_LOGO, dee.client.get("/").content.decode()) != logo
    assert dee.client.get(logo).status_code == HTTPStatus.NOT_FOUND
    assert dee.client.get(icon).status_code == HTTPStatus.OK
    with tenant_scope(dee.tenant):
        assert len(pictures()) == 2
    assert save(dee, remove_logo="on", remove_icon="on").status_code == HTTPStatus.FOUND
    assert not _LOGO.search(dee.client.get("/").content.decode())
    with tenant_scope(dee.tenant):
        assert pictures() == []


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "The file is empty."),
        (b"GIF89a nothing", "no PNG, JPEG or WebP"),
        (b"<svg xmlns='x'><script>alert(1)</script></svg>", "SVG pictures are not accepted"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "no PNG, JPEG or WebP"),
        (b"\0" * (1024 * 1024 + 1), "larger than 1024 kB"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(dee: Member, file: bytes, reason: str) -> None:
    upload = SimpleUploadedFile("../../logo.png", file, "image/png")
    answer = save(dee, logo=upload, theme_colour=TEAL)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert reason in answer.content.decode()
    assert Tenant.objects.get(pk=dee.tenant.pk).theme_colour == ""
    with tenant_scope(dee.tenant):
        assert pictures() == []


def test_a_page_that_was_overtaken_leaves_no_picture_behind(dee: Member) -> None:
    there = Tenant.objects.get(pk=dee.tenant.pk)
    answer = save(dee, version=there.version + 1, logo=png())
    assert answer.status_code == HTTPStatus.CONFLICT
    with tenant_scope(dee.tenant):
        assert pictures() == []


def test_a_storage_that_is_down_is_said_and_nothing_changed(dee: Member, servers: Servers) -> None:
    stop_part(servers.instance, "s3")
    try:
        answer = save(dee, logo=png(), theme_colour=TEAL)
    finally:
        start_part(servers.instance, "s3")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "does not take the picture now" in answer.content.decode()
    assert Tenant.objects.get(pk=dee.tenant.pk).theme_colour == ""


def test_who_may_not_change_it_changes_nothing(bo: Member) -> None:
    assert save(bo, theme_colour=TEAL).status_code == HTTPStatus.FORBIDDEN
    assert Tenant.objects.get(pk=bo.tenant.pk).theme_colour == ""


def test_the_page_takes_a_fixed_number_of_queries(
    dee: Member, django_assert_num_queries: Any
) -> None:
    dee.client.get(THEME)
    with django_assert_num_queries(QUERIES):
        dee.client.get(THEME)


QUERIES = 2
