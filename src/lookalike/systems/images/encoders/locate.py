"""Files of published encoders: found here, downloaded, or taken from a folder.

An encoder has a folder of its name, in the folder that ``LOOKALIKE_ENCODERS`` names or
in the cache of the user. What is there is compared with the catalogue's checksums, or
with the one that the user gave for a file, which is kept beside it in a file of the
form of ``sha256sum``.
"""

import os
import re
import shutil
from functools import lru_cache
from pathlib import Path

from lookalike._download import BytesCallback, download, keep, sha256_of
from lookalike._files import UNFINISHED, write_whole
from lookalike.datasets.locate import cache_folder
from lookalike.systems.images.encoders.catalogue import (
    CATALOGUE,
    ModelFile,
    PublishedEncoder,
)

_HUB = "https://huggingface.co"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def known(name: str) -> PublishedEncoder:
    """Return the entry of the catalogue.

    Raises
    ------
    ValueError
        If there is none; the message lists the names.
    """
    if name not in CATALOGUE:
        raise ValueError(
            f"The encoder must be one of {', '.join(CATALOGUE)}, got {name!r}."
        )
    return CATALOGUE[name]


def folders() -> list[Path]:
    """Return where encoders are looked for; downloads go to the last."""
    given = os.environ.get("LOOKALIKE_ENCODERS")
    own = [Path(given).expanduser()] if given else []
    return [*own, cache_folder() / "encoders"]


def find(encoder: PublishedEncoder, file: ModelFile) -> Path:
    """Return one file of an encoder, with the checksum that it should have.

    Raises
    ------
    FileNotFoundError
        If it is not here; the message says how to get it.
    ValueError
        If it is another file.
    """
    for folder in folders():
        path = folder / encoder.name / file.name
        if path.is_file():
            _verify(path, _expected(path, file))
            return path
    raise FileNotFoundError(
        f"{file.name} of {encoder.name} is not here: `lookalike encoders get "
        f"{encoder.name}` downloads it, and with --from FILE takes it from this "
        "machine."
    )


def is_here(encoder: PublishedEncoder, file: ModelFile) -> bool:
    """Whether a file of an encoder is here and whole."""
    try:
        find(encoder, file)
    except (FileNotFoundError, ValueError):
        return False
    return True


def get(
    encoder: PublishedEncoder,
    file: ModelFile,
    folder: Path | None = None,
    on_progress: BytesCallback | None = None,
) -> Path:
    """Download a file of an encoder, unless it is here.

    ``HF_ENDPOINT`` names another server with the same paths as huggingface.co, as it
    does for that site's own programs.

    Parameters
    ----------
    folder : Path, optional
        Where folders of encoders lie; None is the cache, after a look at ``folders()``.

    Raises
    ------
    ConnectionError
        If it cannot be had now; what has come stays for the next call.
    ValueError
        If what came is another file; nothing of it is kept.
    """
    if folder is None and is_here(encoder, file):
        return find(encoder, file)
    target = (folder or folders()[-1]) / encoder.name / file.name
    if not (target.is_file() and sha256_of(target) == _expected(target, file)):
        url = file.url
        if url.startswith(_HUB):
            url = os.environ.get("HF_ENDPOINT", _HUB).rstrip("/") + url[len(_HUB) :]
        size, sha256 = file.size, file.sha256
        download(url, target, sha256=sha256, size=size, on_progress=on_progress)
        _given(target).unlink(missing_ok=True)
    return target


def take(
    encoder: PublishedEncoder,
    file: ModelFile,
    source: Path,
    folder: Path | None = None,
    sha256: str | None = None,
) -> Path:
    """Copy a file of an encoder from this machine into its folder.

    Parameters
    ----------
    source : Path
    folder : Path, optional
        Where folders of encoders lie; None is the cache.
    sha256 : str, optional
        Of the file, where it is not the one of the catalogue: another export of the
        same encoder, which takes and gives the same.

    Raises
    ------
    ValueError
        If the checksum is another, or no checksum; nothing is kept.
    """
    if not source.is_file():
        raise ValueError(
            f"{source} is no file; expected {file.name} of {encoder.name}."
        )
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise ValueError(f"A SHA-256 has 64 digits of 0-9a-f, got {sha256!r}.")
    target = (folder or folders()[-1]) / encoder.name / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"{UNFINISHED}{os.getpid()}-{file.name}")
    try:
        shutil.copyfile(source, aside)
        keep(aside, target, sha256 or file.sha256, str(source))
    finally:
        aside.unlink(missing_ok=True)
    if sha256 in (None, file.sha256):
        _given(target).unlink(missing_ok=True)
    else:
        write_whole(_given(target), f"{sha256}  {file.name}\n".encode())
    return target


def _given(path: Path) -> Path:
    """Where the checksum is kept that the user gave for a file."""
    return path.with_name(f"{path.name}.sha256")


def _expected(path: Path, file: ModelFile) -> str:
    given = _given(path)
    if given.is_file():
        return given.read_text(errors="replace").partition(" ")[0]
    return file.sha256


def _verify(path: Path, sha256: str) -> None:
    facts = path.stat()
    found = _cached_checksum(path, facts.st_size, facts.st_mtime_ns)
    if found != sha256:
        raise ValueError(
            f"{path} is damaged or another file: expected SHA-256 {sha256[:12]}..., "
            f"got {found[:12]}...."
        )


@lru_cache(maxsize=16)
def _cached_checksum(path: Path, size: int, mtime_ns: int) -> str:
    # Files of the same path, size and time count as unchanged.
    return sha256_of(path)
