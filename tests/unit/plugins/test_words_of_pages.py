"""Whatever a manifest may ask for, and each kind of run, has its words on the pages."""

from plexica.console.words import RUN_WORDS
from plexica.workspace.plugin_words import PLUGIN_RUN_WORDS, ROLE_NAMES, USE_WORDS
from plexica_sdk.manifest import manifest_schema
from plugins.installation_runs import PLUGIN_KINDS
from tenants.states import RunKind


def test_runs_have_words() -> None:
    assert RUN_WORDS.keys() == set(RunKind)
    assert PLUGIN_RUN_WORDS.keys() == set(PLUGIN_KINDS)


def test_what_manifests_may_ask_for_has_words() -> None:
    schema = manifest_schema()["properties"]
    assert set(schema["host"]["properties"]["uses"]["items"]["enum"]) == USE_WORDS.keys()
    permission = schema["permissions"]["items"]["properties"]
    assert set(permission["roles"]["items"]["enum"]) <= ROLE_NAMES.keys()
