"""Three hundred colour photographs in six classes, of pictures that packages ship.

Each photograph is a part of a source picture, cut at random, mirrored or not, in
another light, saved as JPEG and of a size between 240 and 640 pixels. Classes have one
source or two; what two photographs have in common is known: their source, and whether
they overlap.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from lookalike_bench.arrays import Array, Floats

N_EACH = 50  # photographs of a class
SEED = 0
AREA = 0.08, 0.28  # share of the source that a photograph shows
Source = Callable[[], Array]


@dataclass(frozen=True)
class Photographs:
    """Photographs with what is known of them.

    images : uint8 (height, width, 3) each
    labels : (n,), the class of each
    sources : (n,), the name of the picture that each was cut from
    boxes : float64 (n, 4), left, top, right, bottom as shares of the source
    """

    images: list[Array]
    labels: Array
    sources: Array
    boxes: Floats

    def same_source(self) -> Array:
        """Whether two photographs come from one picture, bool (n, n)."""
        return self.sources[:, None] == self.sources[None, :]

    def overlap(self) -> Array:
        """Whether two photographs show a pixel of the same picture, bool (n, n)."""
        left, top, right, bottom = self.boxes.T
        across = np.minimum(right[:, None], right) > np.maximum(left[:, None], left)
        down = np.minimum(bottom[:, None], bottom) > np.maximum(top[:, None], top)
        return self.same_source() & across & down


def _skimage(name: str) -> Source:
    def load() -> Array:
        from skimage import data

        picture: Array = getattr(data, name)()
        return picture[..., :3]

    return load


def _motorcycle() -> Array:
    from skimage import data

    left: Array = data.stereo_motorcycle()[0]
    return left


def _sklearn(name: str) -> Source:
    def load() -> Array:
        from sklearn.datasets import load_sample_image

        return load_sample_image(name)

    return load


def _grace_hopper() -> Array:
    from matplotlib import get_data_path

    path = Path(get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return np.asarray(Image.open(path).convert("RGB"))


MEASURED: Mapping[str, Mapping[str, Source]] = {
    "people": {"astronaut": _skimage("astronaut"), "grace hopper": _grace_hopper},
    "vehicles": {"motorcycle": _motorcycle, "rocket": _skimage("rocket")},
    "cat": {"chelsea": _skimage("chelsea")},
    "coffee": {"coffee": _skimage("coffee")},
    "flower": {"flower": _sklearn("flower.jpg")},
    "palace": {"china": _sklearn("china.jpg")},
}
"""Sources of each class of the set that is measured; nothing is learned from them."""
OTHERS: Mapping[str, Mapping[str, Source]] = {
    name: {name: _skimage(name)}
    for name in ("hubble_deep_field", "retina", "immunohistochemistry")
}
"""Colour pictures that are in no measured class: something may be learned from them."""


def photographs(
    classes: Mapping[str, Mapping[str, Source]] = MEASURED,
    n_each: int = N_EACH,
    seed: int = SEED,
) -> Photographs:
    """Cut ``n_each`` photographs for each class, spread evenly over its sources."""
    rng = np.random.default_rng(seed)
    images, labels, sources, boxes = [], [], [], []
    for label, pictures in classes.items():
        for at, (source, load) in enumerate(pictures.items()):
            picture = Image.fromarray(load())
            for _ in range(_share(n_each, len(pictures), at)):
                box = _box(rng, picture.width / picture.height)
                images.append(_photograph(rng, picture, box))
                labels.append(label)
                sources.append(source)
                boxes.append(box)
    return Photographs(images, np.array(labels), np.array(sources), np.array(boxes))


def _share(n: int, n_parts: int, at: int) -> int:
    return n // n_parts + (at < n % n_parts)


def _box(rng: np.random.Generator, aspect: float) -> Sequence[float]:
    """A part of a picture as shares of its sides; upright, square or lying."""
    area, shape = rng.uniform(*AREA), np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    width = min(np.sqrt(area * shape / aspect), 1.0)
    height = min(np.sqrt(area / shape * aspect), 1.0)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return left, top, left + width, top + height


def _photograph(
    rng: np.random.Generator, picture: Image.Image, box: Sequence[float]
) -> Array:
    """Cut, mirror, light, resize and compress."""
    sides = (picture.width, picture.height) * 2
    left, top, right, bottom = (round(b * s) for b, s in zip(box, sides, strict=True))
    part = picture.crop((left, top, right, bottom))
    if rng.random() < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    longest = rng.integers(240, 641)
    scale = longest / max(part.size)
    size = (max(round(part.width * scale), 1), max(round(part.height * scale), 1))
    part = part.resize(size, Image.Resampling.BICUBIC)
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        part = change(part).enhance(rng.uniform(0.65, 1.35))
    balance = rng.uniform(0.85, 1.15, 3)
    pixels = np.clip(np.asarray(part) * balance, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(rng.integers(60, 96)))
    return np.asarray(Image.open(stream).convert("RGB"))
