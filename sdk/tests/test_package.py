"""Packages: one form, the same bytes each time, and nothing else is read."""

import hashlib
import io
import os
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import MANIFEST, wheel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexica_sdk import package as form
from plexica_sdk import wheels
from plexica_sdk.building import build_package
from plexica_sdk.errors import KeyInvalid, PackageInvalid, PluginError, SignatureInvalid
from plexica_sdk.package import Package, make_package, read_package, write_package
from plexica_sdk.signing import (
    PublicKey,
    check_signature,
    make_private_key,
    public_key_of,
    sign_package,
)

FILES = {
    "plexica-plugin.toml": MANIFEST.encode(),
    "wheels/hello-0.1.0-py3-none-any.whl": wheel(),
    "static/icon.svg": b"<svg/>",
    "static/js/hello.js": b"export {};\n",
}
KEY = make_private_key()
OTHER_KEY = make_private_key()
SIGNED = write_package(sign_package(make_package(FILES), KEY))


def entries_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zipped(
    entries: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_STORED
) -> bytes:
    """Write a ZIP file as anybody could."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            info = name if isinstance(name, zipfile.ZipInfo) else plain(name)
            archive.writestr(info, content, compress_type=method)
    return out.getvalue()


def plain(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o100644 << 16
    info.create_system = 3
    return info


def with_right_digests(files: dict[str, bytes]) -> list[tuple[str | zipfile.ZipInfo, bytes]]:
    lines = [
        f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}\n"
        for name, content in sorted(files.items())
    ]
    digests = ("plexica-package-1\n" + "".join(lines)).encode()
    return [("DIGESTS", digests), *sorted(files.items(), key=lambda item: item[0] > "plexica")]


def refused(content: bytes, words: str) -> None:
    with pytest.raises(PackageInvalid, match=words):
        read_package(content)


def test_it_reads_as_it_was_written() -> None:
    found = read_package(SIGNED)
    assert dict(found.files) == FILES
    assert found.manifest.slug == "hello"
    assert write_package(found) == SIGNED
    check_signature(found, public_key_of(KEY))


def test_built_twice_it_has_the_same_bytes(project: Path) -> None:
    first = write_package(build_package(project))
    for path in project.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o755 if path.is_dir() else 0o600)
    assert write_package(build_package(project)) == first
    # The order in which files come makes no difference.
    assert write_package(make_package(dict(reversed(FILES.items())))) == first


def test_the_bytes_are_these_whatever_wrote_them() -> None:
    """Another machine or another Python has to make the same: this changes only on purpose."""
    files = {**FILES, "wheels/hello-0.1.0-py3-none-any.whl": fixed_wheel()}
    content = write_package(make_package(files))
    assert hashlib.sha256(content).hexdigest() == (
        "fc5ccd5f2b330d563d2d5cc000d677d97b70772b6ea3d1b0d522d26898c9fbb0"
    )


def fixed_wheel() -> bytes:
    return zipped([("hello-0.1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\n")])


def test_signed_again_by_the_same_key_it_has_the_same_bytes() -> None:
    assert write_package(sign_package(read_package(SIGNED), KEY)) == SIGNED
    other = sign_package(read_package(SIGNED), OTHER_KEY)
    assert write_package(other) != SIGNED
    assert other.digest == read_package(SIGNED).digest


def test_every_changed_byte_is_noticed() -> None:
    for position in range(0, len(SIGNED), 3):
        changed = bytearray(SIGNED)
        changed[position] ^= 0x01
        # Only the signature itself may still be read; it is checked afterwards.
        with suppress(PluginError):
            package = read_package(bytes(changed))
            with pytest.raises((SignatureInvalid, KeyInvalid)):
                check_signature(package, public_key_of(KEY))


def test_another_content_does_not_fit_the_digests() -> None:
    entries = entries_of(SIGNED)
    entries["static/js/hello.js"] = b"alert(1)//"
    refused(zipped(list(entries.items())), "not those that DIGESTS lists.*static/js/hello.js")


def test_new_digests_do_not_fit_the_signature() -> None:
    files = {**FILES, "static/js/hello.js": b"alert(1);\n"}
    forged = Package(make_package(files).manifest, files, read_package(SIGNED).signature)
    with pytest.raises(SignatureInvalid, match="not one of this key"):
        check_signature(read_package(write_package(forged)), public_key_of(KEY))


def test_another_key_is_not_the_one() -> None:
    with pytest.raises(SignatureInvalid, match="another key"):
        check_signature(read_package(SIGNED), public_key_of(OTHER_KEY))


def test_a_signature_under_another_name_is_not_the_one() -> None:
    signature = read_package(SIGNED).signature.replace(
        public_key_of(KEY).fingerprint, public_key_of(OTHER_KEY).fingerprint
    )
    forged = Package(make_package(FILES).manifest, FILES, signature)
    with pytest.raises(SignatureInvalid, match="not one of this key"):
        check_signature(forged, public_key_of(OTHER_KEY))


@pytest.mark.parametrize("signature", ["", "ed25519\n", "rsa aa bb\n", "ed25519 " + "0" * 64])
def test_what_is_no_signature(signature: str) -> None:
    package = Package(make_package(FILES).manifest, FILES, signature)
    with pytest.raises(SignatureInvalid):
        check_signature(package, public_key_of(KEY))


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "/etc/passwd", "static/../../evil", "static//a", "static/.hidden", "static/a\\b",
        "static/", "static/ä.js", "static/a b", "C:/evil", "elsewhere/a.js", "wheels.txt",
        "static/" + "a" * 200, "",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(PackageInvalid):
        make_package({**FILES, name: b""})
    with pytest.raises(PluginError):
        read_package(zipped(with_right_digests({**FILES, name: b""})))


def test_the_same_name_twice() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zipped([*with_right_digests(FILES), ("static/icon.svg", b"<svg/>")])
    refused(content, "is in it twice")


@pytest.mark.parametrize("name", ["static/ICON.svg", "static/icon.svg/a"])
def test_names_that_are_one_elsewhere(name: str) -> None:
    with pytest.raises(PackageInvalid, match=r"twice|below a file"):
        make_package({**FILES, name: b""})


def test_links_and_programs_are_no_ordinary_files() -> None:
    for mode in (0o120777, 0o100755):
        entries = with_right_digests(FILES)
        info = plain("static/icon.svg")
        info.external_attr = mode << 16
        content = [entry for entry in entries if entry[0] != "static/icon.svg"]
        refused(zipped([*content, (info, b"<svg/>")]), "in another way")


def test_what_is_packed_is_refused_unread() -> None:
    bomb = {**FILES, "static/zeros.bin": b"\0" * 5_000_000}
    content = zipped(with_right_digests(bomb), zipfile.ZIP_DEFLATED)
    assert len(content) < 100_000
    refused(content, "packed or encrypted")


def test_entries_that_overlap_hold_no_more_than_the_file() -> None:
    content = bytearray(zipped([(f"static/{number}", b"x" * 1000) for number in range(50)]))
    begin = content.rindex(b"PK\x05\x06")
    (directory,) = struct.unpack_from("<L", content, begin + 16)
    at = directory
    while content[at : at + 4] == b"PK\x01\x02":
        # Each entry claims to be as long as all of them.
        struct.pack_into("<LL", content, at + 20, 40_000, 40_000)
        at += 46 + struct.unpack_from("<H", content, at + 28)[0]
    refused(bytes(content), "more than the file|damaged")


def test_other_ways_to_write_the_same() -> None:
    refused(SIGNED + b"\0", "does not end")
    refused(b"#!/bin/sh\n" + SIGNED, "in another way|damaged")
    refused(zipped(list(entries_of(SIGNED).items())[::-1]), "in another way")
    with_comment = io.BytesIO(SIGNED)
    with zipfile.ZipFile(with_comment, "a") as archive:
        archive.comment = b"hello"
    refused(with_comment.getvalue(), "does not end")


@pytest.mark.parametrize("content", [b"", b"PK", b"\0" * 100, SIGNED[:-1], SIGNED[1:], SIGNED[:50]])
def test_what_is_no_package(content: bytes) -> None:
    with pytest.raises(PackageInvalid):
        read_package(content)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "MAX_ENTRIES", 4)
    refused(SIGNED, "4 entries at most")
    with pytest.raises(PackageInvalid, match="4 entries at most"):
        make_package(FILES)
    monkeypatch.setattr(form, "MAX_BYTES", 100)
    refused(SIGNED, "100 bytes at most")
    with pytest.raises(PackageInvalid, match="100 bytes at most"):
        write_package(Package(read_manifest_of(), FILES))


def read_manifest_of() -> form.Manifest:
    return form.parse_manifest(FILES["plexica-plugin.toml"])


def test_a_directory_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = zipped([(f"static/{number}", b"") for number in range(form.MAX_ENTRIES + 1)])
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(content, "entries at most")


def test_manifest_and_files_belong_together() -> None:
    def without(name: str) -> dict[str, bytes]:
        return {key: content for key, content in FILES.items() if key != name}

    for files, words in (
        (without("plexica-plugin.toml"), "There is no plexica-plugin.toml"),
        (without("wheels/hello-0.1.0-py3-none-any.whl"), "Wheels and programs are"),
        (without("static/icon.svg"), "static file that is not in it: icon.svg"),
        (without("static/js/hello.js"), "static file that is not in it: js/hello.js"),
        ({**FILES, "migrations/0001_a.sql": b""}, "SQL files"),
    ):
        with pytest.raises(PackageInvalid, match=words):
            make_package(files)


def with_programs(*names: str, files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    """Return files of a plugin that brings programs, and no wheel."""
    manifest = files["plexica-plugin.toml"].replace(
        b"[runtime]\n", b'[runtime]\nprograms = "programs"\n'
    )
    rest = {name: content for name, content in files.items() if not name.startswith("wheels/")}
    programs = {f"programs/{name}": b"\x7fELF" for name in names}
    return {**rest, "plexica-plugin.toml": manifest, **programs}


def test_programs_take_the_place_of_wheels() -> None:
    package = make_package(with_programs("linux-amd64/hello", "linux-arm64/hello"))
    assert package.platforms == ("linux-amd64", "linux-arm64")
    assert read_package(write_package(package)).files == package.files
    assert make_package(FILES).platforms == ()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (with_programs(), "belong together"),
        ({**FILES, "programs/linux-amd64/hello": b""}, "belong together"),
        (with_programs("hello"), "below one of"),
        (with_programs("plan9-amd64/hello"), "below one of"),
        (with_programs("linux-amd64/bin/hello"), "below one of"),
        (with_programs("linux-amd64/hello", "linux-arm64/other"), "missing for another"),
    ],
)
def test_programs_have_a_form(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(PackageInvalid, match=words):
        make_package(files)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"../evil.py": ""}, "leads out"),
        ({"/evil.py": ""}, "leads out"),
        ({"a\\..\\evil.py": ""}, "leads out"),
    ],
)
def test_wheels_that_lead_out(files: dict[str, str], words: str) -> None:
    with pytest.raises(PackageInvalid, match=words):
        wheels.check_wheel("hello-0.1.0-py3-none-any.whl", wheel(**files))


def test_wheels_that_unpack_to_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = wheel(**{"hello/zeros": "\0" * (wheels.MAX_UNPACKED_BYTES + 1)})
    assert len(bomb) < 10_000
    with pytest.raises(PackageInvalid, match="unpacks to more"):
        wheels.check_wheel("hello-0.1.0-py3-none-any.whl", bomb)


def test_what_is_no_wheel() -> None:
    for name, content in (
        ("hello.whl", wheel()),
        ("hello-0.1.0-py3-none-any.zip", wheel()),
        ("hello-0.1.0-py3-none-any.whl", b"PK"),
        ("hello-0.1.0-py3-none-any.whl", zipped([("hello.py", b"")])),
    ):
        with pytest.raises(PackageInvalid):
            wheels.check_wheel(name, content)


@given(st.binary(max_size=300))
def test_nothing_but_a_refusal_comes_of_rubbish(content: bytes) -> None:
    with pytest.raises(PackageInvalid):
        read_package(content)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(st.data())
def test_nothing_but_a_refusal_comes_of_what_was_cut_and_glued(data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(SIGNED)))
    end = data.draw(st.integers(begin, len(SIGNED)))
    glued = SIGNED[:begin] + data.draw(st.binary(max_size=20)) + SIGNED[end:]
    if glued == SIGNED:
        return
    with suppress(PluginError):
        package = read_package(glued)
        with pytest.raises((SignatureInvalid, KeyInvalid)):
            check_signature(package, public_key_of(KEY))


def test_public_keys() -> None:
    key = public_key_of(KEY)
    assert PublicKey.parse(f"{key}\n") == key
    for text in (
        "",
        "ed25519 AAAA",
        f"rsa {key}",
        f"{key} extra",
        str(key)[:-2] + "B=",
        "x" * 9999,
    ):
        with pytest.raises(KeyInvalid):
            PublicKey.parse(text)
    for private in (b"", b"-----BEGIN PRIVATE KEY-----", b"x" * 5000):
        with pytest.raises(KeyInvalid):
            public_key_of(private)
