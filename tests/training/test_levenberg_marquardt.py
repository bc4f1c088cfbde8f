"""Against scikit-learn, SciPy, closed forms, finite differences, and the figures that the papers' example comes to."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares
from sklearn.datasets import load_diabetes
from sklearn.linear_model import BayesianRidge
from torch import Tensor, nn

import glia
from glia import config
from glia import recipe as recipes
from glia.data.batches import TensorBatches
from glia.data.opening import open_dataset
from glia.errors import ConfigError, TrainingError
from glia.learner import Learner
from glia.nn.initialisation import initialise
from glia.recipe import TrainRecipe
from glia.training import optimizers, residuals
from glia.training.events import EpochDone, Event, FitDone
from glia.training.levenberg_marquardt import BayesianRegularisation, LevenbergMarquardt
from glia.training.loop import Control, fit
from glia.training.residuals import NetworkResiduals

PLAIN, BAYESIAN = "levenberg-marquardt", "bayesian-regularisation"


class Numbers:
    """Mean squared error of one output."""

    def residuals(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return outputs[:, 0] - targets

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.residuals(outputs, targets).square().mean()

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        return {"loss": float(self.loss(outputs, targets))}


def settings(**given: Any) -> TrainRecipe:
    given = {"epochs": 300, "batch_size": "all", "keep": "last", "optimizer": BAYESIAN, **given}
    return config.from_dict(TrainRecipe, given, "train")


def fitted(model: nn.Module, x: Tensor, y: Tensor, recipe: TrainRecipe, **control: Any) -> tuple[FitDone, list[Any]]:
    told: list[Event] = []
    batches = TensorBatches(x, y, batch_size=len(x))
    done = fit(model, Numbers(), batches, None, recipe, listen=told.append, control=Control(**control))
    return done, [event for event in told if isinstance(event, EpochDone)]


def sine(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """41 noisy points and the sine itself, as in MATLAB's example of trainbr."""
    x = torch.linspace(-1, 1, 41)[:, None]
    clean = torch.sin(2 * torch.pi * x[:, 0])
    return x, clean + 0.1 * torch.randn(41, generator=torch.Generator().manual_seed(seed)), clean


def network(hidden: int = 5, seed: int = 0) -> nn.Module:
    torch.manual_seed(100 + seed)
    model = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, 1))
    initialise(model, "xavier")
    return model


# The effective number of parameters.


@pytest.mark.parametrize("hidden", [5, 10, 20])
def test_a_noisy_sine_determines_twelve_weights_of_however_many(hidden: int) -> None:
    """FIGURES A1: 11 to 12.5 of 16, 31 and 61, and 0.05 from the sine that the noise hides."""
    found, distances = [], []
    for seed in range(5):
        x, y, clean = sine(seed)
        model = network(hidden, seed)
        _, epochs = fitted(model, x, y, settings(epochs=150))
        found.append(epochs[-1].metrics["train/effective_parameters"])
        with torch.no_grad():
            distances.append(float((model(x)[:, 0] - clean).square().mean().sqrt()))
    assert 11 <= median(found) <= 12.7
    assert min(found) > 9, "a seed collapsed to a line"
    assert median(distances) < 0.065


