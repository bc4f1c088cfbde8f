"""Training samples together, for a model that looks at them before its first step, or learns from all at once."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from glia.errors import ConfigError
from glia.learner.streamed import to_look_at
from glia.models.samples import Samples
from glia.tasks.regression import Regression

if TYPE_CHECKING:
    from glia.learner.learner import Learner


def samples_of(learner: "Learner") -> Samples:
    """All that there is to train on, or as much of it as fits in memory."""
    dataset, task, preprocessing = learner.dataset, learner.task, learner.preprocessing
    if dataset is None:
        raise ConfigError("There is nothing to learn from yet: call prepare(dataset) before.")
    rows = to_look_at(learner, dataset)
    part = dataset[rows]
    targets = task.encode(part.targets())
    importance = task.importance(targets)
    if learner.weights is not None:
        importance = torch.from_numpy(learner.weights[rows]) * (1.0 if importance is None else importance)
    return Samples(
        inputs=preprocessing.finish(preprocessing.encode(part)),
        targets=targets,
        columns=preprocessing.columns,
        features=preprocessing.features,
        weights=importance,
        mean=task.mean if isinstance(task, Regression) else 0.0,
        deviation=task.deviation if isinstance(task, Regression) else 1.0,
        classes=tuple(map(str, getattr(task, "classes", ()))),
        target=task.target,
        rows=torch.from_numpy(np.array(rows, np.int64)),
    )
