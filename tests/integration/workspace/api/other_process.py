"""Another process of the web server, which the tests ask to make requests.

Run as a program, it reads requests from its standard input, one JSON object a line, and answers
each with the status code.
"""

import json
import os
import subprocess
import sys

import django
from django.test import Client


class OtherProcess:
    """That process, from outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # the tests' own words
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "plexica.settings"},
        )

    def get(self, host: str, path: str, token: str) -> int:
        """Have it answer a request, and return the status code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"host": host, "path": path, "token": token}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def serve() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        client = Client(SERVER_NAME=order["host"], raise_request_exception=False)
        answer = client.get(order["path"], headers={"Authorization": f"Bearer {order['token']}"})
        sys.stdout.write(f"{answer.status_code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    django.setup()
    serve()
