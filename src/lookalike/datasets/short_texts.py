"""Short texts of people: captions of videos."""

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
