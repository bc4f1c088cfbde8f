"""Decision tree: questions about one feature at a time, each the one after which classes or numbers differ least.

Source     Breiman, Friedman, Olshen & Stone, 1984, *Classification and regression trees*.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from glia.classical.model import ClassicalModel, Told
from glia.classical.outputs import Classes, answered, questions
from glia.classical.pruning import chosen_price
from glia.classical.rules import rules
from glia.models.options import Width
from glia.models.samples import Samples


@dataclass(frozen=True, kw_only=True)
class DecisionTreeConfig:
    """What a decision tree is built from."""

    depth: Annotated[int, Field(ge=0)] = 0  # greatest, in questions; 0: until leaves are pure
    leaf: Width = 1  # fewest samples in a leaf
    improvement: Annotated[float, Field(ge=0)] = 0.0  # of impurity that a question must bring, by share of samples
    pruning: Literal["none", "cost-complexity"] = "cost-complexity"  # afterwards, as far as folds say
    simplest: bool = False  # prune on to the smallest tree within one standard error of the best
    classes: Classes = "together"  # or each class against the others, or error-correcting binary digits


SIZES: dict[str, dict[str, Any]] = {}


class DecisionTree(ClassicalModel):
    """One tree, which can be read as rules."""

    def __init__(self, config: DecisionTreeConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> Any:
        """Scikit-learn's tree, with the price of a leaf that folds chose."""
        return answered(self._tree, self.config.classes, samples, self.outputs, self.seed)

    def told(self) -> list[Told]:
        """Its rules; of a tree for each question, if there are several."""
        if not self.classifies:
            return [Told(_size("Rules", self.estimator), rules(self.estimator, self.about))]
        return [
            Told(
                _size(f"Rules: {question.title}" if question.title else "Rules", question.estimator),
                rules(question.estimator, self.about, question.answers),
            )
            for question in questions(self.estimator, self.about.classes)
        ]

    def _tree(self, x: NDArray[np.float64], y: NDArray[Any], weights: NDArray[np.float64]) -> Any:
        config = self.config
        kind = DecisionTreeClassifier if self.classifies else DecisionTreeRegressor
        tree = kind(
            max_depth=config.depth or None,
            min_samples_leaf=config.leaf,
            min_impurity_decrease=config.improvement,
            random_state=self.seed,
        )
        if config.pruning == "cost-complexity":
            tree.set_params(ccp_alpha=chosen_price(tree, x, y, weights, seed=self.seed, simplest=config.simplest))
        return tree


def _size(title: str, tree: Any) -> str:
    price = f", pruned at {tree.ccp_alpha:.3g} a leaf" if tree.ccp_alpha else ""
    return f"{title} ({tree.get_n_leaves()} leaves, depth {tree.get_depth()}{price})"
