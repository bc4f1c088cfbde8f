"""`glia tune`."""

from typing import Annotated, Any

import typer

from glia.cli import output
from glia.cli.train import INTERRUPTED, Without, settings_of

EXAMPLE = "Example: glia tune digits --vary train.learning_rate=1e-4..1e-1:log --vary model.activation=relu,tanh"
SHOWN = 5  # trials in the table


def tune(
    data: Annotated[
        str | None, typer.Argument(help="Catalogue name, or path of a table or a folder of pictures.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Family or family/size.")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUES", help="1e-4..1e-1:log, 10..100:20 or relu,tanh; repeatable."),
    ] = None,
    method: Annotated[str, typer.Option(help="grid, random, bayes, halving, asha, pbt or manual.")] = "random",
    trials: Annotated[int | None, typer.Option(help="How many.")] = None,
    folds: Annotated[int, typer.Option(help="Judge each trial on so many; 1: on the validation part.")] = 1,
    metric: Annotated[str | None, typer.Option(help="Of validation; left out: accuracy, or rmse.")] = None,
    budget: Annotated[str | None, typer.Option(help="Time for the whole search: 90, 20m, 1.5h.")] = None,
    again: Annotated[int | None, typer.Option(help="Seeds to train the best from again.")] = None,
    table: Annotated[str | None, typer.Option(help="For manual: a CSV or Parquet file, a trial a row.")] = None,
    task: Annotated[str | None, typer.Option(help="What is learned; found from the target if left out.")] = None,
    target: Annotated[str | None, typer.Option(help="The column to learn.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Of a trial; left out, early stopping decides.")] = None,
    seed: Annotated[int, typer.Option(help="Of the search and of the folds.")] = 0,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    project: Annotated[str | None, typer.Option(help="The group of runs it belongs to.")] = None,
    recipe: Annotated[str | None, typer.Option(help="A TOML file, perhaps with a table [vary].")] = None,
    without: Without = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field of the recipe; repeatable.")
    ] = None,
    queue: Annotated[str | None, typer.Option(help="Where trials wait as jobs.")] = None,
    resume: Annotated[
        str | None,
        typer.Option(help="A study to go on with; with --method manual only to train what was proposed by hand."),
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out pictures that cannot be read.")] = False,
    as_json: output.Json = False,
) -> None:
    """Search for the settings with which a model learns best; many trials are trained as one program."""
    from glia import api
    from glia.search.proposing import BY_HAND, WAITING

    chosen: dict[str, Any] = {"train.device": device} if device else {}
    study = api.tune(
        data,
        model=model,
        vary=vary or None,
        settings=chosen | settings_of(settings, without),
        target=target,
        method=method,
        trials=trials,
        folds=folds,
        metric=metric,
        budget=budget,
        seed=seed,
        project=project,
        queue=queue,
        resume=resume,
        task=task,
        epochs=epochs,
        recipe=recipe,
        table=table,
        again=again,
        skip_bad=skip_bad,
    )
    if trials == 0 and not resume:
        study.leave()
    if as_json:
        about = [
            {"number": each.number, "value": each.value, "settings": dict(each.settings)} for each in _ranked(study)
        ]
        said = {"id": study.id, "name": study.name, "state": study.state, "trials": len(study.trials)}
        output.emit({**said, "best": about[0] if about else None})
    else:
        _report(study)
    if study.state == "stopped" and study.run.reason not in (BY_HAND, WAITING):
        raise typer.Exit(INTERRUPTED)


def _ranked(study: Any) -> Any:
    from glia.search.trials import best_first

    return best_first(study.trials, study.plan.direction)


def _report(study: Any) -> None:
    """The best trials, and the commands that come next."""
    from glia.search.dimensions import shown
    from glia.search.proposing import BY_HAND, WAITING

    everyone = _ranked(study)
    ranked = everyone[:SHOWN]
    keys = list(dict.fromkeys(key for each in ranked for key in each.settings))
    rows = [
        [str(each.number), f"{each.value:.4g}", *(_cell(each.settings.get(key), shown) for key in keys)]
        for each in ranked
    ]
    if len(everyone) > SHOWN:
        output.say(f"The best {SHOWN} of {len(everyone)} trials:")
    if rows:
        output.table(["trial", study.plan.metric, *keys], rows)
    if study.answer:
        typer.echo(study.answer)
    short = study.id[:6]
    if study.run.reason == WAITING:
        output.say(f"Study {study.name} ({short}) has no trials: propose some on its page, then train them.")
        output.say(f"Next: glia serve   glia tune --resume {short} --method manual")
        return
    by_hand = " --method manual" if study.run.reason == BY_HAND else ""
    again = (
        f"glia tune --resume {short}{by_hand}   " if study.state == "stopped" or study.run.reason == "budget" else ""
    )
    best = f"glia runs show {short}/{ranked[0].number}   " if ranked else ""
    use = f"glia predict {short} FILE   " if study.state == "done" else ""
    output.say(f"Next: {again}{best}{use}glia serve")


def _cell(value: Any, shown: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(shown(value))
