"""Images from files: what is undone, what is refused, and how a digit is prepared."""

import contextlib
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lookalike.datasets import load_digits_sample
from lookalike.features.image import MAX_PIXELS, prepare_digit, read_image


@pytest.fixture
def grey():
    return np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def png_that_claims(width, height):
    """A few bytes that say they are an image of any size."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", packed)
        + chunk(b"IEND", b"")
    )


# What is read


def test_a_grey_image_is_read_as_it_is(tmp_path, grey):
    Image.fromarray(grey).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, grey)


def test_the_cameras_rotation_is_obeyed(tmp_path, grey):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(grey).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.rot90(grey, -1))


def test_transparent_pixels_lie_on_white_paper(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = (255, 0, 51)  # opaque, transparent, a fifth
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[0, 255, 204]])
    Image.fromarray(pixels[..., 2:], "LA").save(tmp_path / "b.png")
    np.testing.assert_array_equal(read_image(tmp_path / "b.png"), [[0, 255, 204]])


def test_a_palette_with_a_transparent_colour_lies_on_white_paper(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 10, 10, 0, 0, 0])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=1)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[10, 255]])


def test_colour_becomes_grey_by_luma_or_stays(tmp_path):
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    # 0.299 red + 0.587 green + 0.114 blue
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[76, 150, 29]])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", mode="RGB"), pixels)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_become_eight(tmp_path, suffix):
    values = np.array([[0, 257, 65535, 32896]], np.uint16)
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    image = read_image(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(image, [[0, 1, 255, 128]])


@pytest.mark.parametrize("mode", ["1", "CMYK", "YCbCr", "P", "LAB"])
def test_every_mode_of_a_file_is_read(tmp_path, mode):
    source = Image.new("RGB", (5, 4), "white")
    image = source if mode == "LAB" else source.convert(mode)
    image.save(tmp_path / "a.tiff")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tiff"), np.full((4, 5), 255))


def test_an_image_is_resized_on_request(tmp_path):
    half = np.repeat(np.array([[0, 200]], np.uint8), 50, axis=1).repeat(60, axis=0)
    Image.fromarray(half).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png", size=(6, 10))
    assert image.shape == (6, 10)
    assert image[:, :4].max() < 10
    assert image[:, 6:].min() > 190


# What is refused


def refusal(path, **options):
    with pytest.raises(ValueError) as caught:
        read_image(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    assert "is a folder; expected an image file" in refusal(tmp_path)
    assert "does not exist; expected an image" in refusal(tmp_path / "none.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "is not a regular file" in refusal(tmp_path / "pipe.png")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    assert "is empty (0 bytes); expected an image" in refusal(tmp_path / "a.png")


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("Dear Sir or Madam,")
    assert "is not an image that can be read" in refusal(tmp_path / "a.png")


# Pillow also warns of a TIFF file that ends early; the sentence is what counts.
@pytest.mark.filterwarnings("ignore:.*EXIF data:UserWarning")
@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tiff", "webp", "bmp"])
def test_a_truncated_image_is_refused_wherever_it_ends(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    for end in (4, 10, 30, len(whole) // 4, len(whole) // 2):
        path.write_bytes(whole[:end])
        message = refusal(path)
        assert "damaged or truncated" in message or "not an" in message


def test_a_flipped_bit_is_an_image_or_a_sentence(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.eye(20, dtype=np.uint8) * 255).save(path)
    whole = path.read_bytes()
    for offset in range(len(whole)):
        damaged = bytearray(whole)
        damaged[offset] ^= 0x10
        path.write_bytes(damaged)
        with contextlib.suppress(ValueError):
            assert read_image(path).dtype == np.uint8


@pytest.mark.parametrize("side", [8001, 9500, 60000])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_that_claims(side, side))
    assert f"too large; expected at most {MAX_PIXELS:,} pixels" in refusal(path)


def test_the_most_pixels_can_be_chosen(tmp_path, grey):
    path = tmp_path / "grey.png"
    Image.fromarray(grey).save(path)
    assert read_image(path, max_pixels=grey.size).shape == grey.shape
    most = grey.size - 1
    with pytest.raises(ValueError, match=f"expected at most {most:,} pixels"):
        read_image(path, max_pixels=most)


def test_an_animation_is_refused(tmp_path):
    frames = [Image.new("L", (4, 4), value) for value in (0, 100, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert "has 3 frames; expected a still image" in refusal(tmp_path / "a.gif")


def test_numbers_that_have_no_white_are_refused(tmp_path):
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "a.tiff")
    assert "holds decimal numbers" in refusal(tmp_path / "a.tiff")
    Image.fromarray(np.full((2, 2), 1 << 20, np.int32)).save(tmp_path / "b.tiff")
    assert "holds 32-bit values" in refusal(tmp_path / "b.tiff")


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch, grey):
    path = tmp_path / "a.png"
    Image.fromarray(grey).save(path)

    def denied(*args, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Image, "open", denied)  # root may read everything
    assert "may not be read: permission denied" in refusal(path)


def test_wrong_options_are_refused(tmp_path):
    assert "mode must be 'L' or 'RGB', got 'F'" in refusal(tmp_path, mode="F")
    assert "size must be (height, width)" in refusal(tmp_path, size=(0, 4))


# How a digit is prepared


def drawn(height, width, top, left, paper=255, ink=0):
    """A seven of 60 by 40 pixels on paper."""
    image = np.full((height, width), paper, np.uint8)
    image[top : top + 8, left : left + 40] = ink
    image[top : top + 60, left + 32 : left + 40] = ink
    return image


def test_images_of_mnist_pass_unchanged():
    for image in load_digits_sample().x_test:
        np.testing.assert_array_equal(prepare_digit(image), image)


def test_a_digit_is_scaled_and_centred_by_mass_wherever_it_is_drawn():
    reference = prepare_digit(drawn(100, 100, 20, 30))
    assert reference.shape == (28, 28)
    assert reference.dtype == np.uint8
    rows, _ = np.nonzero(reference > 60)
    assert np.ptp(rows) + 1 == 20
    weights = reference / reference.sum()
    assert abs((weights.sum(axis=1) @ np.arange(28)) - 14) <= 0.51
    assert abs((weights.sum(axis=0) @ np.arange(28)) - 14) <= 0.51
    for image in (
        drawn(100, 100, 5, 5),
        drawn(300, 80, 200, 10),
        255 - drawn(100, 100, 20, 30),  # light on dark
        drawn(100, 100, 20, 30, paper=190, ink=60),  # a photograph's greys
    ):
        np.testing.assert_array_equal(prepare_digit(image), reference)


def test_the_papers_grain_does_not_move_the_digit():
    reference = prepare_digit(drawn(100, 100, 20, 30)).astype(float)
    rng = np.random.default_rng(0)
    noise = rng.integers(-25, 26, (100, 100))
    grainy = np.clip(drawn(100, 100, 20, 30, paper=200, ink=40) + noise, 0, 255)
    found = prepare_digit(grainy.astype(np.uint8))
    assert np.abs(found - reference).mean() < 6


@pytest.mark.parametrize("shape", [(60, 2), (2, 60), (1, 1), (28, 28), (3000, 10)])
def test_strokes_of_any_shape_fit(shape):
    image = np.zeros((shape[0] + 20, shape[1] + 20), np.uint8)
    image[10 : 10 + shape[0], 10 : 10 + shape[1]] = 255
    prepared = prepare_digit(image)
    assert prepared.shape == (28, 28)
    assert prepared.max() > 200


@pytest.mark.parametrize("turns", range(4))
def test_a_digit_with_a_long_thin_tail_stays_inside(turns):
    image = np.zeros((80, 80), np.uint8)
    image[30:50, 50:60] = 255  # nearly all of the ink is at one end
    image[39:41, 10:50] = 60
    prepared = prepare_digit(np.rot90(image, turns))
    columns, rows = (np.flatnonzero((prepared > 15).any(axis=a)) for a in (0, 1))
    assert max(np.ptp(columns), np.ptp(rows)) + 1 == 20


@pytest.mark.parametrize("value", [0, 90, 255])
def test_an_empty_page_is_refused(value):
    with pytest.raises(ValueError, match="no digit on the image"):
        prepare_digit(np.full((30, 30), value, np.uint8))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((28, 28)), "grey image of bytes, got float64"),
        (np.zeros((28, 28, 3), np.uint8), r"of shape \(28, 28, 3\)"),
        (np.zeros((0, 5), np.uint8), "without pixels"),
    ],
)
def test_what_is_no_grey_image_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        prepare_digit(image)
