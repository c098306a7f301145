"""Videos to frames: by time, within limits, and one sentence for each bad file."""

import sys
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from PIL import Image

from lookalike.features.video.frames import at, every, near
from lookalike.features.video.opening import VideoLimits, opened
from lookalike.features.video.pooling import POOLINGS, pooled
from lookalike.features.video.sampling import SAMPLERS, Sampling

pytest.importorskip("av")
clips = run_path(str(Path(__file__).with_name("small_clips.py")))
write_clip, level_of = clips["write_clip"], clips["level_of"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twenty frames, ten a second, a key frame each half second."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Frames at uneven times."""
    times = [0.0, 0.1, 0.15, 0.9, 2.0, 2.05, 3.5]
    path = tmp_path_factory.mktemp("uneven") / "uneven.mkv"
    return write_clip(path, times, [0, 30, 60, 90, 120, 150, 180])


def test_a_file_says_when_its_frames_are_shown(clip, uneven):
    with opened(clip) as video:
        np.testing.assert_allclose(video.times, np.arange(20) / 10, atol=1e-3)
        assert video.keys.tolist() == [0, 5, 10, 15]
        assert video.duration == pytest.approx(2.0, abs=0.11)
        assert (video.width, video.height) == (64, 48)
    with opened(uneven) as video:
        np.testing.assert_allclose(
            video.times, [0.0, 0.1, 0.15, 0.9, 2.0, 2.05, 3.5], atol=2e-3
        )


def test_a_frame_is_the_one_that_is_shown_at_a_time(clip, uneven):
    with opened(clip) as video:
        for seconds, level in ((0.0, 0), (0.35, 3), (1.0, 10), (1.99, 19), (99, 19)):
            [frame] = at(video, [seconds])
            assert level_of(frame) == level
            assert frame.time == pytest.approx(level / 10, abs=1e-3)
        found = at(video, [1.71, 0.12, 0.13, 1.05])  # each once, in order
        assert list(map(level_of, found)) == [1, 10, 17]
    with opened(uneven) as video:  # not by number: most of the time is the fourth's
        found = at(video, [1.0, 1.9, 3.0])
        assert [round(frame.time, 2) for frame in found] == [0.9, 2.05]
    assert opened(clip.read_bytes()).__enter__().duration == pytest.approx(2, abs=0.11)


def test_near_takes_frames_within_half_the_distance_of_key_frames(clip, tmp_path):
    with opened(clip) as video:
        assert list(map(level_of, near(video, [0.2, 0.3, 1.2, 1.3]))) == [0, 5, 10, 15]
        for seconds in np.linspace(0, 1.95, 40):
            [frame] = near(video, [seconds])
            assert abs(frame.time - seconds) <= 0.25 + 0.051
    one_key = write_clip(tmp_path / "one.mp4", gop=100)
    with opened(one_key) as video:
        assert video.keys.tolist() == [0]
        [early, late] = near(video, [0.3, 1.9])
        assert level_of(early) == 0
        assert 0.85 <= late.time <= 1.9


def test_every_yields_a_frame_a_step(clip):
    with opened(clip) as video:
        assert list(map(level_of, every(video, 0.5))) == [0, 5, 10, 15]


def test_gif_files_have_their_own_timing(tmp_path):
    pictures = [Image.new("RGB", (20, 10), (v, v, v)) for v in (0, 80, 160, 240)]
    path = tmp_path / "slow.gif"
    shown = [1000, 200, 200, 600]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=shown)
    with opened(path) as video:
        np.testing.assert_allclose(video.times, [0, 1, 1.2, 1.4], atol=0.02)
        [frame] = at(video, [0.9])
        assert frame.image.mean() < 20
        [frame] = at(video, [1.5])
        assert frame.image.mean() > 220


