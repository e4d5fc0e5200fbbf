"""The parts lists of a release are valid, and name what runs in production."""

from pathlib import Path

import pytest

from deploy import sbom


def test_they_are_valid_and_name_what_is_pinned(tmp_path: Path) -> None:
    python, npm = sbom.write(tmp_path)
    names = {
        path.name: {part["name"] for part in sbom.check(path.read_text())["components"]}
        for path in (python, npm)
    }
    assert {"django", "celery", "cryptography"} <= {name.lower() for name in names[sbom.PYTHON]}
    assert "pytest" not in names[sbom.PYTHON]
    assert "core" in {name.rpartition("/")[2] for name in names[sbom.NPM]}
    assert "axe-core" not in names[sbom.NPM]


@pytest.mark.parametrize(
    "text",
    [
        '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}',
        '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": 1}]}',
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="parts list"):
        sbom.check(text)
