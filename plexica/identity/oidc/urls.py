"""Login addresses, the same on the console's host and on every workspace's."""

from django.urls import path

from plexica.identity.oidc.views import AuthenticateView, CallbackView, LogoutView

urlpatterns = [
    path("authenticate/", AuthenticateView.as_view(), name="oidc_authentication_init"),
    path("callback/", CallbackView.as_view(), name="oidc_authentication_callback"),
    path("logout/", LogoutView.as_view(), name="oidc_logout"),
]
