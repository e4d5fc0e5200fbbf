import base64
from pathlib import Path

import pytest

from plexica_sdk.hosting.environment import Backend, EnvironmentInvalid

SECRET = bytes(range(32))
VARIABLES = {
    "PLEXICA_LISTEN": "127.0.0.1:43121",
    "PLEXICA_HOST_URL": "http://127.0.0.1:8000/api/host/v1/",
    "PLEXICA_BACKEND": "7c3d",
    "PLEXICA_SECRET": base64.urlsafe_b64encode(SECRET).decode().rstrip("="),
    "PLEXICA_PLUGIN": "hello",
    "PLEXICA_VERSION": "0.1.0",
    "PLEXICA_DIGEST": "ab" * 32,
}


def test_variables_are_read() -> None:
    backend = Backend.read(VARIABLES)

    assert (backend.address, backend.port) == ("127.0.0.1", 43121)
    assert backend.host_url == "http://127.0.0.1:8000/api/host/v1"
    assert backend.secret == SECRET
    assert repr(SECRET) not in repr(backend)


def test_an_image_has_its_secret_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(VARIABLES["PLEXICA_SECRET"], "ascii")
    variables = VARIABLES | {"PLEXICA_SECRET": "", "PLEXICA_SECRET_FILE": str(file)}
    assert Backend.read(variables).secret == SECRET
    file.unlink()
    with pytest.raises(EnvironmentInvalid, match="PLEXICA_SECRET_FILE"):
        Backend.read(variables)


@pytest.mark.parametrize("name", VARIABLES)
def test_each_of_them_is_needed(name: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=name):
        Backend.read(VARIABLES | {name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLEXICA_LISTEN", "43121"),
        ("PLEXICA_LISTEN", "127.0.0.1:0"),
        ("PLEXICA_LISTEN", "127.0.0.1:65536"),
        ("PLEXICA_LISTEN", "127.0.0.1:80\n"),
        ("PLEXICA_SECRET", "c2hvcnQ"),
        ("PLEXICA_SECRET", "§" * 43),
        ("PLEXICA_SECRET", base64.b64encode(b"\xff" * 32).decode()),
    ],
)
def test_what_is_not_of_its_form_is_refused(name: str, value: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=name):
        Backend.read(VARIABLES | {name: value})


def test_ipv6_is_written_in_brackets() -> None:
    assert Backend.read(VARIABLES | {"PLEXICA_LISTEN": "[::1]:80"}).address == "::1"
