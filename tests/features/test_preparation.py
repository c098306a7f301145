"""One form for every image, and pictures that look the same."""

import io

import numpy as np
import pytest
from PIL import Image

from lookalike.datasets import load_textures
from lookalike.features.perceptual_hash import difference_hash, groups_of, thumbnail
from lookalike.features.preparation import Preparation


def file_of(image, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return stream.getvalue()


def test_an_array_its_file_and_its_colours_are_one_tile():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (40, 30), dtype=np.uint8)
    for form in (Preparation(40, 30), Preparation(28, 28), Preparation(16, 9, "RGB")):
        tile = form.tile(grey)
        assert tile.shape == form.shape
        np.testing.assert_array_equal(form.read(file_of(grey)), tile)
        np.testing.assert_array_equal(form.tile(np.stack([grey] * 3, axis=2)), tile)
        palette = io.BytesIO()
        Image.fromarray(grey).convert("P").save(palette, "PNG")
        np.testing.assert_array_equal(form.read(palette.getvalue()), tile)


def test_the_camera_s_turn_is_undone():
    image = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    turned = Image.fromarray(np.rot90(image).copy())
    exif = turned.getexif()
    exif[0x0112] = 6  # to be turned right by a quarter
    stream = io.BytesIO()
    turned.save(stream, "PNG", exif=exif)
    form = Preparation(20, 30)
    np.testing.assert_array_equal(form.read(stream.getvalue()), image)


def test_numbers_are_centred_and_scaled_colour_by_colour():
    form = Preparation(2, 3, "RGB", (0.1, 0.2, 0.3), (0.5, 1.0, 2.0))
    tiles = np.random.default_rng(0).integers(0, 256, (4, 2, 3, 3), dtype=np.uint8)
    expected = (tiles / 255 - [0.1, 0.2, 0.3]) / [0.5, 1.0, 2.0]
    found = form.normalise(tiles)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2), atol=1e-6)
    assert Preparation.of(form.about()) == form


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mode": "CMYK"}, "mode must be 'L' or 'RGB', got 'CMYK'"),
        ({"height": 0}, "1 to 4,095 pixels a side, got 0 by 8"),
        ({"width": 5000}, "1 to 4,095 pixels a side, got 8 by 5000"),
        ({"mean": (1, 2)}, "mean must hold 1 or 1 numbers"),
        ({"scale": (0.0,)}, "scale must be positive"),
        ({"mean": (float("nan"),)}, "mean must hold 1 or 1 numbers"),
    ],
)
def test_a_form_that_is_none_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Preparation(**{"height": 8, "width": 8, **options})


def test_tiles_of_another_form_are_refused():
    with pytest.raises(ValueError, match=r"bytes of shape \(8, 8\), got uint8 of sha"):
        Preparation(8, 8).normalise(np.zeros((1, 8, 9), np.uint8))


# Perceptual hashes


def test_bits_say_where_it_gets_lighter_to_the_right():
    image = np.random.default_rng(0).integers(0, 256, (16, 18), dtype=np.uint8)
    cells = image.reshape(8, 2, 9, 2).mean(axis=(1, 3))
    sure = np.abs(np.diff(cells, axis=1)) > 1
    bits = np.array([int(b) for b in f"{difference_hash(image):064b}"]).reshape(8, 8)
    np.testing.assert_array_equal((bits > 0)[sure], (np.diff(cells, axis=1) > 0)[sure])


