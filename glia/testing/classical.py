"""What every classical model must do.

    from glia.testing.classical import ClassicalContract

    class TestMyForest(ClassicalContract):
        name = "my-forest"

Letters    N samples, K outputs.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import torch

from glia import recipe
from glia.classical.model import ClassicalModel
from glia.config import to_toml
from glia.learner import Learner
from glia.models.building import build
from glia.models.samples import Column, Samples

SEED = 5
CATALOGUE = {True: "wine", False: "diabetes"}  # real and small


class ClassicalContract:
    """Subclass it under a name that begins with `Test`, and say which model it is.

    Attributes:
        name: as in a recipe.
        options: what departs from the defaults.
        outputs: classes; 1: it learns a number.
        draws: whether another seed gives another model.
        better: than the majority's accuracy, or R² of 0, by how much it is on a real set.
    """

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    outputs: ClassVar[int] = 3
    draws: ClassVar[bool] = False
    better: ClassVar[float] = 0.3

    def samples(self, count: int = 120) -> Samples:
        """A number that tells the classes apart, a category that helps, and noise; override it where that is no use."""
        generator = np.random.default_rng(SEED)
        label = generator.integers(0, max(self.outputs, 3), count)
        colour = np.where(generator.random(count) < 0.7, label % 3, generator.integers(0, 3, count))
        numbers = np.stack([label + 0.6 * generator.standard_normal(count), generator.standard_normal(count)], axis=1)
        columns = (
            Column("size", "numbers", 0, mean=10.0, deviation=2.0),
            Column("noise", "numbers", 1),
            Column("colour", "categories", 2, 3, labels=("red", "green", "blue")),
        )
        targets = torch.from_numpy(label) if self.outputs > 1 else torch.from_numpy(label - label.mean()).float()
        return Samples(
            inputs=torch.from_numpy(np.concatenate([numbers, np.eye(3)[colour]], axis=1)).float(),
            targets=targets,
            columns=columns,
            features=("size", "noise", "colour=red", "colour=green", "colour=blue"),
            classes=tuple(f"class {number}" for number in range(self.outputs)) if self.outputs > 1 else (),
            target="kind",
        )

    def fitted(self, samples: Samples | None = None, *, seed: int = SEED) -> ClassicalModel:
        """The model under test, which has learned."""
        samples = samples or self.samples()
        model = self._built(samples.inputs.shape[1], self.options, seed)
        model.learn(samples)
        return model

    def test_outputs_are_of_the_size_asked_for(self) -> None:
        """For many samples and for one; probabilities sum to 1, numbers are finite."""
        model, inputs = self.fitted(), self.samples().inputs
        for count in (len(inputs), 1):
            outputs = model(inputs[:count])
            _require(tuple(outputs.shape) == (count, self.outputs), f"{tuple(outputs.shape)}, expected {self.outputs}")
            _require(bool(outputs.isfinite().all()), "outputs that are not finite")
            if self.outputs > 1:
                whole = outputs.exp().sum(1)
                _require(torch.allclose(whole, torch.ones_like(whole)), "probabilities that do not sum to 1")

    def test_equal_seeds_give_equal_models(self) -> None:
        """And another seed another one, where there is chance in it."""
        inputs = self.samples().inputs
        first, again, other = (self.fitted(seed=seed)(inputs) for seed in (SEED, SEED, SEED + 1))
        _require(torch.equal(first, again), "equal seeds give different models")
        _require(not self.draws or not torch.equal(first, other), "another seed gives the same model")

    def test_samples_do_not_see_each_other(self) -> None:
        """A sample's outputs are the same alone and among others."""
        model, inputs = self.fitted(), self.samples().inputs[:6]
        torch.testing.assert_close(model(inputs), torch.cat([model(one[None]) for one in inputs]))

    def test_it_survives_its_file(self) -> None:
        """Loaded into a model begun otherwise, the outputs are equal in every bit, and what is told is the same."""
        model, inputs = self.fitted(), self.samples().inputs
        other = self._built(inputs.shape[1], self.options, SEED + 1)
        with TemporaryDirectory() as folder:
            Path(folder, model.FILE).write_bytes(model.saved())
            other.load(Path(folder))
        _require(torch.equal(model(inputs), other(inputs)), "outputs after loading differ")
        _require(model.told() == other.told(), "what is told differs after loading")

    def test_weights_count(self) -> None:
        """What errors in a class, or in some samples, cost moves the outputs their way."""
        samples = self.samples()
        heavy = (samples.targets == 0) if self.outputs > 1 else (samples.targets > 0)
        weighed = self.fitted(replace(samples, weights=torch.where(heavy, 50.0, 1.0).double()))(samples.inputs)
        plain = self.fitted(samples)(samples.inputs)
        if self.outputs > 1:
            _require(bool(weighed.exp()[:, 0].mean() > plain.exp()[:, 0].mean()), "a class's weight does not count")
        else:
            _require(bool(weighed.mean() > plain.mean()), "samples' weights do not count")

    def test_options_survive_a_recipe(self) -> None:
        """Written as TOML and as JSON, they build a model that learns the same."""
        samples = self.samples()
        written = recipe.from_dict({"model": {"name": self.name, **self.options}})
        texts = [
            json.loads(json.dumps(dict(self.options))),
            recipe.from_dict(tomllib.loads(written.toml())).model.options,
            tomllib.loads(to_toml(dict(self.options))),
        ]
        expected = self.fitted(samples)(samples.inputs)
        for options in texts:
            model = self._built(samples.inputs.shape[1], options, SEED)
            model.learn(samples)
            _require(torch.equal(model(samples.inputs), expected), f"another model of {options}")

    def test_it_learns_a_small_real_set(self) -> None:
        """Better than the majority, or the mean, on samples that it has not seen."""
        data = CATALOGUE[self.outputs > 1]
        learner = Learner(recipe.from_dict({"model": {"name": self.name, **self.options}})).fit(data)
        rows = np.concatenate([learner.division.validation, learner.division.test])
        found = learner.evaluate(data, rows=rows)
        least = self.better + (0.4 if self.outputs > 1 else 0.0)  # the share of the largest class of wine
        _require(found["accuracy" if self.outputs > 1 else "r2"] > least, f"{found}, expected more than {least:g}")

    def _built(self, inputs: int, options: Mapping[str, Any], seed: int) -> ClassicalModel:
        model = build(self.name, options, inputs=(inputs,), outputs=self.outputs, seed=seed)
        if not isinstance(model, ClassicalModel):
            raise TypeError(f"'{self.name}' is a {type(model).__name__}, no classical model.")
        return model


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
