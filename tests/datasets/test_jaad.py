"""JAAD's annotations: what is read, and what is refused in a sentence."""

import re
import zipfile

import numpy as np
import pytest

from lookalike.datasets import load_jaad
from lookalike.datasets.jaad import load_own_clips
from lookalike.datasets.streets import LENGTH, VEHICLE_ACTIONS, observations

N = 120


def box(frame, left, outside=0):
    return (
        f'<box frame="{frame}" outside="{outside}" xtl="{left}" ytl="100" '
        f'xbr="{left + 40}" ybr="200"><attribute name="look">looking</attribute>'
        '<attribute name="id">ID</attribute></box>'
    )


def track(label, id, frames):
    inside = "".join(box(f, 300 + f).replace("ID", id) for f in frames)
    return f'<track label="{label}">{inside}</track>'


def annotations(*tracks, size=N):
    return (
        f"<annotations><meta><task><size>{size}</size><original_size><width>640</width>"
        "<height>480</height></original_size></task></meta>" + "".join(tracks)
    ) + "</annotations>"


def frames(**said):
    given = " ".join(f'{name}="{value}"' for name, value in said.items())
    rows = "".join(f'<frame id="{at}" {given}/>' for at in range(N))
    return f"<info>{rows}</info>"


def files(name):
    crosses = (
        '<pedestrian id="0_1_b" crossing="1" crossing_point="100" designated="ND" />'
    )
    return {
        f"annotations/{name}.xml": annotations(
            track("pedestrian", "0_1_b", range(N)),
            track("ped", "0_2", range(30, N)),
            track("people", "0_3p", range(N)),
        ),
        f"annotations_attributes/{name}_attributes.xml": f"<all>{crosses}</all>",
        f"annotations_vehicle/{name}_vehicle.xml": frames(action="stopped"),
        f"annotations_traffic/{name}_traffic.xml": frames(
            ped_crossing=1, ped_sign=0, stop_sign=0, traffic_light="red"
        ),
    }


def archive(folder, **changed):
    whole = {**files("a"), **files("b")}
    for part, names in (("train", "a"), ("val", "b"), ("test", "")):
        whole[f"split_ids/default/{part}.txt"] = names
    path = folder / "clips.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as into:
        for name, text in (whole | changed).items():
            if text is not None:
                into.writestr(name, text)
    return path


def test_boxes_people_car_and_signs_are_read(tmp_path):
    data = load_own_clips(archive(tmp_path))
    assert [(clip.name, clip.part) for clip in data.clips] == [
        ("a", "train"),
        ("b", "validation"),
    ]
    clip = data.clips[0]
    assert (clip.width, clip.height, clip.n_frames) == (640, 480, N)
    assert {VEHICLE_ACTIONS[code] for code in clip.vehicle} == {"stopped"}
    assert clip.signs.all(axis=0).tolist() == [True, False, False, False, True]
    first, second = clip.people  # the group of people is none
    assert (first.id, first.crosses, first.event) == ("0_1_b", True, 100)
    assert (first.designated, first.is_described) == (False, True)
    assert first.box[3].tolist() == [303, 100, 343, 200]
    assert (second.id, second.crosses, second.designated) == ("0_2", False, None)
    assert second.frame.tolist() == list(range(30, N))


def test_the_protocol_takes_eleven_windows_one_to_two_seconds_before(tmp_path):
    clips = load_own_clips(archive(tmp_path)).of("train")
    found = observations(clips)
    assert len(found) == 22
    first, last = found[0], found[10]
    person = clips[0].people[0]
    # The benchmark counts frames from behind the last row before the event.
    assert [each.wait for each in (first, last)] == [60, 30]
    assert person.frame[last.stop - 1] == 100 - 30
    assert (last.stop - last.start, first.stop - first.start) == (LENGTH, LENGTH)
    assert np.diff([each.stop for each in found[:11]]).tolist() == [3] * 10
    assert clips[0].people[1].frame[found[-1].stop - 1] == N - 1 - 2 - 30


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>' + annotations(
    track("ped", "&c;", range(N))
)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"annotations/a.xml": BOMB}, "may not declare a type"),
        ({"annotations/a.xml": "<annotations><track"}, "is damaged XML"),
        ({"annotations/a.xml": annotations(size="x")}, "size must be from 1"),
        ({"annotations/a.xml": "<annotations/>"}, "does not tell the size"),
        ({"annotations/a.xml": " " * (33 << 20)}, "may have 32 MB"),
        ({"annotations/a.xml": None}, "has no file annotations/a.xml"),
        (
            {"annotations/a.xml": annotations(track("ped", "x", [float("nan")]))},
            "five finite numbers",
        ),
        (
            {"annotations/a.xml": annotations('<track label="ped"><box/></track>')},
            "an element has no 'outside'",
        ),
        ({"split_ids/default/val.txt": "a"}, "is in two parts"),
        ({"split_ids/default/train.txt": ""}, "names no clip"),
    ],
)
def test_what_is_damaged_or_huge_is_refused_in_a_sentence(tmp_path, changed, said):
    with pytest.raises(ValueError, match=said) as error:
        load_own_clips(archive(tmp_path, **changed))
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "clips.zip"
    path.write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(ValueError, match="is no whole zip archive"):
        load_own_clips(path)


def test_an_archive_with_a_password_is_refused(tmp_path):
    path = archive(tmp_path)
    whole = bytearray(path.read_bytes())
    # The bit of a file that is encrypted, of the entries and of the directory.
    for begin, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for entry in re.finditer(re.escape(begin), bytes(whole)):
            whole[entry.start() + at] |= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=r"no whole zip archive: .* is encrypted"):
        load_own_clips(path)


def test_an_archive_whose_packed_bytes_are_damaged_is_refused(tmp_path):
    path = tmp_path / "clips.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as into:
        into.writestr("split_ids/default/train.txt", "a " * 999)
    whole = bytearray(path.read_bytes())
    packed = whole.index(b"train.txt") + len(b"train.txt")
    for at in range(packed + 12, packed + 20):
        whole[at] ^= 0x5A
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="no whole zip archive: Corrupt"):
        load_own_clips(path)


@pytest.mark.full
def test_jaad_has_the_counts_of_the_benchmark():
    data = load_jaad()
    parts = {part: data.of(part) for part in ("train", "validation", "test")}
    assert [len(clips) for clips in parts.values()] == [177, 29, 117]
    test = observations(parts["test"])
    people = [parts["test"][each.clip].people[each.person] for each in test]
    crosses = [person.crosses for person in people if person.is_described]
    share = float(np.mean(crosses))
    assert (len(crosses), len(test)) == (1881, 6732)
    assert round(2 * share / (1 + share), 3) == 0.770  # F1 of "always crosses"