def test_without_delay_networks_collapse_to_a_line() -> None:
    """Why we differ from the papers: estimated at once, the evidence takes the pattern for noise."""
    found = []
    for seed in range(3):
        x, y, _ = sine(seed)
        recipe = settings(epochs=100, optimizer={"name": BAYESIAN, "delay": 0})
        _, epochs = fitted(network(10, seed), x, y, recipe)
        found.append(epochs[-1].metrics["train/effective_parameters"])
    assert median(found) < 3


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    """Standardised, so that no constant is left to learn."""
    x, y = load_diabetes(return_X_y=True)
    return (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()


def test_a_linear_network_is_scikit_learns_bayesian_ridge() -> None:
    x, y = diabetes()
    flat = {"alpha_1": 0.0, "alpha_2": 0.0, "lambda_1": 0.0, "lambda_2": 0.0}
    ridge = BayesianRidge(fit_intercept=False, tol=1e-12, max_iter=10_000, **flat).fit(x, y)
    model = nn.Linear(10, 1, bias=False)
    done, epochs = fitted(model, torch.from_numpy(x).float(), torch.from_numpy(y).float(), settings())
    assert done.reason == "converged"
    np.testing.assert_allclose(model.weight[0].detach(), ridge.coef_, atol=1e-3, rtol=0)
    penalty, data = ridge.lambda_ * 10, ridge.alpha_ * len(x)  # their precisions are 2α and 2β
    assert epochs[-1].metrics["train/performance_ratio"] == pytest.approx(penalty / (penalty + data), rel=1e-2)
    traced = 10 - ridge.lambda_ * np.trace(np.linalg.inv(ridge.alpha_ * x.T @ x + ridge.lambda_ * np.eye(10)))
    assert epochs[-1].metrics["train/effective_parameters"] == pytest.approx(traced, rel=1e-3)


def test_the_performance_ratio_given_by_hand_is_the_same_minimum() -> None:
    """With train.performance_ratio set to what was found, another optimizer ends at the same weights."""
    x, y = (torch.from_numpy(each) for each in diabetes())
    model, other = (nn.Linear(10, 1, dtype=torch.float64) for _ in range(2))
    _, epochs = fitted(model, x, y, settings())
    ratio = epochs[-1].metrics["train/performance_ratio"]
    exact = {"name": "lbfgs", "tolerance_change": 1e-16, "tolerance_grad": 1e-12}
    fitted(other, x, y, settings(optimizer=exact, performance_ratio=ratio, penalised="all", epochs=60))
    torch.testing.assert_close(model.weight, other.weight, atol=1e-4, rtol=0)


def test_noise_determines_nothing_and_a_line_without_noise_everything() -> None:
    x = torch.randn(60, 3, generator=torch.Generator().manual_seed(1))
    noise = torch.randn(60, generator=torch.Generator().manual_seed(2))
    assert fitted(nn.Linear(3, 1), x, noise, settings())[1][-1].metrics["train/effective_parameters"] < 1
    model = nn.Linear(3, 1)
    _, epochs = fitted(model, x, x @ torch.tensor([1.0, -2.0, 3.0]), settings())
    assert epochs[-1].metrics["train/effective_parameters"] == pytest.approx(4, abs=0.01)
    torch.testing.assert_close(model.weight[0].detach(), torch.tensor([1.0, -2.0, 3.0]), atol=1e-5, rtol=0)


# Steps.


def test_a_linear_problem_is_solved_in_a_few_steps() -> None:
    x, y = (torch.from_numpy(each) for each in diabetes())
    model = nn.Linear(10, 1, bias=False, dtype=torch.float64)
    done, _ = fitted(model, x, y, settings(optimizer=PLAIN, epochs=20))
    expected = torch.linalg.lstsq(x, y).solution
    torch.testing.assert_close(model.weight[0].detach(), expected, atol=1e-8, rtol=0)
    assert (done.reason, done.epoch < 10) == ("converged", True)


class Decay(nn.Module):
    """a e^(-bx) + c."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor([1.0, 0.1, 0.0], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = self.weights
        return a * torch.exp(-b * x) + c


def test_a_curve_is_fitted_as_scipy_fits_it() -> None:
    x = torch.linspace(0, 4, 30, dtype=torch.float64)[:, None]
    noise = 0.05 * torch.randn(30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = 2.5 * torch.exp(-1.3 * x[:, 0]) + 0.5 + noise
    model = Decay()
    done, epochs = fitted(model, x, y, settings(optimizer=PLAIN, epochs=100))
    t, noisy = x[:, 0].numpy(), y.numpy()
    theirs = least_squares(lambda w: w[0] * np.exp(-w[1] * t) + w[2] - noisy, [1.0, 0.1, 0.0], method="lm")
    np.testing.assert_allclose(model.weights.detach(), theirs.x, atol=1e-6)
    assert done.reason == "converged"
    losses = [event.metrics["train/loss"] for event in epochs]
    assert losses == sorted(losses, reverse=True), "no step may raise the error"


class Rosenbrock:
    """(1 - x)² + 100 (y - x²)² as two residuals; from (-1.2, 1), its minimum is (1, 1)."""

    def at(self, weights: Tensor) -> Tensor:
        x, y = weights
        return torch.stack([1 - x, 10 * (y - x**2)])

    def with_jacobian(self, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        yield self.at(weights), torch.autograd.functional.jacobian(self.at, weights)


def test_rosenbrocks_valley_is_walked_to_its_end() -> None:
    point = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    optimizer = LevenbergMarquardt([point])
    steps = 0
    while not optimizer.converged:
        optimizer.step(Rosenbrock())
        steps += 1
    torch.testing.assert_close(point.detach(), torch.ones(2, dtype=torch.float64))
    assert steps < 40


def test_a_derivative_that_is_not_finite_is_said() -> None:
    class Root(Rosenbrock):
        def at(self, weights: Tensor) -> Tensor:
            return weights.sqrt()

    with pytest.raises(TrainingError, match="a derivative of the network's outputs is not a finite number"):
        LevenbergMarquardt([nn.Parameter(torch.zeros(2))]).step(Root())


# The Jacobian.


class Hesitant(nn.Module):
    """A network that looks at its numbers, which cannot be done for many samples at once."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 4), nn.Linear(4, 1)])

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.layers[0](x))
        outputs: Tensor = self.layers[1](hidden if hidden.sum() > 100 else hidden * 2)
        return outputs


