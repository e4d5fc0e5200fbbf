"""What people read about each kind of run, and about what they are about to do."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.states import RunKind

Text = str | Promise


@dataclass(frozen=True, slots=True)
class RunWords:
    """The words of a kind of run.

    Attributes:
        title: What it is, with `%(name)s` for the tenant's.
        success: What is so when it has succeeded, with `%(name)s`.
        success_text: What that means.
        failure_text: What is so although, or because, it failed.
        retry: What the button says that tries it again.
    """

    title: Text
    success: Text
    success_text: Text
    failure_text: Text
    retry: Text


RUN_WORDS: dict[str, RunWords] = {
    RunKind.CREATE: RunWords(
        title=_("Creation of %(name)s"),
        success=_("%(name)s is ready"),
        success_text=_("The owner has been invited."),
        failure_text=_("Nothing of this tenant is left but its name and this record."),
        retry=_("Create it again"),
    ),
    RunKind.SUSPEND: RunWords(
        title=_("Suspension of %(name)s"),
        success=_("%(name)s is suspended"),
        success_text=_("The workspace is closed, and all logins and sessions have ended."),
        failure_text=_(
            "The workspace is closed all the same: nobody is served. What could not be done is"
            " in the login realm or with the sessions; try it again."
        ),
        retry=_("Try it again"),
    ),
    RunKind.RESUME: RunWords(
        title=_("Resumption of %(name)s"),
        success=_("%(name)s is active again"),
        success_text=_("Its people can log in."),
        failure_text=_("The tenant is still suspended; what was opened is closed again."),
        retry=_("Try it again"),
    ),
    RunKind.DELETE: RunWords(
        title=_("Deletion of %(name)s"),
        success=_("%(name)s is closed, and will be removed"),
        success_text=_("It can be restored until its time of grace is over."),
        failure_text=_(
            "The workspace is closed all the same, and will be removed when the time of grace is"
            " over. What could not be done is in the login realm or with the sessions."
        ),
        retry=_("Try it again"),
    ),
    RunKind.RESTORE: RunWords(
        title=_("Restoration of %(name)s"),
        success=_("%(name)s is back"),
        success_text=_("It is as it was before the deletion."),
        failure_text=_("The tenant is still closed and waits for its removal; nothing is lost."),
        retry=_("Try it again"),
    ),
    RunKind.FROM_BACKUP: RunWords(
        title=_("Restoration of %(name)s from a backup"),
        success=_("%(name)s is back"),
        success_text=_("All of it is as the archive has it."),
        failure_text=_(
            "Nothing of this restoration is left. Whoever has the archive can begin it again with"
            " `manage.py backup restore`."
        ),
        retry=_("Try it again"),
    ),
    RunKind.PURGE: RunWords(
        title=_("Removal of %(name)s"),
        success=_("%(name)s is gone"),
        success_text=_(
            "Its schema, role, realm and bucket are removed. Its slug is held until somebody"
            " frees it."
        ),
        failure_text=_(
            "What is left is tried again by itself every ten minutes, and can be tried now."
        ),
        retry=_("Remove the rest"),
    ),
    RunKind.UPGRADE: RunWords(
        title=_("Upgrade of %(name)s"),
        success=_("%(name)s is up to date"),
        success_text=_("Every part is at its present version."),
        failure_text=_(
            "The tenant is served as it is; the parts that were brought up stay so. Trying again"
            " goes on with what is still behind."
        ),
        retry=_("Try it again"),
    ),
    RunKind.PLUGIN_INSTALL: RunWords(
        title=_("Installation of a plugin in %(name)s"),
        success=_("The plugin is installed in %(name)s"),
        success_text=_("It is served from now on."),
        failure_text=_("The tenant is as it was before, and is served."),
        retry=_("Try it again"),
    ),
    RunKind.PLUGIN_UPGRADE: RunWords(
        title=_("Upgrade of a plugin in %(name)s"),
        success=_("The plugin is upgraded in %(name)s"),
        success_text=_("The new release is the one that is installed."),
        failure_text=_(
            "The old release is installed as before. The workspace may ask for the upgrade again."
        ),
        retry=_("Try it again"),
    ),
    RunKind.PLUGIN_UNINSTALL: RunWords(
        title=_("Uninstallation of a plugin in %(name)s"),
        success=_("The plugin is uninstalled in %(name)s"),
        success_text=_("Nothing of it is served any more."),
        failure_text=_("Nothing of it is served all the same. What is left can be tried again."),
        retry=_("Try it again"),
    ),
}


@dataclass(frozen=True, slots=True)
class ActionWords:
    """What people read before they change a tenant's life.

    Attributes:
        title: The question, with `%(name)s` for the tenant's name.
        text: What happens.
        button: What the button says.
        is_dangerous: Whether something is lost.
    """

    title: Text
    text: Text
    button: Text
    is_dangerous: bool = False


ACTION_WORDS: dict[str, ActionWords] = {
    "suspend": ActionWords(
        title=_("Suspend %(name)s?"),
        text=_(
            "Its workspace is closed at once, everybody is logged out, and programs are refused."
            " All data stay, and you can resume it at any time."
        ),
        button=_("Suspend"),
        is_dangerous=True,
    ),
    "resume": ActionWords(
        title=_("Resume %(name)s?"),
        text=_("Its people and programs can log in again, as before the suspension."),
        button=_("Resume"),
    ),
    "restore": ActionWords(
        title=_("Restore %(name)s?"),
        text=_("The deletion is called off, and the tenant is again as it was before."),
        button=_("Restore"),
    ),
    "free": ActionWords(
        title=_("Free the slug of %(name)s?"),
        text=_(
            "The record of this tenant and of its runs goes; the audit stays. Then anybody can be"
            " given the address, and links from the time of the old tenant lead to the new one."
        ),
        button=_("Free the slug"),
        is_dangerous=True,
    ),
}

# What people call the servers that checks are registered for.
SERVER_WORDS: dict[str, Text] = {
    "database": "PostgreSQL",
    "redis": "Redis",
    "keycloak": "Keycloak",
    "storage": _("S3 storage"),
    "mail": _("Mail"),
    "plugins": _("Plugin agent"),
}


@dataclass(frozen=True, slots=True)
class BulkWords:
    """What people read about what is done to several tenants at once.

    Attributes:
        title: The question.
        text: What happens to each.
        button: What the button says.
        done: What the page of results is called.
        begun: What is so for a tenant for which it has begun.
        is_dangerous: Whether something is lost.
    """

    title: Text
    text: Text
    button: Text
    done: Text
    begun: Text
    is_dangerous: bool = False


BULK_WORDS: dict[str, BulkWords] = {
    "suspend": BulkWords(
        title=_("Suspend the chosen tenants?"),
        text=_(
            "Their workspaces are closed at once, everybody is logged out, and programs are"
            " refused. All data stay, and each can be resumed at any time."
        ),
        button=_("Suspend"),
        done=_("Suspension of several tenants"),
        begun=_("Closed; its logins are being ended"),
        is_dangerous=True,
    ),
    "resume": BulkWords(
        title=_("Resume the chosen tenants?"),
        text=_("Their people and programs can log in again, as before the suspension."),
        button=_("Resume"),
        done=_("Resumption of several tenants"),
        begun=_("Its logins are being opened"),
    ),
}
