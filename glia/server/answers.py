"""What the API answers, as models: OpenAPI is made from them, and from that the types of the pages."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, WithJsonSchema

from glia.tracking.log.records import Direction, State, plain

NUMBER = {"anyOf": [{"type": "number"}, {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]}
"""JSON has no NaN; a loss may be one, so those three travel as text."""


def _row(values: list[float]) -> list[Any]:
    return [value if math.isfinite(value) else plain(value) for value in values]


Number = Annotated[float, PlainSerializer(plain), WithJsonSchema(NUMBER)]
Row = Annotated[list[float], PlainSerializer(_row), WithJsonSchema({"type": "array", "items": NUMBER})]
Plain = Annotated[JsonValue, PlainSerializer(plain)]


class Answer(BaseModel):
    """Base of all answers: nothing beside the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Answer):
    """Why a request was refused, in a sentence for the person who reads it."""

    detail: str


class RunRow(Answer):
    """A run as a line of a table; `values` are numbers by metric: the summary's if it has one, else the last."""

    id: str
    name: str
    project: str
    kind: str
    parent: str | None = Field(description="The run that it was begun inside.")
    state: State
    reason: str
    created: datetime
    seconds: float = Field(description="From creation to the end, or to now.")
    params: dict[str, JsonValue]
    tags: dict[str, str]
    values: dict[str, Number]


class MetricName(Answer):
    """A metric that some run has."""

    name: str
    direction: Direction


class RunList(Answer):
    """One page of the runs that match, and what can be asked for."""

    runs: list[RunRow]
    total: int = Field(description="Runs that match, on all pages.")
    everything: int = Field(description="Runs there are.")
    projects: list[str]
    metrics: list[MetricName] = Field(description="Of the runs that match.")
    params: list[str] = Field(description="Of the runs that match: those that differ first.")


class Metric(Answer):
    """One metric of one run."""

    name: str
    direction: Direction
    last: Number
    points: int


class Medium(Answer):
    """A file kept with the run: /runs/{run}/media/{file} has its content."""

    name: str
    kind: str
    file: str
    caption: str
    step: int | None


class Data(Answer):
    """What the run works on."""

    name: str
    version: str
    samples: int | None


class Proposal(Answer):
    """A trial of a study that somebody wants, and nobody has begun."""

    id: str
    settings: dict[str, Plain]
    by: str
    proposed: datetime


class BiasAndVariance(Answer):
    """The validation error, its gap to the training error, and what they mean in words (glia.bias_and_variance)."""

    metric: str = Field(description="By which the error is told: of accuracy, r2 and macro-f1 it is 1 minus it.")
    validation: float | None
    training: float | None
    gap: float | None
    interval: tuple[float, float] | None = Field(description="Of the validation error, 95 %; null: not known.")
    gap_interval: tuple[float, float] | None
    trivial: float | None = Field(description="The error of always answering the commonest class, or the mean.")
    kind: Literal["bias", "variance", "both", "unclear", "unknown", "none"]
    text: str
    advice: str


class Run(RunRow):
    """One run, whole, apart from its points and texts."""

    ended: datetime | None
    updated: datetime = Field(description="When something was last recorded.")
    notes: str
    summary: dict[str, Plain] = Field(description="What it came to: the metrics of the epoch that was kept.")
    bias_and_variance: BiasAndVariance | None = Field(description="Null while it goes on, and of what trains nothing.")
    data: Data | None
    metrics: list[Metric]
    media: list[Medium]
    artifacts: int = Field(description="Files and folders that it keeps.")
    warnings: list[str]
    stopping: str = Field(description="Who asked it to stop and why, while it has not ended; else empty.")
    proposals: list[Proposal] = Field(description="Of a study: trials by hand that nobody has begun.")


class Series(Answer):
    """A metric over steps and time. Of very many points, each bucket's least and greatest are kept."""

    name: str
    direction: Direction
    points: int = Field(description="Recorded so far, hidden ones apart; may be more than are given here.")
    steps: list[int]
    times: list[float] = Field(description="Seconds since 1970.")
    values: Row


class RunSeries(Answer):
    """The series asked for, of one run."""

    run: str
    series: list[Series]


class Recipe(Answer):
    """The complete recipe and where it departs from the defaults."""

    toml: str = Field(description="Empty for a loop of one's own.")
    changed: list[str] = Field(description="Keys whose values are not the defaults, and params beside the recipe.")


class Document(Answer):
    """Recorded once, when the run began: plain values, as they stand in the run's folder."""

    content: dict[str, JsonValue]


class ConsoleLine(Answer):
    """A line that the program printed."""

    time: datetime
    text: str


class Console(Answer):
    """The end of what the program printed."""

    lines: list[ConsoleLine]
    more: bool = Field(description="Whether there are earlier lines.")