def partly_frozen() -> nn.Module:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 1))
    model[0].bias.requires_grad_(False)
    return model


@pytest.mark.parametrize("build", [partly_frozen, Hesitant])
def test_the_jacobian_is_that_of_finite_differences(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = build()
    x, y = torch.randn(7, 3), torch.randn(7)
    weights = torch.cat([each.detach().flatten() for each in model.parameters() if each.requires_grad]).double()
    monkeypatch.setattr(residuals, "BLOCK_BYTES", 3 * 8 * len(weights))
    of_network = NetworkResiduals(model, Numbers(), x, y)
    blocks = list(of_network.with_jacobian(weights))
    assert [len(block) for block, _ in blocks] == [3, 3, 1]
    found = torch.cat([jacobian for _, jacobian in blocks])
    steps = 1e-6 * torch.eye(len(weights), dtype=torch.float64)
    expected = torch.stack([(of_network.at(weights + d) - of_network.at(weights - d)) / 2e-6 for d in steps], 1)
    torch.testing.assert_close(found, expected, atol=1e-8, rtol=1e-6)
    with torch.no_grad():
        torch.testing.assert_close(of_network.at(weights).float(), model(x)[:, 0] - y, atol=1e-6, rtol=0)


def test_weights_that_take_no_gradient_stay() -> None:
    x, y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.arange(20.0)
    model = partly_frozen()
    before = [each.detach().clone() for each in model.parameters()]
    fitted(model, x, y, settings(epochs=3))
    changed = [not torch.equal(each, old) for each, old in zip(model.parameters(), before, strict=True)]
    assert changed == [each.requires_grad for each in model.parameters()]


# Resuming.


@pytest.mark.parametrize("name", [PLAIN, BAYESIAN])
@pytest.mark.parametrize("stopped", [1, 25])
def test_it_goes_on_with_the_same_bits(name: str, stopped: int, tmp_path: Path) -> None:
    x, y, _ = sine()
    recipe = settings(optimizer=name, epochs=40)
    whole, parted, again = network(), network(), network(seed=1)
    _, epochs = fitted(whole, x, y, recipe)
    asked = iter(range(1, 1000))
    fitted(parted, x, y, recipe, checkpoints=tmp_path, should_stop=lambda: next(asked) >= stopped)
    _, rest = fitted(again, x, y, recipe, checkpoints=tmp_path, resume=True)
    for key, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[key]), key
    assert rest[-1].metrics == epochs[-1].metrics


# Refusals.


