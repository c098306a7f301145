import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import brick
from skimage.feature import local_binary_pattern

from lookalike.features import LocalBinaryPattern
from lookalike.features.local_binary_pattern import bilinear, circle, pattern_bins

THEIR_NAME = {
    "circular": "default",
    "ri": "ror",
    "uniform": "nri_uniform",
    "riu2": "uniform",
}


def codes(image, **parameters):
    images = np.asarray(image)[None]
    return LocalBinaryPattern(**parameters).fit(images).codes(images)[0]


def ties(image, P, R):
    """Pixels with an interpolated point exactly as bright as they are, (h, w)."""
    reach = int(np.ceil(R)) + 1
    height, width = image.shape
    padded = np.pad(image.astype(int), reach)
    tied = np.zeros(image.shape, bool)
    for corner, weights in zip(*bilinear(circle(P, R)), strict=True):
        total = np.zeros(image.shape, int)
        for step, weight in zip(np.ndindex(2, 2), weights.astype(int), strict=True):
            r, c = corner + step + reach
            total += weight * (padded[r : r + height, c : c + width] - image)
        tied |= (total == 0) & (weights.max() < 1e10)
    return tied


def test_the_original_operator_weighs_the_square_clockwise_from_its_corner():
    weights = np.array([[1, 2, 4], [128, 0, 8], [64, 32, 16]])
    for position in np.ndindex(3, 3):
        image = np.zeros((3, 3))
        image[position] = 1
        expected = weights[position] if position != (1, 1) else 0
        if position != (1, 1):
            image[1, 1] = 0.5
        assert codes(image, method="original")[1, 1] == expected


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), h=st.integers(1, 6), w=st.integers(1, 6))
def test_the_original_operator_equals_its_definition(seed, h, w):
    image = np.random.default_rng(seed).integers(4, size=(h, w))  # many ties
    weights = {(-1, -1): 1, (-1, 0): 2, (-1, 1): 4, (0, 1): 8}
    weights |= {(1, 1): 16, (1, 0): 32, (1, -1): 64, (0, -1): 128}
    padded = np.pad(image, 1)
    expected = sum(
        weight * (padded[1 + r : 1 + r + h, 1 + c : 1 + c + w] >= image)
        for (r, c), weight in weights.items()
    )
    np.testing.assert_array_equal(codes(image, method="original"), expected)


@pytest.mark.parametrize("method", THEIR_NAME)
@pytest.mark.parametrize(("P", "R"), [(8, 1), (8, 2.5), (16, 2), (4, 1), (5, 1.3)])
@pytest.mark.parametrize("kind", ["noise", "brick"])
def test_agrees_with_scikit_image_except_at_exact_ties(method, P, R, kind):
    rng = np.random.default_rng(0)
    image = rng.integers(256, size=(90, 70)) if kind == "noise" else brick()[:90, :70]
    theirs = local_binary_pattern(image.astype(np.uint8), P, R, THEIR_NAME[method])
    ours = codes(image.astype(np.uint8), P=P, R=R, method=method)
    clear = ~ties(image, P, R)
    assert clear.mean() > 0.6
    np.testing.assert_array_equal(ours[clear], theirs[clear])


def test_a_point_as_bright_as_the_centre_counts_as_bright_however_it_is_interpolated():
    for value in range(256):
        image = np.full((5, 5), value, np.uint8)
        for P, R in ((8, 1), (16, 2), (12, 1.7)):
            inside = codes(image, P=P, R=R, method="circular")[2, 2]
            assert inside == 2**P - 1


@pytest.mark.parametrize(
    ("method", "P", "n_bins"),
    [
        ("original", 8, 256),
        ("circular", 6, 64),
        ("ri", 8, 36),
        ("uniform", 8, 59),
        ("riu2", 8, 10),
        ("riu2", 16, 18),
    ],
)
def test_the_number_of_bins_is_the_papers(method, P, n_bins):
    assert pattern_bins(method, P)[1] == n_bins


@settings(max_examples=30, deadline=None)
@given(P=st.integers(1, 10), code=st.integers(0, 1023))
def test_bins_equal_their_definition(P, code):
    code %= 2**P
    bits = [code >> p & 1 for p in range(P)]
    turns = [bits[i:] + bits[:i] for i in range(P)]
    values = [sum(b << p for p, b in enumerate(turn)) for turn in turns]
    changes = sum(bits[p] != bits[p - 1] for p in range(P))
    uniform = changes <= 2
    ri, _ = pattern_bins("ri", P)
    assert len({int(ri[v]) for v in values}) == 1
    others = [c for c in range(2**P) if c not in values]
    assert ri[code] not in ri[others]
    assert pattern_bins("riu2", P)[0][code] == (sum(bits) if uniform else P + 1)
    table, n_bins = pattern_bins("uniform", P)
    shared = np.flatnonzero(table == table[code])
    assert (len(shared) == 1) if uniform else (table[code] == n_bins - 1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), method=st.sampled_from(["original", "circular"]))
