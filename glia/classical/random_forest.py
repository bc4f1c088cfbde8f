"""Random forest: trees grown on samples drawn with replacement, each split chosen among a few features.

Paper      Breiman, 2001, *Random forests*. https://doi.org/10.1023/A:1010933404324
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.base import is_classifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from glia.classical.model import ClassicalModel, Told
from glia.classical.outputs import Classes, Questions, answered
from glia.models.options import Width
from glia.models.samples import Samples

SHOWN = 30  # features in the table
Features = Literal["sqrt", "log2", "all"]


@dataclass(frozen=True, kw_only=True)
class RandomForestConfig:
    """What a random forest is built from; the defaults are scikit-learn's."""

    trees: Width = 100  # grown
    depth: Annotated[int, Field(ge=0)] = 0  # greatest, in splits; 0: until leaves are pure
    leaf: Width = 1  # fewest samples in a leaf
    features: Features | Literal["auto"] = "auto"  # looked at for each split; auto: sqrt for classes, all for numbers
    best_trees: Annotated[int, Field(ge=0)] = 0  # kept, those that err least on what they were not grown on; 0: all
    classes: Classes = "together"  # or each class against the others, or error-correcting binary digits


SIZES: dict[str, dict[str, Any]] = {}


class RandomForest(ClassicalModel):
    """Averages the probabilities, or numbers, of its trees."""

    def __init__(self, config: RandomForestConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> Any:
        """The forest of scikit-learn; or the part of it that is kept."""
        return answered(self._made, self.config.classes, samples, self.outputs, self.seed)

    def told(self) -> list[Told]:
        """Which features brought most, by the impurity that splits on them took away."""
        if isinstance(self.estimator, Questions):
            return []
        forest = self.estimator.forest_ if isinstance(self.estimator, BestTrees) else self.estimator
        shares = forest.feature_importances_
        names = self.about.features or tuple(f"feature {number}" for number in range(len(shares)))
        order = np.argsort(-shares, kind="stable")[:SHOWN]
        width = max(len(names[number]) for number in order)
        lines = [f"{names[number]:<{width}}  {shares[number]:6.1%}" for number in order]
        title = f"Share of the impurity taken away ({len(forest.estimators_)} trees)"
        return [Told(title, "\n".join(lines))]

    def _made(self, x: NDArray[np.float64], y: NDArray[Any], weights: NDArray[np.float64]) -> Any:
        config = self.config
        default = "sqrt" if self.classifies else "all"
        looked_at = default if config.features == "auto" else config.features
        kind = RandomForestClassifier if self.classifies else RandomForestRegressor
        forest = kind(
            n_estimators=config.trees,
            max_depth=config.depth or None,
            min_samples_leaf=config.leaf,
            max_features=1.0 if looked_at == "all" else looked_at,
            n_jobs=-1,
            random_state=self.seed,
        )
        return BestTrees(forest, config.best_trees) if config.best_trees else forest


class BestTrees:
    """A forest of which only the best trees are kept.

    Attributes:
        forest_: what is left of it, fitted.
        errors_: (trees,) of all that were grown, each on the samples that it was not grown on.
    """

    def __init__(self, forest: Any, count: int) -> None:
        self.forest_, self.count = forest, count

    def fit(self, x: NDArray[np.float64], y: NDArray[Any], sample_weight: Any = None) -> "BestTrees":
        """Grow all, judge each by what it has not seen, keep the best."""
        forest = self.forest_.fit(x, y, sample_weight=sample_weight)
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        errors = []
        for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
            unseen = np.setdiff1d(np.arange(len(y)), drawn)
            said = tree.predict(x[unseen])
            wrong = forest.classes_[said.astype(int)] != y[unseen] if is_classifier(forest) else (said - y[unseen]) ** 2
            errors.append(np.average(wrong, weights=weights[unseen]) if len(unseen) else np.inf)
        self.errors_ = np.array(errors)
        kept = np.sort(np.argsort(self.errors_, kind="stable")[: self.count])
        forest.estimators_ = [forest.estimators_[number] for number in kept]
        forest.n_estimators = len(kept)
        if is_classifier(forest):
            self.classes_ = forest.classes_
        return self

    def predict(self, x: NDArray[np.float64]) -> Any:
        """(N,) numbers."""
        return self.forest_.predict(x)

    def predict_proba(self, x: NDArray[np.float64]) -> Any:
        """(N, K)."""
        return self.forest_.predict_proba(x)