@pytest.mark.parametrize("name", [PLAIN, BAYESIAN])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batch_size": 32}, "train.batch_size=32 would stand against it. Use train.batch_size='all'."),
        ({"l1": 0.1, "l2": 0.2}, "Use train.l1=0.0, train.l2=0.0."),
        ({"performance_ratio": 0.5}, "Use train.performance_ratio=0.0."),
        ({"max_norm": 2}, "Use train.max_norm=0.0."),
        ({"weight_decay": 0.1}, "Use train.weight_decay=0.0."),
        ({"momentum": 0.9}, "Use train.momentum=0.0."),
        ({"gradient_clip": 1}, "Use train.gradient_clip=0.0."),
        ({"learning_rate": 0.1}, "Use train.learning_rate='auto'."),
        ({"schedule": "cosine"}, "Use train.schedule='auto'."),
    ],
    ids=str,
)
def test_what_would_fight_it_is_refused(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        optimizers.build(nn.Linear(3, 1), settings(optimizer=name, **given))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"damping": -1}, "damping must be from 1e-20 to 1e+10, not -1"),
        ({"increase": 1}, "increase must be from 1.001"),
        ({"decrease": 2}, "decrease must be from 1e-06 to 0.999, not 2"),
        ({"mu": 1}, "has no option 'mu'. There are: damping, increase, decrease, largest, smallest_gradient"),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        optimizers.build(nn.Linear(3, 1), settings(optimizer={"name": BAYESIAN, **options}))
    assert message in str(caught.value)


def test_the_best_epoch_by_validation_would_contradict_the_evidence() -> None:
    with pytest.raises(ConfigError, match=r"Use train\.keep='last'"):
        optimizers.build(nn.Linear(3, 1), settings(keep="best"))
    assert isinstance(optimizers.build(nn.Linear(3, 1), settings(optimizer=PLAIN, keep="best")), LevenbergMarquardt)


def test_too_many_weights_are_refused_with_the_sum() -> None:
    with pytest.raises(ConfigError, match=r"10,100 weights, .* 10,100² x 8 bytes = 0\.8 GB"):
        optimizers.build(nn.Linear(100, 100), settings())


def prepared(data: str, **train: Any) -> Learner:
    recipe = {"train": {"batch_size": "all", "keep": "last", "optimizer": BAYESIAN}, **train}
    return Learner(recipes.from_dict(recipe)).prepare(open_dataset(data))


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        ("iris", {}, "minimises squared errors, and Classification has another loss"),
        ("diabetes", {"task": {"loss": "huber"}}, "task.loss is 'huber'. Use task.loss='mse'"),
        ("diabetes", {"model": {"name": "mlp", "hidden": [8], "dropout": 0.5}}, "computes otherwise while training"),
    ],
    ids=str,
)
def test_what_is_no_function_with_squared_errors_is_refused_before_training(
    data: str, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        prepared(data, **more)
    assert message in str(caught.value)


def test_a_network_of_single_precision_only_is_refused() -> None:
    class Single(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.float())

    with pytest.raises(ConfigError, match="computes in double precision, which this network or device cannot"):
        fitted(Single(1, 1), *sine()[:2], settings())


def test_a_loss_that_is_not_the_mean_square_of_its_residuals_is_refused() -> None:
    class Halved(Numbers):
        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return super().loss(outputs, targets) / 2

    x, y, _ = sine()
    with pytest.raises(ConfigError, match=r"Halved\.loss is .* where the mean square of Halved\.residuals is"):
        fit(network(), Halved(), TensorBatches(x, y, batch_size=41), None, settings())


# Through the front door.


def test_train_records_what_was_found() -> None:
    run = glia.train(
        "diabetes",
        model="mlp",
        seed=0,
        settings={
            "model.hidden": [3],
            "model.activation": "tanh",
            "train.optimizer": BAYESIAN,
            "train.batch-size": "all",
            "train.keep": "last",
        },
    )
    assert run.state == "done"
    assert run.reason == "converged"
    assert 0.3 < glia.evaluate(run)["r2"] < 0.6
    effective = run.metrics("train/effective_parameters")["value"]
    assert len(effective) == run.summary["epoch"]
    assert 9 < effective.iloc[-1] < 35, "of 37 weights"
    assert 0 < run.summary["train/performance_ratio"] < 1
    assert set(run.metrics("train/learning_rate")["value"]) == {1.0}


def test_both_are_found_by_name() -> None:
    assert type(optimizers.build(nn.Linear(1, 1), settings(optimizer="Levenberg_Marquardt"))) is LevenbergMarquardt
    assert type(optimizers.build(nn.Linear(1, 1), settings())) is BayesianRegularisation
