"""What is too many is turned away before it is parsed, and nothing else is."""

import contextlib
import inspect
import socket
import threading
import time

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from lookalike.service.shedding import Occupancy, SheddingProtocol, is_whole

REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nfull"
WHOLE = b"POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"


class Counter:
    def __init__(self):
        self.n = 0

    def inc(self):
        self.n += 1


@contextlib.contextmanager
def serving(occupancy):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["occupancy"] = occupancy
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        body += message["body"]
        answer = scope["path"].encode() + b" " + body
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    config = uvicorn.Config(
        app, port=0, http=SheddingProtocol, log_level="critical", lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            yield connection
    finally:
        server.should_exit = True
        thread.join()


def ask(connection, *pieces):
    for piece in pieces:
        connection.sendall(piece)
        time.sleep(0.05)
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(4096)
    return found


@pytest.fixture
def occupancy():
    return Occupancy(max_at_work=1, refusal=REFUSAL, refused=Counter())


def test_a_full_service_answers_at_once_and_a_free_one_as_ever(occupancy):
    with serving(occupancy) as connection:
        assert ask(connection, WHOLE).endswith(b"/v1/x hi")
        occupancy.at_work = 1
        assert ask(connection, WHOLE) == REFUSAL
        assert ask(connection, WHOLE) == REFUSAL
        assert occupancy.refused.n == 2
        occupancy.at_work = 0
        # The connection is as good as before.
        assert ask(connection, WHOLE).endswith(b"/v1/x hi")
        assert occupancy.refused.n == 2


def test_health_is_told_even_when_full(occupancy):
    occupancy.at_work = 1
    with serving(occupancy) as connection:
        asked = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"
        assert ask(connection, asked).endswith(b"/healthz ")


def test_a_request_in_pieces_is_never_cut_short(occupancy):
    occupancy.at_work = 1
    with serving(occupancy) as connection:
        # Its second piece looks like a whole request.
        head = b"POST /v1/y HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n"
        assert ask(connection, head % len(WHOLE), WHOLE).endswith(b"/v1/y " + WHOLE)
        assert occupancy.refused.n == 0


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (WHOLE, True),
        (WHOLE + b"more", False),
        (WHOLE[:-1], False),
        (WHOLE[:20], False),
        (b"GET /v1/x?k=1 HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n\r\n", True),
        (b"GET /v1/x HTTP/1.1\r\nhost: a\r\nConnection: close\r\n\r\n", False),
        (b"GET /v1/x HTTP/1.0\r\nhost: a\r\n\r\n", False),
        (b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n", False),
        (b"POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"POST /v1/x HTTP/1.1\r\nexpect: 100-continue\r\n\r\n", False),
    ],
)
def test_only_what_is_whole_and_plain_is_turned_away(data, whole):
    assert is_whole(data) is whole


def test_the_parts_of_uvicorn_that_are_overridden_are_there():
    """Not public: another release of uvicorn may rename them."""
    source = inspect.getsource(SheddingProtocol.__mro__[1])
    for name in (
        "app_state",
        "cycle",
        "loop",
        "timeout_keep_alive",
        "timeout_keep_alive_handler",
        "timeout_keep_alive_task",
        "transport",
    ):
        assert f"self.{name}" in source
    for name in (
        "_unset_keepalive_if_required",
        "data_received",
        "on_message_begin",
        "on_message_complete",
    ):
        assert callable(getattr(SheddingProtocol.__mro__[1], name))
    assert "response_complete" in inspect.getsource(RequestResponseCycle)


@pytest.mark.parametrize("shed_early", [True, False])
def test_a_setting_turns_early_refusals_off(make_client, shed_early):
    client = make_client(shed_early=shed_early)
    assert ("occupancy" in client.app_state) == shed_early
