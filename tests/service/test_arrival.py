"""Heads have limits, and who sends half of one keeps nobody from an answer."""

import contextlib
import inspect
import re
import socket
import threading
import time

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lookalike.service.arrival import ArrivalProtocol, Arrivals
from lookalike.service.shedding import Occupancy, SheddingProtocol

LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 5\r\n\r\nlarge"
)
LATE = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 4\r\n\r\nlate"
WHOLE = b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"
HALF = b"POST /x HTTP/1.1\r\nhost: a\r\nx-a: "


class Counter:
    def __init__(self):
        self.n = 0

    def inc(self):
        self.n += 1


def limits(**changed):
    given = {"max_head": 4096, "head_seconds": 30, "body_seconds": 30, "max_idle": 50}
    given |= {"too_large": LARGE, "too_late": LATE, "refused": Counter(), **changed}
    return Arrivals(**given)


@contextlib.contextmanager
def serving(arrivals, occupancy=None):
    """Yield a function that opens a connection to a server with these limits."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["arrivals"] = arrivals
            if occupancy:
                scope["state"]["occupancy"] = occupancy
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        if scope["path"] != "/early":  # which is answered before its body has come
            while (message := await receive()).get("more_body"):
                body += message["body"]
            body += message["body"]
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    options = {"http": SheddingProtocol, "log_level": "critical", "lifespan": "on"}
    server = uvicorn.Server(uvicorn.Config(app, port=0, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with contextlib.ExitStack() as stack:

        def connect():
            made = socket.create_connection(("127.0.0.1", port), timeout=20)
            return stack.enter_context(made)

        try:
            yield connect
        finally:
            server.should_exit = True
    thread.join()


def ask(connection, sent):
    connection.sendall(sent)
    found = b""
    while not is_whole(found) and (part := connection.recv(4096)):
        found += part
    return found


def is_whole(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(end) and len(body) >= int(length[1])


def rest(connection):
    found = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(4096):
            found += part
    return found


@pytest.mark.parametrize(
    "head",
    [
        HALF + b"a" * 5000,
        HALF + b"a" * 5000 + b"\r\n\r\n",
        b"POST /x HTTP/1.1\r\n" + b"a: b\r\n" * 1000,
        b"POST /x HTTP/1.1\r\n" + b"a: b\r\n" * 1000 + b"content-length: 0\r\n\r\n",
        b"GET /" + b"a" * 5000,
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
        + b"a: b\r\n" * 1000,
    ],
    ids=["value", "whole", "fields", "whole fields", "address", "whole one", "after"],
)
@pytest.mark.parametrize("first", [b"", WHOLE], ids=["at once", "after another"])
def test_a_head_that_is_too_large_is_refused(head, first):
    arrivals = limits()
    with serving(arrivals) as connect:
        connection = connect()
        if first:
            assert ask(connection, first).endswith(b"hi")
        connection.sendall(head)
        found = rest(connection)
        # A body that goes on for ever belongs to a request that is at work already.
        assert found == (b"" if b"chunked" in head else LARGE)
        assert arrivals.refused.n == 1
        assert ask(connect(), WHOLE).endswith(b"hi")


def test_an_endless_head_is_cut_off():
    with serving(limits()) as connect:
        connection, sent = connect(), 0
        connection.sendall(HALF)
        with contextlib.suppress(ConnectionError):
            while sent < 2**28:
                sent += connection.send(b"a" * 65536)
        assert sent < 2**23


def test_a_large_body_is_no_head():
    with serving(limits()) as connect:
        body = b"x" * 100_000
        head = b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n"
        connection = connect()
        for _ in range(3):
            connection.sendall(head + body)
            found = b""
            while len(found) < 100_000:
                found += connection.recv(65536)
            assert found.endswith(body)


@pytest.mark.parametrize("sent", [b"", HALF, WHOLE + HALF, HALF[:9]])
def test_a_head_that_does_not_come_is_given_up(sent):
    with serving(limits(head_seconds=0.2)) as connect:
        connection = connect()
        connection.sendall(sent)
        found = rest(connection)
        assert found.endswith(LATE if sent else b"")


def test_a_connection_that_waits_between_requests_is_not_late():
    with serving(limits(head_seconds=0.2)) as connect:
        connection = connect()
        for _ in range(2):
            assert ask(connection, WHOLE).endswith(b"hi")
            time.sleep(0.5)


def test_what_is_left_of_an_answered_request_is_not_waited_for():
    with serving(limits(body_seconds=0.2)) as connect:
        connection = connect()
        head = b"POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n"
        assert b" 200 " in ask(connection, head + b"a")
        assert rest(connection) == b""
        connection = connect()
        assert b" 200 " in ask(connection, head + b"a")
        assert ask(connection, b"12345678" + WHOLE).endswith(b"hi")


def test_half_heads_make_room_for_whole_ones():
    arrivals = limits(max_idle=20)
    with serving(arrivals) as connect:
        used = connect()
        assert ask(used, WHOLE).endswith(b"hi")
        half = [connect() for _ in range(60)]
        for each in half:
            each.sendall(HALF)
        assert ask(connect(), WHOLE).endswith(b"hi")
        assert rest(used) == b""
        for each in half[:39]:
            assert rest(each) in (LATE, b"")  # before or after its half came
        assert len(arrivals.idle) <= 20


def test_half_bodies_that_nobody_waits_for_make_room_too():
    arrivals = limits(max_idle=20)
    with serving(arrivals) as connect:
        head = b"POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n"
        half = []
        for _ in range(40):
            half.append(connect())
            assert b" 200 " in ask(half[-1], head + b"a")
        assert ask(connect(), WHOLE).endswith(b"hi")
        for each in half[:19]:
            assert rest(each) == b""
        assert len(arrivals.idle) <= 21


def test_refused_requests_keep_their_connection():
    occupancy = Occupancy(1, b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", Counter())
    occupancy.at_work = 1
    with serving(limits(head_seconds=0.2), occupancy) as connect:
        connection = connect()
        for _ in range(2):
            shed = WHOLE.replace(b"/x", b"/v1/x")
            assert ask(connection, shed).startswith(b"HTTP/1.1 503")
            time.sleep(0.5)
        assert occupancy.refused.n == 2


def test_who_was_refused_waits_anew():
    occupancy = Occupancy(1, b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", Counter())
    with serving(limits(max_idle=2), occupancy) as connect:
        shed, other = connect(), connect()
        assert ask(other, WHOLE).endswith(b"hi")
        occupancy.at_work = 1
        assert b" 503 " in ask(shed, WHOLE.replace(b"/x", b"/v1/x"))
        occupancy.at_work = 0
        assert ask(connect(), WHOLE).endswith(b"hi")
        assert rest(other) == b""
        assert ask(shed, WHOLE).endswith(b"hi")


def test_the_service_refuses_in_a_sentence(make_client):
    client = make_client(max_head=2048, head_seconds=3)
    arrivals = client.app_state["arrivals"]
    assert b"431 Request Header Fields Too Large\r\n" in arrivals.too_large
    assert b"The head of a request may have 2,048 bytes at most." in arrivals.too_large
    assert b"408 Request Timeout\r\n" in arrivals.too_late
    assert b"The head of a request may take 3 s at most." in arrivals.too_late
    for answer in (arrivals.too_large, arrivals.too_late):
        assert b"\r\nconnection: close\r\n" in answer


def test_the_parts_of_uvicorn_that_are_overridden_are_there():
    """Not public: another release of uvicorn may rename them."""
    source = inspect.getsource(HttpToolsProtocol)
    for name in ("app_state", "cycle", "loop", "timeout_keep_alive_task", "transport"):
        assert f"self.{name}" in source
    own = {name for name, value in vars(ArrivalProtocol).items() if callable(value)}
    theirs = own & set(vars(HttpToolsProtocol))
    assert theirs == {
        *("connection_made", "connection_lost", "data_received", "on_message_begin"),
        *("on_url", "on_header", "on_headers_complete", "on_message_complete"),
        *("on_response_complete", "send_400_response", "shutdown"),
    }
    assert "self.send_400_response(" in source
    assert "on_response=self.on_response_complete" in source
