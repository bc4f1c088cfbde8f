"""A run: what was recorded, what is being recorded, and the learner that came of it.

The same object serves a run that this process writes and one that is read from its folder. Reading goes through the
folder in both cases, so that what is shown is what was kept.
"""

from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from glia.errors import NotFoundError
from glia.pictures import Curve
from glia.record.current import leave
from glia.record.recording import RunRecording
from glia.record.repeating import training_command
from glia.tracking.folder.home import STUDY, TRIAL, brief, find_run, open_home
from glia.tracking.log.records import Written
from glia.tracking.recording.scribe import Scribe

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure
    from torch import nn

    from glia.learner import Learner
    from glia.tasks import Prediction


class Run(RunRecording):
    """One recorded execution.

    As a context manager it ends when the block does: done, failed with the error's text, or stopped by Ctrl-C.

    Example:
        >>> import glia
        >>> with glia.start(project="by-hand", params={"rate": 0.1}) as run:
        ...     for step in range(3):
        ...         run.log(loss=1 / (step + 1))
        >>> run.state, list(run.metrics("loss")["value"])
        ('done', [1.0, 0.5, 0.3333333333333333])
    """

    def __init__(self, folder: Path, *, recorder: Scribe | None = None) -> None:
        super().__init__(folder, recorder=recorder)
        self._learner: Learner | None = None

    @property
    def should_stop(self) -> bool:
        """Whether somebody asked from outside that this run stop; a loop of one's own asks it once a step, and ends.

        Asking costs a look at the clock, and once a second one into the run's folder.
        """
        return self._recorder is not None and bool(self._recorder.stop_asked)

    def end(self, state: Written = "done", reason: str = "") -> None:
        """Say how it ended and stop recording. Ending twice changes nothing."""
        if self._recorder is None:
            return
        self._unwatch()
        self._recorder.state(state, reason)
        self._recorder.close()
        self._recorder = None
        leave(self)

    def conclude(self) -> None:
        """End as one whose loop is over: done, or stopped if it heard from `should_stop` that it should."""
        heard = self._recorder.stop_heard if self._recorder is not None else ""
        self.end("stopped" if heard else "done", heard)

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.conclude()
        elif isinstance(error, KeyboardInterrupt):
            self.end("stopped", "interrupted")
        else:
            self.end("failed", f"{type(error).__name__}: {error}")

    # Reading

    def metrics(self, name: str | None = None) -> "pandas.DataFrame":
        """What was logged: `step`, `time` (seconds since 1970), `value`; of all metrics, with a column `name`.

        Raises:
            NotFoundError: no such metric; the message names those there are.
        """
        import pandas as pd

        reader = self._fresh()
        frames = {}
        for each in reader.names() if name is None else [name]:
            series = reader.metrics(each)
            frames[each] = pd.DataFrame({"step": series.step, "time": series.time, "value": series.value})
        if name is not None:
            return frames[name]
        if not frames:
            return pd.DataFrame({"name": [], "step": [], "time": [], "value": []})
        for each, frame in frames.items():
            frame.insert(0, "name", each)
        return pd.concat(frames.values(), ignore_index=True)

    def plot(self, *names: str) -> "Figure":
        """Curves of the metrics named, or of the losses, drawn with matplotlib.

        Raises:
            ConfigError: matplotlib is not installed.
        """
        from glia.record.drawing import draw

        chosen = names or [name for name in self._fresh().names() if name.endswith("/loss") or name == "loss"]
        lines = []
        for name in chosen:
            series = self._reader.metrics(name)
            lines.append((name, tuple(series.step.tolist()), tuple(series.value.tolist())))
        return draw(Curve(title=self.name, x="step", y=", ".join(chosen), lines=tuple(lines)))

    @property
    def learner(self) -> "Learner":
        """The fitted learner, loaded from the run's folder when first asked for.

        Raises:
            NotFoundError: the run kept no model.
        """
        if self._learner is None:
            from glia.learner import Learner

            if not (self.folder / "model" / "learner.json").is_file():
                raise NotFoundError(self._no_model())
            self._learner = Learner.load(self.folder / "model")
        return self._learner

    @property
    def model(self) -> "nn.Module":
        """The trained network."""
        return self.learner.model

    def predict(self, inputs: Any) -> "Prediction":
        """The target of samples as the user has them: a frame, an array, image files, a table file."""
        return self.learner.predict(inputs)

    def __repr__(self) -> str:
        return f"Run({self.id}, {self.name}, {self.state})"

    def _repr_html_(self) -> str:
        rows = {"project": self.project, "state": f"{self.state} ({self.reason})" if self.reason else self.state}
        rows |= {name: f"{value:.4g}" for name, value in self.summary.items()}
        if self.bias_and_variance is not None:
            rows["bias and variance"] = self.bias_and_variance.text
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
        return f"<b>{escape(self.name)}</b> <code>{brief(self.id)}</code><table>{cells}</table>"

    def _no_model(self) -> str:
        said = f"Run '{self.name}' ({self.id}) has no model: it is {self.state} and kept none. "
        if self.parent and self._reader.kind == TRIAL:
            return f"{said}See which trials there are: glia runs list --where \"parent = '{self.parent}'\""
        if self.kind == "compare":
            kept = f"Run '{self.name}' ({self.id}) is a comparison, which keeps no model. Train the one to use: "
            data = self._reader.data.name if self._reader.data else "DATA"
            return kept + training_command(self.params, data=data, model=str(self.tags.get("choice", "MODEL")))
        verb = "tune" if self.kind == STUDY else "train"
        return f"{said}Go on with: glia {verb} --resume {self.id[:6]}"


def opened(reference: str) -> Run:
    """The run with that id, unique beginning of an id (at least 4 digits) or name; `<study>/17` for a trial.

    Raises:
        NotFoundError: no such run, or several.
    """
    return Run(find_run(open_home(), reference))
