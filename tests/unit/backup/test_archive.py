"""An archive is read as it was written, and refused if one byte of it is different."""

import io
import json
import os
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pyrage.x25519 import Identity
from pytest_django import Settings

from plexica.backup.archive.errors import ArchiveRefused
from plexica.backup.archive.keys import (
    identities_in,
    new_identity,
    recipients_of,
    seal,
)
from plexica.backup.archive.layout import COMMENT, DIGEST_CHARACTERS
from plexica.backup.archive.reading import Archive
from plexica.backup.archive.writing import ArchiveWriter
from plexica.core.errors import InvalidInput

SECRET, PUBLIC = new_identity()
IDENTITIES = [Identity.from_str(SECRET)]
CONTENT = {"a": b"x" * 3000, "b/ü": os.urandom(20_000), "empty": b""}


def made(recipients: tuple[str, ...] = ()) -> bytes:
    file, sections = io.BytesIO(), {}  # type: ignore[var-annotated]
    archive = ArchiveWriter(file, recipients_of(recipients))
    with archive.section("acme/files", sections) as section:
        for name, content in CONTENT.items():
            section.add_stream(
                name, io.BytesIO(content), size=len(content), facts={"PLEXICA.key": f"{name}/"}
            )
    with archive.section("acme/rows", sections):
        pass
    archive.finish({"tenants": [{"slug": "acme", "sections": sections}]})
    return file.getvalue()


PLAIN, ENCRYPTED = made(), made((PUBLIC,))


def read(content: bytes, identities: list[Identity] | None = None) -> dict[str, Any]:
    archive = Archive(lambda: io.BytesIO(content), IDENTITIES if identities is None else identities)
    archive.check_digest()
    found = {}
    for section in archive.manifest["tenants"][0]["sections"].values():
        with archive.section(section) as members:
            for member in members:
                found[member.name] = member.content()
                assert member.facts["PLEXICA.key"] == f"{member.name}/"
    return found


@pytest.mark.parametrize("content", [PLAIN, ENCRYPTED])
def test_what_was_written_is_read(content: bytes) -> None:
    assert read(content) == CONTENT


@pytest.mark.parametrize("content", [PLAIN, ENCRYPTED])
@given(st.data())
def test_any_byte_that_differs_is_refused(content: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    with pytest.raises(ArchiveRefused):
        read(bytes(changed))


@pytest.mark.parametrize("content", [PLAIN, ENCRYPTED])
@given(st.data())
def test_whatever_is_cut_off_is_refused(content: bytes, data: st.DataObject) -> None:
    with pytest.raises(ArchiveRefused):
        read(content[: data.draw(st.integers(0, len(content) - 1))])


@given(st.binary(max_size=2000))
def test_whatever_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(ArchiveRefused):
        read(content)


def test_another_key_does_not_open_it() -> None:
    other = Identity.from_str(new_identity()[0])
    with pytest.raises(ArchiveRefused, match="None of the given keys"):
        read(ENCRYPTED, [other])


def test_it_says_that_a_key_is_needed() -> None:
    with pytest.raises(ArchiveRefused, match="--identity"):
        read(ENCRYPTED, [])


def test_nothing_of_an_encrypted_archive_can_be_seen() -> None:
    assert b"x" * 20 not in ENCRYPTED
    assert b'"slug"' not in ENCRYPTED


def test_it_is_known_who_made_it(settings: Settings) -> None:
    assert Archive(lambda: io.BytesIO(PLAIN), []).is_ours
    settings.PLEXICA_ENCRYPTION_KEYS = ["MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="]
    assert not Archive(lambda: io.BytesIO(PLAIN), []).is_ours


def resealed(changed: dict[str, bytes]) -> bytes:
    """Return an archive whose members are others, with a digest that fits."""
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as old:
        members = {name: old.read(name) for name in old.namelist()} | changed
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as new:
        new.comment = COMMENT + b"0" * DIGEST_CHARACTERS
        for name, content in members.items():
            new.writestr(name, content)
    content = file.getvalue()[:-DIGEST_CHARACTERS]
    return content + sha256(content).hexdigest().encode()


def test_a_section_that_was_exchanged_is_refused_though_the_file_is_whole() -> None:
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as archive:
        other = archive.read("acme/rows.tar.zst")
    assert read(resealed({})) == CONTENT
    with pytest.raises(ArchiveRefused):
        read(resealed({"acme/files.tar.zst": other}))


def test_a_bomb_is_not_unpacked(settings: Settings) -> None:
    """A few bytes that become gigabytes, in an archive that fits itself but is not ours."""
    packed, tar_file = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar_file, mode="w") as tar:
        info = tarfile.TarInfo("big")
        info.size = 200_000_000
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    packed.write(zstandard.compress(tar_file.getvalue()))
    section = {
        "member": "acme/files.tar.zst",
        "digest": sha256(tar_file.getvalue()).hexdigest(),
        "size": len(tar_file.getvalue()),
        "count": 1,
    }
    manifest = json.dumps(
        {"format": 1, "tenants": [{"slug": "acme", "sections": {"files": section}}]}
    )
    document = json.dumps({"manifest": manifest, "seal": "0" * 64}).encode()
    bomb = resealed({"acme/files.tar.zst": packed.getvalue(), "manifest.json": document})
    with pytest.raises(ArchiveRefused):
        read(bomb)


def test_names_that_lead_elsewhere_are_refused() -> None:
    manifest = json.dumps(
        {
            "format": 1,
            "tenants": [
                {
                    "slug": "acme",
                    "sections": {
                        "files": {"member": "../etc", "digest": "0", "size": 1, "count": 1}
                    },
                }
            ],
        }
    )
    document = json.dumps({"manifest": manifest, "seal": seal(manifest.encode())}).encode()
    with pytest.raises(ArchiveRefused):
        read(resealed({"manifest.json": document}))


def test_an_archive_of_a_newer_form_is_refused() -> None:
    manifest = json.dumps({"format": 2, "tenants": []})
    document = json.dumps({"manifest": manifest, "seal": seal(manifest.encode())}).encode()
    with pytest.raises(ArchiveRefused, match="newer"):
        read(resealed({"manifest.json": document}))


def test_keys_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        recipients_of(["age1nothing"])
    with pytest.raises(InvalidInput):
        identities_in(tmp_path / "missing")
    (tmp_path / "empty").write_text("# nothing\n")
    with pytest.raises(InvalidInput):
        identities_in(tmp_path / "empty")


def test_a_key_file_of_others_is_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"# created: today\n# public key: {PUBLIC}\n{SECRET}\n")
    assert read(ENCRYPTED, identities_in(tmp_path / "key")) == CONTENT
