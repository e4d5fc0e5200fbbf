"""Pictures of people, in the real bucket of their tenant."""

from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.events.services import deliver_pending
from plexica.identity.models import User
from plexica.rbac.people import remove_person
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.people.conftest import OnServer, in_row
from tests.integration.workspace.conftest import Member


def picture(colour: str, size: tuple[int, int] = (640, 480)) -> SimpleUploadedFile:
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return SimpleUploadedFile("../../etc/me.png", file.getvalue())


def upload(member: Member, file: SimpleUploadedFile) -> Any:
    return member.client.post("/profile/picture/", {"picture": file}, follow=True)


def deliver() -> None:
    with platform_scope():
        while deliver_pending():
            pass


def address_of(acme: Tenant, user: User) -> str:
    row = in_row(acme, user)
    return f"/people/{user.pk}/picture/{row.avatar_name}"


def is_kept(acme: Tenant, key: str) -> bool:
    with tenant_scope(acme):
        return bool(default_storage.exists(key))


def test_it_is_made_anew_and_shown_to_the_others(acme: Tenant, ada: Member, bo: Member) -> None:
    assert "Your picture has been saved." in upload(bo, picture("red")).content.decode()
    key = in_row(acme, bo.user).avatar
    assert key.startswith(f"_plexica/avatars/{bo.user.pk}/")
    address = address_of(acme, bo.user)
    assert f'<img class="person" src="{address}"' in bo.client.get("/").content.decode()
    assert f'src="{address}"' in ada.client.get("/users/?q=bo").content.decode()
    answer = ada.client.get(address)
    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert Image.open(BytesIO(answer.content)).size == (192, 192)


def test_a_new_one_has_a_new_address_and_the_old_one_goes(acme: Tenant, bo: Member) -> None:
    upload(bo, picture("red"))
    old, key = address_of(acme, bo.user), in_row(acme, bo.user).avatar
    upload(bo, picture("red"))
    assert address_of(acme, bo.user) != old
    assert bo.client.get(old).status_code == HTTPStatus.NOT_FOUND
    deliver()
    assert not is_kept(acme, key)
    now, key = address_of(acme, bo.user), in_row(acme, bo.user).avatar
    assert bo.client.get(now).status_code == HTTPStatus.OK
    bo.client.post("/profile/picture/remove/")
    bo.client.post("/profile/picture/remove/")
    deliver()
    assert not is_kept(acme, key)
    assert "<img" not in bo.client.get("/profile/").content.decode().split("<main")[1]


def test_it_goes_with_its_person(acme: Tenant, ada: Member, bo: Member) -> None:
    upload(bo, picture("blue"))
    address, key = address_of(acme, bo.user), in_row(acme, bo.user).avatar
    with tenant_scope(acme):
        remove_person(tenant=acme, user=bo.user, actor=SYSTEM)
    assert ada.client.get(address).status_code == HTTPStatus.NOT_FOUND
    deliver()
    assert not is_kept(acme, key)
    assert in_row(acme, bo.user).avatar == ""


def test_it_is_not_there_for_another_tenant(acme: Tenant, bo: Member, cy: Member) -> None:
    upload(bo, picture("green"))
    assert cy.client.get(address_of(acme, bo.user)).status_code == HTTPStatus.NOT_FOUND


def test_what_is_no_picture_is_refused_in_words(acme: Tenant, bo: Member) -> None:
    svg = SimpleUploadedFile("me.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    for file, words in (
        (svg, "SVG pictures are not accepted"),
        (SimpleUploadedFile("me.png", b""), "The file is empty."),
        (SimpleUploadedFile("me.png", b"MZ" * 100), "This is no PNG, JPEG or WebP picture"),
        (picture("red", (5000, 4000)), "million pixels"),
        (SimpleUploadedFile("me.png", b"x" * (1024 * 1024 + 1)), "The file is larger than"),
    ):
        answer = upload(bo, file)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert words in answer.content.decode()
    assert in_row(acme, bo.user).avatar == ""


def test_the_storage_is_down(acme: Tenant, bo: Member, stop: OnServer, start: OnServer) -> None:
    upload(bo, picture("red"))
    address, key = address_of(acme, bo.user), in_row(acme, bo.user).avatar
    stop("s3")
    assert upload(bo, picture("blue")).status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert in_row(acme, bo.user).avatar == key
    assert bo.client.get(address).status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert bo.client.get("/profile/").status_code == HTTPStatus.OK
    bo.client.post("/profile/picture/remove/")
    assert in_row(acme, bo.user).avatar == "", "It is shown no more, and deleted later."
    start("s3")
