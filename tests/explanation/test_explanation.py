import sys

import numpy as np
import pytest
from PIL import Image

import glia
from glia.errors import ConfigError
from glia.explanation.explanation import Explanation
from glia.pictures import Curve, Images
from glia.tracking.folder.reader import RunReader

CURVE = Curve(title="Rates <1>", x="rate", y="loss", lines=(("loss", (0.1, 0.2), (1.0, 0.5)),))
IMAGES = Images(title="Maps", images=("a", "b"), labels=("a: first", "b: second"))
PIXELS = {"a": np.zeros((4, 8), np.uint8), "b": np.full((9, 3), 255, np.uint8)}
FOUND = Explanation(title="Rates <1>", text="rate 0.2 is best", pictures=(CURVE, IMAGES), pixels=PIXELS)


def test_it_shows_itself_in_words_and_in_notebooks():
    assert str(FOUND) == "Rates <1>\nrate 0.2 is best"
    html = FOUND._repr_html_()
    assert html.startswith("<b>Rates &lt;1&gt;</b><pre>rate 0.2 is best</pre><img")
    assert "data:image/png;base64,iVBOR" in html


def test_without_matplotlib_words_are_left(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert FOUND._repr_html_().endswith("</pre>")
    with pytest.raises(ConfigError, match=r"Drawing needs matplotlib: pip install 'glia\[plots\]'"):
        FOUND.save("x.png")


def test_pictures_are_drawn_into_a_file(tmp_path):
    file = FOUND.save(tmp_path / "both.png")
    with Image.open(file) as picture:
        assert picture.width > 300
    alone = Explanation(title="", text="", pictures=(IMAGES,), pixels=PIXELS)
    assert alone.save(tmp_path / "maps.svg").read_text().startswith("<?xml")
    drawn = alone.figure().axes[0].images
    assert [image.get_array().shape for image in drawn] == [(4, 8), (9, 3)]


def test_pictures_are_kept_with_a_run():
    with glia.start() as run:
        FOUND.record(run)
    kept = {record.name: (record.kind, record.caption) for record in RunReader(run.folder).media}
    assert kept == {"Rates <1>": ("picture", ""), "a": ("image", "a: first"), "b": ("image", "b: second")}
