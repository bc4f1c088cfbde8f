from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from glia import recipe
from glia.errors import ConfigError
from glia.learner import Learner
from glia.models.building import build
from glia.models.samples import Column, Samples
from glia.models.tabm import TabM, TiedLinear
from glia.nn.random import generator
from glia.recipe import TaskRecipe
from glia.tasks import fit_task
from glia.training.members import Ensemble, Losses, trained

REFERENCES = Path(__file__).parent.parent / "nn" / "references" / "tables.safetensors"
COLUMNS = (
    Column("a", "numbers", 0),
    Column("b", "categories", 1, 2),
    Column("c", "numbers", 3),
    Column("d", "categories", 4, 3),
    Column("e", "numbers", 5 + 2),
)
SMALL = {"members": 3, "width": 6, "embedding_width": 4, "bins": 5}


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=generator(seed, "samples"))


def made(options: dict[str, Any], *, outputs: int = 2, columns: tuple[Column, ...] = (), features: int = 8) -> TabM:
    network = build("tabm", SMALL | options, inputs=(features,), outputs=outputs, seed=0, columns=columns)
    assert isinstance(network, TabM)
    return network.eval()


def randomised(network: TabM) -> TabM:
    """What begins alike in all members would hide a mistake."""
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            parameter.copy_(drawn(*parameter.shape, seed=number))
    return network


def alone(network: TabM, member: int, x: Tensor) -> Tensor:
    """One member as a plain network with weights of its own."""
    made_of = network.inputs(x)
    state = {name: tensor.detach() for name, tensor in network.state_dict().items()}

    def of(name: str) -> Tensor:
        return state[name][member].squeeze(0) if len(state[name]) > 1 else state[name].squeeze(0).squeeze(0)

    if isinstance(network.first, TiedLinear):
        scaled = state["first.weight"] * of("first.scales.factors")[:, None, None]
        weight = scaled.flatten(0, 1)
        if "first.rest_weight" in state:
            weight = torch.cat([weight, of("first.rest.factors")[:, None] * state["first.rest_weight"]])
        if "first.outputs" in state:
            weight = weight * of("first.outputs")
        hidden = made_of @ weight + of("first.bias")
    elif network.config.mini:
        hidden = F.linear(made_of * of("first.0.factors"), state["first.1.weight"], state["first.1.bias"])
    else:
        weight = of("first.outputs")[:, None] * state["first.weight"] * of("first.inputs.factors")
        hidden = F.linear(made_of, weight, of("first.bias"))
    hidden = hidden.relu()
    second = "hidden.1"
    if network.config.mini:
        hidden = F.linear(hidden, state[f"{second}.weight"], state[f"{second}.bias"])
    else:
        weight = of(f"{second}.outputs")[:, None] * state[f"{second}.weight"] * of(f"{second}.inputs.factors")
        hidden = F.linear(hidden, weight, of(f"{second}.bias"))
    return hidden.relu() @ state["output.weight"][member] + of("output.bias")


