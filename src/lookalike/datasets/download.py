"""Download of data sets from their homes, complete and verified."""

import gzip
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from lookalike._download import BytesCallback, fetch
from lookalike.datasets.catalogue import DataSet, File
from lookalike.datasets.idx import join_idx
from lookalike.datasets.locate import cache_folder, verify


def get(
    data_set: DataSet,
    folder: Path | None = None,
    on_progress: BytesCallback | None = None,
) -> Path:
    """Download the missing files of a data set into ``folder``, by default the cache.

    Each file is written under a temporary name, compared with the checksum of the
    catalogue and then renamed, so that an interrupted download leaves no file behind.

    Parameters
    ----------
    data_set : DataSet
    folder : Path, optional
    on_progress : callable, optional
        Called with the bytes of a part so far, and all its bytes or None.

    Returns
    -------
    Path
        The file, or the folder where there are several files.

    Raises
    ------
    ValueError
        If the data set cannot be downloaded, or a file has another checksum.
    OSError
        If the home cannot be reached or the folder cannot be written.
    """
    if not data_set.can_be_downloaded:
        raise ValueError(
            f"{data_set.name} cannot be downloaded for you: fetch it from "
            f"{data_set.home} ({data_set.form}), then `lookalike data get "
            f"{data_set.name} --from FILE`."
        )
    folder = cache_folder() if folder is None else folder
    for file in data_set.files:
        target = folder / file.path
        if not _is_here(target, file):
            _download(file, target, on_progress)
    return folder / data_set.path


def _is_here(target: Path, file: File) -> bool:
    try:
        verify(target, file)
    except (ValueError, OSError):
        return False
    return True


def _download(file: File, target: Path, on_progress: BytesCallback | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as scratch:
        parts = [_fetch(url, Path(scratch), on_progress) for url in file.urls]
        whole = Path(scratch) / target.name
        _assemble(parts, whole)
        verify(whole, file)
        whole.replace(target)


def _fetch(url: str, folder: Path, on_progress: BytesCallback | None) -> Path:
    part = folder / f"part-{urlsplit(url).path.rsplit('/', 1)[-1]}"
    fetch(url, part, on_progress=on_progress)
    return part


def _assemble(parts: list[Path], whole: Path) -> None:
    if whole.suffix == ".npz":
        join_idx(parts, whole)
    elif whole.suffix == ".gz" and parts[0].suffix != ".gz":
        with parts[0].open("rb") as plain, gzip.open(whole, "wb") as packed:
            shutil.copyfileobj(plain, packed)
    else:
        parts[0].replace(whole)
