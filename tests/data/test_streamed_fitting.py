"""What is fitted to a table on disk, and the tensors made of it, are those of the same table in memory."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from glia.data import encoding, streamed_fitting, streaming
from glia.data.dataset import Dataset
from glia.data.encoders import ArrayEncoder, CategoryEncoder, NumberEncoder
from glia.data.encoding import StreamedInputs
from glia.data.opening import open_dataset
from glia.data.preprocessing import Preprocessing, fit
from glia.data.streaming import judged, some
from tests.data.streamed import columns, write


def fitted(path: Path, target: str = "amount") -> tuple[Dataset, Preprocessing, Dataset, Preprocessing, np.ndarray]:
    whole, streamed = (open_dataset(path, target=target, stream=stream) for stream in (False, True))
    rows = np.flatnonzero(np.arange(len(whole)) % 5)
    return whole, fit(whole, rows), streamed, fit(streamed, rows), rows


def test_in_one_piece_all_is_equal_to_the_last_bit(tmp_path) -> None:
    whole, first, streamed, second, rows = fitted(write(tmp_path / "t.parquet", columns(600)))
    assert first == second
    inputs = StreamedInputs(streamed, second, rows)
    assert torch.equal(first.encode(whole[rows]), inputs.read([slice(0, len(rows))]))


def test_in_many_pieces_only_the_last_digits_of_means_differ(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(streaming, "PIECE", 60)
    monkeypatch.setattr(encoding, "ENCODED", 37)
    whole, first, streamed, second, rows = fitted(write(tmp_path / "t.parquet", columns(600)))
    for one, other in zip(first.encoders, second.encoders, strict=True):
        if isinstance(one, NumberEncoder):
            assert isinstance(other, NumberEncoder)
            assert (one.name, one.gaps, one.times, one.origin) == (other.name, other.gaps, other.times, other.origin)
            np.testing.assert_allclose([one.mean, one.std], [other.mean, other.std], rtol=1e-13)
        else:
            assert one == other
    assert first.said == second.said
    inputs = StreamedInputs(streamed, first, rows)
    stretches = [slice(100, 300), slice(0, 1), slice(40, 77)]
    expected = np.concatenate([rows[part] for part in stretches])
    assert torch.equal(first.encode(whole[expected]), inputs.read(stretches))
    assert len(inputs) == len(rows)
    assert inputs.read([]).shape == (0, *first.shape)


def test_rare_and_unseen_categories_are_the_others(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(streaming, "PIECE", 60)
    draw = np.random.default_rng(0)
    town = [f"town {number}" for number in draw.geometric(0.01, 900).tolist()]
    given = {"town": town, "amount": draw.normal(size=900)}
    whole, first, streamed, second, rows = fitted(write(tmp_path / "t.parquet", given))
    assert first == second
    (encoder,) = second.encoders
    assert isinstance(encoder, CategoryEncoder)
    assert len(encoder.labels) == 100
    assert "the 100 most frequent categories are kept" in second.said[0]
    others = np.setdiff1d(np.arange(900), rows)
    assert torch.equal(first.encode(whole[others]), StreamedInputs(streamed, second, others).read([slice(0, 180)]))


def test_constant_and_empty_training_columns_are_as_in_memory(tmp_path) -> None:
    x, z = np.full(100, 7.0), np.full(100, np.nan)
    x[::5], z[::5] = 3.0, 1.0  # which are no training rows
    _, first, _, second, _ = fitted(write(tmp_path / "t.parquet", {"x": x, "z": z, "amount": np.arange(100.0)}))
    assert first == second
    assert [encoder.std for encoder in second.encoders if isinstance(encoder, NumberEncoder)] == [1.0, 1.0]


def test_arrays_are_judged_by_a_sample_where_there_are_many(tmp_path, monkeypatch) -> None:
    values = np.random.default_rng(0).normal(2, 3, size=(3000, 4))
    lists = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 4)
    pq.write_table(pa.table({"v": lists, "amount": np.arange(3000.0)}), tmp_path / "t.parquet")
    whole, first, streamed, second, rows = fitted(tmp_path / "t.parquet")
    assert first == second
    assert torch.equal(first.encode(whole[rows]), StreamedInputs(streamed, second, rows).read([slice(0, len(rows))]))
    monkeypatch.setattr(streamed_fitting, "SAMPLED_BYTES", 1)
    (encoder,) = fit(streamed, rows).encoders
    assert isinstance(encoder, ArrayEncoder)
    assert encoder.mean != second.encoders[0].mean  # type: ignore[union-attr]
    np.testing.assert_allclose(encoder.mean, 2, atol=0.5)


@pytest.mark.parametrize(("count", "most"), [(10, 10), (1000, 10), (7, 6), (1001, 1000)])
def test_some_rows_are_different_ones_from_all_over(count: int, most: int) -> None:
    rows = np.arange(count) * 3
    chosen = some(rows, most)
    assert len(chosen) == len(set(chosen.tolist())) == most
    assert np.isin(chosen, rows).all()
    assert (np.diff(chosen) > 0).all()
    assert np.array_equal(some(count, most) * 3, chosen)
    assert chosen[-1] >= rows[-1] * 0.8
    if most < count / 2:
        assert not np.array_equal(some(rows, most, seed=1), chosen)


def test_a_look_takes_fewer_rows_the_more_outputs_there_are(monkeypatch) -> None:
    monkeypatch.setattr(streaming, "MOST_JUDGED", 50)
    monkeypatch.setattr(streaming, "MOST_OUTPUTS", 100)
    assert [len(judged(1000, outputs)) for outputs in (1, 2, 10, 1000)] == [50, 50, 10, 1]
    assert len(judged(20, 1)) == 20
