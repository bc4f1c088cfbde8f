"""What a comparison came to: a table, an answer in words, pictures. Shown in notebooks, printed, kept with its run."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from glia.comparison.curve import LearningCurve
from glia.comparison.figures import decimals, interval
from glia.comparison.standings import Standing
from glia.comparison.words import answer, chosen, p_value, span
from glia.errors import ConfigError, counted
from glia.pictures import Picture
from glia.ranges import of_differences, of_metric
from glia.tasks.task import Direction

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

HEADINGS = ("learner", "group", "{metric}", "to the best", "p", "fits", "time to fit", "to predict", "size")


@dataclass(frozen=True, kw_only=True, repr=False)
class Report:
    """Learners compared on the same samples.

    Attributes:
        run: id of the run that keeps it.
        data: name of the data.
        samples: how many there are.
        rule: how they were divided, in words.
        metric: that learners are ranked by.
        direction: which way it is better.
        rounds: how often each learner was to be fitted.
        repeats: how often folds were dealt; 0: there are none, or another time would give the same.
        standings: from best to worst.
        curves: the metric against the number of samples.
        warnings: what was noticed of the data, and what went wrong.
        pictures: by name.
    """

    run: str
    data: str
    samples: int
    rule: str
    metric: str
    direction: Direction
    rounds: int
    repeats: int = 0
    standings: tuple[Standing, ...]
    curves: tuple[LearningCurve, ...] = ()
    warnings: tuple[str, ...] = ()
    pictures: tuple[tuple[str, Picture], ...] = ()

    @property
    def best(self) -> str:
        """The learner with the best mean."""
        return self.standings[0].learner

    @property
    def choice(self) -> str:
        """The learner to use: the simplest of those that are as good as the best, as far as can be told."""
        return chosen(self.standings).learner

    @property
    def answer(self) -> str:
        """Which to use, by how much, whether a network is overkill, what more data would do."""
        said = answer(
            self.standings, metric=self.metric, direction=self.direction, curves=self.curves, repeats=self.repeats
        )
        return "\n".join(said)

    @property
    def headings(self) -> tuple[str, ...]:
        """Of the table."""
        return tuple(heading.format(metric=self.metric) for heading in HEADINGS)

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The table, a row a learner, as a person reads it."""
        names = [_short(each.learner) for each in self.standings]
        places = decimals([each.mean for each in self.standings])
        between = decimals([each.difference for each in self.standings if each.difference])
        return [
            _row(each, name if names.count(name) == 1 else each.learner, self.metric, (places, between))
            for each, name in zip(self.standings, names, strict=True)
        ]

    @property
    def text(self) -> str:
        """Title, table, answer and warnings, as lines of text."""
        notes = [f"Note: {said}" for said in self.warnings]
        return "\n".join([self.title, "", *_aligned([self.headings, *self.rows]), "", self.answer, *notes])

    @property
    def title(self) -> str:
        """What was compared on what."""
        learners, samples = counted(len(self.standings), "learner"), counted(self.samples, "sample")
        return f"{learners} on {self.data}: {samples}, {self.rule}"

    def frame(self) -> "pandas.DataFrame":
        """All figures, a row a learner."""
        import pandas as pd

        return pd.DataFrame([self._figures(each) for each in self.standings])

    def figure(self) -> "Figure":
        """The pictures drawn with matplotlib.

        Raises:
            ConfigError: matplotlib is not installed.
        """
        from glia.record.drawing import draw_all

        figure = draw_all([picture for _, picture in self.pictures], columns=2)
        figure.set_size_inches(11, 4 * -(-len(self.pictures) // 2))
        return figure

    def to_dict(self) -> dict[str, Any]:
        """All figures and words as plain values; what is not a number is None."""
        about = {"run": self.run, "data": self.data, "samples": self.samples, "rule": self.rule}
        about |= {"metric": self.metric, "direction": self.direction, "rounds": self.rounds}
        learners = [{**self._figures(each), "values": each.values} for each in self.standings]
        said = {"best": self.best, "choice": self.choice, "answer": self.answer, "warnings": self.warnings}
        plain: dict[str, Any] = _plain({**about, **said, "learners": learners, "curves": map(asdict, self.curves)})
        return plain

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Report({self.data}, best {self.best}, use {self.choice})"

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(heading)}</th>" for heading in self.headings)
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows)
        said = "".join(f"<p>{escape(line)}</p>" for line in self.answer.splitlines())
        said += "".join(f"<p>Note: {escape(line)}</p>" for line in self.warnings)
        words = f"<b>{escape(self.title)}</b><table><tr>{heads}</tr>{rows}</table>{said}"
        try:
            drawn: Any = self.figure()
        except ConfigError:  # words alone, where matplotlib is not installed
            return words
        return f'{words}<img src="data:image/png;base64,{b64encode(drawn._repr_png_()).decode()}">'

    def _figures(self, each: Standing) -> dict[str, Any]:
        behind = each.difference
        nothing = float("nan")
        return {
            "learner": each.learner,
            "group": each.group,
            self.metric: each.mean.mean,
            "low": each.mean.low,
            "high": each.mean.high,
            "difference": behind.mean if behind else 0.0,
            "difference_low": behind.low if behind else nothing,
            "difference_high": behind.high if behind else nothing,
            "p": each.p,
            "fits": each.fits,
            "seconds_to_fit": each.seconds_to_fit,
            "seconds_to_predict": each.seconds_to_predict,
            "bytes": each.bytes,
            "calibration_error": each.calibration_error,
        }


def _short(learner: str) -> str:
    """Of `package.module:Class` the class."""
    return learner.rpartition(":")[2]


def _row(each: Standing, name: str, metric: str, places: tuple[int | None, int | None]) -> tuple[str, ...]:
    return (
        name,
        str(each.group) if each.group else "",
        interval(each.mean, of_metric(metric), places[0]),
        interval(each.difference, of_differences(metric), places[1]) if each.difference else "best",
        "" if isnan(each.p) else p_value(each.p).removeprefix("p = ").removeprefix("p "),
        str(each.fits),
        span(each.seconds_to_fit),
        span(each.seconds_to_predict),
        f"{each.bytes / 1e3:.3g} kB" if each.bytes < 1e6 else f"{each.bytes / 1e6:.3g} MB",
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return None if isinstance(value, float) and not isfinite(value) else value
    return [_plain(item) for item in value]
