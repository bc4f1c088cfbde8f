"""A recipe, and once fitted the model, the task and the preprocessing that came of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from glia.data import preprocessing as preparation
from glia.data.batches import TensorBatches, channels_last
from glia.data.dataset import Dataset
from glia.data.preprocessing import Preprocessing
from glia.data.splits import Division, divide
from glia.data.windows import WindowedBatches
from glia.errors import ConfigError
from glia.learner import keeping, streamed
from glia.learner.building import network, with_family
from glia.learner.naming import data_of, leaving_out, refuse_unknown_columns
from glia.learner.refitting import refit, resolved
from glia.learner.refusing import refuse_augmentations, refuse_other_losses
from glia.learner.samples import samples_of
from glia.learner.several import networks_of, train_several
from glia.learner.targets import of_seen_classes, task_of
from glia.learner.telling import defined, hearing_defined
from glia.models.averaged import Averaged
from glia.models.layers import Sequential
from glia.models.outline import outline
from glia.models.samples import Adapting, AtOnce
from glia.nn.random import permutation
from glia.pictures import Picture
from glia.recipe import ModelRecipe, Recipe, TaskRecipe
from glia.tasks import Prediction, Task
from glia.tasks.classification import Classification
from glia.tasks.rejection import threshold
from glia.tasks.weighted import WeightedTask, checked_weights
from glia.training import devices, optimizers, threads
from glia.training.at_once import learn_at_once
from glia.training.evaluation import outputs_of
from glia.training.events import FitDone, Listener, Warned
from glia.training.loop import Control, fit
from glia.training.protocols import Task as LoopTask
from glia.training.residuals import try_out
from glia.training.schedules import schedule
from glia.training.stopping import Rule

EVALUATION_BATCH = 512
TRIED = 64  # samples on which an optimizer that asks for more than a gradient is tried out
KEPT_SHARE = 0.5  # of a GPU's free memory that data may take before it stays on the host


class Learner:
    """A recipe, and once fitted the model, the task and the preprocessing that came of it.

    Attributes:
        recipe: what was asked for; after `prepare` with everything that was left open filled in.
        model: the network, in evaluation mode once fitted.
        task: loss, metrics and decoding.
        preprocessing: from samples as the user has them to tensors.
        dataset: what it was fitted to; None where it was loaded.
        division: which samples train, validate and test (only where it was fitted).
        fitted: how training ended (likewise).
        weights: (N,) what each sample of the dataset counts; None: 1.

    Example:
        >>> learner = Learner(Recipe().with_settings({"train.epochs": 1})).fit("iris")
        >>> len(learner.predict([[5.1, 3.5, 1.4, 0.2]]).values)
        1
    """

    model: nn.Module
    task: Task
    preprocessing: Preprocessing
    division: Division
    fitted: FitDone
    steps_per_epoch: int

    def __init__(self, recipe: Recipe | None = None, *, module: nn.Module | None = None) -> None:
        if module is not None and not isinstance(module, nn.Module):
            given = f"the class {module.__name__}" if isinstance(module, type) else repr(module)
            raise ConfigError(f"model is a name or a network, an object of torch.nn.Module, not {given}.")
        self.recipe = recipe or Recipe()
        self.dataset: Dataset | None = None
        self.weights: np.ndarray[Any, Any] | None = None
        self._module = module
        self._judged: tuple[Tensor, Tensor] | None = None
        self._tried: tuple[ModelRecipe, TaskRecipe] | None = None  # that such samples have passed through

    def fit(self, data: Any = None, *, listen: Listener = lambda event: None) -> "Learner":
        """Learn from `data` (what `glia.train` takes; None: the recipe's own) and record nothing."""
        return self.prepare(data_of(self.recipe, data)).train(listen=listen)

    def prepare(
        self,
        dataset: Dataset,
        *,
        weights: "np.ndarray[Any, Any] | None" = None,
        task: Task | None = None,
        division: Division | None = None,
    ) -> "Learner":
        """Divide the data, fit preprocessing and task on the training part, build the model: all but training.

        Args:
            dataset: with its target.
            weights: (N,) what each sample counts: 2 is as good as the sample twice. None: 1.
            task: fitted elsewhere, as to classes that not all samples here have; None: fitted here.
            division: made elsewhere, as a fold; None: made as the recipe says.

        Raises:
            DataError: nothing to learn from, or nothing to learn; weights that are not numbers above 0.
            ConfigError: a model or task that does not fit the data, or columns to leave out that it does not have.
        """
        recipe = self.recipe
        refuse_unknown_columns(dataset, recipe.data.without)
        dataset = leaving_out(dataset, recipe.data.without)
        self.dataset, self.weights, self._tried = dataset, checked_weights(weights, len(dataset)), None
        streamed.refuse(self, dataset)
        division = division or divide(dataset, recipe.data.split, recipe.data.seed)
        counted = self._weights_of(division.train)
        self.task = task or task_of(recipe.task, dataset, division.train, counted)
        self.division = of_seen_classes(division, dataset, self.task)
        features = dataset.without(recipe.data.split.by) if recipe.data.split.by else dataset
        self.preprocessing = preparation.fit(features, division.train, weights=counted)
        return self._built()

    def varied(self, recipe: Recipe, *, division: Division | None = None) -> "Learner":
        """Another learner for the same samples, divided and prepared as here: other model, training, task.

        Args:
            recipe: with the same `data`.
            division: another one; None: as here.

        Raises:
            ConfigError: other data, or a model or task that does not fit the data.
        """
        dataset = self._given()
        if replace(recipe.data, name="", stream="auto") != replace(self.recipe.data, name="", stream="auto"):
            raise ConfigError("A learner is varied in its model, task and training; another [data] is prepared anew.")
        other = Learner(recipe)
        other.dataset, other.weights, other.division = dataset, self.weights, division or self.division
        other.preprocessing, other.task = self.preprocessing, self.task
        if recipe.task != self.recipe.task:
            rows = self.division.train
            other.task = task_of(recipe.task, dataset, rows, self._weights_of(rows))
        other._tried = self._tried
        return other._built()

    def _built(self) -> "Learner":
        """The model for the samples there are, tried out: what cannot be trained is refused before all else."""
        recipe, dataset = self.recipe, self._given()
        if self._module is None:
            recipe = with_family(recipe, self.preprocessing.shape)
        threshold(np.zeros(len(self.division.validation)), recipe.task.accept)  # refuses what it could not tell
        model = recipe.model if self._module is None else ModelRecipe(name="object")
        if isinstance(self._module, Sequential):
            self._module.build(self.preprocessing.shape, self.task.outputs)
        self.model = self._module or self._network(model, recipe.train.members)
        at_once = isinstance(self.model, AtOnce)
        few = getattr(self.model, "few", None)
        train = resolved(recipe.train, few, len(self.division.train))
        if not at_once:
            rate, decay = optimizers.learning_rate(recipe.train), optimizers.weight_decay(recipe.train)
            train = replace(train, learning_rate=rate, weight_decay=decay)
        self.recipe = replace(
            recipe,
            data=replace(
                recipe.data,
                name=recipe.data.name or dataset.name,
                stream=recipe.data.stream if dataset.streaming is None else True,
            ),
            model=model,
            train=train,
            task=replace(recipe.task, name=self.task.name, target=dataset.target),
        )
        refuse_other_losses(self.model, self.task, self.recipe.model.name)
        refuse_augmentations(recipe.train.augment, self.model, self.recipe.model.name, self.preprocessing.shape)
        self._place("cpu" if at_once else recipe.train.device)
        if at_once:
            return self
        asked = self.recipe.model, self.recipe.task
        if self._tried != asked or any(map(is_lazy, self.model.parameters())):
            self._try_out(dataset[self.division.train[:2]])
            self._tried = asked
        optimizer = optimizers.build(self.model, recipe.train)
        if optimizers.finds_its_steps(recipe.train):
            some = self._batches(self.division.train[:TRIED], TRIED)
            try_out(optimizer, self.model, self._trained_task, *next(iter(some)))
        schedule(recipe.train, steps=1, steps_per_epoch=1)
        Rule(0 if recipe.train.early_stopping == "auto" else recipe.train.early_stopping)
        return self

    def train(self, *, listen: Listener = lambda event: None, control: Control | None = None) -> "Learner":
        """Train what `prepare` built."""
        self._given()
        listen = hearing_defined(listen)
        if isinstance(self.model, AtOnce):
            judging = streamed.to_judge_by(self, self._given(), self.division.validation)
            validation = self._batches(judging, EVALUATION_BATCH, weighted=False) if len(judging) else None
            self.steps_per_epoch = 1
            self.fitted = learn_at_once(self.model, self.task, samples_of(self), validation, listen)
            return self._calibrated()
        self.adapt()
        control = control or Control()
        if isinstance(self.model, Averaged):
            train_several(self, listen, control)
        else:
            self._descend(listen, control)
        self._calibrated()
        ended = self.fitted.reason in ("stopped", "budget")
        if self.recipe.train.refit is True and len(self.division.validation) and not ended:
            self._refit(listen, control)
        return self

    def _refit(self, listen: Listener, control: Control) -> None:
        judged = self.outputs(self.dataset, rows=self.division.validation)
        again = refit(self, control)
        if again is not None:
            self.model, self._judged = again.model, judged
            listen(
                Warned(f"Trained again on all {len(again.division.train)} samples, those for validation among them.")
            )

    def adapt(self) -> None:
        """Let a network that asks for it look at the samples to train on, before its first step."""
        asking = [network for network in networks_of(self.model) if isinstance(network, Adapting)]
        if asking:
            samples = samples_of(self)
            for network in asking:
                network.adapt(samples)

    def learn_more(
        self, dataset: Dataset, *, weights: "np.ndarray[Any, Any] | None" = None, listen: Listener = lambda event: None
    ) -> "Learner":
        """Go on from the weights there are, on further samples, all of them to train on.

        What was found of the first samples stays as it is: classes, units, means and deviations of columns.

        Raises:
            ConfigError: the model learns from all samples at once.
            DataError: columns missing, or labels that are none of the classes.
        """
        if isinstance(self.model, AtOnce):
            raise ConfigError(
                f"'{self.recipe.model.name}' learns from all samples at once and cannot go on with further ones. "
                "Fit it to all of them together, or take a network such as 'mlp'."
            )
        everything, nothing = np.arange(len(dataset)), np.arange(0)
        self.dataset, self.weights = dataset, checked_weights(weights, len(dataset))
        self.division = Division(everything, nothing, nothing, "further samples, all to train on")
        train = self.recipe.train
        self.recipe = replace(self.recipe, train=replace(train, seed=train.seed + 1))  # another order, other dropout
        return self._descend(listen, None)

    def settle(self, fitted: FitDone) -> "Learner":
        """Its network was trained elsewhere, as a population: from now on it predicts."""
        self.fitted = fitted
        self.steps_per_epoch = fitted.step // max(1, fitted.epoch)
        self.model.eval()
        return self._calibrated()

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Inputs (as `encode` makes them) and targets of the samples to train on, then of those to validate on."""
        dataset = self._given()
        streamed.refuse_together(dataset)
        part = dataset[np.concatenate([self.division.train, self.division.validation])]
        return self.preprocessing.encode(part), self.task.encode(part.targets())

    def train_batches(self) -> TensorBatches | WindowedBatches:
        """The batches that `train` learns from, once the learner is prepared."""
        self._given()
        learned, size = self.division.train, self.recipe.train.batch_size
        return self._batches(learned, len(learned) if size == "all" else size, shuffle=True)

    def predict(self, inputs: Any, *, block: int = 0) -> Prediction:
        """The target of samples as the user has them: a frame, an array, image files, a table file, one or many.

        Args:
            inputs: the samples.
            block: how many samples pass through the network together, the last ones filled up to as many, so that
                what is said of a sample does not depend on how many there are beside it; 0: what is fastest.

        Raises:
            DataError: columns missing, or nothing that these inputs could be.
        """
        if streamed.large_table(inputs) is not None:
            return streamed.joined(streamed.predictions(self, inputs))
        samples = self.preprocessing.read(inputs)
        encoded = self.preprocessing.encode(samples)
        count = len(encoded)
        if block:
            filling = encoded[:1].expand(-count % block, *encoded.shape[1:])
            encoded = torch.cat([encoded, filling])
        outputs, _ = self._outputs(encoded, torch.zeros(len(encoded)), block or EVALUATION_BATCH)
        return replace(self.task.decode(outputs[:count]), said=samples.said)

    def evaluate(self, data: Any, *, rows: "np.ndarray[Any, Any] | None" = None) -> dict[str, float]:
        """The task's metrics on samples with known targets."""
        outputs, targets = self.outputs(data, rows=rows)
        return defined(self.task.metrics(outputs, targets))

    def outputs(self, data: Any, *, rows: "np.ndarray[Any, Any] | None" = None) -> tuple[Tensor, Tensor]:
        """What the model gives for samples with known targets, and the targets, both as the task reads them."""
        dataset = data_of(self.recipe, data)
        if dataset.streaming is not None:
            rows = streamed.to_judge_by(self, dataset, rows)
            return outputs_of(self.model, self._windows(dataset, rows, EVALUATION_BATCH))
        part = dataset if rows is None else dataset[rows]
        return self._outputs(self.preprocessing.encode(part), self.task.encode(part.targets()))

    def pictures(self, data: Any, *, rows: "np.ndarray[Any, Any] | None" = None) -> dict[str, Picture]:
        """The task's pictures of its outputs on samples with known targets, such as a confusion matrix."""
        outputs, targets = self.outputs(data, rows=rows)
        return self.task.pictures(outputs, targets)

    def validation_pictures(self) -> dict[str, Picture]:
        """The same of the samples for validation, by what the network said before it had learned from them."""
        if self._judged is not None:
            return self.task.pictures(*self._judged)
        return self.pictures(self.dataset, rows=self.division.validation)

    def summary(self) -> str:
        """The layers: name, shape of what each puts out, parameters, what it is; as lines of text."""
        batch = torch.zeros(2, *self.preprocessing.shape, device=self.device)
        return str(outline(self.model, channels_last(batch) if self._channels_last else batch))

    def save(self, folder: str | Path) -> Path:
        """Write `weights.safetensors` and `learner.json`; what stood there before is replaced as a whole file each."""
        return keeping.write(Path(folder), self.recipe, self.preprocessing, self.task, self.model)

    @classmethod
    def load(cls, folder: str | Path, *, module: nn.Module | None = None, device: str = "auto") -> "Learner":
        """The learner that `save` wrote.

        Args:
            folder: with the two files.
            module: the network itself, when it was built in Python and not by name.
            device: where it shall predict.

        Raises:
            NotFoundError: no learner there.
            ConfigError: the network was built in Python, and `module` was not given.
        """
        folder = Path(folder)
        recipe, preprocessing, task = keeping.read(folder)
        learner = cls(recipe)
        learner.preprocessing, learner.task = preprocessing, task
        learner._rebuild(module)
        if learner._is_double and not isinstance(learner.model, AtOnce):
            learner.model.double()
        keeping.read_model(folder, learner.model)
        learner._place("cpu" if isinstance(learner.model, AtOnce) else device)
        learner.model.eval()
        return learner

    def _descend(self, listen: Listener, control: Control | None) -> "Learner":
        """The training loop."""
        train, judging = self.train_batches(), streamed.to_judge_by(self, self._given(), self.division.validation)
        validation = self._batches(judging, EVALUATION_BATCH) if len(judging) else None
        self.steps_per_epoch = len(train)
        task, settings = self._trained_task, self.recipe.train
        self.fitted = fit(self.model, task, train, validation, settings, listen=listen, control=control)
        self.model.eval()
        return self

    def _calibrated(self) -> "Learner":
        """With a threshold for what is none of the classes, if one is asked for."""
        if isinstance(self.task, Classification) and self.task.accept < 1:
            outputs, _ = self.outputs(self.dataset, rows=self.division.validation)
            self.task = self.task.calibrated(outputs)
        return self

    @property
    def _trained_task(self) -> LoopTask:
        return self.task if self.weights is None else WeightedTask(self.task)

    @property
    def _is_double(self) -> bool:
        return self.recipe.train.precision == "double"

    def _given(self) -> Dataset:
        if self.dataset is None:
            raise ConfigError("There is nothing to train on yet: call prepare(dataset) before train(), or fit(data).")
        return self.dataset

    def _weights_of(self, rows: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any] | None":
        return None if self.weights is None else self.weights[rows]

    def _try_out(self, samples: Dataset) -> None:
        """Pass two samples through, so that a network that does not fit is refused now.

        Raises:
            ConfigError: the network cannot take such samples, or gives what the task cannot read.
        """
        self.model.eval()
        batch = self.finish(self.preprocessing.encode(samples).to(self.device))
        try:
            with threads.suited_to(self.model, len(batch)), torch.no_grad():
                outputs = self.model(batch)
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise ConfigError(
                f"The network cannot take samples of shape {self.preprocessing.shape} ({batch.dtype}): "
                f"{str(error).splitlines()[0]}"
            ) from error
        self.task.loss(outputs, self.task.encode(samples.targets()).to(self.device))

    def _rebuild(self, module: nn.Module | None) -> None:
        model = self.recipe.model
        if module is None and model.name == "object":
            raise ConfigError(
                "The network was built in Python and cannot be built again from its record. "
                "Pass it: Learner.load(folder, module=network)."
            )
        train = self.recipe.train
        self.model = module or self._network(model, train.members if train.members_keep == "average" else 1)

    def _network(self, model: ModelRecipe, count: int) -> nn.Module:
        return network(model, self.preprocessing, self.task, seed=self.recipe.train.seed, count=count)

    def _batches(
        self, rows: "np.ndarray[Any, Any]", batch_size: int, *, shuffle: bool = False, weighted: bool = True
    ) -> TensorBatches | WindowedBatches:
        if self._given().streaming is not None:
            return self._windows(self._given(), rows, batch_size, shuffle=shuffle)
        part, weights = self._given()[rows], self._weights_of(rows)
        inputs, targets = self.preprocessing.encode(part), self.task.encode(part.targets())
        if weights is not None and weighted:
            targets = WeightedTask.joined(
                targets, torch.from_numpy(weights).to(torch.float64 if self._is_double else torch.float32)
            )
        seed, count = self.recipe.train.seed, len(part)
        return self._tensor_batches(
            inputs,
            targets,
            batch_size,
            order=(lambda epoch: permutation(seed, epoch, count)) if shuffle else None,
        )

    def _windows(
        self, dataset: Dataset, rows: "np.ndarray[Any, Any]", batch_size: int, *, shuffle: bool = False
    ) -> WindowedBatches:
        def make(inputs: Tensor, targets: Tensor, order: Any) -> TensorBatches:
            return self._tensor_batches(inputs, targets, batch_size, order)

        return streamed.batches(self, dataset, rows, make, batch_size=batch_size, shuffle=shuffle)

    def _outputs(self, inputs: Tensor, targets: Tensor, batch_size: int = EVALUATION_BATCH) -> tuple[Tensor, Tensor]:
        return outputs_of(self.model, self._tensor_batches(inputs, targets, batch_size))

    def _tensor_batches(self, inputs: Tensor, targets: Tensor, batch_size: int, order: Any = None) -> TensorBatches:
        if self.device.type != "cuda" or inputs.nbytes < KEPT_SHARE * torch.cuda.mem_get_info(self.device)[0]:
            inputs, targets = inputs.to(self.device), targets.to(self.device)
        return TensorBatches(
            inputs, targets, batch_size=batch_size, order=order, finish=self.finish, device=self.device
        )

    def finish(self, batch: Tensor) -> Tensor:
        """Encoded samples as the model takes them, on the same device."""
        finished = self.preprocessing.finish(batch)
        finished = finished.double() if self._is_double else finished
        return channels_last(finished) if self._channels_last else finished

    def _place(self, device: str) -> None:
        """Put the model where it shall compute, its convolutions laid out as they compute fastest."""
        self.device = devices.choose(device)
        if self.device.type == "mps" and self._is_double:
            raise ConfigError("train.precision='double' is not to be had on 'mps'. Use train.device='cpu'.")
        # Compiled for a CPU, convolutions are faster with the channels apart (benchmarks/loop.py).
        compiled = self.recipe.train.compile and self.device.type == "cpu"
        self._channels_last = not compiled and any(isinstance(module, nn.Conv2d) for module in self.model.modules())
        self.model.to(self.device)
        if self._is_double:
            self.model.double()
        if self._channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
