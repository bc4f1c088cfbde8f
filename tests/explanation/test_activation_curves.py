import numpy as np

from glia.explanation.activation_curves import activation_curves
from glia.nn.activations import ACTIVATIONS


def test_every_activation_is_drawn_with_its_derivative() -> None:
    curves = activation_curves()
    assert [curve.title for curve in curves] == [name for name in ACTIVATIONS if name != "identity"]
    for curve in curves:
        (_, xs, values), (_, same, slopes) = curve.lines
        assert xs == same
        assert np.isfinite(values).all()
        if curve.title not in ("step", "softmax"):
            middle = (np.array(values)[2:] - np.array(values)[:-2]) / (np.array(xs)[2:] - np.array(xs)[:-2])
            assert (np.abs(middle - np.array(slopes)[1:-1]) < 1e-3).mean() > 0.98  # all but the corners


def test_those_named_are_drawn() -> None:
    (curve,) = activation_curves(["tanh"])
    name, xs, values = curve.lines[0]
    assert (name, curve.title) == ("value", "tanh")
    np.testing.assert_allclose(values, np.tanh(xs))
