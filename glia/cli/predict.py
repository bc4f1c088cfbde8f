"""`glia predict` and `glia evaluate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glia.cli import output
from glia.errors import NotFoundError

if TYPE_CHECKING:
    from glia.learner import Learner
    from glia.tasks import Prediction

PREDICT_EXAMPLE = "Example: glia predict a3f9 seven.png new.csv"
EVALUATE_EXAMPLE = "Example: glia evaluate a3f9"
Reference = Annotated[str, typer.Argument(metavar="RUN", help="Id, its beginning (4 digits or more) or name.")]


def predict(
    run: Reference,
    files: Annotated[list[Path], typer.Argument(help="Pictures, or tables with the columns trained on.")],
    as_json: output.Json = False,
) -> None:
    """Predict the target of pictures or table rows with a run's model."""
    from glia import api

    blocks = _blocks(api.load(run), files)
    if as_json:
        output.emit_each(row for block in blocks for row in block)
        return
    for number, rows in enumerate(blocks):
        columns = ["file", "prediction"] + (["probability"] if rows and "probability" in rows[0] else [])
        shown = [
            {**row, "prediction": "none of these" if row["prediction"] is None else row["prediction"]} for row in rows
        ]
        output.table(columns, [[row[column] for column in columns] for row in shown], heading=number == 0)


def _blocks(learner: "Learner", files: list[Path]) -> Iterator[list[dict[str, Any]]]:
    """What is predicted, a dict a sample: all at once, but a large table in blocks of rows."""
    from glia.learner.streamed import large_table, predictions

    together: list[dict[str, Any]] = []
    said = set[str]()
    for file in files:
        if not file.exists():
            raise NotFoundError(f"There is no file '{file}'.")
        large, before = large_table(file) is not None, 0
        for found in predictions(learner, str(file)):
            for line in found.said:
                if line not in said:
                    output.say(f"Note: {line}")
            said.update(found.said)
            several = large or len(found) > 1
            numbers = range(before + 1, before + len(found) + 1)
            names = [f"{file}:{number}" if several else str(file) for number in numbers]
            together += [{"file": name, **row} for name, row in zip(names, _rows(found), strict=True)]
            before += len(found)
            if large:
                yield together
                together = []
    if together:
        yield together


def _rows(found: "Prediction") -> list[dict[str, Any]]:
    """One dict a sample: what is predicted, how likely it is, and how likely each class."""
    values = found.values.tolist()
    if found.probabilities is None:
        return [{"prediction": value} for value in values]
    classes = [str(label) for label in found.classes]
    return [
        {"prediction": value, "probability": max(row), "probabilities": dict(zip(classes, row, strict=True))}
        for value, row in zip(values, found.probabilities.tolist(), strict=True)
    ]


def evaluate(
    run: Reference,
    data: Annotated[str | None, typer.Argument(help="Other data; left out, the run's own test part.")] = None,
    as_json: output.Json = False,
) -> None:
    """Judge a run's model on samples it has not seen. Looks at the test part are counted."""
    from glia import api

    found = api.run(run)
    before = found.looks
    metrics = api.evaluate(found, data)
    if as_json:
        output.emit(metrics)
        return
    output.facts(metrics)
    if data is None:
        counted = f"Look {found.looks}" if found.looks > before else "A look that could not be recorded"
        output.say(f"{counted} at the test part of this run. Choose between models by validation, not by this.")
