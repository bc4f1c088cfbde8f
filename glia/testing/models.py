"""What every model must do.

    from glia.testing.models import ModelContract

    class TestMyNet(ModelContract):
        name, inputs = "my_package.my_module:MyNet", (3, 32, 32)

Letters    B samples.
"""

import json
import tomllib
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from safetensors.torch import load, save
from torch import Tensor, nn

from glia import recipe
from glia.config import to_toml
from glia.models.building import MODELS, build
from glia.nn.random import generator, reseed

SEED = 5


class ModelContract:
    """Subclass it under a name that begins with `Test`, and say which model it is.

    Attributes:
        name: as in a recipe: a family, `family/size` or `"package.module:Class"`.
        inputs: shape of one sample.
        outputs: size of the last layer.
        options: what departs from the defaults.
        learning_rate: with which Adam must make the model overfit eight samples.
        steps: in how many steps, at most.
    """

    name: ClassVar[str]
    inputs: ClassVar[tuple[int, ...]]
    outputs: ClassVar[int] = 3
    options: ClassVar[dict[str, Any]] = {}
    learning_rate: ClassVar[float] = 3e-3
    steps: ClassVar[int] = 300

    def build(self, seed: int = SEED) -> nn.Module:
        """The model under test."""
        return build(self.name, self.options, inputs=self.inputs, outputs=self.outputs, seed=seed)

    def samples(self, count: int) -> Tensor:
        """(B, *inputs) what the model reads; override it where that is not noise around zero."""
        return torch.randn((count, *self.inputs), generator=generator(SEED, "samples"))

    def test_outputs_are_of_the_size_asked_for(self) -> None:
        """For several samples and, in evaluation, for one."""
        model = self.build()
        for count, training in ((4, True), (4, False), (1, False)):
            found = tuple(model.train(training)(self.samples(count)).shape)
            _require(found == (count, self.outputs), f"{found} instead of {(count, self.outputs)}, training={training}")

    def test_gradient_reaches_every_parameter(self) -> None:
        """And is finite there."""
        model = self.build()
        self._loss(model, self.samples(8)).backward()  # type: ignore[no-untyped-call]
        for name, parameter in model.named_parameters():
            gradient = parameter.grad
            _require(gradient is not None, f"no gradient reaches {name}")
            if gradient is not None:
                _require(bool(gradient.isfinite().all()), f"the gradient of {name} is not finite")
                _require(bool(gradient.any()), f"the gradient of {name} is all zero")

    def test_overfits_eight_samples(self) -> None:
        """A model that cannot learn eight samples by heart cannot learn."""
        model = self.build()
        samples, targets = self.samples(8), self._targets(8)
        optimizer = torch.optim.Adam(model.parameters(), lr=self.learning_rate)
        right = 0
        for step in range(self.steps):
            reseed(step)
            optimizer.zero_grad()
            self._loss(model.train(), samples).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            with torch.inference_mode():
                right = int((model.eval()(samples).argmax(1) == targets).sum())
            if right == 8:
                return
        _require(False, f"only {right} of 8 samples are right after {self.steps} steps")

    def test_weights_survive_a_file(self) -> None:
        """Saved as safetensors and loaded into a model begun otherwise, the outputs are equal in every bit."""
        model, other = self.build().eval(), self.build(seed=SEED + 1).eval()
        other.load_state_dict(load(save({name: _packed(weight) for name, weight in model.state_dict().items()})))
        _require_equal(model(self.samples(4)), other(self.samples(4)), "outputs after loading")

    def test_options_survive_a_recipe(self) -> None:
        """Written as TOML and as JSON, and for Glia's own families completed by the recipe, they build the same."""
        texts = [tomllib.loads(to_toml(self.options)), json.loads(json.dumps(self.options))]
        if self.name.partition("/")[0] in MODELS:
            written = recipe.from_dict({"model": {"name": self.name, **self.options}})
            texts.append(recipe.from_dict(tomllib.loads(written.toml())).model.options)
        for options in texts:
            other = build(self.name, options, inputs=self.inputs, outputs=self.outputs, seed=SEED)
            self._require_same_weights(self.build(), other)

    def test_weights_are_a_function_of_the_seed(self) -> None:
        """Whatever was drawn before, and without a trace in torch's default generator."""
        torch.manual_seed(1)
        before = torch.get_rng_state()
        first = self.build()
        _require_equal(before, torch.get_rng_state(), "the state of torch's default generator")
        torch.manual_seed(2)
        self._require_same_weights(first, self.build())
        other = self.build(seed=SEED + 1).state_dict()
        differs = any(not torch.equal(weight, other[name]) for name, weight in first.state_dict().items())
        _require(differs, "another seed gives the same weights")

    def test_samples_do_not_see_each_other(self) -> None:
        """In evaluation a sample's outputs are the same alone and in a batch."""
        model, samples = self.build().eval(), self.samples(4)
        alone = torch.cat([model(sample[None]) for sample in samples])
        torch.testing.assert_close(model(samples), alone, rtol=1e-4, atol=1e-5)

    def test_draws_follow_the_seed_of_the_step(self) -> None:
        """In training the same seed gives the same outputs, so that a resumed run repeats its draws."""
        model, samples = self.build().train(), self.samples(4)
        state = {name: value.clone() for name, value in model.state_dict().items()}
        reseed(SEED)
        first = model(samples)
        model.load_state_dict(state)
        reseed(SEED)
        _require_equal(first, model(samples), "outputs of two steps with one seed")

    def _targets(self, count: int) -> Tensor:
        return torch.arange(count) % self.outputs

    def _loss(self, model: nn.Module, samples: Tensor) -> Tensor:
        return F.cross_entropy(model(samples), self._targets(len(samples)))

    def _require_same_weights(self, one: nn.Module, other: nn.Module) -> None:
        mine, its = one.state_dict(), other.state_dict()
        _require(mine.keys() == its.keys(), f"parameters {sorted(mine)} and {sorted(its)}")
        for name, weight in mine.items():
            _require_equal(weight, its[name], name)


def _packed(weight: Tensor) -> Tensor:
    return weight.detach().clone(memory_format=torch.contiguous_format)  # what safetensors takes


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _require_equal(one: Tensor, other: Tensor, what: str) -> None:
    _require(torch.equal(one, other), f"{what} differ")
