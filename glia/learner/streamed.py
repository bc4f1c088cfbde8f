"""A learner whose samples are too many for memory: batches read from disk, and what cannot be had of such samples."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from glia.data.batches import TensorBatches
from glia.data.dataset import Dataset
from glia.data.encoding import StreamedInputs
from glia.data.parquet import SUFFIX, ParquetTable
from glia.data.streaming import judged, some
from glia.data.windows import Order, Stretches, WindowedBatches
from glia.errors import ConfigError
from glia.learner.targets import EncodedTargets
from glia.learner.telling import left_out
from glia.models.samples import AtOnce
from glia.tasks import Prediction

if TYPE_CHECKING:
    from glia.learner.learner import Learner

SAMPLED = 2**20  # samples that a model looks at together, of more than memory holds
SAMPLED_BYTES = 2**28  # of these, encoded

Make = Callable[[Tensor, Tensor, Order | None], TensorBatches]


def refuse(learner: "Learner", dataset: Dataset) -> None:
    """What takes all samples at once cannot be had of those that do not fit in memory.

    Raises:
        ConfigError: the recipe or the weights ask for it.
    """
    train, what = learner.recipe.train, ""
    if dataset.streaming is None:
        return
    if train.batch_size == "all":
        what = "train.batch_size='all' takes all samples at once. Give a number"
    elif train.members > 1:
        what = f"train.members={train.members} networks share all samples in memory. Train one at a time"
    elif learner.weights is not None:
        what = "Weights of samples are for data in memory. Leave them out"
    if what:
        raise ConfigError(f"{what}: '{dataset.name}' is too large for memory. Or read it whole: data.stream=false.")


def refuse_together(dataset: Dataset) -> None:
    """Networks trained as one share all samples.

    Raises:
        ConfigError: these do not fit in memory.
    """
    if dataset.streaming is not None:
        raise ConfigError(
            f"Networks that are trained together share all samples in memory, and '{dataset.name}' is too large for "
            "it. Train one at a time (glia train), or give a share of the rows."
        )


def batches(
    learner: "Learner", dataset: Dataset, rows: NDArray[Any], make: Make, *, batch_size: int, shuffle: bool = False
) -> WindowedBatches:
    """Batches of rows of a streamed dataset.

    Args:
        learner: prepared.
        dataset: the samples.
        rows: positions of those wanted, in order.
        make: inputs, targets and order of a window → its batches.
        batch_size: samples a batch.
        shuffle: whether each epoch has an order of its own.
    """
    inputs, targets = StreamedInputs(dataset, learner.preprocessing, rows), EncodedTargets(dataset, learner.task)

    def read(stretches: Stretches) -> tuple[Tensor, Tensor]:
        found = [targets(np.array(rows[part])) for part in stretches]
        return inputs.read(stretches), torch.cat(found) if found else targets(rows[:0])

    return WindowedBatches(
        read,
        make,
        samples=len(rows),
        sample_bytes=inputs.read([slice(0, min(1, len(rows)))]).nbytes,
        batch_size=batch_size,
        seed=learner.recipe.train.seed if shuffle else None,
    )


def to_judge_by(learner: "Learner", dataset: Dataset, rows: NDArray[Any] | None) -> NDArray[Any]:
    """Of some rows, None: all, those that a look takes."""
    everything: Any = len(dataset) if rows is None else rows
    if dataset.streaming is None:
        return np.arange(everything) if rows is None else rows
    return judged(everything, learner.task.outputs)


def to_look_at(learner: "Learner", dataset: Dataset) -> NDArray[Any]:
    """The training rows that a model looks at together."""
    rows = learner.division.train
    if dataset.streaming is None:
        return rows
    one = learner.preprocessing.encode(dataset[rows[:1]]).nbytes
    return some(rows, min(SAMPLED, max(1_000, SAMPLED_BYTES // one)))


def remarks(learner: "Learner", dataset: Dataset) -> list[str]:
    """What is to be said of samples, or metrics, that were left out of a look."""
    said = left_out(learner.task, learner.division)
    for name in ("validation", "test"):
        there = getattr(learner.division, name)
        looked_at = len(to_judge_by(learner, dataset, there))
        if looked_at < len(there):
            said.append(f"Each look at {name} takes {looked_at:,} of its {len(there):,} samples, drawn at random.")
    used = len(to_look_at(learner, dataset))
    if isinstance(learner.model, AtOnce) and used < len(learner.division.train):
        said.append(
            f"'{learner.recipe.model.name}' learns from all samples at once: a random {used:,} of the "
            f"{len(learner.division.train):,} for training were taken."
        )
    return said


def predictions(learner: "Learner", given: Any) -> Iterator[Prediction]:
    """The target of samples as the user has them: of a large Parquet table part by part, of all else at once.

    Raises:
        NotFoundError: no such file.
        DataError: columns missing, or nothing that the inputs could be.
    """
    table = large_table(given)
    if table is None:
        yield learner.predict(given)
        return
    for batch in table.batches():
        yield learner.predict(pa.Table.from_batches([batch]))


def large_table(given: Any) -> ParquetTable | None:
    """The Parquet table at a path, if it is too large for memory."""
    if not isinstance(given, str | Path):
        return None
    path = Path(given).expanduser()
    if not path.is_file() or not path.name.lower().endswith(SUFFIX):
        return None
    table = ParquetTable.of(path)
    return table if table.is_large else None


def joined(parts: Iterator[Prediction]) -> Prediction:
    """Predictions of parts as one."""
    found = list(parts)
    first = found[0]
    values = np.concatenate([each.values for each in found])
    said = tuple(dict.fromkeys(line for each in found for line in each.said))
    if first.probabilities is None:
        return Prediction(values, said=said)
    probabilities = np.concatenate([np.asarray(each.probabilities) for each in found])
    return Prediction(values, probabilities, first.classes, said)
