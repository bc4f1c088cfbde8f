"""What every classical model can do. To a learner it is a model like any other: from features to a task's outputs.

A classifier gives log-probabilities, the softmax of which are its probabilities; a regressor gives standardised
numbers. So tasks judge and decode it as they do a network. It is fitted at once, on the CPU, and kept as a skops file:
loading one builds objects of scikit-learn and NumPy alone.

Letters    N samples, F features, K outputs.
"""

import json
from abc import abstractmethod
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import skops.io
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from glia.classical.threads import suited_to
from glia.classical.trusted import check, may_be_loaded
from glia.config import from_dict, to_dict
from glia.errors import DataError
from glia.models.samples import AtOnce, Column, Samples
from glia.pictures import Picture

SMALLEST = np.finfo(np.float64).eps  # a probability of zero is taken for this: -log p ≤ 36
KEPT = ("columns", "features", "classes", "target", "mean", "deviation")  # of the samples, in the file


@dataclass(frozen=True)
class Told:
    """What a person reads of a fitted model: the rules of a tree, the coefficients of a line.

    Attributes:
        title: a few words.
        text: lines.
        picture: the same drawn, where it can be.
    """

    title: str
    text: str
    picture: Picture | None = None


class ClassicalModel(AtOnce):
    """An estimator of scikit-learn's kind in the clothes of a network.

    A subclass takes `(config, inputs=, outputs=)` as every family does and says in `make` which estimator it is.

    Attributes:
        classifies: whether outputs are classes; a regression has one output.
        seed: of everything random in it, drawn from torch's generator, which `build` seeds.
        estimator: fitted; None before.
        about: what it was fitted to, without the rows: columns, classes, units.
    """

    FILE = "model.skops"

    def __init__(self, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.inputs, self.outputs = prod(inputs), outputs
        self.classifies = outputs > 1
        self.seed = int(torch.randint(2**31 - 1, ()))
        self.estimator: Any = None
        self.about = Samples(torch.empty(0), torch.empty(0))

    @abstractmethod
    def make(self, samples: Samples) -> Any:
        """The estimator, not yet fitted: `fit(X, y)`, and `predict_proba(X)` or `predict(X)`, X (N, F) float64.

        Raises:
            ConfigError: it cannot learn from such samples.
        """

    def learn(self, samples: Samples) -> None:
        """Fit the estimator to all samples at once."""
        self.about = replace(samples, inputs=torch.empty(0), targets=torch.empty(0), weights=None)
        x, y = _table(samples.inputs), samples.targets.cpu().numpy()
        weighed = {} if samples.weights is None else {"sample_weight": samples.weights.cpu().numpy()}
        with suited_to(x.size * self.outputs):
            self.estimator = self.make(samples).fit(x, y, **weighed)

    def forward(self, x: Float[Tensor, "N ..."]) -> Float[Tensor, "N K"]:
        """Log-probabilities, or standardised numbers."""
        table = _table(x)
        if not self.classifies:
            return torch.from_numpy(np.asarray(self.estimator.predict(table), np.float64).reshape(-1, 1))
        return torch.from_numpy(np.log(np.clip(self._probabilities(table), SMALLEST, None)))

    def told(self) -> list[Told]:
        """What there is to read of the fitted model; nothing unless a subclass says more."""
        return []

    def saved(self) -> bytes:
        """What `load` reads from `FILE`."""
        about = {name: getattr(self.about, name) for name in KEPT}
        about["columns"] = [to_dict(column) for column in self.about.columns]
        content: bytes = skops.io.dumps(
            {"scikit-learn": sklearn.__version__, "estimator": self.estimator, "about": json.dumps(about)}
        )
        return content

    def load(self, folder: Path) -> None:
        """Take the estimator that was saved in a folder.

        Raises:
            DataError: it was fitted by another scikit-learn, or holds types that are not trusted.
        """
        path = folder / self.FILE
        unknown = skops.io.get_untrusted_types(file=path)
        foreign = [name for name in unknown if not may_be_loaded(name)]
        if foreign:
            raise DataError(
                f"'{path}' holds objects of {', '.join(foreign)}, which are not trusted, and is not loaded."
            )
        found = skops.io.load(path, trusted=unknown)
        check(found, self.inputs)
        if found["scikit-learn"] != sklearn.__version__:
            raise DataError(
                f"'{path}' was fitted by scikit-learn {found['scikit-learn']}, and this is {sklearn.__version__}, "
                "which may predict otherwise. Train the recipe again, which takes as long as it did."
            )
        self.estimator = found["estimator"]
        about = json.loads(found["about"])
        about["columns"] = [from_dict(Column, column) for column in about["columns"]]
        about = {name: tuple(value) if isinstance(value, list) else value for name, value in about.items()}
        self.about = replace(self.about, **about)

    def _probabilities(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, K); a class that the estimator never saw has none."""
        found = np.asarray(self.estimator.predict_proba(table), np.float64)
        if found.shape[1] == self.outputs:
            return found
        whole = np.zeros((len(table), self.outputs))
        whole[:, np.asarray(self.estimator.classes_, np.int64)] = found
        return whole


def arrays(samples: Samples) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64]]:
    """Features (N, F), targets (N,) and what an error in each sample costs (N,)."""
    weights = np.ones(len(samples.targets)) if samples.weights is None else samples.weights.cpu().numpy()
    return _table(samples.inputs), samples.targets.cpu().numpy(), weights.astype(np.float64)


def _table(inputs: Tensor) -> NDArray[np.float64]:
    return inputs.detach().cpu().flatten(1).numpy().astype(np.float64)
