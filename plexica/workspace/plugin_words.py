"""What people read about plugins: what they ask for, and what has become of their runs."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plexica.rbac.registry import Audience
from plexica.rbac.system_roles import SYSTEM_ROLES
from tenants.states import RunKind

Text = str | Promise


@dataclass(frozen=True, slots=True)
class UseWords:
    """What it means that a plugin may use something of the host.

    Attributes:
        title: What it may do.
        text: What that means.
    """

    title: Text
    text: Text


# By the keys that manifests use.
USE_WORDS: dict[str, UseWords] = {
    "users:read": UseWords(
        title=_("Read the names and e-mail addresses of your people"),
        text=_("Of everybody in the workspace, whoever uses the plugin."),
    ),
    "storage": UseWords(
        title=_("Keep files"),
        text=_("In a folder of its own in the workspace's storage. It reaches no other file."),
    ),
    "events": UseWords(
        title=_("Learn what happens in the workspace, and tell of it"),
        text=_("It receives the events that it asks for, and may publish its own."),
    ),
    "mail": UseWords(
        title=_("Send mail to your people"),
        text=_("To people of the workspace only, in the workspace's name."),
    ),
}

ROLE_NAMES: dict[str, str] = {role.key: role.name for role in SYSTEM_ROLES[Audience.TENANT]}


@dataclass(frozen=True, slots=True)
class PluginRunWords:
    """The words of a kind of run.

    Attributes:
        title: What it is, with `%(name)s` for the plugin's.
        success: What is so when it has succeeded, with `%(name)s`.
        success_text: What that means.
        failure_text: What is so although, or because, it failed.
    """

    title: Text
    success: Text
    success_text: Text
    failure_text: Text


PLUGIN_RUN_WORDS: dict[str, PluginRunWords] = {
    RunKind.PLUGIN_INSTALL: PluginRunWords(
        title=_("Installation of %(name)s"),
        success=_("%(name)s is installed"),
        success_text=_("It is enabled, and its pages are in the menu of those who may see them."),
        failure_text=_("The workspace is as it was before."),
    ),
    RunKind.PLUGIN_UPGRADE: PluginRunWords(
        title=_("Upgrade of %(name)s"),
        success=_("%(name)s is upgraded"),
        success_text=_("The new version counts from now on."),
        failure_text=_("The old version is back, with all its data."),
    ),
    RunKind.PLUGIN_UNINSTALL: PluginRunWords(
        title=_("Uninstallation of %(name)s"),
        success=_("%(name)s is uninstalled"),
        success_text=_("Its pages, permissions and events are gone."),
        failure_text=_(
            "Nobody is served by it all the same. Try again to remove what is left of it."
        ),
    ),
}