def test_points_on_pixels_ignore_any_increasing_change_of_grey_levels(seed, method):
    rng = np.random.default_rng(seed)
    image = rng.integers(256, size=(9, 7))
    new_level = np.cumsum(rng.integers(1, 1000, size=256))  # 0 stays the darkest
    points = {"P": 4} if method == "circular" else {}
    before = codes(image, method=method, border="edge", **points)
    after = codes(new_level[image], method=method, border="edge", **points)
    np.testing.assert_array_equal(before, after)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.integers(1, 9), offset=st.integers(0, 99))
def test_interpolated_points_ignore_contrast_and_brightness(seed, factor, offset):
    image = np.random.default_rng(seed).integers(5, size=(9, 7))
    before = codes(image, P=12, R=1.5, method="circular", border="edge")
    after = codes(
        image * factor + offset, P=12, R=1.5, method="circular", border="edge"
    )
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("method", ["ri", "riu2"])
@pytest.mark.parametrize(("P", "R"), [(8, 1), (16, 2), (15, 3)])
def test_rotation_by_a_step_of_the_circle_changes_no_rotation_invariant_code(
    method, P, R
):
    y, x = np.mgrid[-4:5, -4:5]
    angle, radius = np.arctan2(-y, x), np.hypot(x, y)
    for waves, phase in ((1, 0.2), (2, 0.4), (3, 0.3)):  # smooth patterns, no ties
        seen, plain = set(), set()
        for step in range(P):
            turned = angle - 2 * np.pi * step / P
            image = radius**waves * np.sin(waves * turned + phase)
            seen.add(int(codes(image, P=P, R=R, method=method)[4, 4]))
            plain.add(int(codes(image, P=P, R=R, method="circular")[4, 4]))
        assert len(seen) == 1
        assert len(plain) > 1  # the raw code does turn


@pytest.mark.parametrize("method", ["ri", "riu2"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_a_quarter_turn_turns_the_codes_with_the_image(method, dtype):
    image = np.random.default_rng(3).integers(4, size=(12, 12)).astype(dtype)
    for P, R in ((8, 1), (16, 2)):
        turned = codes(np.rot90(image), P=P, R=R, method=method)
        straight = codes(image, P=P, R=R, method=method)
        np.testing.assert_array_equal(turned, np.rot90(straight))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 5), columns=st.integers(1, 4))
def test_histograms_count_the_bins_of_each_cell(seed, rows, columns):
    images = np.random.default_rng(seed).integers(256, size=(3, 5, 7))
    lbp = LocalBinaryPattern(method="riu2", grid=(rows, columns), normalize=False)
    histograms = lbp.fit_transform(images).reshape(3, rows, columns, 10)
    bins = lbp.codes(images)
    row_of, column_of = np.arange(5) * rows // 5, np.arange(7) * columns // 7
    for i, j in np.ndindex(rows, columns):
        cell = bins[:, row_of == i][:, :, column_of == j].reshape(3, -1)
        for image in range(3):
            expected = np.bincount(cell[image], minlength=10)
            np.testing.assert_array_equal(histograms[image, i, j], expected)


def test_normalised_histograms_sum_to_one_in_each_cell():
    images = np.random.default_rng(0).random((2, 6, 6))
    counts = LocalBinaryPattern(grid=(2, 3), normalize=False).fit_transform(images)
    shares = LocalBinaryPattern(grid=(2, 3)).fit_transform(images)
    np.testing.assert_allclose(shares.reshape(12, 59).sum(axis=1), 1)
    np.testing.assert_allclose(shares * 6, counts)


def test_the_border_is_dark_or_repeats_the_edge():
    image = np.full((3, 3), 7)
    zero = codes(image, P=4, method="circular")
    assert zero[1, 1] == 15
    assert zero[0, 0] == 1 + 8  # right and below are inside, above and left are not
    image = np.random.default_rng(0).integers(9, size=(6, 5))
    for P, R in ((8, 1), (16, 2.5)):
        wider = codes(np.pad(image, 5, mode="edge"), P=P, R=R, method="circular")
        expected = wider[5:-5, 5:-5]
        ours = codes(image, P=P, R=R, method="circular", border="edge")
        np.testing.assert_array_equal(ours, expected)


