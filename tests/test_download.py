"""Downloads from a server on this machine: whole, cut off, resumed, wrong, absent."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from lookalike._download import download

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serves CONTENT, and remembers what it was asked for.

    cut : bytes after which each connection breaks, None for none
    ranges : whether it sends a part where a part is asked for
    content : what it serves
    """

    def __init__(self):
        self.cut, self.ranges, self.content = None, True, CONTENT
        self.asked = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/model.onnx"

    def answer(self, handler):
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        if not handler.path.endswith("model.onnx"):
            handler.send_error(404, "Not Found")
            return
        begin, whole = 0, len(self.content)
        if wanted and self.ranges:
            begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if begin >= whole:
                handler.send_error(416)
                return
            handler.send_response(206)
            told = f"bytes {begin}-{whole - 1}/{whole}"
            handler.send_header("Content-Range", told)
        else:
            handler.send_response(200)
        handler.send_header("Content-Length", str(whole - begin))
        handler.end_headers()
        end = whole if self.cut is None else begin + self.cut
        handler.wfile.write(self.content[begin:end])

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "models" / "model.onnx"


def fetch(server, target, **options):
    options = {"sha256": SHA256, "size": len(CONTENT)} | options
    download(server.url, target, **options)


def test_a_file_comes_whole_with_its_progress_told(server, target):
    told = []
    fetch(server, target, on_progress=lambda done, whole: told.append((done, whole)))
    assert target.read_bytes() == CONTENT
    assert [each.name for each in target.parent.iterdir()] == ["model.onnx"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert server.asked == [None]


def test_a_connection_that_breaks_is_resumed_where_it_stopped(server, target):
    server.cut = 100_000
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_what_has_come_stays_for_the_next_call(server, target):
    part = target.with_name("model.onnx.part")
    part.parent.mkdir()
    part.write_bytes(CONTENT[:1000])
    server.cut = 0  # nothing comes any more
    with pytest.raises(ConnectionError, match="1,000 bytes are here: the same command"):
        fetch(server, target)
    assert part.read_bytes() == CONTENT[:1000]
    assert not target.exists()
    server.cut = None
    server.asked.clear()
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_a_server_without_parts_sends_all_of_it_again(server, target):
    part = target.with_name("model.onnx.part")
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    server.ranges = False
    fetch(server, target)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_only_verified(server, target):
    part = target.with_name("model.onnx.part")
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    fetch(server, target, size=None)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("known", [True, False])
def test_another_file_is_refused_and_nothing_is_kept(server, target, known):
    server.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(ValueError, match="damaged or another file: expected SHA-256"):
        fetch(server, target, size=len(CONTENT) if known else None)
    assert list(target.parent.iterdir()) == []


def test_a_file_of_another_size_is_not_read(server, target):
    server.content = CONTENT * 2
    with pytest.raises(ValueError, match="has 600,000 bytes, expected 300,000"):
        fetch(server, target)
    assert list(target.parent.iterdir()) == []


def test_a_damaged_part_does_not_stay(server, target):
    part = target.with_name("model.onnx.part")
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    with pytest.raises(ValueError, match="damaged"):
        fetch(server, target)
    fetch(server, target)
    assert target.read_bytes() == CONTENT


def test_what_is_not_there_is_one_sentence_and_asked_once(server, target):
    server.url = server.url.replace("model", "other")
    with pytest.raises(ConnectionError, match=r"Could not download .*: Not Found\.$"):
        fetch(server, target)
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_one_sentence(server, target):
    server.close()
    with pytest.raises(ConnectionError, match=r"Could not download .*refused"):
        fetch(server, target)
    server.close = lambda: None