class CurvePicture(Answer):
    """Lines over a shared axis: name, xs and ys of each."""

    kind: Literal["curve"]
    title: str
    x: str
    y: str
    lines: list[tuple[str, Row, Row]]
    bands: list[tuple[str, Row, Row, Row]] = Field(default=[], description="Areas: name, xs, lows and highs.")
    dots: list[tuple[str, Row, Row]] = Field(default=[], description="Points that no line joins.")


class MatrixPicture(Answer):
    """A table of numbers coloured by size."""

    kind: Literal["matrix"]
    title: str
    x: str
    y: str
    columns: list[str]
    rows: list[str]
    values: list[Row]
    counts: bool = True


class BarsPicture(Answer):
    """One bar per label, perhaps with an interval each."""

    kind: Literal["bars"]
    title: str
    x: str
    y: str
    labels: list[str]
    values: Row
    intervals: list[tuple[Number, Number]]


class PointsPicture(Answer):
    """A cloud of points in named groups: name, xs and ys of each."""

    kind: Literal["points"]
    title: str
    x: str
    y: str
    groups: list[tuple[str, Row, Row]]
    diagonal: bool
    columns: list[str] = Field(default=[], description="If any, x is which of these names, from 0.")


class RegionsPicture(Answer):
    """The class predicted everywhere on a plane, a number a cell, and the samples of each class: name, xs and ys."""

    kind: Literal["regions"]
    title: str
    x: str
    y: str
    classes: list[str]
    xs: Row
    ys: Row
    cells: list[list[int]]
    groups: list[tuple[str, Row, Row]]


class ImagesPicture(Answer):
    """Media files side by side."""

    kind: Literal["images"]
    title: str
    images: list[str]
    labels: list[str]


class GraphPicture(Answer):
    """Nodes and directed edges between them, by index."""

    kind: Literal["graph"]
    title: str
    nodes: list[str]
    edges: list[tuple[int, int]]


Picture = Annotated[
    CurvePicture | MatrixPicture | BarsPicture | PointsPicture | RegionsPicture | ImagesPicture | GraphPicture,
    Field(discriminator="kind"),
]


class RunPicture(Answer):
    """The newest picture of a name, as plain numbers and words (glia.pictures)."""

    name: str
    step: int | None
    picture: Picture


class Pictures(Answer):
    """The pictures of a run."""

    pictures: list[RunPicture]


class Table(Answer):
    """Rows of a table, some of them. A cell is a number, a word, or null."""

    columns: list[str]
    rows: list[list[Plain]]
    kept: int = Field(description="Rows that the run keeps.")
    total: int = Field(description="Rows that the table had.")


class HistogramSeries(Answer):
    """A histogram over steps, on shared bins: `shares` has a row a step, whose numbers add up to 1."""

    name: str
    steps: list[int | None]
    edges: Row
    shares: list[Row]
    counts: list[int] = Field(description="Numbers that each step's histogram was made of.")
    other: list[int] = Field(description="Among them, how many were NaN or infinite.")


class Histograms(Answer):
    """What the histograms of one medium hold: one series, or one a layer of a watched model."""

    series: list[HistogramSeries]


class Artifact(Answer):
    """A file or folder kept with a run."""

    name: str
    kind: Literal["file", "folder"]
    files: int
    bytes: int
    time: datetime


class Artifacts(Answer):
    """What a run keeps, the newest of each name."""

    artifacts: list[Artifact]


class ArtifactFile(Answer):
    """A file of an artifact."""

    path: str
    bytes: int


class ArtifactFiles(Answer):
    """Some of the files of an artifact, in order."""

    files: list[ArtifactFile]
    total: int


class Child(Answer):
    """A run that was begun inside another."""

    id: str
    name: str
    state: State
    created: datetime


class Children(Answer):
    """The runs that were begun inside a run, in the order in which they were."""

    children: list[Child]
    total: int


class Difference(Answer):
    """A param with its value in each run; null where a run does not have it."""

    name: str
    values: list[JsonValue]


class MetricValues(Answer):
    """A metric with its value in each run; null where a run does not have it."""

    name: str
    direction: Direction
    values: list[Number | None]


class Comparison(Answer):
    """Runs side by side; all lists are in the order of `runs`."""

    runs: list[RunRow]
    different: list[Difference]
    same: dict[str, JsonValue]
    metrics: list[MetricValues]


class Addition(Answer):
    """More points of one metric; `start` were there before."""

    name: str
    direction: Direction
    start: int
    steps: list[int]
    times: list[float]
    values: Row


class PointsAdded(Answer):
    """What was logged since the last event."""

    type: Literal["points"] = "points"
    series: list[Addition]


class RunChanged(Answer):
    """The run as it is now: sent first, then when its state, tags, media or warnings change."""

    type: Literal["run"] = "run"
    run: Run


class SeriesReset(Answer):
    """Points were hidden or came between others, as when a run is resumed: ask for the series again."""

    type: Literal["reset"] = "reset"


class RunsChanged(Answer):
    """The list of runs: sent first, then when it is not what it was."""

    type: Literal["runs"] = "runs"


RunEvent = Annotated[PointsAdded | RunChanged | SeriesReset, Field(discriminator="type")]
