"""`glia demo`: the shortest way to see what Glia does."""

import typer

from glia.cli import output
from glia.cli.train import report

EXAMPLE = "Example: glia demo"


def demo() -> None:
    """Train a small convolutional network on real handwritten digits, record it and say what was found."""
    from glia import api

    output.say("1,797 handwritten digits, 8x8 pixels, from scikit-learn's bundled files.")
    run = api.train("digits", model="cnn/guide", epochs=12, project="demo")
    report(run)
    metrics = api.evaluate(run)
    wrong = 1 - metrics["accuracy"]
    typer.echo(f"On digits it never saw it is right {metrics['accuracy']:.1%} of the time and wrong {wrong:.1%}.")
    output.say(f"See the curves and the mistakes: glia serve   (run {run.name})")
