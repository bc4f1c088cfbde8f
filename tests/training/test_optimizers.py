import inspect
from typing import Any

import pytest
import torch
from sklearn.linear_model import Lasso, Ridge
from torch import Tensor, nn

from glia.data.batches import TensorBatches
from glia.errors import ConfigError
from glia.training import optimizers
from glia.training.events import Warned
from glia.training.loop import fit
from glia.training.optimizers import OPTIMIZERS
from glia.training.regularisation import Penalty
from tests.training.parts import fitted, network, settings


def built(**given: Any) -> torch.optim.Optimizer:
    return optimizers.build(nn.Linear(3, 2), settings(**given))


@pytest.mark.parametrize("name", [key for key in OPTIMIZERS if OPTIMIZERS[key].__module__.startswith("torch.")])
def test_every_optimizer_is_torchs_own_and_learns(name: str) -> None:
    assert type(built(optimizer=name)) is OPTIMIZERS[name]
    model = network()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    last = fitted(model, settings(optimizer=name, batch_size="all", epochs=3))[-1]
    assert last.reason == "epochs"  # type: ignore[attr-defined]
    assert all(not torch.equal(value, before[key]) for key, value in model.named_parameters() if value.dim() > 1)


def test_names_are_kebab_case_and_underscores_are_read() -> None:
    assert isinstance(built(optimizer="AdamW"), torch.optim.AdamW)
    assert isinstance(built(optimizer="Averaged_SGD"), torch.optim.ASGD)


def test_a_table_sets_torchs_options() -> None:
    group = built(optimizer={"name": "adam", "betas": [0.8, 0.99], "eps": 1e-6, "amsgrad": True}).param_groups[0]
    assert (group["betas"], group["eps"], group["amsgrad"]) == ((0.8, 0.99), 1e-6, True)
    assert built(optimizer={"name": "sgd", "nesterov": True}, momentum=0.9).param_groups[0]["nesterov"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"optimizer": "adem"}, "Unknown optimizer 'adem'. Did you mean 'adam'?"),
        ({"momentum": 0.9}, "momentum=0.9 does not fit optimizer 'adam'"),
        ({"optimizer": "lbfgs", "weight_decay": 0.1}, "weight_decay=0.1 does not fit optimizer 'lbfgs'"),
        ({"optimizer": {"name": "adam", "beta": 0.9}}, "Optimizer 'adam' has no option 'beta'. Did you mean 'betas'?"),
        ({"optimizer": {"name": "adam", "lr": 0.9}}, "Optimizer 'adam' has no option 'lr'."),
        (
            {"optimizer": {"name": "adam", "betas": [1.5, 0.9]}},
            "Optimizer 'adam': Invalid beta parameter at index 0: 1.5",
        ),
        ({"optimizer": {"name": "sgd", "nesterov": True}}, "Nesterov momentum requires a momentum"),
        ({"optimizer": {"nesterov": True}}, "An optimizer is a name or a table with a name such as {name = 'sgd'}"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        built(**given)
    assert message in str(caught.value)


def test_no_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match="no weights to train"):
        optimizers.build(nn.ReLU(), settings())


@pytest.mark.parametrize(("name", "rate"), [("adam", 1e-3), ("sgd", 0.01), ("lbfgs", 1.0), ("adadelta", 1.0)])
def test_the_rate_that_is_left_open_suits_the_optimizer(name: str, rate: float) -> None:
    assert built(optimizer=name).param_groups[0]["lr"] == rate
    assert built(optimizer=name, learning_rate=0.3).param_groups[0]["lr"] == 0.3


def test_weight_decay_spares_biases_and_norms_unless_asked() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    reached, spared = optimizers.build(model, settings(weight_decay=0.1)).param_groups
    assert (reached["weight_decay"], spared["weight_decay"]) == (0.1, 0)
    assert [tuple(each.shape) for each in reached["params"]] == [(4, 3)]
    assert [tuple(each.shape) for each in spared["params"]] == [(4,)] * 3
    (everything,) = optimizers.build(model, settings(weight_decay=0.1, penalised="all")).param_groups
    assert (len(everything["params"]), everything["weight_decay"]) == (4, 0.1)


# What a line through noisy points comes to is known in closed form, or by scikit-learn.

DRAW = torch.Generator().manual_seed(0)
X = torch.randn(200, 5, generator=DRAW, dtype=torch.float64)
Y = X @ torch.tensor([3.0, -2.0, 0.5, 0.0, 0.0], dtype=torch.float64) + 0.5 * torch.randn(
    200, generator=DRAW, dtype=torch.float64
)


