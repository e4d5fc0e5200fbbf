"""Login addresses, the same on the console's host and on every workspace's."""

from django.urls import path

from plexica.identity.oidc.backchannel import BackchannelLogoutView
from plexica.identity.oidc.views import (
    AuthenticateView,
    CallbackView,
    LoggedOutView,
    LogoutEverywhereView,
    LogoutView,
)

urlpatterns = [
    path("authenticate/", AuthenticateView.as_view(), name="oidc_authentication_init"),
    path("callback/", CallbackView.as_view(), name="oidc_authentication_callback"),
    path("logout/", LogoutView.as_view(), name="oidc_logout"),
    path("logout/everywhere/", LogoutEverywhereView.as_view(), name="oidc_logout_everywhere"),
    path("logged-out/", LoggedOutView.as_view(), name="oidc_logged_out"),
    # The tenant follows from the path here: see tenants.middleware.
    path("backchannel/<str:realm>/", BackchannelLogoutView.as_view(), name="oidc_backchannel"),
]
