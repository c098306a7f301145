"""Somebody with a folder of photographs: which of them are like this one?

Nothing is trained. Pictures are added while the service answers; a backup is made and
put back.
"""

import io

import numpy as np
from PIL import Image

SCENES = "meadow", "sea", "street"


def photograph(rng, scene):
    """Return a made picture of a scene, of no particular size."""
    height, width = (int(n) for n in rng.integers(90, 160, 2))
    y, x = np.mgrid[0:height, 0:width] / height
    noise = rng.normal(0, 1, (height, width))
    red, green, blue = rng.uniform(120, 200, 3)
    sky = [red * 0.6 + 40 * y, green * 0.8 + 20 * y, blue + 50 * (1 - y)]
    horizon = rng.uniform(0.35, 0.6)
    if scene == "meadow":
        ground = [60 + 30 * noise, 130 + 40 * noise, 40 + 20 * noise]
    elif scene == "sea":
        waves = np.sin(60 * y + 5 * np.sin(6 * x + rng.uniform(0, 6)))
        ground = [20 + 10 * waves, 80 + 25 * waves, 130 + 30 * waves]
    else:
        windows = (np.sin(40 * x) > 0) & (np.sin(40 * y) > 0)
        ground = [110 + 70 * windows + 8 * noise] * 3
        horizon = rng.uniform(0.05, 0.3)
    pixels = np.where((y > horizon)[..., None], np.stack(ground, -1), np.stack(sky, -1))
    light = rng.uniform(0.8, 1.15)
    return Image.fromarray(np.clip(pixels * light, 0, 255).astype(np.uint8))


def write_pictures(folder, seed, n):
    """Write n pictures of each scene side by side, and a file that is damaged."""
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    for scene in SCENES:
        for number in range(n):
            ending = "jpg" if number % 2 else "png"
            photograph(rng, scene).save(folder / f"{scene} {seed}-{number}.{ending}")
    (folder / f"broken {seed}.jpg").write_bytes(b"\xff\xd8\xff nothing")


def alike(user, picture):
    """Return the ids of the images most like a picture."""
    sent = io.BytesIO()
    picture.save(sent, "JPEG")
    path = "/v1/images/search?k=5"
    answer = user.ask(path, sent.getvalue(), kind="image/jpeg")
    return [hit["id"] for hit in answer["answers"][0]["hits"]]


def play(user):
    """Play the whole circle."""
    pictures = user.folder / "pictures"
    write_pictures(pictures, seed=1, n=12)
    new = photograph(np.random.default_rng(99), "sea")
    new.save(user.folder / "new.jpg")
    told = user.run("index", "add", "pictures")
    assert "1 broken" in told, told
    assert user.run("search", "new.jpg", "--k", 5).count("sea") >= 4
    user.first_answer()

    with user.serving("images"):
        before = alike(user, new)
        user.ask("/v1/snapshots", {"name": "monday"})
        write_pictures(pictures, seed=2, n=4)
        new.save(pictures / "the same.png")
        user.run("index", "add", "pictures")
        user.until(lambda: alike(user, new) != before)
        user.ask("/v1/snapshots/restore", {"name": "monday"})
        user.until(lambda: alike(user, new) == before)
