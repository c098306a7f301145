import numpy as np
import pytest

from lookalike.datasets import read_mot
from lookalike.datasets.tracking import read_boxes

INFO = """[Sequence]
name=walk
frameRate=25
seqLength=3
imWidth=640
imHeight=480
"""


def made(folder, truth, detections=None, info=INFO):
    place = folder / "walk"
    place.mkdir()
    (place / "seqinfo.ini").write_text(info)
    (place / "gt.txt").write_text(truth)
    if detections is not None:
        (place / "det.txt").write_text(detections)
    return folder


def test_sequences_are_read_by_frame(tmp_path):
    truth = "2,1,10,20,5,8,1,-1,-1,-1\n1,1,0,0,5,8,1,-1,-1,-1\n1,2,3,3,4,4,0,-1,-1,-1\n"
    [found] = read_mot(made(tmp_path, truth, "3,-1,1,2,3,4,0.9,-1,-1,-1\n"))
    assert (found.name, found.n_frames, found.frames_a_second) == ("walk", 3, 25.0)
    assert found.truth.frame.tolist() == [1, 2]  # what does not count is left out
    assert found.truth.box.tolist() == [[0, 0, 5, 8], [10, 20, 15, 28]]
    boxes, scores = found.detections.by_frame(3)
    assert [len(each) for each in boxes] == [0, 0, 1]
    np.testing.assert_array_equal(boxes[2], [[1, 2, 4, 6]])
    assert scores[2].tolist() == [0.9]


def test_of_mot17_only_pedestrians_are_taken(tmp_path):
    file = tmp_path / "gt.txt"
    file.write_text("1,1,0,0,5,8,1,1,1.0\n1,2,0,0,5,8,1,7,1.0\n1,3,0,0,5,8,0,1,0.5\n")
    assert read_boxes(file, only_pedestrians=True).id.tolist() == [1]
    assert read_boxes(file).id.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("truth", "info", "sentence"),
    [
        ("1,1,0,0,5,8\n", INFO, "gt.txt, line 1: expected frame, id, left, top"),
        ("1,1,0,0,5,8,1\nx,1,0,0,5,8,1\n", INFO, "gt.txt, line 2: expected frame"),
        ("1,1,0,0,0,8,1\n", INFO, "a width and a height above 0, got 0 by 8"),
        ("0,1,0,0,5,8,1\n", INFO, "line 1: expected frame"),
        ("", "[Sequence]\nname=x\n", "is no seqinfo.ini"),
        ("", "name=x\n", "is no seqinfo.ini"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path, truth, info, sentence):
    with pytest.raises(ValueError) as error:
        read_mot(made(tmp_path, truth, info=info))
    assert sentence in str(error.value)


def test_a_folder_without_a_sequence_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has no folder with a file seqinfo"):
        read_mot(tmp_path)
