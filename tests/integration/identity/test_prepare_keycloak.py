"""The platform's realm: made once, brought up to date ever after."""

import os

import pytest
import requests
from django.conf import settings
from django.core.management import call_command
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from plexica.identity.api import BearerAuthentication, IsSuperAdmin
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.keycloak.tokens import get_token
from tenants.models import Tenant
from tenants.scopes import tenant_scope


class Guarded(APIView):
    authentication_classes = (BearerAuthentication,)
    permission_classes = (IsSuperAdmin,)

    def get(self, request: Request) -> Response:
        return Response({"caller": request.user.actor.id})


def call(token: str | None, tenant: Tenant | None = None) -> Response:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    request = APIRequestFactory().get("/", headers=headers)
    # As the middleware does it.
    request.tenant = tenant
    response: Response = Guarded.as_view()(request)
    return response


def token_of(client_id: str, secret: str) -> str:
    server = settings.KEYCLOAK_SERVERS["default"]
    answer = requests.post(
        f"{server.public_url}/realms/plexica/protocol/openid-connect/token",
        data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def test_program_with_the_role_is_let_in() -> None:
    response = call(token_of("plexica-api", os.environ["PLEXICA_API_CLIENT_SECRET"]))
    assert response.status_code == status.HTTP_200_OK
    assert response.data == {"caller": "plexica-api"}


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "Bearer"])
def test_no_token_or_no_good_one_is_401_with_a_challenge(token: str | None) -> None:
    response = call(token)
    assert response.status_code == status.HTTP_401_UNAUTHORIZED
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_tokens_of_master_and_of_a_tenant_are_refused(acme: Tenant) -> None:
    for account in (master_client("default").account, realm_client(acme).account):
        assert call(get_token(account)).status_code == status.HTTP_401_UNAUTHORIZED


def test_token_of_the_platform_is_refused_at_a_tenant(acme: Tenant) -> None:
    token = token_of("plexica-api", os.environ["PLEXICA_API_CLIENT_SECRET"])
    with tenant_scope(acme):
        assert call(token, acme).status_code == status.HTTP_401_UNAUTHORIZED


def test_role_decides_between_200_and_403() -> None:
    master = master_client("default")
    client = {
        "clientId": "zz-no-role", "secret": "zz-no-role-secret", "publicClient": False,
        "serviceAccountsEnabled": True, "standardFlowEnabled": False,
        "protocolMappers": [{
            "name": "aud", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
            "config": {"included.client.audience": "plexica-api", "access.token.claim": "true"},
        }],
    }  # fmt: skip
    made = master.call("POST", "/plexica/clients", body=client)
    try:
        token = token_of("zz-no-role", "zz-no-role-secret")
        assert call(token).status_code == status.HTTP_403_FORBIDDEN
        mappers = f"/plexica/clients/{made.created_id}/protocol-mappers/models"
        for mapper in master.call("GET", mappers).body:
            master.call("DELETE", f"{mappers}/{mapper['id']}")
        # Without the API as its audience it is nobody, whatever its roles.
        token = token_of("zz-no-role", "zz-no-role-secret")
        assert call(token).status_code == status.HTTP_401_UNAUTHORIZED
    finally:
        master.call("DELETE", f"/plexica/clients/{made.created_id}")


def test_prepared_again_it_repairs_what_was_changed_and_keeps_what_people_did() -> None:
    master = master_client("default")
    secret = os.environ["PLEXICA_API_CLIENT_SECRET"]
    before = master.get_realm("plexica")["id"]
    client = master.call("GET", "/plexica/clients", params={"clientId": "plexica-api"}).body[0]
    for mapper in client["protocolMappers"]:
        master.call(
            "DELETE", f"/plexica/clients/{client['id']}/protocol-mappers/models/{mapper['id']}"
        )
    master.call("PUT", f"/plexica/clients/{client['id']}", body={"secret": "changed"})
    master.call("DELETE", "/plexica/roles/super-admin")
    master.update_realm("plexica", {"accessTokenLifespan": 77})

    call_command("prepare_keycloak", verbosity=0)
    call_command("prepare_keycloak", verbosity=0)

    found = master.get_realm("plexica")
    assert found["id"] == before
    assert found["accessTokenLifespan"] == 300
    assert call(token_of("plexica-api", secret)).status_code == status.HTTP_200_OK
    admins = master.call("GET", "/plexica/roles/super-admin/users").body
    assert os.environ["PLEXICA_ADMIN_USERNAME"] in {admin["username"] for admin in admins}
