"""An empty registry, and an author whom the platform trusts."""

from collections.abc import Iterator

import pytest

from tests.integration.plugins.packages import Author, empty_registry


@pytest.fixture(autouse=True)
def _registry(_platform_scope: None) -> Iterator[None]:
    empty_registry()
    yield
    empty_registry()


@pytest.fixture
def ada() -> Author:
    """An author whom the platform trusts."""
    author = Author()
    author.trusted()
    return author
