import json

import pytest

from glia import pictures
from glia.errors import DataError
from glia.pictures import Bars, Curve, Graph, Images, Matrix, Points, Regions

EXAMPLES = [
    Curve(title="Loss", x="step", y="loss", lines=(("train", (1.0, 2.0), (0.5, 0.25)), ("validation", (2.0,), (0.3,)))),
    Matrix(
        title="Confusion", x="predicted", y="true", columns=("a", "b"), rows=("a", "b"), values=((1.0, 0.0), (2.0, 3.0))
    ),
    Bars(
        title="Importance",
        x="column",
        y="share",
        labels=("a", "b"),
        values=(0.5, 0.1),
        intervals=((0.4, 0.6), (0.0, 0.2)),
    ),
    Bars(title="Residuals", x="euros", y="samples", labels=("-1", "1"), values=(4.0, 5.0)),
    Points(title="Fit", x="true", y="predicted", groups=(("samples", (1.0, 2.0), (1.5, 2.5)),), diagonal=True),
    Points(title="By choice", x="activation", y="accuracy", groups=(("trials", (1.0,), (0.9,)),), columns=("a", "b")),
    Regions(
        title="Tree",
        x="length",
        y="width",
        classes=("a", "b"),
        xs=(0.5, 1.5),
        ys=(1.0, 3.0),
        cells=((0, 1), (0, 0)),
        groups=(("a", (0.7,), (2.0,)), ("b", (1.6,), (1.1,))),
    ),
    Images(title="Samples", images=("0f.png", "1a.png"), labels=("cat", "dog")),
    Graph(title="Network", nodes=("x", "sum", "y"), edges=((0, 1), (1, 2))),
]


@pytest.mark.parametrize("picture", EXAMPLES, ids=lambda picture: picture.title)
def test_a_picture_survives_a_file(picture):
    written = json.loads(json.dumps(pictures.to_dict(picture)))
    assert pictures.from_dict(written) == picture
    assert written["kind"] in pictures.KINDS


def test_every_kind_has_an_example():
    assert {type(picture) for picture in EXAMPLES} == set(pictures.KINDS.values())
    assert {pictures.to_dict(picture)["kind"] for picture in EXAMPLES} == set(pictures.KINDS)


def test_reading_leaves_what_is_given_as_it_was():
    written = pictures.to_dict(EXAMPLES[0])
    pictures.from_dict(written)
    assert written["kind"] == "curve"


@pytest.mark.parametrize("given", [{"kind": "pie"}, {}])
def test_an_unknown_kind_is_refused(given):
    with pytest.raises(DataError, match=rf"'{given.get('kind')}' is not a kind of picture\. There are: curve, matrix"):
        pictures.from_dict(given)
