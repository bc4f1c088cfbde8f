from torch import nn

from glia.models.building import build
from glia.training.population.rows import LAST, row_of


def test_networks_of_other_functions_have_the_same_places() -> None:
    first, second = (
        row_of(build("mlp", {"hidden": [7, 5], **options}, inputs=(6,), outputs=3, seed=0))
        for options in ({"activation": "linear", "dropout": 0.1}, {"activation": "tanh"})
    )
    assert first is not None
    assert second is not None
    assert first.flattens
    assert [layer.out_features for layer in first.dense] == [7, 5, 3]
    assert list(first.functions) == []
    assert list(first.dropouts) == [(1, 0, 0), (2, 0, 0)]
    assert list(second.functions) == [(1, 0, LAST), (2, 0, LAST)]
    assert [second.width(place) for place in second.functions] == [7, 5]


def test_functions_and_dropouts_in_turn() -> None:
    row = row_of(nn.Sequential(nn.Dropout(), nn.Linear(4, 3), nn.Dropout(), nn.Dropout(), nn.ReLU(), nn.Dropout()))
    assert row is not None
    assert not row.flattens
    assert sorted([*row.dropouts, *row.functions]) == [(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, LAST), (1, 1, 0)]
    assert row.width((0, 0, 0)) == 4


def test_other_networks() -> None:
    assert row_of(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))) is None
    assert row_of(nn.ReLU()) is None
