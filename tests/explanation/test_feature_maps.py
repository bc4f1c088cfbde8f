import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import ConfigError, DataError
from glia.explanation.feature_maps import MOST_MAPS, feature_maps, mosaic
from glia.nn.building_blocks import read_block
from glia.nn.convolution_blocks import BLOCKS
from glia.tracking.folder.reader import RunReader

runner = CliRunner()


class Layers(nn.Module):
    """A network of blocks, and a linear layer over what they leave."""

    def __init__(self, *entries, inputs, outputs=2):
        super().__init__()
        self.blocks = nn.Sequential()
        shape = inputs
        for entry in entries:
            built = read_block(entry, BLOCKS).build(shape)
            self.blocks.append(built.layer)
            shape = built.shape
        self.output = nn.Linear(int(np.prod(shape)), outputs)

    def forward(self, x):
        return self.output(self.blocks(x).flatten(1))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A small convolutional network on pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLIA_HOME", str(tmp_path_factory.mktemp("maps") / ".glia"))
        settings = {"model.channels": [4, 70], "train.batch_size": 512, "train.device": "cpu"}
        yield glia.train("digits", model="cnn", epochs=1, settings=settings)


def trained(network, shape):
    x = np.random.default_rng(0).normal(size=(24, *shape)).astype(np.float32)
    return glia.train((x, np.arange(24) % 2), model=network, epochs=1, settings={"train.device": "cpu"})


def test_maps_are_what_the_layers_put_out(digits):
    found = glia.explain(digits, feature_maps=True, sample=3)
    names = ["feature maps/input", "feature maps/convolutions.0", "feature maps/convolutions.3"]
    assert list(found.pictures[0].images) == list(found.pixels) == names
    learner = digits.learner
    data = glia.dataset("digits")[3:4]
    with torch.no_grad():
        x = learner.preprocessing.finish(learner.preprocessing.encode(data))
        maps = learner.model.convolutions[0](x)[0].numpy()
    level = np.round((maps - maps.min()) / (maps.max() - maps.min()) * 255)
    whole = found.pixels["feature maps/convolutions.0"]
    assert whole.shape == (8 + 1 + 8, 8 + 1 + 8)
    for at, (top, left) in enumerate([(0, 0), (0, 9), (9, 0), (9, 9)]):
        np.testing.assert_allclose(whole[top : top + 8, left : left + 8], level[at], atol=1)
    assert f"convolutions.0: 4 of 8x8, {maps.min():.3g} to {maps.max():.3g}" in found.text
    assert "convolutions.3: 70 of 4x4" in found.text
    assert found.pictures[0].labels[2].endswith(f", the first {MOST_MAPS} shown")


def test_they_are_kept_with_the_run(digits):
    glia.explain(digits, feature_maps=True)
    kept = {record.name: record for record in RunReader(digits.folder).media if record.kind == "image"}
    assert "convolutions.0: 4 of 8x8" in kept["feature maps/convolutions.0"].caption
    with Image.open(digits.folder / "media" / kept["feature maps/convolutions.0"].file) as picture:
        assert picture.size == (17, 17)


def test_a_sample_of_ones_own_is_read_as_predict_reads_it(digits, tmp_path):
    file = tmp_path / "digit.png"
    Image.fromarray(glia.dataset("digits").columns["image"].values()[5][..., 0]).save(file)
    own, its = (glia.explain(digits, feature_maps=True, **given) for given in ({"inputs": str(file)}, {"sample": 5}))
    assert "the sample given" in own.title
    assert all(np.array_equal(own.pixels[name], its.pixels[name]) for name in its.pixels)


def test_any_layer_that_puts_out_maps_may_be_named(digits):
    found = glia.explain(digits, feature_maps=True, layers="convolutions.1")
    assert list(found.pixels) == ["feature maps/input", "feature maps/convolutions.1"]
    assert ", 0 to " in found.text.splitlines()[1]  # a rectifier


@pytest.mark.parametrize(
    ("entries", "shape", "expected"),
    [
        ([{"conv": 3}], (2, 10), {"input": (3, 10), "blocks.0": (5, 10)}),
        ([{"conv": 3, "stride": 2}, {"separable-conv": 2}], (1, 8, 8), {"blocks.0": (9, 9), "blocks.1": (4, 9)}),
        ([{"conv": 2}], (1, 4, 6, 5), {"blocks.0": (6, 11)}),
        ([{"conv-lstm": 4, "returns": "all"}], (3, 1, 6, 6), {"blocks.0.0": (13, 13)}),
        ([{"conv-transposed": 4, "stride": 2}], (1, 4, 4), {"blocks.0.0": (19, 19)}),
    ],
    ids=str,
)
def test_lines_solids_and_sequences_have_maps_too(entries, shape, expected):
    run = trained(Layers(*entries, inputs=shape), shape)
    found = feature_maps(run)
    shapes = {name.removeprefix("feature maps/"): pixels.shape for name, pixels in found.pixels.items()}
    for name, size in expected.items():
        assert shapes[name] == size
    assert ("input" in shapes) == (len(shape) < 4)


def test_constant_maps_are_counted():
    network = Layers({"conv": 3}, "batch-norm", inputs=(1, 6, 6))
    run = trained(network, (1, 6, 6))
    with torch.no_grad():
        run.model.blocks[0].weight[1:] = 0
    assert "; 2 the same everywhere" in feature_maps(run).text


def test_maps_without_differences_are_black():
    assert not mosaic(np.ones((1, 2, 2))).any()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ConfigError, "Say what to explain: feature_maps=True"),
        ({"feature_maps": True, "sample": 1797}, DataError, "no sample 1797: 'digits' has 1,797, counted from 0."),
        ({"feature_maps": True, "sample": -1}, DataError, "There is no sample -1"),
        (
            {"feature_maps": True, "layers": "convolution.0"},
            ConfigError,
            "no layer 'convolution.0'. Did you mean 'conv",
        ),
        ({"feature_maps": True, "layers": ["output"]}, ConfigError, "Layer 'output' puts out (10,), and maps have"),
        ({"feature_maps": True, "inputs": "x.png", "sample": 1}, ConfigError, "sample=1 is one of the run's own data"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_refused(digits, given, error, message):
    with pytest.raises(error) as caught:
        glia.explain(digits, **given)
    assert message in str(caught.value)


def test_a_network_without_convolutions_says_what_may_be_named():
    run = trained(nn.Sequential(nn.Flatten(), nn.Linear(6, 2)), (6,))
    with pytest.raises(ConfigError, match=r"no convolutions, so it makes no feature maps\. .* be named: 0, 1\."):
        feature_maps(run)


def test_the_command_draws_a_file(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("GLIA_HOME", str(digits.folder.parents[1]))
    out = tmp_path / "maps.png"
    done = runner.invoke(app, ["explain", digits.id[:6], "--feature-maps", "--sample", "2", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "convolutions.0: 4 of 8x8" in done.stdout
    assert f"Drawn into {out}." in done.stderr
    with Image.open(out) as picture:
        assert picture.width > picture.height > 100
    as_json = runner.invoke(app, ["explain", digits.id[:6], "--feature-maps", "--layer", "convolutions.0", "--json"])
    assert json.loads(as_json.stdout)["pictures"][0]["kind"] == "images"
