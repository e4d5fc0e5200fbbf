"""Pictures that people upload: checked, decoded, and made anew, so that nothing of theirs is kept.

What is kept of an upload are its pixels. Its name, its notes of place and camera, and whatever else
may hide in such a file go no further than this module.
"""

import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import IO, Any, Literal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from PIL import Image, ImageOps, UnidentifiedImageError

from plexica.core.errors import InvalidInput

MAX_BYTES = 1024 * 1024
# A phone's picture has 12 million. Decoded, each takes four bytes.
MAX_PIXELS = 16_000_000
ACCEPTED = ("PNG", "JPEG", "WEBP")
ACCEPT = "image/png,image/jpeg,image/webp"
_QUALITY = 88
_DIGEST_LENGTH = 32
_LOOKED_AT = 1024
# What Pillow's decoders raise over a file that is broken, or made to break them.
_BROKEN = (
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

OutputFormat = Literal["PNG", "WEBP"]
_ENDINGS: dict[OutputFormat, str] = {"PNG": "png", "WEBP": "webp"}
CONTENT_TYPES = {ending: f"image/{ending}" for ending in _ENDINGS.values()}


class PictureRefused(InvalidInput):
    """A file is no picture that is accepted; the detail says why."""

    code = "picture-refused"
    title = gettext_noop("This picture is not accepted")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a picture may become, and as what it is kept.

    Attributes:
        width: In pixels, at most.
        height: In pixels, at most.
        format: WebP is smaller; PNG is understood by whatever shows icons.
        is_square: Whether what is beyond a square in its middle is cut off.
    """

    width: int
    height: int
    format: OutputFormat = "WEBP"
    is_square: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was made anew.

    Attributes:
        content: The file.
        name: The digest of the file, with the ending of its type: the same picture has the same.
        content_type: What it is, for browsers.
        width: In pixels.
        height: In pixels.
    """

    content: bytes
    name: str
    content_type: str
    width: int
    height: int


def read_picture(upload: IO[bytes], *, bounds: Bounds, max_bytes: int = MAX_BYTES) -> Picture:
    """Make a picture anew from a file that somebody has uploaded.

    The file's own name and the type that the browser names for it count for nothing. Of a picture
    that moves, the first frame is kept.

    Args:
        upload: The file.
        bounds: How large the picture may become; a smaller one stays as it is.
        max_bytes: How large the file may be.

    Raises:
        PictureRefused: It is too large, of another type, or broken.
    """
    content = upload.read(max_bytes + 1)
    if not content:
        raise PictureRefused(_("The file is empty."))
    if len(content) > max_bytes:
        raise PictureRefused(
            _("The file is larger than %(max)d kB. Make the picture smaller, and try again.")
            % {"max": max_bytes // 1024}
        )
    try:
        return _encode(_fit(_open(content), bounds), bounds.format)
    except _BROKEN as error:
        raise PictureRefused(
            _("The picture is damaged or incomplete. Save it anew, and try again.")
        ) from error


def _open(content: bytes) -> Image.Image:
    """Read a picture's header, and nothing that needs room for its pixels.

    Raises:
        PictureRefused: It is none that is accepted, or has too many pixels.
    """
    try:
        image = Image.open(BytesIO(content), formats=ACCEPTED)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except UnidentifiedImageError as error:
        if b"<svg" in content[:_LOOKED_AT].lower():
            raise PictureRefused(
                _("SVG pictures are not accepted, as they can carry scripts. Save it as PNG.")
            ) from error
        raise PictureRefused(
            _("This is no PNG, JPEG or WebP picture, whatever the file is called.")
        ) from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    return image


def _too_many_pixels() -> PictureRefused:
    return PictureRefused(
        _("The picture has more than %(max)d million pixels. Make it smaller, and try again.")
        % {"max": MAX_PIXELS // 1_000_000}
    )


def _fit(image: Image.Image, bounds: Bounds) -> Image.Image:
    """Decode a picture, turn it as its notes say, and bring it within bounds."""
    # Before it is turned nobody knows which side is which. JPEG is decoded no larger than this.
    longest = max(bounds.width, bounds.height) * (4 if bounds.is_square else 1)
    image.thumbnail((longest, longest), reducing_gap=2.0)
    turned = ImageOps.exif_transpose(image)
    turned = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
    if bounds.is_square:
        side = min(turned.width, turned.height, bounds.width)
        return ImageOps.fit(turned, (side, side))
    turned.thumbnail((bounds.width, bounds.height))
    return turned


def _encode(image: Image.Image, to: OutputFormat) -> Picture:
    # A picture of its own, without the notes that Pillow would write down again.
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    file = BytesIO()
    if to == "PNG":
        bare.save(file, "PNG", optimize=True)
    else:
        bare.save(file, "WEBP", quality=_QUALITY, method=6)
    content = file.getvalue()
    ending = _ENDINGS[to]
    return Picture(
        content=content,
        name=f"{sha256(content).hexdigest()[:_DIGEST_LENGTH]}.{ending}",
        content_type=CONTENT_TYPES[ending],
        width=bare.width,
        height=bare.height,
    )


class PictureField(forms.FileField):
    """Takes a picture's file, and hands on the picture made anew; None where there is none."""

    widget = forms.FileInput

    def __init__(self, *, bounds: Bounds, max_bytes: int = MAX_BYTES, **kwargs: Any) -> None:
        """Take what `read_picture` takes.

        Args:
            bounds: How large the picture may become.
            max_bytes: How large the file may be.
            kwargs: What every field takes.
        """
        super().__init__(allow_empty_file=True, **kwargs)
        self.bounds = bounds
        self.max_bytes = max_bytes

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Let the browser offer pictures only; that is a help to people and no check."""
        return super().widget_attrs(widget) | {"accept": ACCEPT, "class": "form-control"}

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the picture.

        Raises:
            ValidationError: The file is not accepted.
        """
        upload = super().clean(data, initial)
        if not upload:
            return None
        try:
            return read_picture(upload, bounds=self.bounds, max_bytes=self.max_bytes)
        except PictureRefused as error:
            raise ValidationError(error.detail, code=error.code) from error
