"""A run's model judged on data it was not trained on; every look at the test split is counted."""

from typing import Any

from glia.data.splits import divide
from glia.errors import DataError
from glia.learner import data_of
from glia.record.progress import reading
from glia.record.run import Run


def evaluated(run: Run, data: Any = None) -> dict[str, float]:
    """The task's metrics on `data`, or on the test part of the run's own data.

    A look at the test part is logged as `test/…` at the next step of that phase: the number of steps is the number of
    looks.

    Raises:
        DataError: the data is not what the run was trained on, or has no test part.
    """
    learner = run.learner
    if data is not None:
        return learner.evaluate(data_of(learner.recipe, data, hear=reading))
    recipe = learner.recipe
    dataset = learner.dataset or data_of(recipe, hear=reading)
    if dataset.version != run.data_version:
        raise DataError(
            f"Run '{run.name}' was trained on data version '{run.data_version}', and '{recipe.data.name}' is now "
            f"'{dataset.version}': its test part is another one. Pass data to judge the model on it as it is."
        )
    test = divide(dataset, recipe.data.split, recipe.data.seed).test
    if not len(test):
        raise DataError(f"'{dataset.name}' has no test part: data.split.test is {recipe.data.split.test:g}. Pass data.")
    metrics = learner.evaluate(dataset, rows=test)
    run.log({f"test/{name}": value for name, value in metrics.items()})
    return metrics
