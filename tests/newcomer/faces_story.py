"""Somebody with pictures of people in folders: who is this, and are these two the same?

Somebody new is enrolled while the service answers; a backup is made and put back. The
people are the last nine of the ORL set where it is here; else faces are drawn.
"""

import io
import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

N_PEOPLE, N_PICTURES = 9, 7


def drawn(person, number):
    """Return a drawing of a person's face, a little different each time."""
    own, chance = np.random.default_rng(person), np.random.default_rng([person, number])
    skin, hair, back = (int(n) for n in own.integers([120, 10, 60], [220, 110, 230]))
    width, eyes, mouth = own.uniform([24, 8, 8], [36, 16, 20])
    brow, nose = own.uniform([2, 6], [9, 16])
    image = Image.new("L", (92, 112), back)
    draw = ImageDraw.Draw(image)
    x, y = 46 + chance.uniform(-3, 3), 58 + chance.uniform(-3, 3)
    draw.ellipse((x - width, y - 46, x + width, y + 42), fill=hair)
    draw.ellipse((x - width + 3, y - 34, x + width - 3, y + 42), fill=skin)
    for side in (-1, 1):
        eye = x + side * eyes
        draw.ellipse((eye - 5, y - 11, eye + 5, y - 4), fill=235)
        draw.ellipse((eye - 2, y - 10, eye + 2, y - 5), fill=20)
        draw.line((eye - 6, y - 13 - brow, eye + 6, y - 13 - brow), fill=hair, width=3)
    draw.line((x, y - 4, x - 3, y - 4 + nose), fill=max(skin - 60, 0), width=3)
    draw.arc((x - mouth, y + 10, x + mouth, y + 28), 10, 170, fill=60, width=4)
    light = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), float)
    slope = np.linspace(-1, 1, 92) * chance.uniform(-15, 15)
    light = light + slope + chance.normal(0, 4, light.shape)
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))


def write_people(folder):
    """Write a folder of pictures for each person."""
    found = Path(os.environ.get("LOOKALIKE_DATA", "nowhere"), "orl_faces.npz")
    real = np.load(found) if found.exists() else None
    for person in range(N_PEOPLE):
        place = folder / f"person {person}"
        place.mkdir(parents=True)
        for number in range(N_PICTURES):
            if real is None:
                picture = drawn(person, number)
            else:
                row = -10 * (person + 1) + number
                picture = Image.fromarray(real["x"][row])
            picture.save(place / f"{number}.png")


def who(user, picture):
    """Return of whom a picture reminds the service most."""
    sent = io.BytesIO()
    picture.save(sent, "PNG")
    answer = user.ask("/v1/faces/classify", sent.getvalue(), kind="image/png")
    return answer["answers"][0]["most_alike"]


def play(user):
    """Play the whole circle."""
    people = user.folder / "people"
    write_people(people)
    *known, guest = sorted(people.iterdir())
    shutil.move(guest, user.folder / "guest")
    user.run("train", "faces", "--data", "people")
    first, second = sorted(known[0].iterdir())[:2]
    assert known[0].name in user.run("classify", first, "--system", "faces")
    user.first_answer()
    other = sorted(known[1].iterdir())[0]
    same, different = (user.json("verify", first, one) for one in (second, other))
    assert same["similarity"] > different["similarity"]
    assert not different["same_person"]

    guests = sorted((user.folder / "guest").iterdir())
    with user.serving("faces"):
        assert who(user, Image.open(first)) == known[0].name
        user.ask("/v1/snapshots", {"name": "monday"})
        user.run("enrol", "guest", *guests)
        user.until(lambda: who(user, Image.open(guests[0])) == "guest")
        user.ask("/v1/snapshots/restore", {"name": "monday"})
        user.until(lambda: who(user, Image.open(guests[0])) != "guest")
        assert who(user, Image.open(first)) == known[0].name