def test_large_frames_come_small_and_with_square_pixels(tmp_path):
    import av

    path = tmp_path / "wide.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 720, 480, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        for _ in range(3):
            image = np.zeros((480, 720, 3), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    [frame] = Sampling(n_frames=1, interval=99).read(path).frames
    assert frame.image.shape == (180, 540, 3)


def test_samplers_take_the_frames_that_they_say(clip, tmp_path):
    def levels(how, path=clip, **options):
        return list(map(level_of, Sampling(how, **options).read(path).frames))

    assert levels("uniform", n_frames=4) == [2, 7, 11, 16]
    assert levels("seek", n_frames=4) == [0, 5, 10, 15]
    assert levels("keys", n_frames=2) == [0, 15]
    assert len(levels("uniform", n_frames=50)) == 19  # the last is shown for 0.01 s
    cut = [20] * 10 + [200] * 6 + [90] * 4
    scenes = write_clip(tmp_path / "cut.mp4", levels=cut)
    found = Sampling("scenes", n_frames=8).read(scenes).frames
    assert [round(float(f.image.mean()), -1) for f in found] == [20, 200, 90]
    assert Sampling(n_frames=8, interval=2, most=12).times(60).shape == (12,)
    assert Sampling.of_about(Sampling("keys", 3).about()) == Sampling("keys", 3)
    with pytest.raises(ValueError, match="how must be one of"):
        Sampling("some")
    assert set(SAMPLERS) == {"uniform", "seek", "keys", "scenes"}


def bad_files(folder, clip):
    data = clip.read_bytes()
    text, cut, png = (folder / n for n in ("text.mp4", "cut.mp4", "picture.mp4"))
    text.write_text("This is no video.\n" * 9)
    cut.write_bytes(data[: len(data) // 2])
    Image.new("RGB", (9, 9)).save(png, "PNG")
    (folder / "empty.mp4").write_bytes(b"")
    playlist = folder / "list.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    return {
        text: "text.mp4 is a text, not a video.",
        cut: "cut.mp4 is a damaged or truncated video.",
        png: "picture.mp4 is a PNG picture, not a video.",
        folder / "empty.mp4": "empty.mp4 is empty (0 bytes); expected a video file.",
        playlist: "list.mp4 is a playlist, not a video.",
        clips["write_sound"](folder / "sound.mp4"): "sound.mp4 holds sound alone.",
        folder / "none.mp4": "none.mp4 does not exist; expected a video file.",
        folder: f"{folder.name} is a folder; expected a video file.",
    }


def test_each_bad_file_gives_one_sentence(clip, tmp_path):
    for path, sentence in bad_files(tmp_path, clip).items():
        with pytest.raises(ValueError) as error:
            Sampling().read(path)
        assert str(error.value) == sentence


def test_a_file_that_ends_early_is_said_to_be_cut_off(tmp_path):
    whole = write_clip(tmp_path / "whole.mkv", np.arange(60) / 10, [90] * 60)
    noisy = tmp_path / "cut.mkv"
    noisy.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"^cut.mkv is (cut off|a damaged)"):
        Sampling().read(noisy)


def test_limits_are_kept(clip):
    limits = {
        "max_bytes": (10, "has .* bytes; expected at most 10"),
        "max_pixels": (100, "has frames of 3,072 pixels; expected at most 100"),
        "max_duration": (0.5, "plays 2 s; expected at most 0"),
        "max_seconds": (-1.0, "takes more than -1 s to decode"),
    }
    for name, (most, sentence) in limits.items():
        with pytest.raises(ValueError, match=sentence):
            Sampling().read(clip, VideoLimits(**{name: most}))


def test_without_pyav_the_extra_is_named(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lookalike\[video\]'"):
        Sampling().read(clip)


def test_pooling_by_its_definition():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(5, 7))
    frames /= np.linalg.norm(frames, axis=1, keepdims=True)
    mean = frames.mean(axis=0) / np.linalg.norm(frames.mean(axis=0))
    weights = np.exp(10 * frames @ mean)
    expected = {
        "mean": frames.sum(axis=0),
        "max": frames.max(axis=0),
        "attention": weights @ frames,
    }
    for how in POOLINGS:
        want = expected[how] / np.linalg.norm(expected[how])
        np.testing.assert_allclose(pooled(frames, how), want)
    with pytest.raises(ValueError, match="how must be one of"):
        pooled(frames, "median")