@pytest.mark.parametrize("columns", [(), COLUMNS])
@pytest.mark.parametrize("mini", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_each_member_is_a_network_of_its_own(columns: tuple[Column, ...], mini: bool, tied: bool):
    network = randomised(made({"dropout": 0.0, "mini": mini, "tied": tied}, columns=columns))
    x = drawn(7, 8)
    found = network.members(x)
    assert found.shape == (3, 7, 2)
    for member in range(3):
        torch.testing.assert_close(found[member], alone(network, member, x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tied", [False, True])
def test_equals_the_authors(tied: bool):
    known = load_file(REFERENCES)
    columns = (*(Column(str(at), "numbers", at) for at in range(3)), Column("b", "categories", 3, 2))
    columns = (*columns, Column("c", "categories", 5, 3))
    one_hot = [F.one_hot(known["categories"][:, at], size).float() for at, size in enumerate((2, 3))]
    network = made(
        {"quantiles": False, "embedding_width": 4, "bins": 6, "width": 5, "dropout": 0.0, "tied": tied},
        columns=columns,
    )
    embedding: Any = network.inputs.embedding
    embedding.bins.fit(list(known["edges"]))
    of = {name.removeprefix("tabm."): tensor for name, tensor in known.items()}
    first, second = "backbone.blocks.0.0", "backbone.blocks.1.0"
    weights = {
        "inputs.embedding.whole.weight": of["num_module.linear0.weight"][:, None],
        "inputs.embedding.whole.bias": of["num_module.linear0.bias"][:, None],
        "inputs.embedding.pieces.weight": of["num_module.linear.weight"],
        "first.outputs": of[f"{first}.s"][:, None],
        "first.bias": of[f"{first}.bias"][:, None],
        "hidden.1.inputs.factors": of[f"{second}.r"][:, None],
        "hidden.1.weight": of[f"{second}.weight"],
        "hidden.1.outputs": of[f"{second}.s"][:, None],
        "hidden.1.bias": of[f"{second}.bias"][:, None],
        "output.weight": of["output.weight"],
        "output.bias": of["output.bias"][:, None],
    }
    r, w = of[f"{first}.r"][:, None], of[f"{first}.weight"]
    if tied:  # 3 numbers of width 4, whose scales are alike within a column
        weights["first.weight"] = w.T[:12].reshape(3, 4, 5)
        weights["first.rest_weight"] = w.T[12:]
        weights["first.scales.factors"] = r[:, :, 0:12:4]
        weights["first.rest.factors"] = r[:, :, 12:]
    else:
        weights |= {"first.weight": w, "first.inputs.factors": r}
    buffers = {name: tensor for name, tensor in network.named_buffers() if name in network.state_dict()}
    network.load_state_dict(weights | buffers)
    found = network.members(torch.cat([known["x"], *one_hot], 1)).transpose(0, 1)
    torch.testing.assert_close(found, known["tabm.outputs"], rtol=1e-4, atol=1e-4)


def test_members_vote_with_their_probabilities():
    network, x = randomised(made({}, outputs=3)), drawn(5, 8)
    wanted = network.members(x).softmax(2).mean(0)
    torch.testing.assert_close(network(x).exp(), wanted)


def test_of_numbers_the_mean_is_taken():
    network, x = randomised(made({}, outputs=1)), drawn(5, 8)
    torch.testing.assert_close(network(x), network.members(x).mean(0))


def test_members_begin_with_scales_that_are_alike_within_a_column():
    network = made({"tied": False}, columns=COLUMNS)
    assert network.inputs.parts == (4, 4, 4, 2, 3)
    factors = network.state_dict()["first.inputs.factors"].squeeze(1)
    for stretch in factors.split(network.inputs.parts, 1):
        assert (stretch == stretch[:, :1]).all()
        assert stretch[:, 0].unique().numel() == 3


@pytest.mark.parametrize("weights", ["none", {"x": 3.0}])
def test_what_is_minimised_is_the_mean_of_the_members_losses(weights: Any):
    labels = pytest.importorskip("numpy").array(["x", "y", "y", "x", "y"])
    task = fit_task(TaskRecipe(class_weight=weights), labels, name="label")
    network, x, targets = randomised(made({})), drawn(5, 8), task.encode(labels)
    assert isinstance(network, Ensemble)
    losses, outputs = Losses(network, task), trained(network)(x)
    each = torch.stack([task.loss(outputs[member], targets) for member in range(3)])
    torch.testing.assert_close(losses.of(outputs, targets), each.mean())
    assert torch.equal(losses.joined(outputs), network(x))


@pytest.mark.parametrize("cuts", ["quantiles", "targets"])
def test_what_it_takes_from_the_samples_is_saved(cuts: str):
    network = made({"cuts": cuts}, columns=COLUMNS)
    before = network(x := drawn(90, 8))
    network.adapt(Samples(inputs=x, targets=(x[:, 0] > 0).long(), columns=COLUMNS))
    assert not torch.equal(network(x), before)
    other = made({"cuts": cuts}, columns=COLUMNS)
    other.load_state_dict(network.state_dict())
    assert torch.equal(network(x), other(x))


def test_categories_alone():
    columns = (Column("a", "categories", 0, 3), Column("b", "categories", 3, 5))
    network = randomised(made({}, columns=columns))
    network.adapt(Samples(inputs=drawn(9, 8), targets=torch.zeros(9), columns=columns))
    assert network(drawn(4, 8)).shape == (4, 2)


def test_a_loss_that_reads_no_log_probabilities_is_refused():
    settings = {"model": {"name": "tabm", **SMALL}, "task": {"loss": "binary-cross-entropy"}}
    with pytest.raises(ConfigError, match=r"'tabm' gives log-probabilities, and task\.loss='binary-cross-entropy'"):
        Learner(recipe.from_dict(settings)).fit("iris")


def test_a_learner_trains_and_keeps_it(tmp_path: Path):
    settings = {"model": {"name": "tabm", **SMALL}, "train": {"epochs": 2}}
    learner = Learner(recipe.from_dict(settings)).fit("iris")
    assert learner.recipe.train.weight_decay == 3e-4
    row = [[5.1, 3.5, 1.4, 0.2]]
    found = learner.predict(row).probabilities
    assert found is not None
    assert found.sum() == pytest.approx(1)
    loaded = Learner.load(learner.save(tmp_path)).predict(row).probabilities
    assert loaded is not None
    assert (loaded == found).all()
