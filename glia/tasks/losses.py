"""Losses by name, for classes and for numbers; each a mean over the samples.

Letters    N samples, K classes, o outputs, y targets (class numbers, or numbers), p probabilities, w class weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from glia.config import check_options, finite_number, name_and_options

Options = Mapping[str, float]


@dataclass(frozen=True)
class ClassLoss:
    """A loss over classes, and what its outputs say of the probabilities."""

    each: Callable[[Tensor, Tensor, Options], Tensor]  # outputs (N, K), class numbers (N,) → loss of each sample (N,)
    probabilities: Callable[[Tensor], Tensor]  # outputs (N, K) → rows that sum to 1
    options: tuple[str, ...] = ()


def class_loss(
    name: str,
    options: Options,
    outputs: Float[Tensor, "N K"],
    targets: Int[Tensor, "N"],
    weights: Float[Tensor, "K"] | None,
    samples: Float[Tensor, "N"] | None = None,
) -> Float[Tensor, ""]:
    """The mean over the samples; with weights of classes, of samples or both the mean weighted by their product."""
    if name in SOFTMAX_LOSSES and samples is None:
        return F.cross_entropy(outputs, targets, weights, label_smoothing=options.get("label_smoothing", 0.0))
    losses = CLASS_LOSSES[name].each(outputs, targets, options)
    if weights is not None:
        samples = weights[targets] if samples is None else weights[targets] * samples
    return losses.mean() if samples is None else weighted_mean(losses, samples)


def weighted_mean(losses: Float[Tensor, "N"], weights: Float[Tensor, "N"]) -> Float[Tensor, ""]:
    """Σ w l / Σ w."""
    return (losses * weights).sum() / weights.sum()


def chosen(what: str, given: str | Mapping[str, object], known: Mapping[str, tuple[str, ...]]) -> tuple[str, Options]:
    """The name and the options of a recipe's `task.loss`; "auto" is the first there is, with those options that it has.

    Raises:
        ConfigError: an unknown loss or option, or an option out of its range.
    """
    name, options = name_and_options(what, given, ["auto", *known])
    if name == "auto":
        name = next(iter(known))
        options = {key: value for key, value in options.items() if key in known[name] or key not in RANGES}
    check_options(what, name, options, known[name])
    return name, {key: finite_number(what, name, key, value, *RANGES[key]) for key, value in options.items()}


RANGES = {"label_smoothing": (0.0, 1.0), "delta": (1e-12, 1e12)}


def _one_hot(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.one_hot(targets, outputs.shape[1]).to(outputs.dtype)


def _cross_entropy(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    return F.cross_entropy(outputs, targets, reduction="none", label_smoothing=options.get("label_smoothing", 0.0))


def _kl_divergence(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    """Σ q log(q/p), where q is the true class, smoothed."""
    smoothing = options.get("label_smoothing", 0.0)
    q = _one_hot(outputs, targets) * (1 - smoothing) + smoothing / outputs.shape[1]
    return F.kl_div(outputs.log_softmax(1), q, reduction="none").sum(1)


def _binary_cross_entropy(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    """One yes-or-no question per class; the mean over them."""
    return F.binary_cross_entropy_with_logits(outputs, _one_hot(outputs, targets), reduction="none").mean(1)


def _soft_margin(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    """log(1 + e^(-s o)), s being 1 for the true class and -1 for others; the mean over the classes."""
    return F.soft_margin_loss(outputs, 2 * _one_hot(outputs, targets) - 1, reduction="none").mean(1)


def _cosine_embedding(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    """1 - cos of the angle between the outputs and the axis of the true class."""
    same = torch.ones(len(targets), device=outputs.device, dtype=outputs.dtype)
    return F.cosine_embedding_loss(outputs, _one_hot(outputs, targets), same, reduction="none")


def _mse(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    return (outputs - _one_hot(outputs, targets)).square().mean(1)


def _squared_error(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    return (outputs - _one_hot(outputs, targets)).square().sum(1) / 2


def _l1(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    return (outputs - _one_hot(outputs, targets)).abs().mean(1)


def _perceptron(outputs: Tensor, targets: Tensor, options: Options) -> Tensor:
    """The greatest output less that of the true class: 0 unless there is a mistake. A tie goes to the first class.

    Its gradient is the perceptron's rule. Paper: Rosenblatt, 1958; for many classes Collins, 2002.
    """
    return outputs.max(1).values - outputs.gather(1, targets[:, None]).squeeze(1)


def _decision(outputs: Tensor) -> Tensor:
    """All or nothing: a step says no probabilities."""
    return F.one_hot(outputs.argmax(1), outputs.shape[1]).to(outputs.dtype)


def _softmax(outputs: Tensor) -> Tensor:
    return outputs.softmax(1)


def _sigmoids(outputs: Tensor) -> Tensor:
    """The answers to the questions of all classes, scaled to sum to 1."""
    return F.normalize(outputs.sigmoid(), p=1.0, dim=1)


def _shares(outputs: Tensor) -> Tensor:
    """Outputs that aim at 1 for the true class and 0 for others; all alike where none is positive."""
    positive = outputs.clamp(min=0)
    total = positive.sum(1, keepdim=True)
    return torch.where(total > 0, positive / total.clamp(min=1e-300), torch.full_like(outputs, 1 / outputs.shape[1]))


CLASS_LOSSES: dict[str, ClassLoss] = {
    "cross-entropy": ClassLoss(_cross_entropy, _softmax, ("label_smoothing",)),
    "nll": ClassLoss(_cross_entropy, _softmax),  # log-softmax of a log-softmax is the same: it may be in the model
    "kl-divergence": ClassLoss(_kl_divergence, _softmax, ("label_smoothing",)),
    "binary-cross-entropy": ClassLoss(_binary_cross_entropy, _sigmoids),
    "soft-margin": ClassLoss(_soft_margin, _sigmoids),
    "cosine-embedding": ClassLoss(_cosine_embedding, _shares),
    "squared-error": ClassLoss(_squared_error, _shares),
    "mse": ClassLoss(_mse, _shares),
    "l1": ClassLoss(_l1, _shares),
    "perceptron": ClassLoss(_perceptron, _decision),
}
SOFTMAX_LOSSES = ("cross-entropy", "nll")
LOG_PROBABILITIES = tuple(name for name, known in CLASS_LOSSES.items() if known.probabilities is _softmax)
"""Losses whose outputs may be log-probabilities, as those of models that vote are."""

# Outputs (N,), numbers (N,), options, and what is wanted: "mean", a 0-d tensor, or "none", the loss of each (N,).
NumberLoss = Callable[[Tensor, Tensor, Options, str], Tensor]
NUMBER_LOSSES: dict[str, NumberLoss] = {
    "mse": lambda o, y, options, wanted: F.mse_loss(o, y, reduction=wanted),
    "mae": lambda o, y, options, wanted: F.l1_loss(o, y, reduction=wanted),
    "l1": lambda o, y, options, wanted: F.l1_loss(o, y, reduction=wanted),
    "huber": lambda o, y, options, wanted: F.huber_loss(o, y, delta=options.get("delta", 1.0), reduction=wanted),
    "squared-error": lambda o, y, options, wanted: F.mse_loss(o, y, reduction=wanted) / 2,
}
NUMBER_LOSS_OPTIONS: dict[str, tuple[str, ...]] = {
    name: ("delta",) if name == "huber" else () for name in NUMBER_LOSSES
}
