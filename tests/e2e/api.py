"""The API over real HTTP, as a program uses it."""

from typing import Any

import requests

TIMEOUT_SECONDS = 60


class Api:
    """Calls the API as the holder of one token."""

    def __init__(self, console_url: str, token: str) -> None:
        self.tenants_url = f"{console_url}/api/tenants"
        self.token = token

    def get(self, url: str | None = None) -> requests.Response:
        return self._send("GET", url)

    def create(self, body: Any, **headers: str) -> requests.Response:
        return self._send("POST", json=body, headers=headers)

    def retry(self, run_url: str) -> requests.Response:
        return self._send("POST", f"{run_url}/retry", json={})

    def _send(self, method: str, url: str | None = None, **options: Any) -> requests.Response:
        return requests.request(
            method,
            url or self.tenants_url,
            headers={"Authorization": f"Bearer {self.token}", **options.pop("headers", {})},
            timeout=TIMEOUT_SECONDS,
            **options,
        )


def fetch_token(token_url: str, client_id: str, client_secret: str) -> str:
    """Get an access token by client credentials."""
    answer = requests.post(
        token_url,
        data={"grant_type": "client_credentials"},
        auth=(client_id, client_secret),
        timeout=TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])
