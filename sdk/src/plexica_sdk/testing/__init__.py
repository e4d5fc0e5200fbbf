"""What a plugin's tests need: a fake host, two tenants, and requests signed as the host signs."""

from plexica_sdk.testing.backends import NotReady, RunningBackend, running_backend
from plexica_sdk.testing.cast import ACME, ADA, BO, CY, GLOBEX, PEOPLE, Member
from plexica_sdk.testing.contexts import claims_of, sign_claims
from plexica_sdk.testing.host import FakeHost, FakeInstallation
from plexica_sdk.testing.plugins import NoRoute, PluginClient, TestPlugin, prepare_plugin
from plexica_sdk.testing.routes import check_routes

__all__ = [
    "ACME",
    "ADA",
    "BO",
    "CY",
    "GLOBEX",
    "PEOPLE",
    "FakeHost",
    "FakeInstallation",
    "Member",
    "NoRoute",
    "NotReady",
    "PluginClient",
    "RunningBackend",
    "TestPlugin",
    "check_routes",
    "claims_of",
    "prepare_plugin",
    "running_backend",
    "sign_claims",
]
