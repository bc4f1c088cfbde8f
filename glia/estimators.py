"""Glia's models in scikit-learn's manners: for pipelines, grid searches and everything else that takes an estimator.

Letters    N samples, F features, K classes.
"""

import tempfile
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from glia import recipe as recipes
from glia.data.arrays import feature_columns
from glia.data.columns import Categories, Column, Numbers
from glia.data.dataset import Dataset
from glia.errors import ConfigError, DataError
from glia.learner import Learner
from glia.models.building import MODELS
from glia.recipe import Recipe
from glia.tasks import Task, fit_task
from glia.training.events import Event, Warned

FEW_SAMPLES, FEW_NUMBERS = 1_000, 100_000  # up to which all samples are one batch
BLOCK = 256  # samples that are predicted together, so that what is said of one does not depend on the others
DENSE_BYTES = 256 * 2**20  # of a sparse matrix that are made dense at a time to predict
BYTES_A_NUMBER = 16  # that a dense number takes while features are made of it
_SETTLED = {  # keys of a recipe that a parameter says
    "model.name": "the parameter model",
    "train.seed": "the parameter random_state",
    "train.device": "the parameter device",
    "task.class_weight": "the parameter class_weight",
    "task.name": "the estimator",
    "task.target": "y",
    "data.name": "X",
}

# Of few samples: all of them at once, in double precision, to where the loss and a little weight decay balance.
FEW: dict[str, Any] = {
    "train.optimizer": {"name": "lbfgs", "history_size": 10},
    "train.batch_size": "all",
    "train.epochs": 5,  # of 20 steps each
    "train.schedule": "constant",
    "train.early_stopping": 0,
    "train.keep": "last",
    "train.l2": 1e-2,
    "train.precision": "double",
}
_DECIDED = {*FEW, "train.learning_rate", "train.momentum", "train.compile", "model.dropout"} - {"train.l2"}
PARTIAL: dict[str, Any] = {
    "train.epochs": 1,
    "train.schedule": "constant",
    "train.early_stopping": 0,
    "train.keep": "last",
}


