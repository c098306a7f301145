"""Has the world moved: drift, detectors, quality without labels, canaries and gates.

All of it is functions of arrays, and detectors whose state is a few numbers.
"""

from lookalike.monitor.adwin import Adwin
from lookalike.monitor.alarms import AlarmRecord, judge_alarms
from lookalike.monitor.budget import (
    Budget,
    Detector,
    calibrated,
    false_alarms,
    first_alarms,
)
from lookalike.monitor.canary import (
    CanaryCounts,
    CanaryDecision,
    CanaryPlan,
    decide_canary,
)
from lookalike.monitor.covariates import (
    FeatureDrift,
    covariate_drift,
    jensen_shannon,
    population_stability,
)
from lookalike.monitor.cusum import Cusum
from lookalike.monitor.estimated_quality import (
    ScoreCalibration,
    check_estimate,
    estimate_quality,
    measured_quality,
)
from lookalike.monitor.gate import (
    GateCheck,
    GateReport,
    GateRule,
    Scored,
    cross_entropy,
    judge_retrained,
    normalised_cross_entropy,
    scored,
)
from lookalike.monitor.joint_drift import JointDrift, domain_classifier, energy_drift
from lookalike.monitor.labels import (
    ConceptDrift,
    LabelDrift,
    concept_drift,
    label_drift,
)
from lookalike.monitor.page_hinkley import PageHinkley
from lookalike.monitor.time_windows import Window, matured, windows

__all__ = [
    "Adwin",
    "AlarmRecord",
    "Budget",
    "CanaryCounts",
    "CanaryDecision",
    "CanaryPlan",
    "ConceptDrift",
    "Cusum",
    "Detector",
    "FeatureDrift",
    "GateCheck",
    "GateReport",
    "GateRule",
    "JointDrift",
    "LabelDrift",
    "PageHinkley",
    "ScoreCalibration",
    "Scored",
    "Window",
    "calibrated",
    "check_estimate",
    "concept_drift",
    "covariate_drift",
    "cross_entropy",
    "decide_canary",
    "domain_classifier",
    "energy_drift",
    "estimate_quality",
    "false_alarms",
    "first_alarms",
    "jensen_shannon",
    "judge_alarms",
    "judge_retrained",
    "label_drift",
    "matured",
    "measured_quality",
    "normalised_cross_entropy",
    "population_stability",
    "scored",
    "windows",
]
