"""Posts that can be learned from: what is refused, and in which sentence."""

import numpy as np

from lookalike.datasets.posts import LabelledPosts, Posts


def check_posts(data: Posts) -> None:
    """Refuse posts of which there is nothing to learn, or to measure, from.

    Raises
    ------
    ValueError
        If a part, or a language of the train or validation part, lacks harmful posts or
        harmless ones, or the test part has a language of its own.
    """
    for name in ("train", "validation", "test"):
        part: LabelledPosts = getattr(data, name)
        own = part.labels[:, 0]
        if not len(part) or not 0 < np.nansum(own) < np.isfinite(own).sum():
            raise ValueError(
                f"The {name} part must hold harmful posts and harmless ones, got "
                f"{int(np.nansum(own))} of {len(part)}."
            )
    _check_languages(data)


def _check_languages(data: Posts) -> None:
    learned = sorted(set(data.train.languages))
    for name in ("train", "validation"):
        part: LabelledPosts = getattr(data, name)
        own = part.labels[:, 0]
        languages = np.asarray(part.languages)
        for language in sorted({*learned, *part.languages}):
            labels = own[(languages == language) & np.isfinite(own)]
            if not 0 < labels.sum() < len(labels):
                raise ValueError(
                    f"Each language needs harmful posts and harmless ones in the "
                    f"{name} part; {language} has {int(labels.sum())} harmful of "
                    f"{len(labels)}."
                )
    unknown = sorted(set(data.test.languages) - set(learned))
    if unknown:
        raise ValueError(
            f"The test part has posts in {unknown[0]}, which the train part has not."
        )
