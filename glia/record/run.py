"""A run: what was recorded, what is being recorded, and the learner that came of it.

The same object serves a run that this process writes and one that is read from its folder. Reading goes through the
folder in both cases, so that what is shown is what was kept.
"""

import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from glia import pictures
from glia.errors import ConfigError, NotFoundError
from glia.pictures import Curve, Picture
from glia.tracking.home import find_run, open_home
from glia.tracking.reader import RunReader
from glia.tracking.recorder import RunRecorder
from glia.tracking.records import Written

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure
    from torch import nn

    from glia.learner import Learner
    from glia.tasks import Prediction

_everywhere: list["Run"] = []  # begun and not ended, of all threads
_here = threading.local()  # .runs: those begun in this thread
_guard = threading.Lock()


class Run:
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

    def __init__(self, folder: Path, *, recorder: RunRecorder | None = None) -> None:
        self.folder = folder
        self._reader = RunReader(folder)
        self._recorder = recorder
        self._prefix = ""
        self._learner: Learner | None = None

    # What is known of it

    @property
    def id(self) -> str:
        """16 hexadecimal digits; any unique beginning of at least 4 names the run."""
        return self._reader.id

    @property
    def name(self) -> str:
        """A readable name, such as `calm-otter-17`."""
        return self._reader.name

    @property
    def project(self) -> str:
        """The group of runs it belongs to."""
        return self._reader.project

    @property
    def state(self) -> str:
        """`running`, `done`, `failed`, `stopped`, `crashed` …; of an unfinished run derived now, never stored."""
        return self._fresh().state

    @property
    def reason(self) -> str:
        """Why it is in that state, in words; empty when there is nothing to say."""
        return self._fresh().reason

    @property
    def created(self) -> datetime:
        """When it began, in UTC."""
        return self._reader.created

    @property
    def ended(self) -> datetime | None:
        """When it ended, in UTC; None while it has not."""
        return self._fresh().ended

    @property
    def params(self) -> dict[str, Any]:
        """The flattened recipe, or the dict given to `glia.start`."""
        return self._fresh().params

    @property
    def tags(self) -> dict[str, str]:
        """Words attached to the run."""
        return self._fresh().tags

    @property
    def notes(self) -> str:
        """Free text about the run."""
        return self._fresh().notes

    @property
    def summary(self) -> dict[str, float]:
        """What the run came to: the metrics of the epoch that was kept, or else the last value of each."""
        return self._fresh().summary

    @property
    def warnings(self) -> list[str]:
        """What was noticed and should be known, such as rows left out."""
        return list(self._fresh().warnings)

    @property
    def parent(self) -> str | None:
        """The run that this one came from."""
        return self._reader.parent

    @property
    def data_version(self) -> str:
        """The content hash of the data it was trained on; empty if none was recorded."""
        return self._fresh().data_version

    @property
    def recipe_toml(self) -> str:
        """The complete recipe; empty for a loop of one's own."""
        return self._reader.recipe_toml

    @property
    def source(self) -> dict[str, Any]:
        """Commit, branch, changes and command line that it was run with."""
        return self._reader.source

    @property
    def looks(self) -> int:
        """How often the test part of its data was looked at."""
        reader = self._fresh()
        return len(reader.metrics("test/loss").value) if "test/loss" in reader.names() else 0

    # Recording

    def log(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        step: int | None = None,
        time: float | None = None,
        **more: float,
    ) -> None:
        """Record numbers; when this returns, killing the process loses none of them.

        Args:
            values: name → number (also 0-d arrays and tensors, booleans); nested dicts are joined with `/`.
            step: without one, the last step of that phase plus one.
            time: seconds since 1970; without one, now.
            more: the same as keywords.

        Raises:
            ConfigError: a value that is not a number, or an integer beyond 2**53, which a float cannot hold.
        """
        named = {**values, **more} if values else more
        if self._prefix or any(isinstance(value, Mapping) for value in named.values()):
            named = dict(_joined(named, self._prefix))
        self._writer().log(named, step=step, time=time)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Put `name/` before the names of what is logged inside: `with run.phase("validation"): …`."""
        before = self._prefix
        self._prefix = f"{before}{name}/"
        try:
            yield
        finally:
            self._prefix = before

    def tag(self, **tags: str) -> None:
        """Attach words to the run, also after its end."""
        self._writer().tag(**tags)

    def note(self, text: str) -> None:
        """Replace the notes, also after the run's end."""
        self._writer().note(text)

    def picture(self, name: str, picture: Picture, *, step: int | None = None) -> None:
        """Record a drawing (glia.pictures) that the pages show."""
        text = json.dumps(pictures.to_dict(picture), default=float)
        self._writer().media(name, text.encode(), suffix=".json", kind="picture", step=step)

    def image(self, name: str, array: Any, *, step: int | None = None) -> None:
        """Record a picture: H W or H W C (1, 3 or 4 channels), uint8 or floats from 0 to 1.

        Raises:
            ConfigError: another shape.
        """
        self._writer().media(name, _png(array), suffix=".png", kind="image", step=step)

    def end(self, state: Written = "done", reason: str = "") -> None:
        """Say how it ended and stop recording. Ending twice changes nothing."""
        if self._recorder is None:
            return
        self._recorder.state(state, reason)
        self._recorder.close()
        self._recorder = None
        leave(self)

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end("done")
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
        names = reader.names() if name is None else [name]
        frames = []
        for each in names:
            series = reader.metrics(each)
            frames.append(pd.DataFrame({"name": each, "step": series.step, "time": series.time, "value": series.value}))
        if not frames:
            return pd.DataFrame({"name": [], "step": [], "time": [], "value": []})
        return pd.concat(frames, ignore_index=True) if name is None else frames[0].drop(columns="name")

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
                raise NotFoundError(
                    f"Run '{self.name}' ({self.id}) has no model: it is {self.state} and kept none. "
                    f"Go on with: glia train --resume {self.id[:6]}"
                )
            self._learner = Learner.load(self.folder / "model")
        return self._learner

    @property
    def model(self) -> "nn.Module":
        """The trained network."""
        return self.learner.model

    def predict(self, inputs: Any) -> "Prediction":
        """The target of samples as the user has them: a frame, an array, image files, a table file."""
        return self.learner.predict(inputs)

    def _fresh(self) -> RunReader:
        self._reader.refresh()
        return self._reader

    def _writer(self) -> RunRecorder:
        if self._recorder is None:
            self._recorder = RunRecorder.reopen(self.folder)
        return self._recorder

    def __repr__(self) -> str:
        return f"Run({self.id}, {self.name}, {self.state})"

    def _repr_html_(self) -> str:
        rows = {"project": self.project, "state": f"{self.state} ({self.reason})" if self.reason else self.state}
        rows |= {name: f"{value:.4g}" for name, value in self.summary.items()}
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
        return f"<b>{escape(self.name)}</b> <code>{self.id[:6]}</code><table>{cells}</table>"


