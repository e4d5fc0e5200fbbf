"""Pictures of people: one's own is changed, everybody's is shown to who is logged in."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from plexica.core.client_address import client_address
from plexica.core.errors import NotFound
from plexica.core.images import CONTENT_TYPES
from plexica.core.rate_limits import count_try
from plexica.identity.actors import actor_of, viewer_of
from plexica.identity.guards import logged_in
from plexica.identity.models import User
from plexica.identity.profile.avatars import read_avatar, remove_avatar, set_avatar
from plexica.identity.profile.forms import AvatarForm
from plexica.identity.profile.places import address_here
from plexica.identity.profile.views import show_profile

YEAR_SECONDS = 365 * 24 * 60 * 60


@require_POST
@logged_in
def avatar_change(request: HttpRequest) -> HttpResponse:
    """Show a picture for the person that they have uploaded."""
    count_try("picture", address=client_address(request), account=str(viewer_of(request).pk))
    form = AvatarForm(request.POST, request.FILES)
    if form.is_valid():
        set_avatar(
            user=viewer_of(request),
            actor=actor_of(request),
            picture=form.cleaned_data["picture"],
        )
        messages.success(request, _("Your picture has been saved."))
        return HttpResponseRedirect(address_here(request, "profile"))
    return show_profile(request, avatar_form=form, status=400)


@require_POST
@logged_in
def avatar_remove(request: HttpRequest) -> HttpResponse:
    """Show the person's initial again."""
    remove_avatar(user=viewer_of(request), actor=actor_of(request))
    messages.success(request, _("Your picture has been removed."))
    return HttpResponseRedirect(address_here(request, "profile"))


@require_safe
@logged_in
def avatar(request: HttpRequest, user_id: UUID, name: str) -> HttpResponse:
    """Hand out somebody's picture; under its address it never becomes another one."""
    del request
    user = User.objects.filter(pk=user_id, removed_at__isnull=True).first()
    if user is None:
        raise NotFound
    content = read_avatar(user=user, name=name)
    return HttpResponse(
        content,
        content_type=CONTENT_TYPES[name.rpartition(".")[2]],
        headers={"Cache-Control": f"private, max-age={YEAR_SECONDS}, immutable"},
    )
