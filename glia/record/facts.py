"""What a run says of itself: read from its folder, and what of it may be changed later."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from glia.bias_and_variance import BiasAndVariance
from glia.tracking.folder.judging import bias_and_variance
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import read_run
from glia.tracking.recording.scribe import Scribe
from glia.tracking.recording.study import reopen

PAGES = "http://127.0.0.1:7007"  # where `glia serve` shows the runs unless told otherwise


class RunFacts:
    """The facts about a run. Notes, tags, summary and data version are set by assignment, also after its end."""

    def __init__(self, folder: Path, *, recorder: Scribe | None = None) -> None:
        self.folder = folder
        self._reader = read_run(folder)
        self._recorder = recorder

    @property
    def id(self) -> str:
        """16 hexadecimal digits; any unique beginning of at least 4 names the run. Of a trial `<study>/17`."""
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
    def kind(self) -> str:
        """What it is a run of: `train`, `compare` …"""
        return self._reader.kind

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

    @tags.setter
    def tags(self, tags: Mapping[str, str]) -> None:
        gone = {name: None for name in self.tags if name not in tags}
        self._writer().tag(**{**tags, **gone})

    @property
    def notes(self) -> str:
        """Free text about the run."""
        return self._fresh().notes

    @notes.setter
    def notes(self, text: str) -> None:
        self._writer().note(text)

    @property
    def summary(self) -> dict[str, float]:
        """What the run came to: the metrics of the epoch that was kept, or else the last value of each.

        What is assigned is added to it.
        """
        reader = self._fresh()
        return reader.summary or reader.last()

    @summary.setter
    def summary(self, values: Mapping[str, float]) -> None:
        self._writer().summary({**self.summary, **values})

    @property
    def bias_and_variance(self) -> BiasAndVariance | None:
        """The validation error, its gap to the training error, and what they mean in words; None while it goes on.

        None, too, of a run that logged no training. Loops of one's own have it that log `train/loss` and
        `validation/loss`, or both accuracies.
        """
        return bias_and_variance(self._fresh())

    @property
    def warnings(self) -> list[str]:
        """What was noticed and should be known, such as rows left out."""
        return list(self._fresh().warnings)

    @property
    def parent(self) -> str | None:
        """The id of the run that this one was begun in, or comes from."""
        return self._reader.parent

    @property
    def url(self) -> str:
        """Its page, where `glia serve` shows it unless another port was given."""
        return f"{PAGES}/runs/{self.id.replace('/', '~')}"

    @property
    def data_version(self) -> str:
        """The content hash of the data it was trained on; empty if none was recorded."""
        return self._fresh().data_version

    @data_version.setter
    def data_version(self, version: str) -> None:
        self._writer().data(version=str(version))

    @property
    def recipe_toml(self) -> str:
        """The complete recipe; empty for a loop of one's own."""
        return self._reader.recipe_toml

    @property
    def source(self) -> dict[str, Any]:
        """Commit, branch, changes and command line that it was run with."""
        return self._reader.source

    @property
    def machine_names(self) -> list[str]:
        """What was measured of the machine meanwhile, to be read by `metrics(name)`; steps are seconds."""
        return self._fresh().machine_names()

    @property
    def looks(self) -> int:
        """How often the test part of its data was looked at."""
        reader = self._fresh()
        return len(reader.metrics("test/loss").value) if "test/loss" in reader.names() else 0

    def tag(self, **tags: str) -> None:
        """Attach words to the run, also after its end."""
        self._writer().tag(**tags)

    def note(self, text: str) -> None:
        """Replace the notes, also after the run's end."""
        self._writer().note(text)

    def _fresh(self) -> RunReader:
        self._reader.refresh()
        return self._reader

    def _writer(self) -> Scribe:
        if self._recorder is None:
            self._recorder = reopen(self.folder)
        return self._recorder
