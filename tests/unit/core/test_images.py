"""Pictures as browsers send them, good and bad; each is made here."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from plexica.core.images import Bounds, Picture, PictureField, PictureRefused, read_picture

LOGO = Bounds(512, 128)
ICON = Bounds(192, 192, format="PNG", is_square=True)
RED, BLUE = (220, 20, 20), (20, 20, 220)


def file_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(width: int = 300, height: int = 200, mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, (width, height), RED if mode == "RGB" else 0)
    image.paste(BLUE if mode == "RGB" else 1, (0, 0, width // 2, height // 2))
    return image


def read(content: bytes, bounds: Bounds = LOGO, **options: Any) -> Picture:
    return read_picture(BytesIO(content), bounds=bounds, **options)


def shown(made: Picture) -> Image.Image:
    image = Image.open(BytesIO(made.content))
    image.load()
    return image


def png_that_says(width: int, height: int) -> bytes:
    """Return a small PNG whose header names a size, as a decompression bomb does."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_usual_types_are_made_anew_within_the_bounds(kind: str) -> None:
    made = read(file_of(picture(1000, 500), kind))
    assert (made.width, made.height) == (256, 128)
    assert made.content_type == "image/webp"
    assert shown(made).format == "WEBP"
    assert shown(made).size == (256, 128)


def test_a_small_picture_stays_as_large_as_it_is() -> None:
    made = read(file_of(picture(30, 20), "PNG"))
    assert (made.width, made.height) == (30, 20)


def test_an_icon_is_a_square_from_the_middle() -> None:
    made = read(file_of(picture(900, 300), "PNG"), ICON)
    assert (made.width, made.height) == (192, 192)
    assert (made.content_type, shown(made).format) == ("image/png", "PNG")


def test_the_name_is_a_digest_and_the_same_for_the_same_picture() -> None:
    content = file_of(picture(), "PNG")
    made = read(content)
    stem, _, ending = made.name.partition(".")
    assert (len(stem), ending) == (32, "webp")
    assert set(stem) <= set("0123456789abcdef")
    assert read(content).name == made.name
    assert read(file_of(picture(301), "PNG")).name != made.name


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixels_is_understood(mode: str) -> None:
    image = Image.new(mode, (40, 40))
    made = read(file_of(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert shown(made).mode == ("RGBA" if mode in {"LA", "RGBA"} else "RGB")


def test_what_is_transparent_stays_so() -> None:
    image = Image.new("RGBA", (40, 40), (*RED, 0))
    assert shown(read(file_of(image, "PNG"), ICON)).getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_notes_are_dropped_and_the_picture_turned_as_they_say() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[1] = "N"
    content = file_of(picture(400, 200), "JPEG", exif=exif, quality=95)
    assert b"taken at home" in content
    for bounds in (LOGO, Bounds(128, 512, format="PNG")):
        made = read(content, bounds)
        assert made.height == 2 * made.width
        assert dict(shown(made).getexif()) == {}
        assert b"taken at home" not in made.content
        # The blue corner was at the top left, and is at the top right.
        red, _, blue = shown(made).convert("RGB").getpixel((made.width - 5, 5))  # type: ignore[misc]
        assert blue > red


def test_notes_of_other_kinds_are_dropped() -> None:
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415 (it is needed here only)

    notes = PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    made = read(file_of(picture(), "PNG", pnginfo=notes), ICON)
    assert b"script" not in made.content


def test_of_a_picture_that_moves_the_first_frame_is_kept() -> None:
    content = file_of(
        Image.new("RGB", (20, 20), RED), "WEBP", save_all=True, lossless=True,
        append_images=[Image.new("RGB", (20, 20), BLUE)],
    )  # fmt: skip
    made = read(content, ICON)
    assert shown(made).getpixel((10, 10)) == RED


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">%s</svg>'
REFUSED = {
    "empty": (b"", "empty"),
    "too large": (file_of(picture(), "PNG") + b"\0" * 1024 * 1024, "larger than 1024 kB"),
    "text": (b"this is a picture, believe me", "no PNG, JPEG or WebP"),
    "page": (b"<!doctype html><script>alert(1)</script>", "no PNG, JPEG or WebP"),
    "program": (b"MZ" + b"\0" * 500, "no PNG, JPEG or WebP"),
    "gif": (file_of(picture(), "GIF"), "no PNG, JPEG or WebP"),
    "bmp": (file_of(picture(), "BMP"), "no PNG, JPEG or WebP"),
    "svg": (SVG % b"<path d='M0 0'/>", "SVG pictures are not accepted"),
    "svg with script": (
        b"<?xml version='1.0'?>\n<!-- x -->" + SVG % b"<script>alert(1)</script>",
        "SVG pictures are not accepted",
    ),
    "50 megapixels": (png_that_says(10_000, 5_000), "more than 16 million pixels"),
    "bomb": (png_that_says(60_000, 60_000), "more than 16 million pixels"),
    "header only": (png_that_says(3000, 3000), "damaged or incomplete"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_is_refused_with_the_reason(case: str) -> None:
    content, reason = REFUSED[case]
    with pytest.raises(PictureRefused, match=reason):
        read(content)


def test_a_real_picture_of_50_megapixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = file_of(Image.new("1", (10_000, 5_000)), "PNG")
    assert len(content) < 1024 * 1024
    monkeypatch.setattr(Image.Image, "thumbnail", lambda *_: pytest.fail("It was decoded."))
    with pytest.raises(PictureRefused, match="more than 16 million pixels"):
        read(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused(kind: str, kept: float) -> None:
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    content = file_of(noise, kind)
    with pytest.raises(PictureRefused):
        read(content[: int(len(content) * kept)])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_whatever_is_changed_in_a_file_it_is_refused_or_read(kind: str) -> None:
    content = bytearray(file_of(picture(60, 60), kind))
    for place in range(0, min(len(content), 400), 3):
        broken = bytearray(content)
        broken[place] ^= 0xFF
        try:
            read(bytes(broken))
        except PictureRefused:
            continue


class Form(forms.Form):
    logo = PictureField(bounds=LOGO, required=False)


def test_a_form_gives_the_picture_and_not_the_name_of_the_file() -> None:
    upload = SimpleUploadedFile("../../etc/passwd.png", file_of(picture(), "PNG"), "text/html")
    form = Form({}, {"logo": upload})
    assert form.is_valid()
    made = form.cleaned_data["logo"]
    assert "passwd" not in made.name
    assert made.content_type == "image/webp"


def test_a_form_says_what_is_wrong_with_a_file() -> None:
    form = Form({}, {"logo": SimpleUploadedFile("logo.png", b"", "image/png")})
    assert form.errors["logo"] == ["The file is empty."]
    form = Form({}, {"logo": SimpleUploadedFile("logo.png", b"GIF89a", "image/png")})
    assert "whatever the file is called" in form.errors["logo"][0]


def test_a_form_without_a_file_gives_nothing() -> None:
    form = Form({}, {})
    assert form.is_valid()
    assert form.cleaned_data["logo"] is None
