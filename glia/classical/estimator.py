"""Any estimator of scikit-learn's kind as a model: `--model sklearn.svm:SVC`, its options by `--set model.C=10`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor

from glia.classical.model import ClassicalModel
from glia.errors import ConfigError, DataError, did_you_mean
from glia.models.samples import Samples


class Estimator(ClassicalModel):
    """An object of the user's class, which has `fit` and `predict`.

    A classifier without `predict_proba` is taken to be certain of what it predicts, which log-loss punishes. Loading
    one that is no part of scikit-learn is refused, as is all that skops does not know.
    """

    def __init__(self, kind: type[Any], options: Mapping[str, Any], *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.kind, self.options = kind, dict(options)
        made = self._made()
        if not self.classifies and is_classifier(made):
            raise ConfigError(f"{self.name} predicts classes, and the target is a number. Give a regressor.")
        if self.classifies and is_regressor(made):
            raise ConfigError(f"{self.name} predicts numbers, and the target has classes. Give a classifier.")

    @property
    def name(self) -> str:
        """As a recipe names it, or nearly."""
        public = [part for part in self.kind.__module__.split(".") if not part.startswith("_")]
        return f"'{'.'.join(public)}:{self.kind.__name__}'"

    def make(self, samples: Samples) -> Any:
        """An object of the class, with the options given and, where it takes one, the seed."""
        return self._made()

    def learn(self, samples: Samples) -> None:
        """Fit it.

        Raises:
            DataError: it cannot learn from such samples, or not with such options; in its own words.
        """
        try:
            super().learn(samples)
        except (ValueError, TypeError) as error:
            raise DataError(f"{self.name} cannot learn from these samples: {error}") from error

    def _made(self) -> Any:
        try:
            made = self.kind(**self.options)
        except TypeError as error:
            raise ConfigError(f"{self.name} cannot be made of the options of [model]: {error}.") from None
        known = made.get_params() if hasattr(made, "get_params") else {}
        for option in self.options:
            if known and option not in known:
                raise ConfigError(f"{self.name} has no option '{option}'.{did_you_mean(option, known)}")
        if "random_state" in known and known["random_state"] is None:
            made.set_params(random_state=self.seed)
        return made

    def _probabilities(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        if hasattr(self.estimator, "predict_proba"):
            return super()._probabilities(table)
        certain: NDArray[np.float64] = np.eye(self.outputs)[np.asarray(self.estimator.predict(table), np.int64)]
        return certain
