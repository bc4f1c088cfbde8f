"""Verbs that record and read what was recorded."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glia.record.current import current, enter
from glia.record.run import Run, opened
from glia.record.runs import Runs

if TYPE_CHECKING:
    from glia.data.dataset import Dataset
    from glia.learner import Learner
    from glia.server.serving import Server


def start(
    *,
    project: str | None = None,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    resume: str | None = None,
) -> Run:
    """Begin to record a loop of one's own; also a context manager. Inside another run it becomes a part of that.

    Args:
        project: the group of runs it belongs to; the folder's name, or the outer run's project, if left out.
        name: a readable one is made up if left out.
        params: what the run was asked to do: a dict of hyperparameters, and of objects of which they are read, such as
            `{"optimizer": optimizer, "loader": loader, "model": model, "args": args}`.
        resume: a run to go on with; `restored` of what is returned is its newest checkpoint.

    Example:
        >>> import glia
        >>> with glia.start(params={"rate": 0.1}):
        ...     glia.log(loss=0.5)
    """
    from glia.record.starting import begun, continued

    return enter(continued(resume) if resume else begun(project=project, name=name, params=params))


def log(values: Mapping[str, Any] | None = None, /, *, step: int | None = None, **more: float) -> None:
    """Record numbers into the run begun last. See `Run.log`.

    Raises:
        NotFoundError: none is being recorded.

    Example:
        >>> import glia
        >>> with glia.start() as run:
        ...     glia.log(loss=0.3)
        >>> run.summary
        {'loss': 0.3}
    """
    current().log(values, step=step, **more)


def run(id: str) -> Run:
    """A run by its id, a unique beginning of it (at least 4 digits) or its name.

    Raises:
        NotFoundError: no such run, or several.

    Example:
        >>> import glia
        >>> with glia.start(name="first-try"):
        ...     glia.log(loss=0.3)
        >>> glia.run("first-try").state
        'done'
    """
    return opened(id)


def runs(where: str = "", *, project: str | None = None, sort: str = "-created", limit: int | None = None) -> Runs:
    """The runs recorded here, newest first: lazy, to be sliced and iterated.

    Args:
        where: only those of which this is true, such as `params.lr < 0.01 and metrics.'validation/accuracy' > 0.9`.
        project: only those of one project.
        sort: a column, metric or param to sort by; `-` before it for descending.
        limit: at most so many.

    Raises:
        ConfigError: the expression cannot be used; the message points at the place.

    Example:
        >>> import glia
        >>> with glia.start(params={"rate": 0.1}) as run:
        ...     run.log(loss=0.5)
        >>> glia.runs("params.rate > 0.05 and metrics.loss < 1", limit=1)[0].id == run.id
        True
    """
    return Runs(where, project=project, sort=sort, limit=limit)


def load(run_or_folder_or_alias: "Run | str | Path") -> "Learner":
    """The learner of a run (by object, id or name), of a folder that `Learner.save` wrote, or of a registered model.

    Args:
        run_or_folder_or_alias: registered models are `faces@champion`, `faces@3` or `faces@latest`.

    Raises:
        NotFoundError: there is no such run or registered model, or it kept no model.

    Example:
        >>> import glia
        >>> run = glia.train("iris", epochs=1)
        >>> len(glia.load(run.id).predict([[5.1, 3.5, 1.4, 0.2]]))
        1
    """
    from glia.learner import Learner

    if isinstance(run_or_folder_or_alias, Run):
        return run_or_folder_or_alias.learner
    if (Path(run_or_folder_or_alias) / "learner.json").is_file():
        return Learner.load(run_or_folder_or_alias)
    return opened(str(run_or_folder_or_alias)).learner


def dataset(name_or_path: Any, *, target: str = "") -> "Dataset":
    """Data as Glia sees it, from a catalogue name, a path, a frame or arrays.

    Example:
        >>> import glia
        >>> len(glia.dataset("iris"))
        150
    """
    from glia.data.opening import open_dataset

    return open_dataset(name_or_path, target=target)


def serve(*, port: int = 7007, block: bool = False) -> "Server":
    """Show the runs of this folder in the browser, on this machine only.

    Args:
        port: 0 takes any that is free.
        block: stay until Ctrl-C; otherwise the server runs beside the program until `stop()`.
    """
    from glia.server.serving import serve as begin
    from glia.tracking.folder.home import open_home

    return begin(open_home(), port=port, block=block)
