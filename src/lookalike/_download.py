"""Download of one file: resumed where it stopped, verified, whole or not there.

``fetch`` brings the bytes; a server is asked for what is missing by HTTP Range.
``download`` keeps them beside the file under its name and ``.part``; when all is there
the SHA-256 is compared, and only then is it renamed.
"""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from lookalike._files import sync

BytesCallback = Callable[[int, int | None], None]
"""Called after every block with the bytes so far, and all bytes where known."""
_TIMEOUT = 60  # seconds without a byte
_ATTEMPTS = 3  # in a row that bring nothing new
_BLOCK = 1 << 16
_BROKEN = urllib.error.URLError, HTTPException, ConnectionError, TimeoutError


def download(
    url: str,
    target: Path,
    *,
    sha256: str,
    size: int | None = None,
    on_progress: BytesCallback | None = None,
) -> None:
    """Bring a file here: what an earlier call has begun is resumed, see ``fetch``.

    Parameters
    ----------
    url : str
    target : Path
        Missing parents are made.
    sha256 : str
        64 hexadecimal digits.
    size : int, optional
        Bytes, where they are known: more than that is not read.
    on_progress : callable, optional

    Raises
    ------
    ConnectionError
        If the server cannot be reached, has no such file, or stops early; what has
        come stays for the next call.
    ValueError
        If what came has another checksum or size; nothing of it is kept.
    OSError
        If it cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        fetch(url, part, size, on_progress)
    except ConnectionError as error:
        done = _size_of(part)
        told = f" {done:,} bytes are here: the same command goes on." * (done > 0)
        raise ConnectionError(f"{error}{told}") from None
    keep(part, target, sha256, url)


def fetch(
    url: str,
    part: Path,
    size: int | None = None,
    on_progress: BytesCallback | None = None,
) -> None:
    """Bring the bytes of a file, or those that are missing; nothing is verified.

    A connection that breaks is opened again as long as that brings something.

    Raises
    ------
    ConnectionError
        If the server cannot be reached, has no such file, or stops early.
    ValueError
        If it has another size; ``part`` is deleted.
    """
    failures = 0
    while True:
        before = _size_of(part)
        try:
            whole = _fetch_rest(url, part, size, on_progress)
        except ValueError:
            part.unlink(missing_ok=True)
            raise
        except _BROKEN as error:
            whole, why = None, _reason(error)
            if _is_final(error):
                failures = _ATTEMPTS
        else:
            why = "the connection was closed early"
        done = _size_of(part)
        if whole is not None and done == whole:
            return
        failures = 0 if done > before else failures + 1
        if failures >= _ATTEMPTS:
            raise ConnectionError(f"Could not download {url}: {why}.")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return str(error)
    return str(getattr(error, "reason", error)) or repr(error)


def keep(part: Path, target: Path, sha256: str, what: str) -> None:
    """Compare a file's checksum and rename it; without it, nothing of it stays.

    what : where it comes from, for the message

    Raises
    ------
    ValueError
        If its SHA-256 is another.
    """
    found = sha256_of(part)
    if found != sha256:
        part.unlink()
        raise ValueError(
            f"{what} is damaged or another file: expected SHA-256 {sha256}, got "
            f"{found}. Nothing was kept."
        )
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    sync(target.parent)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_rest(
    url: str, part: Path, size: int | None, on_progress: BytesCallback | None
) -> int | None:
    """Append what is missing; return how many bytes the whole file has, if known."""
    have = _size_of(part)
    if size is not None and have > size:
        part.unlink()
        have = 0
    if have and have == size:
        return size
    request = urllib.request.Request(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        reply: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 416 or not have:
                raise
            # The whole file is not longer than what is here: its checksum decides.
            return have
    with reply:
        begin = have if reply.status == 206 and _begins_at(reply, have) else 0
        length = reply.headers.get("Content-Length")
        whole = begin + int(length) if length else size
        if size is not None and whole != size:
            raise ValueError(f"{url} has {whole:,} bytes, expected {size:,}.")
        with part.open("ab" if begin else "wb") as out:
            done = begin
            while block := reply.read(_BLOCK):
                done += len(block)
                if size is not None and done > size:
                    raise ValueError(f"{url} has more than {size:,} bytes.")
                out.write(block)
                if on_progress:
                    on_progress(done, whole)
    return done if whole is None else whole


def _begins_at(reply: HTTPResponse, have: int) -> bool:
    """Whether a part that was sent goes on where we are."""
    told = reply.headers.get("Content-Range", "")
    return told.startswith(f"bytes {have}-")


def _is_final(error: Exception) -> bool:
    """Whether asking again is of no use: there is no such file, or it is not ours."""
    return isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
