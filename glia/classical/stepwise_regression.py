"""Stepwise regression: least squares over columns that enter or leave one by one, while that helps.

Paper      Efroymson, 1960, *Multiple regression analysis*; by information criteria as `step` of R does: Akaike, 1974;
           Schwarz, 1978, *Estimating the dimension of a model*. https://doi.org/10.1214/aos/1176344136
We differ  the categories of a column enter and leave together.
Letters    N samples, P coefficients, RSS sum of squared residuals.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from glia.classical.regression import Regression
from glia.classical.stepwise import BestSteps, Criterion, Direction
from glia.classical.terms import terms_of
from glia.errors import ConfigError
from glia.models.samples import Samples

Level = Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True, kw_only=True)
class StepwiseRegressionConfig:
    """What a stepwise regression is built from."""

    direction: Direction = "both"  # forward: columns enter; backward: they leave; both: each step may do either
    criterion: Criterion = "bic"  # what a step must lower; p-value: significance by the partial F test
    enter: Level = 0.05  # p-value: a column enters whose p is below
    leave: Level = 0.1  # p-value: a column leaves whose p is above

    def __post_init__(self) -> None:
        if self.enter > self.leave:
            raise ConfigError(
                f"A column that enters below p = {self.enter:g} and leaves above {self.leave:g} would do so for ever. "
                "Use enter ≤ leave."
            )


SIZES: dict[str, dict[str, Any]] = {}


class StepwiseRegression(Regression):
    """A weighted sum of the columns that were worth it."""

    MATTERS = ("outliers", "collinearity", "residuals")

    def __init__(self, config: StepwiseRegressionConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> BestSteps:
        """Least squares over what the steps end with."""
        config = self.config
        return BestSteps(terms_of(samples), config.direction, config.criterion, config.enter, config.leave)
