"""Posts and options that cannot be learned from are refused in a sentence."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.systems.harmful.system import Harmful


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"C": 0}, "C must be a positive number"),
        ({"min_df": 0}, "min_df"),
        ({"precision": 1.0}, "precision must lie between 0 and 1"),
        ({"doubt": 0}, "doubt must lie between 0 and 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Harmful(**options).fit(data)


def test_parts_need_harmful_and_harmless_posts(data):
    kept = data.train.take(data.train.labels[:, 0] == 0)
    with pytest.raises(ValueError, match="The train part must hold harmful posts"):
        Harmful().fit(replace(data, train=kept))


def test_a_language_needs_harmful_and_harmless_posts_in_both_parts(data):
    is_other = np.array(data.train.languages) == "bb"
    for name in ("train", "validation"):
        part = getattr(data, name)
        other = np.array(part.languages) == "bb"
        kept = part.take(~other | (part.labels[:, 0] == 0))
        with pytest.raises(ValueError, match=f"in the {name} part; bb has 0 harmful"):
            Harmful().fit(replace(data, **{name: kept}))
    alone = {
        "train": data.train.take(~is_other),
        "validation": data.validation.take(np.array(data.validation.languages) != "bb"),
    }
    with pytest.raises(ValueError, match="The test part has posts in bb, which the"):
        Harmful().fit(replace(data, **alone))
