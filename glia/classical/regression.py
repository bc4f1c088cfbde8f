"""What the regressions have in common: numbers only, and remarks on samples that mislead them."""

from typing import ClassVar

from glia.classical.model import ClassicalModel, Told
from glia.classical.remarks import MATTERS, remarks
from glia.errors import ConfigError
from glia.models.samples import Samples


class Regression(ClassicalModel):
    """A classical model of one number.

    Attributes:
        MATTERS: what is remarked on, of `remarks.MATTERS`.
    """

    MATTERS: ClassVar[tuple[str, ...]] = MATTERS

    def __init__(self, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        if self.classifies:
            kind = type(self).__name__
            raise ConfigError(
                f"{kind} predicts a number, and the target has {outputs} classes. Use model=logistic-regression, or "
                "task.name=regression if its values are numbers."
            )

    def learn(self, samples: Samples) -> None:
        """Fit to all samples at once, and look for what misleads such a model."""
        super().learn(samples)
        self.remarks = tuple(remarks(samples, self.estimator, self.MATTERS))

    def told(self) -> list[Told]:
        """The coefficients, and the path of the penalty where there is one."""
        picture = self.estimator.picture() if hasattr(self.estimator, "picture") else None
        return [Told("Coefficients", self.estimator.told(), picture)]
