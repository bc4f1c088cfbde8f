"""Levenberg-Marquardt: least squares by steps between Gauss-Newton's and steepest descent; Bayesian regularisation.

Papers     Marquardt, 1963, *An algorithm for least-squares estimation of nonlinear parameters*.
           https://doi.org/10.1137/0111030
           Hagan & Menhaj, 1994, *Training feedforward networks with the Marquardt algorithm*.
           https://doi.org/10.1109/72.329697
           MacKay, 1992, *Bayesian interpolation*. https://doi.org/10.1162/neco.1992.4.3.415
           Foresee & Hagan, 1997, *Gauss-Newton approximation to Bayesian learning*.
           https://doi.org/10.1109/ICNN.1997.614194
We differ  the penalty's share is held at first (`delay`), where the papers estimate it after every step from the first:
           a pattern that the network has not found yet looks like noise, and the estimate then drives the weights to
           zero for good (on 41 points of a noisy sine: 12 of 24 networks, and none of 24 after 20 steps).
           One eigendecomposition of JᵀJ a step serves all dampings that are tried, and γ.
           A step is judged by the weights as the network keeps them, rounded to float32.
Letters    N residuals r, W weights w, J (N W) the Jacobian of r; E_D = Σr² and E_W = Σw², of which F = β E_D + α E_W is
           minimised; μ the damping, γ the effective number of weights.
"""

import math
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from glia.config import finite_number
from glia.errors import ConfigError, TrainingError

LEAST_DAMPING = 1e-20  # so that it can grow again
TINY = 1e-30  # in place of an error or of weights that are exactly zero
FIRST_PENALTY = 0.01  # α while it is held, beside β = 1: enough that no network fits its samples exactly meanwhile

# Both ends included.
RANGES = {
    "damping": (LEAST_DAMPING, 1e10),
    "increase": (1.001, 1e6),
    "decrease": (1e-6, 0.999),
    "largest": (LEAST_DAMPING, 1e100),
    "smallest_gradient": (0.0, 1e10),
    "delay": (0, 1e9),
}


class Residuals(Protocol):
    """What is squared and summed: N numbers that depend on W weights, given in one row in double precision."""

    def at(self, weights: Float[Tensor, "W"]) -> Float[Tensor, "N"]:
        """The residuals."""

    def with_jacobian(self, weights: Float[Tensor, "W"]) -> Iterator[tuple[Float[Tensor, "n"], Float[Tensor, "n W"]]]:
        """The residuals and their derivatives by each weight, some after some, so that memory holds them."""


class LevenbergMarquardt(Optimizer):
    """Steps -(JᵀJ + μ)⁻¹ Jᵀr; μ falls after each that lowers the error, and rises until one does.

    All that a step depends on, the weights apart, is numbers in the optimizer's state.

    Args:
        params: the weights; those that take no gradient stay as they are.
        damping: μ at first.
        increase: what μ is multiplied by while no step lowers the error.
        decrease: what μ is multiplied by after one that did.
        largest: training has converged when μ would have to be greater.
        smallest_gradient: training has converged when the length of the gradient of F is less.

    Raises:
        ConfigError: an option out of its range.
    """

    name = "levenberg-marquardt"

    def __init__(
        self,
        params: ParamsT,
        *,
        damping: float = 0.005,
        increase: float = 10.0,
        decrease: float = 0.1,
        largest: float = 1e10,
        smallest_gradient: float = 1e-7,
        **more: float,
    ) -> None:
        options = {"damping": damping, "increase": increase, "decrease": decrease, "largest": largest}
        options |= {"smallest_gradient": smallest_gradient, **more}
        for key, value in options.items():
            finite_number("optimizer", self.name, key, value, *RANGES[key])
        super().__init__(params, dict(options))
        self._weights = [each for group in self.param_groups for each in group["params"] if each.requires_grad]
        self._sizes = [each.numel() for each in self._weights]

    @property
    def converged(self) -> bool:
        """Whether no step lowers the error any more."""
        now, options = self._now(), self.param_groups[0]
        return bool(now["damping"] > options["largest"] or now["gradient"] < options["smallest_gradient"])

    def metrics(self) -> dict[str, float]:
        """What was found beside the weights, by name."""
        return {}

    @torch.no_grad()
    def step(self, residuals: Residuals) -> None:  # type: ignore[override]  # a gradient alone is not enough
        """Take one step; none where no damping makes one that lowers F.

        Raises:
            TrainingError: a derivative is not a finite number though the error is.
        """
        now, w = self._now(), self._kept(torch.cat([each.detach().flatten().double() for each in self._weights]))
        curvature, slope, error, count = _normal_equations(residuals, w)
        if not math.isfinite(error):
            return  # the loop says so
        if not curvature.isfinite().all():
            raise TrainingError(
                f"Optimizer '{self.name}': a derivative of the network's outputs is not a finite number, though the "
                "outputs are. Look for a root or a logarithm at 0 in the network, or use another optimizer."
            )
        eigenvalues, axes = torch.linalg.eigh(curvature)
        eigenvalues = eigenvalues.clamp(min=0)  # rounding apart, JᵀJ has no negative ones
        slope = now["beta"] * slope + now["alpha"] * w
        now["gradient"] = 2 * slope.norm().item()
        found = self._lower(residuals, w, error, now, eigenvalues, axes, slope)
        if found is not None:
            w, error = found
            for weight, part in zip(self._weights, torch.split(w, self._sizes), strict=True):
                weight.copy_(part.view_as(weight))
        self._weigh(now, eigenvalues, error, w.square().sum().item(), count, moved=found is not None)

    def _lower(
        self,
        residuals: Residuals,
        w: Tensor,
        error: float,
        now: dict[str, Any],
        eigenvalues: Tensor,
        axes: Tensor,
        slope: Tensor,
    ) -> tuple[Tensor, float] | None:
        """Weights at which F is lower, and their E_D; None if no damping leads to such."""
        options = self.param_groups[0]
        if now["gradient"] < options["smallest_gradient"]:
            return None
        before = now["beta"] * error + now["alpha"] * w.square().sum().item()
        along = axes.T @ slope
        while now["damping"] <= options["largest"]:
            length = now["beta"] * eigenvalues + now["alpha"] + now["damping"]
            tried = self._kept(w - axes @ (along / length))
            error = residuals.at(tried).square().sum().item()
            if now["beta"] * error + now["alpha"] * tried.square().sum().item() < before:
                now["damping"] = max(now["damping"] * options["decrease"], LEAST_DAMPING)
                return tried, error
            now["damping"] *= options["increase"]
        return None

    def _weigh(
        self, now: dict[str, Any], eigenvalues: Tensor, error: float, squares: float, count: int, *, moved: bool
    ) -> None:
        """Choose α and β for the next step; here they stay 0 and 1."""

    def _now(self) -> dict[str, Any]:
        """The optimizer's state: plain numbers, kept with the first weight as torch's optimizers keep theirs."""
        state: dict[str, Any] = self.state[self.param_groups[0]["params"][0]]
        if not state:
            state.update(damping=float(self.param_groups[0]["damping"]), gradient=math.inf, alpha=0.0, beta=1.0)
        return state

    def _kept(self, w: Tensor) -> Tensor:
        """Weights in double precision, rounded to what the network keeps."""
        parts = zip(self._weights, torch.split(w, self._sizes), strict=True)
        return torch.cat([part.to(weight.dtype).double() for weight, part in parts])


