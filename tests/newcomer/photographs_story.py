"""Somebody with photographs in folders: what a new one shows, and which are like it.

A recogniser of their own classes and a search over the same folder are served together;
pictures are added, another model learns from them; a backup is made and put back.
"""

import io

import numpy as np
from PIL import Image

CLASSES = "meadow", "sea", "street"


def photograph(rng, kind):
    """Return a made scene of a class as an image of no particular size."""
    height, width = (int(n) for n in rng.integers(90, 160, 2))
    y, x = np.mgrid[0:height, 0:width] / height
    noise = rng.normal(0, 1, (height, width))
    horizon = y > rng.uniform(0.35, 0.6)
    red, green, blue = rng.uniform(120, 200, 3)
    scene = np.stack(
        [red * 0.6 + 40 * y, green * 0.8 + 20 * y, blue + 50 * (1 - y)], -1
    )
    if kind == "meadow":
        ground = np.stack([60 + 30 * noise, 130 + 40 * noise, 40 + 20 * noise], -1)
    elif kind == "sea":
        waves = np.sin(60 * y + 5 * np.sin(6 * x + rng.uniform(0, 6)))
        ground = np.stack([20 + 10 * waves, 80 + 25 * waves, 130 + 30 * waves], -1)
    else:
        windows = (np.sin(40 * x) > 0) & (np.sin(40 * y) > 0)
        grey = 110 + 70 * windows + 8 * noise
        ground, horizon = np.stack([grey] * 3, -1), y > rng.uniform(0.05, 0.3)
    pixels = np.where(horizon[..., None], ground, scene) * rng.uniform(0.8, 1.15)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def write_photographs(folder, seed, n):
    """Write n photographs of each class, as JPEG and PNG, and one that is damaged."""
    rng = np.random.default_rng(seed)
    for kind in CLASSES:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(n):
            name = f"{seed}-{number}.{'jpg' if number % 2 else 'png'}"
            photograph(rng, kind).save(folder / kind / name)
    (folder / CLASSES[0] / f"{seed}-broken.jpg").write_bytes(b"\xff\xd8\xff nothing")


def file_of(picture):
    """Return a picture as the bytes of a JPEG."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG")
    return stream.getvalue()


def label(user, picture):
    """Return the generation that answers, and what it says is on a picture."""
    answer = user.ask("/v1/photos/classify", file_of(picture), kind="image/jpeg")
    return answer["generation"], answer["answers"][0]["label"]


def alike(user, picture):
    """Return the ids of the images most like a picture."""
    answer = user.ask("/v1/images/search?k=5", file_of(picture), kind="image/jpeg")
    return [hit["id"] for hit in answer["answers"][0]["hits"]]


def play(user):
    """Play the whole circle."""
    pictures = user.folder / "pictures"
    write_photographs(pictures, seed=1, n=16)
    new = photograph(np.random.default_rng(99), "sea")
    new.save(user.folder / "new.jpg")
    checked = user.run("data", "check", "pictures")
    assert all(kind in checked for kind in CLASSES)
    user.run("train", "photos", "--data", "pictures")
    assert "sea" in user.run("classify", "new.jpg", "--system", "photos")
    user.first_answer()
    user.run("index", "add", "pictures")
    found = user.run("search", "new.jpg", "--system", "images")
    assert "sea" in found

    with user.serving("photos", "images"):
        assert label(user, new) == ("0001", "sea")
        before = alike(user, new)
        user.ask("/v1/snapshots", {"name": "monday"})
        write_photographs(pictures, seed=2, n=8)
        new.save(pictures / "sea" / "the same.png")
        user.run("index", "add", "pictures")
        user.until(lambda: alike(user, new) != before)
        user.run("train", "photos", "--data", "pictures")
        user.until(lambda: label(user, new) == ("0002", "sea"))
        user.ask("/v1/snapshots/restore", {"name": "monday"})
        user.until(lambda: label(user, new) == ("0001", "sea"))
        user.until(lambda: alike(user, new) == before)
