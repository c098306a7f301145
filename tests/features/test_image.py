"""Images from files: what is undone, what is refused, and how a digit is prepared."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from lookalike._shown import shown
from lookalike.datasets import load_digits_sample
from lookalike.features import image as image_room
from lookalike.features.image import (
    FORMATS,
    MAX_PIXELS,
    count_pixels,
    prepare_digit,
    read_image,
)

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


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


def tiff_of(bits, photometric, data, width, height=1):
    """A plain TIFF, of forms that Pillow reads and does not write."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric}
    tags |= {273: 8, 277: 1, 278: height, 279: len(data)}
    data += bytes(len(data) % 2)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, v) for tag, v in tags.items())
    start = struct.pack("<I", 8 + len(data))
    return b"II*\0" + start + data + struct.pack("<H", len(tags)) + entries + bytes(4)


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


@pytest.mark.parametrize(
    ("suffix", "frames"),
    [("gif", 3), ("webp", 3), ("png", 3), ("tiff", 3), ("avif", 3), ("gif", 1)],
)
def test_the_first_frame_or_page_is_read(tmp_path, suffix, frames):
    if suffix in ("webp", "avif") and not features.check(suffix):
        pytest.skip(f"this Pillow reads no {suffix}")
    each = [Image.new("RGB", (40, 30), c) for c in ("#c80000", "#00c800", "#0000c8")]
    path = tmp_path / f"a.{suffix}"
    each[0].save(path, save_all=True, append_images=each[1:frames], duration=100)
    image = read_image(path, mode="RGB")
    assert image.shape == (30, 40, 3)
    np.testing.assert_allclose(image.mean(axis=(0, 1)), [200, 0, 0], atol=12)


def test_levels_of_more_than_eight_bits_are_read_as_they_look(tmp_path):
    ramp = np.arange(0, 256, 51, dtype=np.int32)[None]
    for values in (ramp, ramp * 257):  # of 8 and of 16 bits, in 32
        Image.fromarray(values).save(tmp_path / "a.tiff")
        np.testing.assert_array_equal(read_image(tmp_path / "a.tiff"), ramp)
    dark = b"P5 3 1 65535\n" + struct.pack(">HHH", 0, 100, 255)
    np.testing.assert_array_equal(read_image(dark), [[0, 0, 1]])
    twelve = bytes([0x00, 0x08, 0x08, 0xFF, 0xF0])[:5]  # 000 808 FFF
    found = read_image(tiff_of(12, 1, twelve + b"\0", 3))
    np.testing.assert_array_equal(found, [[0, 128, 255]])
    sixteen = struct.pack("<HHH", 65535, 32896, 0)
    for photometric, expected in ((1, [255, 128, 0]), (0, [0, 127, 255])):
        found = read_image(tiff_of(16, photometric, sixteen, 3))
        np.testing.assert_array_equal(found, [expected])


def test_pixels_are_counted_without_decoding_them(grey):
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "PNG")
    assert count_pixels(stream.getvalue()) == grey.size
    assert count_pixels(png_that_claims(8000, 9000)) == 72_000_000
    with pytest.raises(ValueError, match="The image is not an image that can be read"):
        count_pixels(b"Dear Sir or Madam,")


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


POSTSCRIPT = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
)


@pytest.mark.parametrize("suffix", ["png", "eps"])
def test_postscript_is_refused_and_starts_no_program(tmp_path, monkeypatch, suffix):
    def start(*words, **options):
        raise AssertionError(f"started {words}")

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(os, "system", start)
    (tmp_path / f"a.{suffix}").write_bytes(POSTSCRIPT)
    for given in (POSTSCRIPT, tmp_path / f"a.{suffix}"):
        with pytest.raises(ValueError, match="is not an image that can be read"):
            read_image(given)


@pytest.mark.parametrize("kind", ["ICO", "PCX", "SGI", "DDS", "EPS", "XBM"])
def test_no_other_format_is_opened_than_those_that_are_named(kind):
    stream = io.BytesIO()
    picture = Image.new("1" if kind == "XBM" else "RGB", (16, 16), 1)
    picture.save(stream, kind)
    with pytest.raises(ValueError, match="is not an image that can be read"):
        read_image(stream.getvalue())


def test_heic_is_read_by_its_extra_or_the_extra_is_named(monkeypatch):
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "PNG")
    for brands in (b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic"):
        heic = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(100)
        monkeypatch.setattr(image_room, "_formats", lambda: tuple(FORMATS))
        with pytest.raises(ValueError, match=r"HEIC.* pillow-heif .*lookalike\[heif\]"):
            read_image(heic)
        monkeypatch.setattr(image_room, "_formats", lambda: (*FORMATS, "HEIF"))
        with pytest.raises(ValueError, match=r"damaged|not an image"):
            read_image(heic)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("lost\nWarning: all"), KeyError(7), MemoryError(), AssertionError()],
)
def test_whatever_a_decoder_raises_is_a_sentence(tmp_path, monkeypatch, error):
    path = tmp_path / "a.png"
    Image.new("L", (4, 4)).save(path)

    def broken(*given, **options):
        raise error

    monkeypatch.setattr(Image.Image, "transpose", broken)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", broken)
    assert refusal(path).startswith(f"{path} ")


def test_a_disk_that_fails_is_not_called_a_damaged_image(tmp_path, monkeypatch, grey):
    path = tmp_path / "a.png"
    Image.fromarray(grey).save(path)

    def failing(*given, **options):
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(image_room, "open", failing, raising=False)
    assert refusal(path) == f"{path} cannot be read: Input/output error."


def test_a_name_stays_on_its_line(tmp_path):
    name = tmp_path / "a\nWarning: all is lost\x1b[2J\u2028\r.png"
    assert "does not exist" in refusal(name)
    name.write_text("no picture")
    told = refusal(name)
    assert r"a\nWarning: all is lost\x1b[2J\u2028\r.png is not an image" in told
    assert shown("Straße 画像 🙂.png") == "Straße 画像 🙂.png"
    assert shown("caf\udce9.png") == r"caf\udce9.png"


@pytest.mark.parametrize("seed", range(LONG))
def test_flipped_bytes_of_every_format_are_an_image_or_a_sentence(seed):
    program = str(Path(__file__).with_name("damaged_images.py"))
    words = [sys.executable, "-W", "ignore", program, str(60 * LONG), str(seed)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused = map(int, done.stdout.split())
    assert min(read, refused) > 100


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
    bomb = png_that_claims(60_000, 60_000)
    for given, said in ((most, most), (10**10, Image.MAX_IMAGE_PIXELS)):
        with pytest.raises(ValueError, match=f"expected at most {said:,} pixels"):
            read_image(bomb, max_pixels=given)


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


def test_quantiles_of_a_border_are_those_of_numpy_to_the_bit():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 10, 11, 112, 113):
        for values in (rng.integers(0, 9, n) / 2, rng.normal(size=n)):
            for q in (0.5, 0.9):
                assert image_room._quantile(values, q) == np.quantile(values, q)
