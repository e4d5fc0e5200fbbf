"""Answers that are the last ones of their connections are read to their end."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from plugins.gateway import transport

HEAD = b"Content-Type: text/plain\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + HEAD + b"Connection: close\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n" + HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n"
        + HEAD
        + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n" + HEAD + b"\r\nhello",
    ],
    ids=["to the end", "with a length", "in pieces", "of old"],
)
def test_the_last_answer_of_a_connection_is_read(answer: bytes) -> None:
    def serve() -> bytes:
        connection, _ = listener.accept()
        with connection:
            asked = connection.recv(1000)
            connection.sendall(answer)
            # Whoever has read it ends the connection too.
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(5)
            assert connection.recv(1) == b""
            return asked

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        served = threads.submit(serve)
        found = transport.send(
            f"127.0.0.1:{listener.getsockname()[1]}", method="GET", target="/", headers={}
        )

        assert found.read() == b"hello"
        assert served.result(10).startswith(b"GET / HTTP/1.1\r\n")
