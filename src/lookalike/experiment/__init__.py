"""Experiments: which of two ways is better, told with the error rates it states.

An :class:`Experiment` says beforehand who is in it and what it is judged by.
:func:`assign` says which variant a unit sees, :func:`analyse` what the units say so
far.
"""

from lookalike.experiment.always_valid import mixture_bound, mixture_p_value
from lookalike.experiment.analysis import (
    Analysis,
    Look,
    MetricResult,
    SliceResult,
    Slices,
    analyse,
    by_slice,
)
from lookalike.experiment.arms import (
    Arm,
    mean_arm,
    quantile_arm,
    rate_arm,
    ratio_arm,
)
from lookalike.experiment.assignment import (
    assign,
    assignment_sql,
    check_layers,
    is_held_out,
    register_md5,
    unit_hash,
)
from lookalike.experiment.bandits import (
    KLUCB,
    UCB1,
    Bandit,
    Decision,
    EpsilonGreedy,
    ThompsonBeta,
    ThompsonGaussian,
)
from lookalike.experiment.cuped import (
    Adjusted,
    adjusted_arms,
    balance_p_value,
    check_before,
)
from lookalike.experiment.definition import Experiment, Holdout, check_change
from lookalike.experiment.design import (
    Baseline,
    Replay,
    baseline,
    days_needed,
    minimal_effect,
    replay_a_a,
    sample_size,
)
from lookalike.experiment.difference import Effect, effect, relative_lift
from lookalike.experiment.false_discovery import benjamini_hochberg
from lookalike.experiment.interleaving import (
    Interleaved,
    Preference,
    balanced,
    balanced_credit,
    credit,
    preference,
    team_draft,
)
from lookalike.experiment.linear_bandits import LinearThompson, LinUCB
from lookalike.experiment.metrics import Metric
from lookalike.experiment.moments import Moments
from lookalike.experiment.sample_ratio import (
    platform_check,
    ratio_check,
    ratio_p_value,
)
from lookalike.experiment.sequential import Price, bounds_of, price
from lookalike.experiment.spending import Crossing, crossing, group_bounds, spent
from lookalike.experiment.units import Units, metric_arms
from lookalike.experiment.verdict import Verdict

__all__ = [
    "KLUCB",
    "UCB1",
    "Adjusted",
    "Analysis",
    "Arm",
    "Bandit",
    "Baseline",
    "Crossing",
    "Decision",
    "Effect",
    "EpsilonGreedy",
    "Experiment",
    "Holdout",
    "Interleaved",
    "LinUCB",
    "LinearThompson",
    "Look",
    "Metric",
    "MetricResult",
    "Moments",
    "Preference",
    "Price",
    "Replay",
    "SliceResult",
    "Slices",
    "ThompsonBeta",
    "ThompsonGaussian",
    "Units",
    "Verdict",
    "adjusted_arms",
    "analyse",
    "assign",
    "assignment_sql",
    "balance_p_value",
    "balanced",
    "balanced_credit",
    "baseline",
    "benjamini_hochberg",
    "bounds_of",
    "by_slice",
    "check_before",
    "check_change",
    "check_layers",
    "credit",
    "crossing",
    "days_needed",
    "effect",
    "group_bounds",
    "is_held_out",
    "mean_arm",
    "metric_arms",
    "minimal_effect",
    "mixture_bound",
    "mixture_p_value",
    "platform_check",
    "preference",
    "price",
    "quantile_arm",
    "rate_arm",
    "ratio_arm",
    "ratio_check",
    "ratio_p_value",
    "register_md5",
    "relative_lift",
    "replay_a_a",
    "sample_size",
    "spent",
    "team_draft",
    "unit_hash",
]
