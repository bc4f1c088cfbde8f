"""What there is to read of a model that people can read: the rules of a tree, the coefficients of a line."""

from glia.errors import ConfigError
from glia.explanation.explanation import Explanation
from glia.record.run import Run


def told(run: Run) -> Explanation:
    """What a run's model tells of itself, in the units and labels of the data. Its pictures are kept with the run.

    Raises:
        ConfigError: the model is a network, or has nothing to tell.
    """
    learner = run.learner
    name = learner.recipe.model.name
    tell = getattr(learner.model, "told", None)
    if tell is None:
        raise ConfigError(
            "Say what to explain: feature_maps=True of a run, depth=True or learning_rate=True of data "
            f"(on the command line --feature-maps, depth DATA, learning-rate DATA). The run's {name} cannot be read."
        )
    found = tell()
    if not found:
        raise ConfigError(f"There is nothing to read of a {name}. Trees and linear models can be read: decision-tree.")
    explanation = Explanation(
        title=f"{run.name}: {name}",
        text="\n\n".join(f"{one.title}\n{one.text}" for one in found),
        pictures=tuple(one.picture for one in found if one.picture is not None),
    )
    explanation.record(run)
    return explanation
