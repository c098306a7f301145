"""Files of every format with bytes flipped or cut off: an image, or a sentence.

    python tests/features/damaged_images.py N SEED     N files a format and mode

Prints how many were read and how many refused. Anything but a ValueError of one line
ends the program with its traceback; a decoder that crashes ends it, too.
"""

import io
import sys

import numpy as np
from PIL import Image, features

from lookalike.features.image import FORMATS, count_pixels, read_image

MODES = {"GIF": ["P"], "PPM": ["RGB", "L"], "JPEG2000": ["RGB"], "AVIF": ["RGB"]}


def whole_files(rng):
    """Yield the bytes of a picture in each format, mode and number of frames."""
    Image.init()
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    picture = coarse.resize((64, 48), Image.Resampling.BICUBIC)
    for name in FORMATS:
        if name in ("WEBP", "AVIF") and not features.check(name.lower()):
            continue
        for mode in MODES.get(name, ["RGB", "L"]):
            image = picture.convert(mode)
            for more in ({}, {"save_all": True, "append_images": [image]}):
                if more and name not in Image.SAVE_ALL:
                    continue
                stream = io.BytesIO()
                image.save(stream, name, **more)
                yield stream.getvalue()


def damaged(rng, whole):
    """Return the file with one to eight bytes changed, some files cut off."""
    data = np.frombuffer(whole, np.uint8).copy()
    # Half of the changes are in the first bytes, where the headers are.
    end = len(data) if rng.random() < 0.5 else min(len(data), 200)
    at = rng.integers(0, end, rng.integers(1, 9))
    data[at] = rng.integers(0, 256, len(at))
    if rng.random() < 0.1:
        data = data[: rng.integers(1, len(data))]
    return data.tobytes()


def main(n: int, seed: int) -> tuple[int, int]:
    """Try ``n`` damaged files of each kind; returns how many were read and refused."""
    rng = np.random.default_rng(seed)
    n_read = n_refused = 0
    for whole in whole_files(rng):
        for _ in range(n):
            data = damaged(rng, whole)
            try:
                count_pixels(data)
                image = read_image(data, mode="RGB", max_pixels=10**6)
                assert image.dtype == np.uint8
                assert image.shape[2] == 3
                n_read += 1
            except ValueError as error:
                if "\n" in str(error):
                    raise AssertionError(str(error)) from error
                n_refused += 1
    return n_read, n_refused


if __name__ == "__main__":
    print(*main(int(sys.argv[1]), int(sys.argv[2])))