class _Neural(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: a learner behind the methods that scikit-learn asks for."""

    model: str
    settings: Mapping[str, Any] | None
    epochs: int | None
    validation_fraction: float
    random_state: Any
    device: str
    learner_: Learner

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from all samples, from new weights.

        Args:
            X: (N, F) an array, a sparse matrix, or a frame, whose text and categories count as categories.
            y: (N,) the targets.
            sample_weight: (N,) what each sample counts: 2 is as good as the sample twice, 0 leaves it out.

        Raises:
            DataError: nothing to learn, or more than memory holds.
            ConfigError: a model, a setting or a parameter that does not fit.
        """
        features, targets, weights = self._given(X, y, sample_weight, reset=True)
        self._take(targets)
        recipe = self._recipe(features.shape)
        if recipe.train.batch_size == "all" and isinstance(features, np.ndarray):
            features, targets, weights = _counted(features, targets, weights)
        learner = Learner(recipe).prepare(self._dataset(features, targets), weights=weights)
        self.learner_ = learner.train(listen=_warn)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """(N,) the target of each sample."""
        return np.concatenate([self._decided(values, shares) for values, shares in self._predicted(X)])

    def _learn_more(self, X: Any, y: Any, sample_weight: Any, task: Task | None) -> Self:
        begun = hasattr(self, "learner_")
        features, targets, weights = self._given(X, y, sample_weight, reset=not begun)
        dataset = self._dataset(features, targets)
        if begun:
            learner = self.learner_
            settings = {**PARTIAL, **_of_training(self.settings)}
            if learner.recipe.train.batch_size == "all":  # fitted before, to few samples
                settings = {"train.optimizer": "adam", "train.batch_size": 32, "train.learning_rate": 1e-3} | settings
            learner.recipe = learner.recipe.with_settings(settings)
            learner.learn_more(dataset, weights=weights, listen=_warn)
        else:
            recipe = self._recipe(features.shape, partial=True)
            self.learner_ = Learner(recipe).prepare(dataset, weights=weights, task=task).train(listen=_warn)
        return self

    def _recipe(self, shape: tuple[int, int], *, partial: bool = False) -> Recipe:
        """What is to be trained: defaults for as many samples, the user's settings, the parameters."""
        given = {key.replace("-", "_"): value for key, value in (self.settings or {}).items()}
        _refuse_settled(given)
        ours: dict[str, Any] = {"data.split.test": 0.0}
        family = recipes.from_dict({"model": {"name": self.model}})
        decided = self.epochs is not None or any(key in given for key in _DECIDED)
        few = family.model.name == "mlp" and not decided and not partial
        few = few and shape[0] <= FEW_SAMPLES and shape[0] * shape[1] <= FEW_NUMBERS
        ours |= PARTIAL if partial else FEW if few else {}
        at_once = MODELS.get(family.model.name, "").startswith("glia.classical.")
        validation = 0.0 if partial or few or at_once else self.validation_fraction
        if not 0 <= validation < 1:
            raise ConfigError(f"validation_fraction={validation!r} is not a share: give a number from 0 up to below 1.")
        ours |= {"data.split.validation": validation, "data.split.train": 1 - validation}
        settled: dict[str, Any] = {"train.seed": _seed(self.random_state), "train.device": self.device}
        settled |= {"task.name": self._task_name, "task.target": self._target, **self._task_settings()}
        settled |= {} if self.epochs is None or partial else {"train.epochs": self.epochs}
        return family.with_settings({**ours, **given, **settled})

    def _given(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool
    ) -> tuple[Any, NDArray[Any], NDArray[np.float64] | None]:
        """Features, targets and weights, checked, without samples that do not count."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        features: Any
        if _is_mixed(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            features, targets = _frame(X), column_or_1d(y, warn=True)
            if len(features) != len(targets):
                raise DataError(f"X has {len(features)} samples and y has {len(targets)}: they must be as many.")
        else:
            features, targets = validate_data(
                self,
                X,
                y,
                reset=reset,
                accept_sparse="csr",
                ensure_all_finite="allow-nan",
                ensure_min_samples=2 if reset else 1,
                y_numeric=self._task_name == "regression",
            )
        self._check_targets(targets)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, features, dtype=np.float64, ensure_non_negative=True)
            counting = weights > 0
            features, targets, weights = features[counting], targets[counting], weights[counting]
        if sparse.issparse(features):
            features = _dense(features)
        return features, targets, weights

    def _predicted(self, X: Any) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Values and probabilities, some rows at a time."""
        check_is_fitted(self)
        features: Any
        if _is_mixed(X):
            validate_data(self, X, reset=False, skip_check_array=True)
            features = _frame(X)
        else:
            features = validate_data(self, X, reset=False, accept_sparse="csr", ensure_all_finite="allow-nan")
        at_once = max(1, DENSE_BYTES // (BYTES_A_NUMBER * max(1, features.shape[1]) * BLOCK)) * BLOCK
        for start in range(0, features.shape[0], at_once):
            part = features[start : start + at_once]
            part = part.toarray() if sparse.issparse(part) else part
            found = self.learner_.predict(Dataset(self._columns(part)), block=BLOCK)
            yield found.values, found.probabilities

    def _dataset(self, features: Any, targets: NDArray[Any]) -> Dataset:
        return Dataset({**self._columns(features), self._target: self._labels(targets)}, self._target)

    def _columns(self, features: Any) -> dict[str, Column]:
        if isinstance(features, pd.DataFrame):
            return feature_columns(features)[0]
        names = getattr(self, "feature_names_in_", [f"x{place}" for place in range(features.shape[1])])
        return {str(name): Numbers(features[:, place]) for place, name in enumerate(names)}

    @property
    def _target(self) -> str:
        """The name of the target, beside which a feature may have any."""
        name = "y"
        while name in getattr(self, "feature_names_in_", ()):
            name += "'"
        return name

    def __getstate__(self) -> dict[str, Any]:
        """The learner as the files it is saved in, which are read again without executing anything in them."""
        state: dict[str, Any] = dict(super().__getstate__())
        if isinstance(state.get("learner_"), Learner):
            with tempfile.TemporaryDirectory() as folder:
                state["learner_"].save(folder)
                state["learner_"] = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The inverse."""
        files = state.get("learner_")
        if isinstance(files, dict):
            with tempfile.TemporaryDirectory() as folder:
                for name, content in files.items():
                    (Path(folder) / Path(name).name).write_bytes(content)
                state = {**state, "learner_": Learner.load(folder, device=state.get("device", "auto"))}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Tags:
        """Sparse matrices and gaps are taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    _task_name: str

    @abstractmethod
    def _check_targets(self, targets: NDArray[Any]) -> None:
        """Refuse what is no target of this kind."""

    @abstractmethod
    def _take(self, targets: NDArray[Any]) -> None:
        """Note what `fit` must know of the targets that count."""

    @abstractmethod
    def _labels(self, targets: NDArray[Any]) -> Column:
        """The targets as a column."""

    @abstractmethod
    def _decided(self, values: NDArray[Any], shares: NDArray[Any] | None) -> NDArray[Any]:
        """What `predict` gives, of the learner's values and probabilities."""

    def _task_settings(self) -> dict[str, Any]:
        return {}


class NeuralClassifier(ClassifierMixin, _Neural):  # type: ignore[misc]
    """A network, or any other model of Glia, as a classifier of scikit-learn's kind.

    Args:
        model: a name, a size of it, or `"package.module:Class"`, as `glia.train` takes it.
        settings: dotted keys of a recipe, such as `{"model.hidden": [64], "train.l2": 0.01}`.
        epochs: None: until early stopping; few samples are learned all at once instead.
        validation_fraction: share of many samples that epochs are judged by; 0: by the training loss.
        class_weight: None, "balanced", or what an error costs in each class.
        random_state: an int or a `RandomState`; None: other weights each time.
        device: "auto", "cpu", "cuda" or "mps".

    Attributes:
        classes_: (K,) the labels, sorted.
        n_features_in_: F.
        feature_names_in_: (F,) the columns of the frame it was fitted to, if it was one.
        learner_: what was fitted: `learner_.save(folder)`, `learner_.summary()`.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> NeuralClassifier().fit(X, y).predict([[5.1, 3.5, 1.4, 0.2]])
        array([0])
    """

    _task_name = "classification"

    def __init__(
        self,
        model: str = "mlp",
        *,
        settings: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        validation_fraction: float = 0.1,
        class_weight: Any = None,
        random_state: Any = 0,
        device: str = "auto",
    ) -> None:
        self.model = model
        self.settings = settings
        self.epochs = epochs
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.random_state = random_state
        self.device = device

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go once through these samples, from the weights there are.

        The first call must name all classes; its samples settle how features are scaled, so give it many.

        Raises:
            DataError: no classes in the first call, or labels that are none of them.
            ConfigError: a model that learns from all samples at once.
        """
        if not hasattr(self, "learner_"):
            if classes is None:
                raise DataError("The first call of partial_fit has to name all classes: classes=np.unique(all_labels).")
            self.classes_ = np.unique(np.asarray(classes))
            if self.class_weight == "balanced":
                raise ConfigError("class_weight='balanced' needs all samples at once. Give a weight for each class.")
        elif classes is not None and not np.array_equal(np.unique(np.asarray(classes)), self.classes_):
            raise DataError(f"classes={classes!r} are not those of the first call, {self.classes_.tolist()}.")
        task = fit_task(self._task_recipe(), self._labels(self.classes_).values(), name=self._target)
        return self._learn_more(X, y, sample_weight, task)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(N, K) the probability of each class, in the order of `classes_`."""
        return np.concatenate([np.asarray(shares, np.float64) for _, shares in self._predicted(X)])

    def _check_targets(self, targets: NDArray[Any]) -> None:
        check_classification_targets(targets)

    def _take(self, targets: NDArray[Any]) -> None:
        classes = np.unique(targets)
        if len(classes) < 2:
            raise DataError(
                f"y has one class, {classes.tolist()[0]!r}, in all samples that count: a classifier needs two or more."
            )
        self.classes_ = classes

    def _labels(self, targets: NDArray[Any]) -> Column:
        if targets.dtype.kind in "iuf":
            return Numbers(targets.astype(np.int64) if targets.dtype.kind == "f" else targets)
        return Categories.of(targets.tolist() if targets.dtype.kind == "b" else [str(label) for label in targets])

    def _decided(self, values: NDArray[Any], shares: NDArray[Any] | None) -> NDArray[Any]:
        return np.asarray(self.classes_[np.asarray(shares).argmax(1)])

    def _task_settings(self) -> dict[str, Any]:
        given = self.class_weight
        if isinstance(given, Mapping):
            column = self._labels(np.asarray(list(given)))
            names = [str(column.item(place)) for place in range(len(column))]
            return {"task.class_weight": {name: float(cost) for name, cost in zip(names, given.values(), strict=True)}}
        return {"task.class_weight": "none" if given is None else given}

    def _task_recipe(self) -> recipes.TaskRecipe:
        return self._recipe((0, 0), partial=True).task


class NeuralRegressor(RegressorMixin, _Neural):  # type: ignore[misc]
    """A network, or any other model of Glia, as a regressor of scikit-learn's kind.

    Args:
        model: a name, a size of it, or `"package.module:Class"`, as `glia.train` takes it.
        settings: dotted keys of a recipe, such as `{"model.hidden": [64], "train.l2": 0.01}`.
        epochs: None: until early stopping; few samples are learned all at once instead.
        validation_fraction: share of many samples that epochs are judged by; 0: by the training loss.
        random_state: an int or a `RandomState`; None: other weights each time.
        device: "auto", "cpu", "cuda" or "mps".

    Attributes:
        n_features_in_: F.
        feature_names_in_: (F,) the columns of the frame it was fitted to, if it was one.
        learner_: what was fitted: `learner_.save(folder)`, `learner_.summary()`.

    Example:
        >>> regressor = NeuralRegressor().fit([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0])
        >>> bool(abs(regressor.predict([[1.5]])[0] - 4) < 0.1)
        True
    """

    _task_name = "regression"

    def __init__(
        self,
        model: str = "mlp",
        *,
        settings: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        validation_fraction: float = 0.1,
        random_state: Any = 0,
        device: str = "auto",
    ) -> None:
        self.model = model
        self.settings = settings
        self.epochs = epochs
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.device = device

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go once through these samples, from the weights there are.

        The samples of the first call settle how features and targets are scaled, so give it many.

        Raises:
            ConfigError: a model that learns from all samples at once.
        """
        return self._learn_more(X, y, sample_weight, None)

    def _check_targets(self, targets: NDArray[Any]) -> None:
        if targets.dtype.kind not in "iufb":
            raise DataError(f"y holds {targets.dtype}; regression needs numbers. Take NeuralClassifier for labels.")

    def _take(self, targets: NDArray[Any]) -> None:
        """Nothing."""

    def _labels(self, targets: NDArray[Any]) -> Column:
        return Numbers(targets.astype(np.float64))

    def _decided(self, values: NDArray[Any], shares: NDArray[Any] | None) -> NDArray[Any]:
        return values


def _warn(event: Event) -> None:
    if isinstance(event, Warned):
        warnings.warn(event.message, UserWarning, stacklevel=2)


def _is_mixed(X: Any) -> bool:
    """Whether this is a frame with columns that are no numbers."""
    if isinstance(X, pd.DataFrame):
        return not all(pd.api.types.is_numeric_dtype(kind) for kind in X.dtypes)
    if isinstance(X, pa.Table) or not hasattr(X, "__arrow_c_stream__") or not hasattr(X, "columns"):
        return False
    return not all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in pa.table(X).schema.types)


def _frame(X: Any) -> pd.DataFrame:
    return X.reset_index(drop=True) if isinstance(X, pd.DataFrame) else pa.table(X).to_pandas()


def _counted(
    features: NDArray[Any], targets: NDArray[Any], weights: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]:
    """Samples in an order of their own, equal ones as one that counts as often.

    The loss of all samples at once is the same, and so what is learned depends to the last bit neither on their order
    nor on whether one has the weight 2 or is there twice. After hundreds of steps rounding would show.
    """
    table = np.column_stack([features, np.unique(targets, return_inverse=True)[1]])
    _, first, places = np.unique(table, axis=0, return_index=True, return_inverse=True)
    summed = np.bincount(places.ravel(), weights).astype(np.float64)
    alike = bool((summed == summed[0]).all())
    return features[first], targets[first], None if alike else summed


def _dense(matrix: Any) -> NDArray[Any]:
    """A sparse matrix in full, where memory holds it.

    Raises:
        DataError: it does not.
    """
    needed, there = BYTES_A_NUMBER * matrix.shape[0] * matrix.shape[1], psutil.virtual_memory().available
    if needed > there:
        raise DataError(
            f"X is sparse, {matrix.shape[0]:,} samples of {matrix.shape[1]:,} features, and a network learns from "
            f"dense ones: that takes {needed / 2**30:,.1f} GiB, and {there / 2**30:,.1f} GiB are free. Make fewer "
            "features of it first, with TruncatedSVD or SelectKBest in a pipeline, or learn by partial_fit."
        )
    return np.asarray(matrix.toarray())


def _seed(random_state: Any) -> int:
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def _of_training(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (settings or {}).items() if key.startswith("train.")}


def _refuse_settled(settings: Mapping[str, Any]) -> None:
    for key in settings:
        if key in _SETTLED:
            raise ConfigError(f"settings has '{key}', which {_SETTLED[key]} says. Leave it out of settings.")
