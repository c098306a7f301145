"""Run the tests of the kernels without compilation, and print which kernels never ran.

A program of its own: ``python tests/without_jit.py``. Numba reads its setting once,
when a process first imports it.
"""

import os
import sys
from functools import wraps
from pathlib import Path

TESTS = {
    "features/test_byte_pairs.py": "counting_anew",
    "learn/test_decision_tree.py": (
        "every_split or sorted_col or follow_the_seed or pruning"
    ),
    "systems/digits/test_digits.py": "definition",
    "features/test_gradient_histogram.py": (
        "every_option or edge_of_a_bin or bytes_give"
    ),
    "features/test_colour_histogram.py": "scikit_image or of_its_pixels",
    "search/test_late_interaction.py": "what_is_kept",
    "search/test_inverted_file.py": (
        "definition or add_up or rows_find_each_neighbour[euclidean"
    ),
    "search/test_kd_tree.py": "definition or radius",
    "learn/test_kmeans.py": "definition or moved_sums or loosened or two_nearest",
    "learn/test_kmedians.py": "definition",
    "learn/test_layers_of_networks.py": (
        "patches or pooling or weighed or repeated_rows"
    ),
    "learn/test_linear_svc.py": "definition or lasso_kernel",
    "features/test_local_binary_pattern.py": "definition or histograms_count",
    "learn/test_logistic_regression.py": "definition",
    "features/test_meeting_point.py": "walls_are_walked",
    "kernels/test_boosting.py": "",
    "kernels/test_list_losses.py": "definition or ndcg or add_up or any_numbers",
    "kernels/test_murmur.py": "utf8",
    "kernels/test_number_slices.py": "",
    "kernels/test_texts.py": "",
    "kernels/test_tiled_distances.py": "",
    "learn/test_optimizers.py": "definition",
    "learn/test_pca.py": "definition",
    "search/terms/test_text_index.py": (
        "definition[7 or definition[5000 or phrases or any_address or facets or "
        "snapshot or reasons"
    ),
    "kernels/test_postings.py": "",
    "search/prefix/test_index.py": "",
    "search/prefix/test_suggester.py": "",
    "search/test_spelling.py": "",
    "search/test_pairwise.py": "definition",
    "search/test_product_quantisation.py": "adds_up or stands_for_each",
    "rank/test_network_rankers.py": "dense_layer_is",
    "learn/test_perceptron.py": "definition",
    "rank/test_point_in_time.py": "before_the_time",
    "rank/test_rankers.py": "trees_add_up",
    "features/test_sampling.py": "definition or holds_exactly or follow_the_weights",
    "rank/test_recommenders.py": "definition",
    "search/test_exact.py": "definition or agrees or radius or heap",
    "learn/test_svc.py": "definition",
    "features/test_table_features.py": "definition",
    "learn/test_triplet.py": "definition",
    "features/test_word2vec.py": "a_step_follows or windows_stay",
}


def main() -> int:
    """Run TESTS and return pytest's exit code."""
    os.environ["NUMBA_DISABLE_JIT"] = "1"
    import numba
    import pytest

    known, ran = set(), set()

    def njit(*given, **_options):
        def note(kernel):
            name = f"{kernel.__module__.removeprefix('lookalike.')}.{kernel.__name__}"
            known.add(name)

            @wraps(kernel)
            def noted(*arguments, **more):
                ran.add(name)
                return kernel(*arguments, **more)

            return noted

        return note(*given) if given else note

    numba.njit = njit
    here = Path(__file__).parent
    options = ["-q", "-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider"]
    files = [str(here / name) for name in TESTS]

    class Chosen:
        def pytest_configure(self):
            from hypothesis import settings

            settings.register_profile("slow", max_examples=8)
            settings.load_profile("slow")

        def pytest_collection_modifyitems(self, items):
            items[:] = [item for item in items if chosen(item)]

    def chosen(item):
        name = item.path.relative_to(here).as_posix()
        words = TESTS[name].split(" or ")
        return any(word in item.name for word in words)

    status = pytest.main([*options, "--durations=15", *files], [Chosen()])
    print("never ran:", *sorted(known - ran))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
