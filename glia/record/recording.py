"""What is recorded into a run: numbers, media, files, checkpoints, the inside of a network."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glia.errors import ConfigError
from glia.pictures import Picture
from glia.record import checkpoints, media
from glia.record.facts import RunFacts
from glia.record.media import Encoded
from glia.record.parameters import flattened
from glia.record.weights import note_weights
from glia.tracking.folder.artifacts import Artifact, artifacts_of, keep
from glia.tracking.log.values import check_name
from glia.tracking.log.writer import log
from glia.tracking.recording.scribe import Scribe

if TYPE_CHECKING:
    from torch import nn

    from glia.record.watching import Histograms, Values, Watch


class RunRecording(RunFacts):
    """The methods that record. What cannot be written for want of room is told, and never ends the program."""

    def __init__(self, folder: Path, *, recorder: Scribe | None = None) -> None:
        super().__init__(folder, recorder=recorder)
        self.restored: Path | None = None
        self._phases = threading.local()  # .prefix: of this thread
        self._phased = False  # whether any thread ever opened a phase: asked by every `log`
        self._watches: list[Watch] = []
        self._noted: set[str] = set()

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
        if values is not None and not isinstance(values, Mapping):
            raise ConfigError(f"log takes names and values, such as log(loss=0.3) or a dict, not {str(values)[:60]!r}.")
        named = {**values, **more} if values else more
        prefix = self._prefix if self._phased else ""
        nested = prefix != ""
        for value in named.values():  # a loop, and types compared first: this is what one value costs
            if type(value) is not float and isinstance(value, Mapping):
                nested = True
        if nested:
            named = dict(_joined(named, prefix))
        (self._recorder or self._writer()).log(named, step=step, time=time)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Put `name/` before the names of what this thread records inside: `with run.phase("validation"): …`."""
        before = self._prefix
        self._phased, self._phases.prefix = True, f"{before}{name}/"
        try:
            yield
        finally:
            self._phases.prefix = before

    def add_params(self, params: Mapping[str, Any]) -> None:
        """Add params to those given to `glia.start`, read from objects in the same way."""
        self._writer().params(flattened(params))

    def picture(self, name: str, picture: Picture, *, step: int | None = None) -> None:
        """Record a drawing (glia.pictures) that the pages show."""
        self._keep(name, media.picture(picture), step)

    def image(self, name: str, array: Any, *, step: int | None = None, caption: str = "") -> None:
        """Record a picture: H W or H W C (1, 3 or 4 channels); uint8, or floats from 0 to 1; or one of PIL.

        Raises:
            ConfigError: another shape, or integers beyond 0 to 255.
        """
        self._keep(name, media.image(array), step, caption)

    def audio(self, name: str, array: Any, rate: int, *, step: int | None = None, caption: str = "") -> None:
        """Record a sound: N samples, or N C or C N of one or two channels; floats from -1 to 1, or int16.

        Args:
            name: what it is called.
            array: the samples.
            rate: so many of them a second.
            step: when it was made.
            caption: stands below the player.

        Raises:
            ConfigError: another shape or type.
        """
        self._keep(name, media.audio(array, rate), step, caption)

    def text(self, name: str, text: str, *, step: int | None = None) -> None:
        """Record a text, such as what a language model wrote; of a very long one the first million characters."""
        self._keep(name, media.text(text), step)

    def table(self, name: str, rows: Any, *, step: int | None = None) -> None:
        """Record a pandas frame, a list of dicts or a dict of lists; of a long one the first 10,000 rows.

        Raises:
            ConfigError: something else, or columns of different lengths.
        """
        self._keep(name, media.table(rows), step)

    def figure(self, name: str, figure: Any, *, step: int | None = None) -> None:
        """Record a matplotlib figure as a picture.

        Raises:
            ConfigError: something else.
        """
        self._keep(name, media.figure(figure), step)

    def histogram(
        self,
        name: str,
        values: Any = None,
        *,
        counts: Any = None,
        edges: Any = None,
        bins: int = 64,
        step: int | None = None,
    ) -> None:
        """Record how numbers are spread; pages show the histograms of one name over the steps.

        Args:
            name: what it is called.
            values: numbers of any shape; or instead
            counts: one count for each bin, and
            edges: the ends of the bins, one more than counts.
            bins: into how many `values` are sorted.
            step: when they were so.

        Raises:
            ConfigError: neither or both were given, or counts and edges do not fit together.
        """
        if (values is None) == (counts is None) or (counts is None) != (edges is None):
            raise ConfigError("A histogram is made of values, or of counts and edges together.")
        found = media.binned(values, bins) if counts is None else media.counted(counts, edges)
        self._keep(name, media.histograms({self._prefix + name: found}), step)

    def confusion_matrix(
        self, name: str, truth: Any, prediction: Any, *, labels: Sequence[Any] | None = None, step: int | None = None
    ) -> None:
        """Record how often each class was taken for each.

        Args:
            name: what it is called.
            truth: the class of each sample.
            prediction: the class that was predicted for it.
            labels: the classes in order, or the names of the classes 0, 1, 2 …; None: those that occur.
            step: when that was so.

        Raises:
            ConfigError: the two differ in length, or a class is not among the labels.
        """
        self._keep(name, media.picture(media.confusion(truth, prediction, labels)), step)

    def save_artifact(self, path: str | Path, name: str | None = None) -> None:
        """Keep a file or folder with the run: its bytes as they are now, equal ones once for all runs.

        Args:
            path: links in a folder are left out.
            name: what it is called, its own name if left out; of several with one name the newest is shown.

        Raises:
            NotFoundError: there is nothing at `path`.
            ConfigError: `name` is none.
        """
        path = Path(path)
        name = name or path.expanduser().resolve().name
        writer = self._writer()
        try:
            record, left_out = keep(self.folder, path, name)
        except OSError as error:
            writer.warn(f"Artifact '{name}' could not be kept: {error.strerror or error}.")
            log.warning("Artifact '%s' of run '%s' cannot be kept: %s. The program goes on.", name, self.name, error)
            return
        writer.artifact(record)
        note_weights(writer, path.expanduser(), name)
        if left_out:
            said = ", ".join(sorted(left_out)[:5]) + (", …" if len(left_out) > 5 else "")
            writer.warn(f"Of artifact '{name}' links and special files were left out: {said}.")

    def artifacts(self) -> list[Artifact]:
        """The files and folders kept with the run, each to be opened or copied."""
        return artifacts_of(self._fresh())

    def checkpoint(self, folder: str | Path) -> None:
        """Keep the files of a folder (or one file) as the newest checkpoint, whole or not at all.

        After `glia.start(resume=…)` they are in `restored`, and what was logged since is void: it comes again. The
        newest two are kept.

        Raises:
            NotFoundError: there is nothing at `folder`.
        """
        checkpoints.keep(self._writer(), Path(folder))
        note_weights(self._writer(), Path(folder).expanduser(), "checkpoint")

    def watch(self, model: "nn.Module", every: int = 100, *, name: str = "") -> None:
        """Record gradients, weights and activations of a torch module every so many steps, until the run ends.

        Between samples it costs nothing. See `glia.record.watching` for what is recorded.

        Args:
            model: watched in training mode; a step is one forward pass of it.
            every: so many steps lie between samples.
            name: tells several models of one run apart.

        Raises:
            ConfigError: not a module.
        """
        from glia.record.watching import Watch

        prefix = f"watch/{name}/" if name else "watch/"
        reader = self._fresh()
        step = max((reader.last_step(each) for each in reader.names() if each.startswith(prefix)), default=0)
        self._watches.append(Watch(model, every, self._tell_watched, name=name, step=step))

    def _tell_watched(self, values: "Values", histograms: "Histograms", step: int) -> None:
        writer = self._writer()
        writer.log(values, step=step)
        if histograms:
            writer.media("watch", **_file(media.histograms(histograms)), step=step)

    def _unwatch(self) -> None:
        while self._watches:
            self._watches.pop().close()

    @property
    def _prefix(self) -> str:
        prefix: str = getattr(self._phases, "prefix", "")
        return prefix

    def _keep(self, name: str, encoded: Encoded, step: int | None, caption: str = "") -> None:
        check_name(name)
        name = self._prefix + name
        writer = self._writer()
        writer.media(name, **_file(encoded), step=step, caption=caption)
        if encoded.note and name not in self._noted:
            self._noted.add(name)
            writer.warn(f"'{name}' is long: {encoded.note}. All of it can be kept with save_artifact.")


def _file(encoded: Encoded) -> dict[str, Any]:
    return {"data": encoded.data, "suffix": encoded.suffix, "kind": encoded.kind}


def _joined(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _joined(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value
