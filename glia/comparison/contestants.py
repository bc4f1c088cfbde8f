"""Who is compared: the learners named, or all that suit the data, each with its recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glia.data.dataset import Dataset
from glia.errors import ConfigError, GliaError
from glia.learner import Learner
from glia.models import MODELS, default_model
from glia.models.samples import AtOnce
from glia.recipe import Recipe, Split

BASELINE = "baseline"
SIMPLEST_FIRST = (
    BASELINE,
    "linear-regression",
    "naive-bayes",
    "logistic-regression",
    "ridge",
    "lasso",
    "elastic-net",
    "stepwise-regression",
    "polynomial-regression",
    "decision-tree",
    "nb-tree",
    "nearest-neighbours",
    "random-forest",
    "gradient-boosting",
)
"""By how much there is to understand in a fitted one. What is not named is above these, a network above all."""

USUAL = {
    "classification": (
        BASELINE,
        "naive-bayes",
        "logistic-regression",
        "decision-tree",
        "nearest-neighbours",
        "random-forest",
        "gradient-boosting",
    ),
    "regression": (
        BASELINE,
        "linear-regression",
        "ridge",
        "lasso",
        "elastic-net",
        "decision-tree",
        "nearest-neighbours",
        "random-forest",
        "gradient-boosting",
    ),
}
NETWORKS = ("mlp", "tabm")  # for tables
OF_PICTURES = (BASELINE, "logistic-regression", "ridge", "random-forest")  # the others do badly, or for hours


@dataclass(frozen=True)
class Contestant:
    """A learner to be compared.

    Attributes:
        name: as it was named: `ridge`, `cnn/guide`, `sklearn.svm:SVC`.
        recipe: for all samples that a round has to learn from.
        classical: fitted at once; else a network.
        said: what was noticed while its samples were prepared.
    """

    name: str
    recipe: Recipe
    classical: bool
    said: tuple[str, ...] = ()

    @property
    def simplicity(self) -> int:
        """Its place among all, 0 being the simplest."""
        place = SIMPLEST_FIRST.index(self.name) if self.name in SIMPLEST_FIRST else len(SIMPLEST_FIRST)
        return place if self.classical else len(SIMPLEST_FIRST) + 1

    def learner(self, seed: int) -> Learner:
        """An unfitted one whose randomness follows `seed`."""
        return Learner(replace(self.recipe, train=replace(self.recipe.train, seed=seed)))


def contestants(names: Sequence[str], recipe: Recipe, samples: Dataset) -> list[Contestant]:
    """The learners named, checked against samples such as they will learn from.

    Args:
        names: none: all that suit the samples.
        recipe: what they share: task, split, training of networks.
        samples: those of a round to learn from.

    Raises:
        GliaError: a learner that was named is unknown or does not suit the samples, or there are fewer than two.
    """
    chosen = dict.fromkeys(names or _usual(recipe, samples))
    found = {}
    for name in chosen:
        try:
            contestant = _contestant(name, recipe, samples)
        except GliaError:
            if names:
                raise
        else:
            found[contestant.name] = contestant
    if len(found) < 2:
        raise ConfigError(f"There is nothing to compare: {', '.join(found) or 'no learner'} alone. Name two or more.")
    return list(found.values())


def settings_for_all(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings, if all learners can share them.

    Raises:
        ConfigError: one is of `[model]`, whose options differ from learner to learner.
    """
    for key in settings:
        if key == "model" or key.startswith("model."):
            raise ConfigError(f"'{key}' is of one model, and a comparison has several. Name a size: mlp/SIZE.")
    return settings


def _contestant(name: str, recipe: Recipe, samples: Dataset) -> Contestant:
    own = recipe.with_settings({"model.name": name})
    plain = replace(own, train=replace(own.train, augment="none"))
    prepared = Learner(_sharing(plain, classical=True)).prepare(samples)
    classical = isinstance(prepared.model, AtOnce)
    if classical:
        own = plain  # it has no batches that could be changed
    elif own != plain:
        prepared.varied(_sharing(own, classical=True))  # refuses changes that are not for such samples
    size = f"/{own.model.size}" if own.model.size else ""
    return Contestant(
        f"{own.model.name}{size}", _sharing(own, classical=classical), classical, prepared.preprocessing.said
    )


def _sharing(recipe: Recipe, *, classical: bool) -> Recipe:
    """The recipe for samples that are all to learn from: a network keeps a part of them to know when to stop."""
    split = recipe.data.split
    kept = 0.0 if classical else split.validation / (split.train + split.validation)
    shares = Split(train=1 - kept, validation=kept, test=0.0, by=split.by)
    return replace(recipe, data=replace(recipe.data, split=shares))


def _usual(recipe: Recipe, samples: Dataset) -> list[str]:
    """All that suit such samples and are there."""
    shape = Learner(_sharing(recipe, classical=True)).prepare(samples).preprocessing.shape
    network = default_model(shape)
    classical = USUAL[recipe.task.name]
    if network == "cnn":
        return [*(name for name in OF_PICTURES if name in MODELS), network]
    networks = dict.fromkeys((*NETWORKS, network))
    return [name for name in (*classical, *networks) if name in MODELS]
