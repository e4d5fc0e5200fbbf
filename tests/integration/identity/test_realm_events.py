"""What a realm keeps of its events, at the real Keycloak."""

import time

from plexica.identity.keycloak.realm import realm_client
from plexica.identity.keycloak.tokens import drop_token, get_token
from tenants.models import Tenant
from tests.integration.identity.logins import logged_in


def test_tokens_of_programs_do_not_fill_the_list(acme: Tenant) -> None:
    realm = realm_client(acme)
    since = int(time.time() * 1000) - 1000
    drop_token(realm.account)
    assert get_token(realm.account)
    logged_in(acme)
    events = realm.call(
        "GET", f"/{acme.realm}/events", params={"dateFrom": str(since), "max": "100"}
    ).body
    kinds = {event["type"] for event in events}
    assert "LOGIN" in kinds
    assert not kinds & {"CLIENT_LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN"}