def test_threads_and_flat_rows_change_nothing():
    images = np.random.default_rng(0).integers(256, size=(20, 40, 30)).astype(np.uint8)
    one = LocalBinaryPattern(P=16, R=2, method="riu2", grid=(2, 2))
    two = LocalBinaryPattern(P=16, R=2, method="riu2", grid=(2, 2), n_jobs=2)
    flat = LocalBinaryPattern(
        P=16, R=2, method="riu2", grid=(2, 2), image_shape=(40, 30)
    )
    expected = one.fit_transform(images)
    np.testing.assert_array_equal(two.fit_transform(images), expected)
    np.testing.assert_array_equal(flat.fit_transform(images.reshape(20, -1)), expected)
    np.testing.assert_array_equal(one.fit(images).codes(images), two.codes(images))


def test_flat_rows_are_squares_unless_they_are_said_to_be_lines():
    rows = np.random.default_rng(0).integers(256, size=(3, 49))
    assert LocalBinaryPattern().fit(rows).image_shape_ == (7, 7)
    lines = LocalBinaryPattern(image_shape="line").fit(rows)
    assert lines.image_shape_ == (1, 49)
    np.testing.assert_array_equal(lines.codes(rows), lines.codes(rows[:, None]))
    with pytest.raises(ValueError, match="Rows of 50 pixels are no squares"):
        LocalBinaryPattern().fit(np.zeros((1, 50)))


def test_float32_stays_float32():
    images = np.random.default_rng(0).random((2, 5, 5), dtype=np.float32)
    assert LocalBinaryPattern().fit_transform(images).dtype == np.float32
    doubles = LocalBinaryPattern().fit_transform(images.astype(np.float64))
    assert doubles.dtype == np.float64


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"P": 0}, r"P must be an integer in \[1, 24\], got 0"),
        ({"P": 25}, r"P must be an integer in \[1, 24\], got 25"),
        ({"P": 17, "method": "circular"}, r"P must be an integer in \[1, 16\], got 17"),
        ({"P": 8.0}, r"P must be an integer in \[1, 24\], got 8.0"),
        ({"R": 0}, "R must be a positive number, got 0"),
        ({"R": np.nan}, "R must be a positive number, got nan"),
        ({"method": "var"}, "method must be one of .*, got 'var'"),
        ({"method": "original", "R": 2}, "original operator has P=8 and R=1, got"),
        ({"border": "wrap"}, "border must be 'zero' or 'edge', got 'wrap'"),
        ({"grid": (0, 1)}, r"grid must be two whole numbers of at least 1, got \(0"),
        ({"grid": 2}, "grid must be two whole numbers of at least 1, got 2"),
        ({"grid": (1, 5)}, r"grid must be at most the image's 4 by 4 pixels, got \(1"),
    ],
)
def test_refuses_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        LocalBinaryPattern(**parameters).fit(np.zeros((2, 4, 4)))


def test_refuses_images_it_could_not_read_safely():
    lbp = LocalBinaryPattern().fit(np.zeros((2, 4, 6)))
    with pytest.raises(ValueError, match="Images are 6 by 4, but fit had 4 by 6"):
        lbp.transform(np.zeros((2, 6, 4)))
    with pytest.raises(ValueError, match="NaN"):
        lbp.transform(np.full((2, 4, 6), np.nan))
    with pytest.raises(ValueError, match="23 features"):
        lbp.transform(np.zeros((2, 23)))
    with pytest.raises(ValueError, match="has 15 pixels, but X has 16 features"):
        LocalBinaryPattern(image_shape=(3, 5)).fit(np.zeros((2, 16)))


def test_one_pixel_and_a_circle_wider_than_the_image_are_allowed():
    assert codes(np.array([[3]]), P=8, R=5, method="circular")[0, 0] == 0
    assert codes(np.array([[0]]), P=8, R=5, method="circular")[0, 0] == 255


def test_one_picture_is_not_taken_for_lines():
    picture = np.zeros((48, 40), np.uint8)
    with pytest.raises(
        ValueError, match="Rows of 40 pixels are no squares: give images"
    ):
        LocalBinaryPattern().fit(picture)
    assert LocalBinaryPattern().fit_transform(picture[None]).shape == (1, 59)
    assert LocalBinaryPattern(image_shape="line").fit(picture).image_shape_ == (1, 40)
    for shape in ("lines", (4, 10.0), 40):
        with pytest.raises(ValueError, match="image_shape must be"):
            LocalBinaryPattern(image_shape=shape).fit(picture)