def test_copies_in_other_sizes_and_qualities_are_one_group_and_others_are_not():
    rng = np.random.default_rng(0)
    photos = [
        np.asarray(
            Image.fromarray(rng.integers(0, 256, (7, 9), dtype=np.uint8)).resize(
                (300, 200), Image.Resampling.BICUBIC
            )
        )
        for _ in range(40)
    ]
    photos += [np.asarray(p[::4, ::5]) for p in load_textures().pictures]
    copies = []
    for photo in photos:
        small = Image.fromarray(photo).resize((150, 100), Image.Resampling.LANCZOS)
        jpeg = Image.open(io.BytesIO(file_of(photo, "JPEG", quality=30)))
        darker = np.clip(photo * 0.8 - 20, 0, 255).astype(np.uint8)
        copies += [photo, np.asarray(small), np.asarray(jpeg), darker]
    hashes = np.array([difference_hash(c) for c in copies], np.uint64)
    groups = groups_of(hashes, np.stack([thumbnail(c) for c in copies]))
    groups = groups.reshape(-1, 4)
    first = 4 * np.arange(len(photos))[:, None]
    assert (groups[:, :3] == first).mean() > 0.97
    assert (groups[:, 3:] == first + 3).all()  # another exposure is another picture
    # What is joined at all is joined with its own.
    assert (groups // 4 == first // 4).all()


def test_groups_are_those_of_comparing_every_pair():
    rng = np.random.default_rng(1)
    start = rng.integers(0, 2**63, 20, dtype=np.uint64)
    hashes = np.repeat(start, 6)
    for _ in range(3):
        flips = rng.random(120) < 0.5
        hashes[flips] ^= np.uint64(1) << rng.integers(
            0, 64, flips.sum(), dtype=np.uint64
        )
    pictures = rng.integers(0, 248, (3, 256), dtype=np.uint8)[rng.integers(0, 3, 120)]
    # At 8 levels of difference in every cell they are alike, at 9 in one they are not.
    pictures[::2] += 8
    pictures[::10, 3] += 1
    found = groups_of(hashes, pictures, near=2)
    cells = pictures.astype(int)
    expected = np.arange(120)
    for row in range(120):
        for other in range(row):
            if (
                expected[other] == other
                and np.bitwise_count(hashes[other] ^ hashes[row]) <= 2
                and np.abs(cells[other] - cells[row]).max() <= 8
            ):
                expected[row] = other
                break
    assert 40 < len(np.unique(expected)) < 110
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match=r"near must be in \[0, 7\], got 8"):
        groups_of(hashes, pictures, near=8)


@pytest.mark.parametrize("n_cells", [3, 7, 768])
def test_the_last_level_that_counts_is_exact(n_cells):
    rng = np.random.default_rng(n_cells)
    for _ in range(200):
        darker = rng.integers(0, 248, (1, n_cells), dtype=np.uint8)
        pair = np.concatenate([darker, darker + 8])
        assert groups_of(np.zeros(2, np.uint64), pair).tolist() == [0, 0]


@pytest.mark.parametrize("scenes", [1, 2])
def test_near_duplicates_are_not_all_compared_with_each_other(scenes, monkeypatch):
    """Comparisons of hashes and of thumbnails are counted, image by image."""
    rng = np.random.default_rng(0)
    compared = []
    count = np.bitwise_count

    def counting(bits):
        compared.append(bits.size)
        return count(bits)

    monkeypatch.setattr(np, "bitwise_count", counting)
    pictures = rng.integers(0, 256, (scenes, 256), dtype=np.uint8)
    hashes = np.array([0, 2**64 - 1], np.uint64)
    for n in (2_400, 4_800, 9_600):
        compared.clear()
        scene = np.arange(n) % scenes
        groups = groups_of(hashes[scene], pictures[scene])
        assert groups.tolist() == scene.tolist()
        assert sum(compared) <= 2 * 8 * n


def test_many_pictures_of_one_level_are_copies_of_the_first():
    blank = np.full((5_000, 256), 7, np.uint8)
    assert not groups_of(np.zeros(5_000, np.uint64), blank).any()


def test_the_middle_is_cut_out_after_the_shorter_side_was_resampled():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 60, 3), np.uint8)
    form = Preparation(16, 16, "RGB", shorter=20)
    larger = Image.fromarray(image).resize((30, 20), Image.Resampling.BICUBIC)
    expected = np.asarray(larger)[2:18, 7:23]
    np.testing.assert_array_equal(form.tile(image), expected)
    turned = form.tile(image.transpose(1, 0, 2)).transpose(1, 0, 2)
    # Rows are resampled after columns, and rounded between.
    np.testing.assert_allclose(turned.astype(int), expected, atol=2)
    assert form.tile(np.zeros((1, 900), np.uint8)).shape == (16, 16, 3)
    assert Preparation.of(form.about()) == form
    with pytest.raises(ValueError, match="The shorter side must have at least the 16"):
        Preparation(16, 16, shorter=15)


def test_what_is_kept_of_a_stretched_preparation_is_what_it_was():
    assert "shorter" not in Preparation(16, 16).about()
