"""Metrics read from the lines that a program prints: `loss=0.3`, `step 12 loss 0.3`, `Epoch 3/10 … val_loss: 0.41`.

A metric is a name and a number: `name=0.3`, `name = 0.3`, `name: 0.3` (without a space after the colon only if the
number has a point or an exponent, so that `host:8080` is none), `'name': 0.3`; for the names of WITHOUT_SIGN also
`loss 0.3`.
The number ends where a space, a comma, a semicolon, a bracket, a quote, `|`, `%` or the line does: `time: 12s` is none.

Names are written small. `val_loss`, `valid/loss`, `eval-loss` and `validation loss` are `validation/loss`; likewise for
`train_`, `training_` and `test_`. Words that are no metrics (NO_METRICS: times, levels of logging …) are passed over.

The step is that of the word `step`, `global_step`, `iteration` or `iter`, else that of `epoch`: `step 12`, `step=12`,
`Step [12/100]`. Where a line tells the epoch and a step out of so many, the steps are those of all epochs together:
`Epoch [2/5], Step [100/600]` is step 700 (epochs count from 1, or from 0 once an epoch 0 was seen). A line without such
a word takes the step after the last one of its phase.
"""

import re
from dataclasses import dataclass

WITHOUT_SIGN = (
    "loss|acc|accuracy|err|error|ppl|perplexity|lr|mse|rmse|mae|r2|f1|auc|precision|recall|iou|miou|map|dice|bleu|"
    "rouge|wer|cer|psnr|ssim|fid|reward|return|score|grad_norm"
)
NO_METRICS = frozenset(
    re.findall(
        r"\w+",
        "info warning warn debug critical exception line file http https pid port version device gpu cuda rank worker "
        "seed eta time elapsed date step global_step iteration iter epoch epochs",
    )
)
PHASES = {"train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("val", "valid", "validation", "eval", "dev"), "validation"
)

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|inf(?:inity)?|nan)"
_END = r"(?=[\s,;:|%)\]}>'\"]|\.?$|\.\s)"
_PHASE = r"(?:train|training|test|testing|val|valid|validation|eval|dev)"
_NAME = rf"(?P<phase>{_PHASE}[ _/.-]+)?(?P<name>[a-z_][a-z0-9_/@.-]*)"
_BEFORE = r"(?<![\w/.:@-])['\"]?"
_METRIC = re.compile(
    rf"{_BEFORE}{_NAME}['\"]?(?:\s*=\s*|\s*:\s+|\s*:(?=[-+]?\d*\.\d|[-+]?\d+e|[-+]?nan|[-+]?inf))['\"]?(?P<value>{_NUMBER}){_END}",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    rf"{_BEFORE}(?P<phase>{_PHASE}[ _/.-]+)?(?P<name>{WITHOUT_SIGN})\s+(?P<value>{_NUMBER}){_END}", re.IGNORECASE
)
_STEP = re.compile(
    r"(?<![\w/.-])['\"]?(?P<word>global_step|step|iteration|iter|epoch)s?['\"]?\s*[:=#]?\s*[\[(]?\s*(?P<at>\d+)"
    r"(?:\s*(?:/|of)\s*(?P<of>\d+))?(?![\w.]*\d*\.?\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LineMetrics:
    """What a line says."""

    values: dict[str, float]
    step: int | None


class LineReader:
    """Reads the lines of one program."""

    def __init__(self) -> None:
        self._first_epoch = 1

    def read(self, line: str) -> LineMetrics | None:
        """The metrics of a line, or None if it names none.

        Example:
            >>> LineReader().read("Epoch 3/10 loss: 0.52 val_loss: 0.41")
            LineMetrics(values={'loss': 0.52, 'validation/loss': 0.41}, step=3)
        """
        step = self._step(line)
        found = sorted([*_METRIC.finditer(line), *_PLAIN.finditer(line)], key=lambda match: match.start())
        values: dict[str, float] = {}
        for match in found:
            name = _named(match["phase"], match["name"])
            if name:
                values[name] = float(match["value"])
        return LineMetrics(values, step) if values else None

    def _step(self, line: str) -> int | None:
        said: dict[str, re.Match[str]] = {}
        for match in _STEP.finditer(line):
            said.setdefault("epoch" if match["word"].lower() == "epoch" else "step", match)
        epoch, step = said.get("epoch"), said.get("step")
        if epoch is not None and int(epoch["at"]) == 0:
            self._first_epoch = 0
        if step is None:
            return int(epoch["at"]) if epoch else None
        if epoch is None or step["of"] is None:
            return int(step["at"])
        return (int(epoch["at"]) - self._first_epoch) * int(step["of"]) + int(step["at"])


def _named(phase: str | None, name: str) -> str:
    """The name of a metric as it is logged; empty for what is none."""
    name = name.lower().rstrip(".-/")
    if phase is None:
        first, _, rest = name.partition("/")
        if rest and first in PHASES:
            phase, name = first, rest
    if name in NO_METRICS or not name:
        return ""
    word = (phase or "").lower().strip(" _/.-")
    return f"{PHASES[word]}/{name}" if word else name
