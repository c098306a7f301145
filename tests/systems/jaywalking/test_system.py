"""Answers: risks that add up, streams that go on, clips that are refused."""

import json

import numpy as np
import pytest

from lookalike.systems.jaywalking import SPEC
from lookalike.systems.jaywalking.clip_text import check_clip_text, text_of
from lookalike.systems.jaywalking.labelled import labelled


def test_the_risk_is_the_product_and_people_who_come_in_have_most(made):
    [answers] = made.system.classify_each([made.queries[0]])
    clip = made.data.of("test")[0]
    assert len(answers) == len(clip.people)
    for each in answers:
        assert each.jaywalking == each.crossing * each.away
        assert each.low <= each.crossing <= each.high
        assert each.alarm == (each.crossing >= made.system.alarm)
    risks = [each.jaywalking for each in answers]
    assert risks == sorted(risks, reverse=True)


def test_a_crosswalk_in_sight_lowers_the_risk_and_not_the_chance(made):
    clip = json.loads(SPEC.example)
    [[plain, *_]] = made.system.classify_each([json.dumps(clip)])
    for frame in clip["frames"]:
        frame["signs"] = ["crosswalk"]
    [[marked, *_]] = made.system.classify_each([json.dumps(clip)])
    assert plain.away > 0.7 > 0.4 > marked.away
    assert plain.jaywalking > marked.jaywalking


def test_a_stream_says_what_the_clip_says(made):
    clip = made.data.of("test")[0]
    text = json.loads(text_of(clip, 30))
    stream = made.system.new_stream(clip.width, clip.height)
    for each in text["frames"]:
        risks = stream.step(**each)
    assert stream.n_frames == 30
    [answers] = made.system.classify_each([json.dumps(text)])
    by_person = dict(zip(risks.ids.tolist(), risks.jaywalking.tolist(), strict=True))
    assert by_person == pytest.approx({a.person: a.jaywalking for a in answers})
    heights = [text["frames"][-1]["boxes"][row] for row in risks.rows]
    heights = [bottom - top for _, top, _, bottom in heights]
    assert heights == sorted(heights, reverse=True)


def test_a_stream_refuses_a_frame_of_another_sequence_and_goes_on(made):
    stream = made.system.new_stream(640, 480, "a")
    for frame in range(20):
        box = [[100 + frame, 100, 140 + frame, 200]]
        if frame == 10:
            with pytest.raises(ValueError, match=r"of the sequence 'a'; .* of 'b'"):
                stream.step(frame, box, sequence="b")
            with pytest.raises(ValueError, match="at most 500 boxes"):
                stream.step(frame, box * 10_000)
            with pytest.raises(ValueError, match="came twice"):
                stream.step(frame - 1, box)
        if frame == 12:
            continue  # a frame that is missing
        found = stream.step(frame, box, sequence="a")
        assert found.n_missed == (frame == 13)
    assert (len(found), stream.n_frames, stream.n_refused) == (1, 19, 3)


def test_only_the_nearest_are_judged_where_there_are_many(made):
    stream = made.system.new_stream(4000, 800)
    for frame in range(16):
        boxes = [[25.0 * at, 100, 25 * at + 20, 150 + at] for at in range(100)]
        found = stream.step(frame, boxes, ids=range(100))
    assert found.ids.tolist() == list(range(99, 35, -1))
    assert found.n_waiting == 36


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "A clip must be a JSON document"),
        ("[" * 100_000, "A clip must be a JSON document"),
        ("[]", "width, height and frames"),
        ('{"width": 1, "height": 1, "frames": []}', "16 to 3,000 frames, got 0"),
        ('{"width": true, "height": 1, "frames": %s}' % ([{}] * 16), "width must be"),
    ],
)
def test_a_text_that_is_no_clip_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        check_clip_text(text)


def test_a_clip_with_a_wrong_frame_names_it(made):
    clip = json.loads(SPEC.example)
    clip["frames"][7]["boxes"] = [[0, 0, 0, 0]]
    with pytest.raises(ValueError, match="Frame 7 of the clip: boxes must be left"):
        made.system.check_query(json.dumps(clip))
    clip["frames"][7] = {"box": []}
    with pytest.raises(ValueError, match="Frame 7 must have boxes"):
        made.system.check_query(json.dumps(clip))


def test_nobody_in_sight_is_nobody_at_risk(made):
    clip = {"width": 9, "height": 9, "frames": [{"boxes": []}] * 16}
    assert made.system.classify_each([json.dumps(clip)]) == [[]]
    told = made.system.explain(json.dumps(clip))
    assert told.answer == {}
    assert "nobody has been in sight" in told.reasons[0]


def test_reasons_begin_with_the_product(made):
    told = made.system.explain(made.queries[0])
    [[first, *_]] = made.system.classify_each([made.queries[0]])
    assert f"{first.jaywalking:.0%}" in told.reasons[0]
    assert len(told.reasons) > 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_trees": 0}, "n_trees"),
        ({"fusion": "cold"}, "fusion must be"),
        ({"network_share": 1.5}, r"network_share must be in \[0, 1\]"),
        ({"alarm": 1.0}, "alarm must lie between 0 and 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(made, options, said):
    with pytest.raises(ValueError, match=said):
        SPEC.new(options).fit(made.data)


def test_clips_of_one_kind_teach_nothing(made):
    from dataclasses import replace

    clips = [
        replace(clip, people=tuple(p for p in clip.people if not p.crosses))
        for clip in made.data.clips
    ]
    with pytest.raises(ValueError, match="must have people who cross and people who"):
        SPEC.new(made.options).fit(replace(made.data, clips=tuple(clips)))


def test_the_parts_are_measured_and_the_product_beside_the_direct_way(made):
    facts = made.result.facts
    assert set(facts["auc_of_parts"]) == {"trees", "network", "mean"}
    assert facts["n_test_people"] == labelled(made.data.of("test")).n_people
    share = np.mean(labelled(made.data.of("test")).crosses)
    assert facts["always_crosses_f1"] == pytest.approx(
        2 * share / (1 + share), abs=1e-4
    )
    assert any("product less direct" in name for name in facts["product"])
    assert facts["noisy_followed"] > 0.8
    assert made.result.metrics["auc"].value > 0.95
