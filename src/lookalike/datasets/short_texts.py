"""Short texts and short queries of people: captions of videos, queries to engines."""

import gzip
import json
import os
import zipfile

from lookalike.datasets.locate import find


def load_captions(path: str | os.PathLike[str] | None = None) -> list[str]:
    """Load the 200,000 captions of MSR-VTT: twenty sentences for each video clip.

    Parameters
    ----------
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder = find("msrvtt_captions", path)
    captions: list[str] = []
    for archive, member in (
        ("train_val_annotation.zip", "train_val_videodatainfo.json"),
        ("test_videodatainfo.json.zip", "test_videodatainfo.json"),
    ):
        with zipfile.ZipFile(folder / archive) as files:
            sentences = json.loads(files.read(member))["sentences"]
        captions += [sentence["caption"] for sentence in sentences]
    return captions


def load_million_queries(path: str | os.PathLike[str] | None = None) -> list[str]:
    """Load the 60,000 queries of the TREC Million Query tracks, in their order.

    Parameters
    ----------
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder = find("trec_queries", path)
    queries: list[str] = []
    for part in ("1-10000", "10001-20000", "20001-60000"):
        file = folder / f"topics.mq.{part}.txt.gz"
        with gzip.open(file, "rt", encoding="utf-8", errors="replace") as lines:
            queries += [line.strip().rpartition(":")[2] for line in lines]
    return queries
