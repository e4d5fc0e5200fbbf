"""The page of one's own profile, the same in a workspace and in the console."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plexica.core.errors import InvalidInput
from plexica.core.htmx import render_page
from plexica.core.languages import prefer
from plexica.core.themes import ThemeMode
from plexica.identity.actors import actor_of, viewer_of
from plexica.identity.guards import logged_in
from plexica.identity.models import User
from plexica.identity.next_page import safe_next_path
from plexica.identity.people_states import change_of
from plexica.identity.profile.forms import AvatarForm, ProfileForm, ThemeForm
from plexica.identity.profile.places import address_here, base_template
from plexica.identity.profile.services import (
    ProfileChanged,
    change_profile,
    choose_theme,
    profile_of,
    tell_again,
)
from plexica.identity.profile.words import tell_outcome, words_of
from tenants.requests import tenant_or_none

ASKING = ["GET", "HEAD", "POST"]


@require_http_methods(ASKING)
@logged_in
def profile(request: HttpRequest) -> HttpResponse:
    """Show what somebody may change of themselves, and change it."""
    if request.method != "POST":
        return show_profile(request)
    form = _form(request, _person(request), request.POST)
    if form.is_valid():
        try:
            outcome = change_profile(
                tenant=tenant_or_none(request),
                user=viewer_of(request),
                actor=actor_of(request),
                wanted=form.profile,
                known=form.cleaned_data["known"],
            )
        except InvalidInput as error:
            form.add_refusal(error)
        except ProfileChanged as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(address_here(request, "profile"))
        else:
            # What is said on the next page is said in its language.
            prefer(request, locale=form.profile.locale, time_zone="")
            tell_outcome(request, outcome, done=_("Your profile has been saved."))
            return HttpResponseRedirect(address_here(request, "profile"))
    return show_profile(request, form=form, status=400)


@require_POST
@logged_in
def profile_retry(request: HttpRequest) -> HttpResponse:
    """Tell the realm again what it has yet to be told about the person."""
    outcome = tell_again(tenant=tenant_or_none(request), user=viewer_of(request))
    tell_outcome(request, outcome, done=_("The login service has done its part."))
    return HttpResponseRedirect(address_here(request, "profile"))


@require_POST
@logged_in
def profile_theme(request: HttpRequest) -> HttpResponse:
    """Have pages as bright as the person likes them; the menu's script has done so already."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose a theme."))
    choose_theme(
        user=viewer_of(request),
        actor=actor_of(request),
        theme=ThemeMode(form.cleaned_data["theme"]),
    )
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204)
    return HttpResponseRedirect(safe_next_path(form.cleaned_data["next"]))


def show_profile(
    request: HttpRequest,
    *,
    form: ProfileForm | None = None,
    avatar_form: AvatarForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the profile, with a form that was refused or as it is."""
    user = _person(request)
    change = change_of(user)
    return render_page(
        request,
        "identity/profile.html",
        {
            "form": form or _form(request, user),
            "avatar_form": avatar_form or AvatarForm(),
            "person": user,
            "change": change,
            "waits": words_of(change) if change else [],
            **page_of(request, "profile"),
        },
        fragment="identity/_profile_waiting.html",
        status=status,
    )


def page_of(request: HttpRequest, name: str) -> dict[str, Any]:
    """Return what each page of the profile shows: the place that it is in, and its neighbours.

    Args:
        request: The request.
        name: The page's own address, as the place's URLconf calls it.
    """
    return {"base_template": base_template(request), "page_name": name}


def _person(request: HttpRequest) -> User:
    return User.objects.select_related("realm_change").get(pk=viewer_of(request).pk)


def _form(request: HttpRequest, user: User, data: QueryDict | None = None) -> ProfileForm:
    shown, is_workspace = profile_of(user), tenant_or_none(request) is not None
    # In the console there is nothing else that an empty choice could stand for.
    theme_mode = shown.theme_mode or ("" if is_workspace else ThemeMode.AUTO.value)
    initial = {**asdict(shown), "theme_mode": theme_mode, "known": shown.digest}
    return ProfileForm(data, is_workspace=is_workspace, initial=initial)
