import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from sklearn.tree import DecisionTreeRegressor

from glia.nn.bins import quantile_edges, target_edges
from glia.nn.number_embeddings import (
    LinearEmbedding,
    PeriodicEmbedding,
    PhasedEmbedding,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
)
from glia.nn.random import generator

REFERENCES = Path(__file__).parent / "references" / "tables.safetensors"


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed, "samples"))


def test_piecewise_linear_by_hand():
    encoding = PiecewiseLinear(2, 3)
    encoding.fit([torch.tensor([0.0, 1.0, 3.0, 4.0]), torch.tensor([0.0, 2.0])])
    found = encoding(torch.tensor([[2.0, 1.0], [-1.0, -2.0], [6.0, 4.0]]))
    assert found[0].tolist() == [[1, 0.5, 0], [-1, 0, 0], [1, 1, 3]]
    assert found[1].tolist() == [[0.5, 0, 0], [-1, 0, 0], [2, 0, 0]]


def test_a_constant_feature_is_zero_in_all_bins():
    encoding = PiecewiseLinear(1, 4)
    encoding.fit([torch.tensor([0.3])])
    assert not encoding(torch.tensor([[0.3], [5.0]])).any()


def test_quantile_edges_hold_equal_shares():
    x = drawn(400, 2)
    edges = quantile_edges(x, 8)
    for column, of in zip(x.T, edges, strict=True):
        counts = torch.histogram(column, of).hist
        assert counts.tolist() == [50.0] * 8


def test_target_edges_are_the_cuts_of_a_tree():
    x = drawn(500, 1)
    y = (x[:, 0] > 0.3).float() * 2 + (x[:, 0] > 1).float()
    (edges,) = target_edges(x, y, 3)
    tree = DecisionTreeRegressor(max_leaf_nodes=3).fit(x.numpy(), y.numpy()).tree_
    cuts = sorted(tree.threshold[tree.children_left >= 0])
    torch.testing.assert_close(edges[1:-1], torch.tensor(cuts).float())
    assert (edges[0], edges[-1]) == (x.min(), x.max())


def test_target_edges_tell_classes_apart():
    x = torch.linspace(0, 1, 200)[:, None]
    y = ((x[:, 0] > 0.25) & (x[:, 0] < 0.75)).long()
    (edges,) = target_edges(x, y, 4)
    torch.testing.assert_close(edges[1:-1], torch.tensor([0.25, 0.75]), atol=5e-3, rtol=0)


def test_piecewise_linear_embedding_equals_the_authors():
    known = load_file(REFERENCES)
    x = known["x"]
    embedding = PiecewiseLinearEmbedding(x.shape[1], 6, 4)
    embedding.bins.fit(list(known["edges"]))
    with torch.no_grad():
        embedding.whole.weight.copy_(known["ple.linear0.weight"][:, None])
        embedding.whole.bias.copy_(known["ple.linear0.bias"][:, None])
        embedding.pieces.weight.copy_(known["ple.linear.weight"])
    torch.testing.assert_close(embedding(x).transpose(0, 1), known["ple.outputs"])


def test_quantile_edges_equal_the_authors():
    known = load_file(REFERENCES)
    torch.testing.assert_close(torch.stack(quantile_edges(known["x"], 6)), known["edges"])


def test_periodic_embedding_equals_the_authors():
    known = load_file(REFERENCES)
    x = known["x"]
    embedding = PeriodicEmbedding(x.shape[1], 5, 4)
    with torch.no_grad():
        embedding.frequencies.copy_(known["periodic.periodic.weight"][:, None])
        embedding.mixed.weight.copy_(known["periodic.linear.weight"])
        assert embedding.mixed.bias is not None
        embedding.mixed.bias.copy_(known["periodic.linear.bias"][:, None])
    torch.testing.assert_close(embedding(x).transpose(0, 1), known["periodic.outputs"])


@pytest.mark.parametrize("step", [1.0, 0.1])
def test_phased_embedding_is_what_its_formula_says(step: float):
    embedding, x = PhasedEmbedding(2, 3, 4, step=step), drawn(5, 2)
    w, b = step * embedding.frequencies[:, 0], step * embedding.phases[:, 0]
    assert embedding.mixed.bias is not None
    for feature in range(2):
        waves = torch.cos(2 * math.pi * x[:, feature, None] * w[feature] + b[feature])
        mixed = step * (waves @ embedding.mixed.weight[feature] + embedding.mixed.bias[feature])
        wanted = torch.cat([x[:, feature, None], mixed], 1)
        torch.testing.assert_close(embedding(x)[feature], wanted)


def test_pieces_add_nothing_at_first():
    embedding, x = PiecewiseLinearEmbedding(3, 5, 4), drawn(6, 3)
    assert torch.equal(embedding(x), embedding.whole(x))


def test_linear_embedding():
    embedding, x = LinearEmbedding(2, 3), drawn(4, 2)
    wanted = x[:, 1, None] * embedding.weight[1] + embedding.bias[1]
    torch.testing.assert_close(embedding(x)[1], wanted)
