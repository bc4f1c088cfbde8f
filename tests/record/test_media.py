"""Media of loops of one's own: what users have, kept as files that outlive programs."""

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

import glia
from glia import pictures
from glia.errors import ConfigError
from glia.record import media
from glia.tracking.folder.reader import RunReader


def kept(run: glia.Run) -> dict[str, bytes]:
    return {each.name: (run.folder / "media" / each.file).read_bytes() for each in RunReader(run.folder).media}


def pixels(encoded: media.Encoded) -> Any:
    return np.asarray(Image.open(io.BytesIO(encoded.data)))


def test_every_kind_is_recorded_under_its_name_phase_and_step() -> None:
    with glia.start() as run, run.phase("validation"):
        run.image("digit", np.zeros((4, 4)), step=1, caption="a seven")
        run.audio("tone", np.zeros(10), 8000, step=2)
        run.text("sample", "Once upon a time", step=3)
        run.table("mistakes", [{"truth": 7, "prediction": 1}], step=4)
        run.figure("curve", Figure(), step=5)
        run.histogram("weights", [1.0, 2.0, 3.0], step=6)
        run.confusion_matrix("confusion", [0, 1], [0, 0], step=7)
        run.picture("bars", pictures.Bars(title="t", x="x", y="y", labels=("a",), values=(1.0,)), step=8)
    records = [(each.name, each.kind, each.step, Path(each.file).suffix) for each in RunReader(run.folder).media]
    assert records == [
        ("validation/digit", "image", 1, ".png"),
        ("validation/tone", "audio", 2, ".wav"),
        ("validation/sample", "text", 3, ".txt"),
        ("validation/mistakes", "table", 4, ".json"),
        ("validation/curve", "image", 5, ".png"),
        ("validation/weights", "histogram", 6, ".json"),
        ("validation/confusion", "picture", 7, ".json"),
        ("validation/bars", "picture", 8, ".json"),
    ]
    assert RunReader(run.folder).media[0].caption == "a seven"


@pytest.mark.parametrize(
    "array",
    [
        np.full((2, 3), 255, np.uint8),
        np.full((2, 3, 1), 255, np.int64),
        np.ones((2, 3)),
        np.ones((2, 3), bool),
        torch.ones(2, 3, dtype=torch.bfloat16, requires_grad=True),
        np.full((2, 3), 7.0),
        Image.new("L", (3, 2), 255),
    ],
    ids=["bytes", "integers", "floats", "booleans", "tensor", "clipped", "pil"],
)
def test_images_of_all_types_are_white(array: Any) -> None:
    assert pixels(media.image(array)).tolist() == [[255] * 3] * 2


