"""Somebody with folders of photographs: others are recognised, or called unclear.

One of the files is broken. A third class makes a second model, which the running
service takes up, and which is rolled back.
"""

import base64
import random

from PIL import Image, ImageDraw

SCENES = {
    "sea": ((70, 130, 200), (20, 60, 140), 0),
    "wood": ((90, 140, 60), (30, 70, 20), 40),
    "town": ((150, 150, 150), (90, 80, 80), 12),
}


def take(rng, scene):
    """Return a picture of a scene: sky, ground and trees, or houses, or waves."""
    above, below, n = SCENES[scene]
    width, height = rng.randrange(120, 240), rng.randrange(100, 200)
    picture = Image.new("RGB", (width, height), above)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height * rng.uniform(0.3, 0.7), width, height), fill=below)
    for _ in range(n):
        left, top = rng.randrange(width), rng.randrange(height // 4, height)
        side = rng.randrange(4, 40)
        fill = tuple(min(255, c + rng.randrange(-30, 60)) for c in below)
        pen.rectangle((left, top, left + side, height), fill=fill)
    return picture


def fill(folder, scene, n, seed):
    """Write pictures of a scene into the folder of its class."""
    rng = random.Random(f"{scene} {seed}")
    (folder / scene).mkdir(parents=True)
    for at in range(n):
        ending = ("jpg", "png", "webp")[at % 3]
        take(rng, scene).save(folder / scene / f"{at}.{ending}")


def shown(user, path):
    """Return which generation answers, and what it takes a picture for."""
    sent = base64.b64encode(path.read_bytes()).decode()
    answer = user.ask("/v1/photos/classify", {"images": [{"base64": sent}]})
    return answer["generation"], answer["answers"][0]["most_likely"]


def play(user):
    """Play the whole circle."""
    pictures = user.folder / "pictures"
    for scene in ("sea", "wood"):
        fill(pictures, scene, 16, seed=1)
        fill(user.folder / "new", scene, 2, seed=2)
    fill(user.folder / "new", "town", 2, seed=2)
    (pictures / "sea" / "broken.jpg").write_bytes(b"no picture")
    assert "broken.jpg" in user.run("data", "check", "pictures")
    user.run("train", "photos", "--data", "pictures")
    found = user.json("classify", "new/sea", "new/wood", "--system", "photos")
    labels = [each["most_likely"] for each in found["answers"]]
    assert labels == ["sea", "sea", "wood", "wood"], labels
    user.first_answer()

    with user.serving("photos"):
        sea, town = (user.folder / "new" / name / "0.jpg" for name in ("sea", "town"))
        assert shown(user, sea) == ("0001", "sea")
        user.ask("/v1/snapshots", {"name": "monday"})
        fill(pictures, "town", 16, seed=1)
        user.run("train", "photos", "--data", "pictures")
        user.until(lambda: shown(user, town) == ("0002", "town"))
        user.ask("/v1/photos/generations/rollback", {})
        user.until(lambda: shown(user, sea) == ("0001", "sea"))
        user.ask("/v1/photos/generations/activate", {"name": "0002"})
        user.ask("/v1/snapshots/restore", {"name": "monday"})
        user.until(lambda: shown(user, town)[0] == "0001")
