"""Reading what Prometheus would read."""

from tests.integration.workspace.conftest import ada, bo

__all__ = ["ada", "bo"]