def enter(run: Run) -> Run:
    """Make `run` the current one, of this thread and of threads that begin none."""
    with _guard:
        _everywhere.append(run)
    _here.runs = [*getattr(_here, "runs", []), run]
    return run


def leave(run: Run) -> None:
    """The run is over: the one begun before it is current again."""
    with _guard:
        if run in _everywhere:
            _everywhere.remove(run)


def current() -> Run:
    """The run begun last in this thread that has not ended, or else the one begun last in any.

    Raises:
        NotFoundError: there is none.
    """
    _here.runs = [run for run in getattr(_here, "runs", []) if run in _everywhere]
    for runs in (_here.runs, _everywhere):
        if runs:
            return runs[-1]
    raise NotFoundError("No run is being recorded. Begin one with glia.start() before glia.log().")


def opened(reference: str) -> Run:
    """The run with that id, unique beginning of an id (at least 4 digits) or name.

    Raises:
        NotFoundError: no such run, or several.
    """
    return Run(find_run(open_home(), reference))


def _joined(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _joined(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value


def _png(array: Any) -> bytes:
    import numpy as np
    from PIL import Image

    pixels = np.asarray(array)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        raise ConfigError(f"An image has the shape H W or H W C with 1, 3 or 4 channels, not {pixels.shape}.")
    if pixels.dtype != np.uint8:
        pixels = (np.nan_to_num(pixels.astype(np.float64)).clip(0, 1) * 255).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