class Line:
    """Mean squared error of one output."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs[:, 0] - targets).square().mean()

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        return {"loss": float(self.loss(outputs, targets))}


# torch's own tolerance, 1e-9 of the loss, ends 1e-5 away from the solution.
EXACT = {"name": "lbfgs", "tolerance_change": 1e-16, "tolerance_grad": 1e-12}


def line(**given: Any) -> tuple[nn.Linear, list[Any]]:
    model = nn.Linear(5, 1, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    told: list[Any] = []
    nn.init.zeros_(model.bias)
    given = {"optimizer": EXACT, "epochs": 60, "batch_size": "all", "schedule": "constant", "keep": "last", **given}
    batches = TensorBatches(X, Y, batch_size=len(X) if given["batch_size"] == "all" else given["batch_size"])
    fit(model, Line(), batches, None, settings(**given), listen=told.append)
    return model, told


def test_lbfgs_finds_least_squares() -> None:
    model, told = line(epochs=5)
    expected = torch.linalg.lstsq(torch.cat([X, torch.ones(200, 1, dtype=torch.float64)], 1), Y).solution
    torch.testing.assert_close(torch.cat([model.weight[0], model.bias]).detach(), expected, atol=1e-6, rtol=0)
    assert not any(isinstance(event, Warned) for event in told)


def test_lbfgs_on_mini_batches_is_warned_of() -> None:
    _, told = line(epochs=1, batch_size=50)
    (warning,) = [event.message for event in told if isinstance(event, Warned)]
    assert "in 4 mini-batches an epoch" in warning


def test_lbfgs_finds_rosenbrocks_minimum_in_few_evaluations() -> None:
    """FIGURES A1: from (-1.2, 1) below 1e-8 in fewer than 80 evaluations."""
    point = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    holder = nn.Module()
    holder.register_parameter("point", point)
    optimizer = optimizers.build(holder, settings(optimizer={"name": "lbfgs", "max_iter": 100, "history_size": 10}))
    evaluations = 0

    def rosenbrock() -> Tensor:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        value = (1 - point[0]) ** 2 + 100 * (point[1] - point[0] ** 2) ** 2
        value.backward()
        return value.detach()

    optimizer.step(rosenbrock)
    assert rosenbrock() < 1e-8
    assert evaluations < 80


def test_l2_is_ridge() -> None:
    model, _ = line(l2=0.1)
    ridge = Ridge(alpha=0.1 * len(X)).fit(X.numpy(), Y.numpy())
    torch.testing.assert_close(model.weight[0].detach(), torch.from_numpy(ridge.coef_), atol=1e-6, rtol=0)
    assert model.bias.item() == pytest.approx(ridge.intercept_, abs=1e-6)


def test_l1_is_lasso() -> None:
    model, _ = line(l1=0.4, optimizer="adam", learning_rate=0.05, epochs=1500, schedule="cosine")
    lasso = Lasso(alpha=0.2, tol=1e-10).fit(X.numpy(), Y.numpy())
    torch.testing.assert_close(model.weight[0].detach(), torch.from_numpy(lasso.coef_), atol=1e-4, rtol=0)
    assert lasso.coef_[3] == 0


def test_the_penalty_is_the_sum_of_its_terms_and_its_gradient_is_theirs() -> None:
    model = nn.Linear(3, 2, dtype=torch.float64)
    loss = model.weight.sum() ** 2
    penalty = Penalty(model, settings(l1=0.3, l2=0.7, performance_ratio=0.25))
    weight = model.weight.detach().requires_grad_()
    expected = 0.75 * weight.sum() ** 2 + 0.25 * weight.square().mean() + 0.3 * weight.abs().sum()
    expected = expected + 0.7 * weight.square().sum()
    torch.testing.assert_close(penalty.added_to(loss), expected)
    penalty.added_to(loss).backward()
    expected.backward()
    torch.testing.assert_close(model.weight.grad, weight.grad)


def test_biases_are_penalised_only_if_asked() -> None:
    model = nn.Linear(3, 2)
    nn.init.ones_(model.weight)
    nn.init.ones_(model.bias)
    zero = torch.zeros(())
    assert Penalty(model, settings(l1=1)).added_to(zero).item() == 6
    assert Penalty(model, settings(l1=1, penalised="all")).added_to(zero).item() == 8
    assert not Penalty(model, settings())


def test_a_performance_ratio_of_one_fits_weights_only_and_of_zero_changes_no_bit() -> None:
    model, _ = line(performance_ratio=1, epochs=3)
    assert not model.weight.any()
    plain, none = line(epochs=2)[0], line(epochs=2, performance_ratio=0)[0]
    assert torch.equal(plain.weight, none.weight)


def test_no_unit_has_longer_weights_than_max_norm() -> None:
    model = network()
    fitted(model, settings(max_norm=0.5, learning_rate=0.1))
    for layer in (model[0], model[4]):  # type: ignore[index]
        assert layer.weight.norm(dim=1).max() <= 0.5 + 1e-6
    free = network()
    fitted(free, settings(learning_rate=0.1))
    assert free[0].weight.norm(dim=1).max() > 0.5  # type: ignore[index]


def test_averaged_sgd_is_judged_by_and_keeps_the_averages() -> None:
    """The mean of all iterates (torch leaves out the first), as Polyak & Juditsky have it, taken here by hand."""
    steps = 40
    model, _ = line(optimizer={"name": "averaged-sgd", "lambd": 0.0, "alpha": 0.0}, learning_rate=0.05, epochs=steps)
    weight, iterates = torch.zeros(6, dtype=torch.float64), []
    rows = torch.cat([X, torch.ones(200, 1, dtype=torch.float64)], 1)
    for _ in range(steps):
        weight = weight - 0.05 * 2 * rows.T @ (rows @ weight - Y) / len(X)
        iterates.append(weight)
    found = torch.cat([model.weight[0], model.bias]).detach()
    torch.testing.assert_close(found, torch.stack(iterates[1:]).mean(0), atol=1e-6, rtol=0)


def test_every_option_of_a_recipe_is_one_of_torchs() -> None:
    for name, defaults in optimizers._OUR_DEFAULTS.items():
        assert set(defaults) <= set(inspect.signature(OPTIMIZERS[name]).parameters)
