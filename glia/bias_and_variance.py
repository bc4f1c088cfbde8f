"""What a run's errors say: how much of them is there on the training samples already, and how much comes on top.

The error on samples for validation has two parts that other remedies help against. What the network gets wrong on the
samples it learned from, too, is *bias* (and whatever no learner can avoid, which nobody knows apart). The gap between
the two errors is *variance*: what was learned of these samples by heart.

Papers     Wilson, 1927: the interval of a share. https://doi.org/10.1080/01621459.1927.10502953
           Newcombe, 1998: that of the difference of two shares, his method 10.
           https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
"""

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal

from glia.errors import counted

Kind = Literal["bias", "variance", "both", "unclear", "unknown", "none"]
Interval = tuple[float, float]

NORMAL = 1.959964  # of 95 %
MOST, LITTLE = 2 / 3, 1 / 3  # of the error that is gap: from here on it is named alone, or not at all
FEW = 30  # samples; the RMSE of fewer is uncertain by more than an eighth even where errors are normal
NAMES = {"accuracy": "", "rmse": "RMSE", "mae": "mean absolute error", "r2": "1 - R²", "macro-f1": "1 - macro-F1"}
TRIVIAL = {"accuracy": ("commonest class", "on"), "rmse": ("mean", "by")}  # of the samples judged by
CHANCE = "Part of that may be chance."
ONE_CLASS = "All samples for validation are of one class, so figures of them tell little."
NETWORK = (
    "a larger network, longer training, better features, less regularisation",
    "augmentation, dropout or a penalty on the weights, early stopping, a smaller network, several networks averaged",
)
ANOTHER = "better features, a learner that bends more", "fewer features, a simpler learner, a penalty if it has one"
PENALISED = (
    "a smaller model.strength, better features, powers of them (polynomial-regression), a forest or a network",
    "a larger model.strength, fewer features",
)
REMEDIES = {  # against bias, and against variance beside more samples
    "linear": (
        "a higher model.degree, hidden layers (mlp), longer training, better features, less regularisation",
        "fewer features, train.l1 or train.l2 above 0, early stopping",
    ),
    "perceptron": ("hidden layers (mlp), longer training, better features", "fewer features, early stopping"),
    "baseline": ("any learner that looks at the features", "any learner that looks at the features"),
    "linear-regression": (
        "better features, powers of them (polynomial-regression), a forest or a network",
        "fewer features (stepwise-regression), a penalty (ridge, lasso)",
    ),
    "ridge": PENALISED,
    "lasso": PENALISED,
    "elastic-net": PENALISED,
    "logistic-regression": (
        "a smaller model.strength, better features, a forest or a network",
        "a larger model.strength, fewer features",
    ),
    "polynomial-regression": (
        "a higher model.degree, a smaller model.strength, better features",
        "a lower model.degree, model.penalty=ridge, model.interactions=false",
    ),
    "stepwise-regression": (
        "model.criterion=aic, which keeps more columns; better features",
        "model.criterion=bic, which keeps fewer columns; a penalty (ridge, lasso)",
    ),
    "decision-tree": (
        "better features, a forest or boosting, no limits where there are some (model.depth=0, model.leaf=1)",
        "a larger model.leaf, a smaller model.depth, model.simplest=true, many trees (random-forest)",
    ),
    "random-forest": (
        "better features, model.features=all, boosting, no limits where there are some (model.depth=0, model.leaf=1)",
        "a larger model.leaf, a smaller model.depth, more model.trees",
    ),
    "gradient-boosting": (
        "more model.trees, more model.leaves, a smaller model.leaf, better features",
        "fewer model.trees or model.early_stopping=true, fewer model.leaves, a larger model.leaf, model.l2 above 0",
    ),
    "nearest-neighbours": (
        "better features, fewer model.neighbours where many were asked for, a forest or a network",
        "more model.neighbours, fewer features",
    ),
    "naive-bayes": (
        "model.numbers=bins, better features, a learner that sees columns together (logistic-regression, a forest)",
        "fewer features, more model.smoothing",
    ),
    "nb-tree": (
        "a smaller model.improvement, fewer model.samples in a node, better features",
        "a larger model.improvement, more model.samples in a node, more model.smoothing",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was recorded of one metric, as it stands in the record.

    Attributes:
        metric: such as `accuracy` or `rmse`; the more the better only of the ones whose error is 1 minus it.
        training: on the samples learned from; None: not recorded.
        validation: on others; None: there were none.
        samples: how many others; 0: not known.
        learned: how many it learned from; 0: not known.
        trivial: the error of the answer that is best for all others alike: their commonest class, or their mean;
            None: not known.
        model: what learned, as it is named: `ridge`, `mlp/guide`, `module:Class`; "": a network.
        notes: what else should be known of the figures, as sentences.
        lacking: why there is no training error, where there is none.
    """

    metric: str
    training: float | None
    validation: float | None
    samples: int = 0
    learned: int = 0
    trivial: float | None = None
    model: str = ""
    notes: tuple[str, ...] = ()
    lacking: str = "The training error was not recorded"


@dataclass(frozen=True, kw_only=True)
class BiasAndVariance:
    """The level of the validation error and its gap to the training error, and what they mean in words.

    Attributes:
        metric: by which the error is told: of `accuracy`, `r2` and `macro-f1` it is 1 minus the metric.
        validation: the error on samples it did not learn from; None: there were none.
        training: the error on those it learned from; None: not recorded.
        gap: the difference.
        interval: of `validation`, 95 %; None where nothing is known of it.
        gap_interval: likewise.
        trivial: the error of always answering the commonest class, or the mean.
        kind: what the validation error is mostly; `unclear`: there are too few samples to tell; `unknown`: one of the
            errors is not there; `none`: there is no error.
        text: all of it in words.
        advice: what usually helps; may be empty.
    """

    metric: str
    validation: float | None
    training: float | None
    gap: float | None = None
    interval: Interval | None = None
    gap_interval: Interval | None = None
    trivial: float | None = None
    kind: Kind = "unknown"
    text: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.text}\n{self.advice}".rstrip()


def name(judged: Judged) -> BiasAndVariance:
    """Bias and variance of one run.

    Example:
        >>> found = name(Judged(metric="accuracy", training=1.0, validation=0.9, samples=100, learned=800))
        >>> found.kind, found.text.partition(". ")[0]
        ('variance', 'Validation error 10 % of 100 samples (95 % interval 5.52 to 17.4 %)')
    """
    validation, training = _error(judged.metric, judged.validation), _error(judged.metric, judged.training)
    gap = None if validation is None or training is None else validation - training
    interval = gap_interval = None
    if judged.metric == "accuracy" and judged.samples and validation is not None:
        interval = share_interval(validation, judged.samples)
        if training is not None:
            # How well the training error is known is guessed low where nobody says of how many it is.
            learned = share_interval(training, judged.learned or judged.samples)
            gap_interval = difference_interval(validation, interval, training, learned)
    errors = BiasAndVariance(
        metric=judged.metric,
        validation=validation,
        training=training,
        gap=gap,
        interval=interval,
        gap_interval=gap_interval,
        trivial=judged.trivial,
    )
    kind = _kind(errors, judged.samples)
    said = " ".join((*_sentences(errors, kind, judged), *judged.notes))
    advice = _advice(errors, kind, judged.model)
    return BiasAndVariance(**{**vars(errors), "kind": kind, "text": said, "advice": advice})


def share_interval(share: float, count: int) -> Interval:
    """Wilson's 95 % interval of a share found among so many samples.

    Example:
        >>> tuple(round(end, 4) for end in share_interval(0.1, 50))
        (0.0435, 0.2136)
    """
    square = NORMAL**2 / count
    middle = (share + square / 2) / (1 + square)
    half = NORMAL / (1 + square) * sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, middle - half) if share > 0 else 0.0, min(1.0, middle + half) if share < 1 else 1.0


def difference_interval(one: float, of_one: Interval, other: float, of_other: Interval) -> Interval:
    """Newcombe's 95 % interval of the difference of two shares of different samples, from the interval of each.

    Example:
        >>> found = difference_interval(56 / 70, share_interval(56 / 70, 70), 48 / 80, share_interval(48 / 80, 80))
        >>> tuple(round(end, 4) for end in found)
        (0.0524, 0.3339)
    """
    difference = one - other
    low = difference - sqrt((one - of_one[0]) ** 2 + (of_other[1] - other) ** 2)
    high = difference + sqrt((of_one[1] - one) ** 2 + (other - of_other[0]) ** 2)
    return low, high


def _error(metric: str, value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    return 1 - value if metric in ("accuracy", "r2", "macro-f1") else value


def _kind(errors: BiasAndVariance, samples: int) -> Kind:
    validation, training = errors.validation, errors.training
    if validation == 0:
        return "none"
    if validation is None or training is None:
        return "unknown"
    share = _share_of_gap(errors)
    if share is None or _of_one_class(errors):
        return "unclear"
    if errors.gap_interval is not None and errors.gap_interval[0] <= 0:
        return "bias" if errors.gap_interval[1] <= training else "unclear"  # the gap may still be the larger part
    if errors.gap_interval is None and 0 < samples < FEW:
        return "unclear"
    return "bias" if share <= LITTLE else "variance" if share >= MOST else "both"


def _of_one_class(errors: BiasAndVariance) -> bool:
    return errors.metric == "accuracy" and errors.trivial == 0


def _share_of_gap(errors: BiasAndVariance) -> float | None:
    """How much of the validation error is gap; of an RMSE of its square, in which such parts add up."""
    validation, training = errors.validation, errors.training
    if validation is None or training is None or validation <= 0 or training < 0:
        return None  # a loss below 0 has no level
    ratio = training / validation
    return 1 - (ratio**2 if errors.metric == "rmse" else ratio)


def _sentences(errors: BiasAndVariance, kind: Kind, judged: Judged) -> list[str]:
    samples = judged.samples
    if errors.validation is None and errors.training is None:
        return ["No error was recorded."]
    if errors.validation is None:
        return [
            "No validation part: the error on new samples is not known, nor is the variance.",
            f"Training error {_shown(errors, errors.training)}.",
        ]
    level = _level(errors, samples)
    if _of_one_class(errors):
        level = f"{level} {ONE_CLASS}"
    if errors.training is None:
        return [level, f"{judged.lacking}, so bias and variance cannot be told apart."]
    if kind == "none":
        return [level, f"Training error {_shown(errors, errors.training)}."]
    named = f"Training error {_shown(errors, errors.training)}: {_named(errors, kind, samples)}."
    known = errors.gap_interval is not None or kind == "unclear"
    return [level, named] if known else [level, named, CHANCE]


def _level(errors: BiasAndVariance, samples: int) -> str:
    unit = f" ({NAMES.get(errors.metric, errors.metric)})" if errors.metric != "accuracy" else ""
    of = f" of {counted(samples, 'sample')}" if samples else ""
    said = f"Validation error {_shown(errors, errors.validation)}{unit}{of}"
    if errors.interval is not None:
        low, high = (100 * end for end in errors.interval)
        said += f" (95 % interval {low:.3g} to {high:.3g} %)"
    if errors.trivial and errors.validation is not None and errors.metric in TRIVIAL:
        answer, how = TRIVIAL[errors.metric]
        no_better = "no better: " if errors.validation >= errors.trivial else ""
        always = f"always answering the {answer} of these samples errs {how} {_shown(errors, errors.trivial)}"
        said += f"; {no_better}{always}"
    return f"{said}."


def _named(errors: BiasAndVariance, kind: Kind, samples: int) -> str:
    gap = errors.gap or 0.0
    if gap <= 0 and kind == "bias":
        return "there is no gap, so it is bias, or what no learner can avoid"
    size = _gap_shown(errors, gap)
    means = {
        "bias": "so it is mostly bias, or what no learner can avoid",
        "variance": "so it is mostly variance",
        "both": "so it is bias and variance",
    }.get(kind)
    if kind == "unclear":
        if _share_of_gap(errors) is None:
            return f"{size}, and no share of the error, since this loss may be below 0"
        if _of_one_class(errors):
            return f"{size}, which may be that of this class alone"
        few = f"{counted(samples, 'sample')} {'is' if samples == 1 else 'are'} too few to tell bias from variance"
        return f"{size}; {few}" if samples else f"{size}, which may be chance"
    if errors.gap_interval is not None and errors.gap_interval[0] <= 0:
        return f"{size}, which may be chance, {means}"
    return f"{size}, {means}"


def _gap_shown(errors: BiasAndVariance, gap: float) -> str:
    if errors.metric != "accuracy":
        return f"the gap is {gap:.4g}"
    size = f"{100 * gap:.3g}"
    said = f"the gap is {size} point{'' if size == '1' else 's'}"
    if errors.gap_interval is None:
        return said
    low, high = (100 * end for end in errors.gap_interval)
    return f"{said} ({low:.3g} to {high:.3g})"


def _shown(errors: BiasAndVariance, value: float | None) -> str:
    if value is None:
        return "not recorded"
    return f"{100 * value:.3g} %" if errors.metric == "accuracy" else f"{value:.4g}"


def _advice(errors: BiasAndVariance, kind: Kind, model: str) -> str:
    less_bias, less_variance = REMEDIES.get(model, ANOTHER if ":" in model else NETWORK)
    against = {
        "bias": f"Against bias: {less_bias}; if nothing helps, it cannot be avoided.",
        "variance": f"Against variance: more samples, {less_variance}.",
        "unclear": "More samples for validation, or folds, would tell.",
    }
    if kind == "both":
        return f"{against['variance']} {against['bias']}"
    if kind == "unknown" and errors.validation is None:
        shares = "--set data.split.train=0.8 --set data.split.validation=0.2 --set data.split.test=0"
        return f"Keep samples back to judge by, such as a fifth: {shares}"
    if kind == "none" and errors.interval is not None:
        return "More samples for validation would say how rare mistakes are."
    return against.get(kind, "")