def test_a_palette_image_keeps_its_colours() -> None:
    found = pixels(media.image(Image.new("RGB", (1, 1), (255, 0, 0)).convert("P")))
    assert found.tolist() == [[[255, 0, 0, 255]]]


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((2, 2, 7)), r"shape H W or H W C.*\(2, 2, 7\)"),
        (np.zeros((3, 8, 8, 3)), r"not \(3, 8, 8, 3\)"),
        (np.zeros((0, 4)), r"not \(0, 4\)"),
        (np.array([[300]]), "go from 0 to 255; these go from 300 to 300"),
        (np.array([["a"]]), "made of numbers, not of <U1"),
    ],
)
def test_what_is_no_image_is_refused(array: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        media.image(array)


def read_wave(encoded: media.Encoded) -> tuple[int, int, list[int]]:
    with wave.open(io.BytesIO(encoded.data)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getnchannels(), file.getframerate(), samples.tolist()


def test_sounds_are_16_bit_wave_files() -> None:
    mono = read_wave(media.audio(torch.tensor([0.0, 1.0, -1.0, 2.0, float("nan")]), 16_000))
    assert mono == (1, 16_000, [0, 32767, -32767, 32767, 0])
    assert read_wave(media.audio(np.array([[1, 2], [3, 4], [5, 6]], np.int16), 8000)) == (2, 8000, [1, 2, 3, 4, 5, 6])
    assert read_wave(media.audio(np.array([[1, 3, 5], [2, 4, 6]], np.int16), 8000)) == (2, 8000, [1, 2, 3, 4, 5, 6])
    assert read_wave(media.audio(np.zeros((1, 4)), 8000)) == (1, 8000, [0] * 4)


@pytest.mark.parametrize(
    ("array", "rate", "reason"),
    [
        (np.zeros((5, 7)), 8000, r"one or two channels, not \(5, 7\)"),
        (np.zeros(0), 8000, r"not \(0,\)"),
        (np.zeros(5, np.int32), 8000, "floats from -1 to 1 or int16, not int32"),
        (np.zeros(5), 0, "rate=0 is not a number of samples"),
        (np.zeros(5), 0.5, "rate=0.5"),
    ],
)
def test_what_is_no_sound_is_refused(array: Any, rate: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        media.audio(array, rate)


def table(content: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(media.table(content).data)
    return found


def test_tables_of_all_kinds() -> None:
    expected = {"columns": ["word", "loss"], "rows": [["a", 0.5], ["b", "NaN"]], "total": 2}
    rows = [{"word": "a", "loss": 0.5}, {"word": "b", "loss": float("nan")}]
    assert table(rows) == table({"word": ["a", "b"], "loss": [0.5, float("nan")]}) == expected
    assert table(pd.DataFrame(rows)) == expected
    indexed = pd.DataFrame({"loss": [1]}, index=pd.Index(["x"], name="id"))
    assert table(indexed) == {"columns": ["id", "loss"], "rows": [["x", 1]], "total": 1}
    assert table([{"a": 1}, {"b": torch.tensor(2)}])["rows"] == [[1, None], [None, 2]]
    times = pd.DataFrame({"when": [pd.Timestamp("2026-01-02"), pd.NaT]})
    assert table(times)["rows"] == [["2026-01-02 00:00:00"], [None]]
    assert table([{"a": {"deep": [1]}, "b": "x" * 2000}])["rows"][0] == ['{"deep": [1]}', "x" * 1000 + "…"]
    assert table([]) == {"columns": [], "rows": [], "total": 0}


def test_of_a_long_table_the_beginning_is_kept_and_that_is_said_once() -> None:
    with glia.start() as run:
        for step in range(2):
            run.table("long", pd.DataFrame({"n": range(media.MOST_ROWS + 5)}), step=step)
    found = json.loads(kept(run)["long"])
    assert (len(found["rows"]), found["total"]) == (10_000, 10_005)
    assert run.warnings == [
        "'long' is long: of its 10,005 rows the first 10,000 are kept. All of it can be kept with save_artifact."
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"a": [1, 2], "b": [1]}, "not: a 2, b 1"),
        ([1, 2], r"not list: '\[1, 2\]'"),
        ("text", "not str"),
    ],
)
def test_what_is_no_table_is_refused(content: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        media.table(content)


def test_figures_of_matplotlib_and_of_glia() -> None:
    figure = Figure()
    axes = figure.subplots()
    for drawn in (figure, axes):
        assert media.figure(drawn).data.startswith(b"\x89PNG")
    assert media.figure(pictures.Graph(title="g", nodes=("a",), edges=())).kind == "picture"
    with pytest.raises(ConfigError, match=r"of matplotlib or of glia.pictures, not builtins.dict"):
        media.figure({"data": []})


def test_histograms_count_what_is_not_finite_apart() -> None:
    found = media.binned(torch.tensor([0.0, 1.0, 1.0, float("inf"), float("nan")]), bins=2)
    assert found == {"edges": [0.0, 0.5, 1.0], "counts": [1, 2], "other": 2}
    assert media.binned([float("nan")])["counts"] == [0]
    assert media.counted([1, 2], [0, 1, 2]) == {"edges": [0.0, 1.0, 2.0], "counts": [1.0, 2.0], "other": 0}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "of values, or of counts and edges together"),
        ({"values": [1], "counts": [1], "edges": [0, 1]}, "of values, or"),
        ({"counts": [1]}, "together"),
        ({"counts": [1, 2], "edges": [0, 1]}, r"shape \(2,\) and edges \(2,\)"),
        ({"counts": [1], "edges": [1, 0]}, "edges ascend"),
        ({"values": []}, "these are 0"),
        ({"values": ["a"]}, "of type <U1"),
        ({"values": [1], "bins": 0}, "bins=0"),
    ],
)
def test_what_is_no_histogram_is_refused(given: dict[str, Any], reason: str) -> None:
    with glia.start() as run, pytest.raises(ConfigError, match=reason):
        run.histogram("weights", **given)


def test_confusion_matrices() -> None:
    found = media.confusion(["b", "a", "b"], ["b", "b", "b"])
    assert (found.rows, found.values) == (("a", "b"), ((0.0, 1.0), (0.0, 2.0)))
    named = media.confusion(torch.tensor([0, 2]), torch.tensor([2, 2]), labels=["cat", "dog", "owl"])
    assert (named.columns, named.values[0]) == (("cat", "dog", "owl"), (0.0, 0.0, 1.0))
    ordered = media.confusion(["b"], ["a"], labels=["b", "a"])
    assert ordered.values == ((0.0, 1.0), (0.0, 0.0))


@pytest.mark.parametrize(
    ("truth", "prediction", "labels", "reason"),
    [
        ([0, 1], [[0.1, 0.9], [0.3, 0.7]], None, r"shape \(2,\) and prediction \(2, 2\).*argmax"),
        ([0, 1], [0], None, "one class for each sample"),
        ([0, 5], [0, 1], ["a", "b"], "class 5 is not among the 2 labels"),
        (np.arange(1001), np.arange(1001), None, "1,001 classes"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(truth: Any, prediction: Any, labels: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        media.confusion(truth, prediction, labels)


def test_texts() -> None:
    assert media.text("Ümlaut \udc80").data.decode() == "Ümlaut ?"
    assert media.text("x" * 1_000_001).note == "of its 1,000,001 characters the first 1,000,000 are kept"
    with pytest.raises(ConfigError, match="A text is a str, not int: '3'"):
        media.text(3)  # type: ignore[arg-type]