class BayesianRegularisation(LevenbergMarquardt):
    """Levenberg-Marquardt on F = β E_D + α E_W, with α and β re-estimated after each step from the evidence.

    γ = W - 2α tr(H⁻¹), H being 2β JᵀJ + 2α, says how many weights the data determine; then α = γ / 2 E_W and
    β = (N - γ) / 2 E_D. All weights and biases count.

    A recipe's performance ratio would be α W / (α W + β N): F is then (1 - ratio) E_D / N + ratio E_W / W, the mean
    squared error and the mean squared weight, times β N + α W.

    Args:
        params: as above.
        delay: steps before the first estimate, unless it converges before.
        options: as of `LevenbergMarquardt`.

    Raises:
        ConfigError: an option out of its range.
    """

    name = "bayesian-regularisation"

    def __init__(
        self,
        params: ParamsT,
        *,
        damping: float = 0.005,
        increase: float = 10.0,
        decrease: float = 0.1,
        largest: float = 1e10,
        smallest_gradient: float = 1e-7,
        delay: int = 20,
    ) -> None:
        super().__init__(
            params,
            damping=damping,
            increase=increase,
            decrease=decrease,
            largest=largest,
            smallest_gradient=smallest_gradient,
            delay=delay,
        )

    def metrics(self) -> dict[str, float]:
        """γ, and the performance ratio it comes to."""
        now = self._now()
        return {key: now[key] for key in ("effective_parameters", "performance_ratio") if key in now}

    def _weigh(
        self, now: dict[str, Any], eigenvalues: Tensor, error: float, squares: float, count: int, *, moved: bool
    ) -> None:
        """Foresee & Hagan, steps 3 and 4. JᵀJ is that of before the step, as in MATLAB's `trainbr`."""
        options, wide = self.param_groups[0], len(eigenvalues)
        determined = now["beta"] * eigenvalues
        gamma = (determined / (determined + now["alpha"])).sum().item()  # W - 2α tr(H⁻¹), of the eigenvalues
        now["steps"] += 1
        held = now["steps"] <= options["delay"]
        if not held or not moved:
            now["alpha"], now["beta"] = gamma / max(2 * squares, TINY), (count - gamma) / max(2 * error, TINY)
        if held and not moved:  # converged under the first α: from now on it is estimated
            now.update(steps=options["delay"], damping=float(options["damping"]), gradient=math.inf)
        penalty = now["alpha"] * wide
        now["effective_parameters"] = gamma
        now["performance_ratio"] = penalty / (penalty + now["beta"] * count)

    def _now(self) -> dict[str, Any]:
        is_new = not self.state[self.param_groups[0]["params"][0]]
        state = super()._now()
        if is_new:
            state.update(alpha=FIRST_PENALTY, steps=0)
        return state


def refuse_many(weights: list[Tensor], most: int) -> None:
    """Refuse more weights than a matrix of their squares has room for.

    Raises:
        ConfigError: with the sum.
    """
    count = sum(each.numel() for each in weights)
    if count > most:
        raise ConfigError(
            f"The network has {count:,} weights, and JᵀJ has one number for each pair of them: {count:,}² x 8 bytes = "
            f"{count**2 * 8 / 1e9:,.1f} GB, decomposed anew at each step. Use a network of at most {most:,} weights, "
            "or train.optimizer='lbfgs'."
        )


def _normal_equations(residuals: Residuals, w: Tensor) -> tuple[Tensor, Tensor, float, int]:
    """JᵀJ, Jᵀr, Σr² and N."""
    curvature = w.new_zeros(len(w), len(w))
    slope = torch.zeros_like(w)
    error, count = 0.0, 0
    for r, jacobian in residuals.with_jacobian(w):
        curvature.addmm_(jacobian.T, jacobian)
        slope.addmv_(jacobian.T, r)
        error += r.square().sum().item()
        count += len(r)
    return curvature, slope, error, count
