import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glia.tracking.log.records import (
    TYPES,
    ArtifactRecord,
    ChecksumRecord,
    DataRecord,
    DeletedRecord,
    MediaRecord,
    NoteRecord,
    ParamsRecord,
    ProposalRecord,
    Record,
    RewindRecord,
    StateRecord,
    StopRecord,
    StreamRecord,
    SummaryRecord,
    TagsRecord,
    TrialRecord,
    WarningRecord,
    WeightsRecord,
    from_text,
    number,
    plain,
    to_text,
)

EXAMPLES: list[Record] = [
    StreamRecord(time=1, id=3, name="train/loss", direction="lower"),
    ParamsRecord(values={"rate": 0.1, "layers": [1, 2], "deep": {"a": None}}),
    TagsRecord(set={"team": "vision"}, removed=("old",)),
    NoteRecord(text="Ümlaut\nand \0 nothing"),
    SummaryRecord(values={"accuracy": 0.9}),
    MediaRecord(name="matrix", kind="picture", file="ab.json", step=3, caption="c"),
    ArtifactRecord(name="model.pt", blob="ab" * 32, bytes=7),
    WeightsRecord(file="checkpoints/last.safetensors", hashes={"": "ab", "model": "cd"}, step=7),
    StateRecord(state="failed", reason="out of memory"),
    StopRecord(reason="enough", heard=True),
    DeletedRecord(reason="a mistake"),
    RewindRecord(step=7, slots={"1-ab.log": 12}),
    DataRecord(version="d71c", name="digits", samples=1797),
    WarningRecord(text="careful"),
    ChecksumRecord(first=0, slots=2048, sums=(1, 2)),
    TrialRecord(trial=17, attempt=2, settings={"train.learning_rate": 0.1}, said={"by": "random"}),
    ProposalRecord(id="0a1b2c3d", settings={"model.hidden": [8, 8]}, by="ada", withdrawn=True),
]


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_a_record_comes_back(record: Record) -> None:
    text = to_text(record)
    assert b"\0" not in text
    assert from_text(text) == record


def test_every_type_has_an_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(TYPES.values())


def test_what_a_newer_glia_adds_is_ignored() -> None:
    assert from_text(b'{"type": "hologram", "time": 1}') is None
    newer = json.loads(to_text(NoteRecord(text="hello"))) | {"colour": "red"}
    assert from_text(json.dumps(newer).encode()) == NoteRecord(text="hello")


def test_only_what_is_about_a_trial_says_so() -> None:
    assert b"trial" not in to_text(StateRecord(state="done"))
    about = StateRecord(state="done", trial=0, attempt=3)
    assert json.loads(to_text(about))["trial"] == 0
    assert from_text(to_text(about)) == about
    assert from_text(to_text(about).replace(b'"trial":0', b'"trial":"x"')) is None
    assert from_text(to_text(about).replace(b'"attempt":3', b'"attempt":null')) is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"3", b"\xff", b"{}", b'{"type": "state"}', b'{"type": []}'])
def test_what_is_no_record_is_none(text: bytes) -> None:
    assert from_text(text) is None


@dataclasses.dataclass
class Odd:
    value: int = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (-float("inf"), "-Infinity"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        ({1: (2, float("nan"))}, {"1": [2, "NaN"]}),
        (Path("a/b"), str(Path("a/b"))),
        (Odd(), "Odd(value=3)"),
        (None, None),
    ],
)
def test_any_value_becomes_json(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_numbers_that_are_not_finite_come_back() -> None:
    assert [number(plain(value)) for value in (float("inf"), -float("inf"), 1.5, 3)] == [
        float("inf"),
        -float("inf"),
        1.5,
        3,
    ]
    assert number("tanh") == "tanh"
    assert np.isnan(number(plain(float("nan"))))


def test_half_a_pair_of_surrogates_never_leaves_the_log() -> None:
    """Arguments and names of files that are not UTF-8 bring them; nothing could print, send or store them."""
    record = from_text(to_text(ParamsRecord(values={"\udcff": ["\ud800x", {"a": "\udfff"}], "whole": "🙂"})))
    assert record == ParamsRecord(values={"?": ["?x", {"a": "?"}], "whole": "🙂"})
