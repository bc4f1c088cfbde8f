"""What a search looks through: settings of a recipe with the values they may take, some only under a condition."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from glia.config import Plain
from glia.errors import ConfigError, did_you_mean
from glia.recipe import Recipe, catalogue
from glia.search.dimensions import Range, Values, shown

Accept = Callable[[Recipe], None]
Seen = tuple[int | None, ...]
"""Of the dimensions that others depend on, so far: which conditions the value meets, as bits; None: inactive."""


@dataclass(frozen=True)
class Dimension:
    """One setting that is varied.

    Args:
        key: of the recipe: `train.learning_rate`.
        values: what it may be.
        when: other keys and the values of which they must have one; else the setting is left as it is.
    """

    key: str
    values: Values
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Space:
    """The settings that are varied, in the order they were named.

    A *point* has a value for every key; its *settings* are those of the active keys, whose conditions hold.

    Raises:
        ConfigError: nothing is varied, a key is named twice, or a condition that can never hold.

    Example:
        >>> from glia.search.dimensions import choice
        >>> space = Space((Dimension("model.activation", choice("relu", "tanh")), Dimension("seed", choice(0, 1, 2))))
        >>> space.size, space.at(4)
        (6, {'model.activation': 'tanh', 'seed': 1})
    """

    dimensions: tuple[Dimension, ...]
    ordered: tuple[Dimension, ...] = field(init=False, repr=False, compare=False)
    """None before one that it depends on."""

    def __post_init__(self) -> None:
        if not self.dimensions:
            raise ConfigError("Nothing is varied. Name a setting and its values: train.learning_rate=1e-4..1e-1:log")
        keys = [each.key for each in self.dimensions]
        for key in keys:
            if keys.count(key) > 1:
                raise ConfigError(f"'{key}' is varied twice. Keep one.")
        for each in self.dimensions:
            self._refuse_impossible(each)
        object.__setattr__(self, "ordered", self._parents_first())

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Of the settings that are varied."""
        return tuple(each.key for each in self.dimensions)

    def __getitem__(self, key: str) -> Dimension:
        return self._by_key[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    @cached_property
    def conditional(self) -> bool:
        """Whether some settings are varied only under a condition."""
        return any(each.when for each in self.dimensions)

    def settings(self, point: Mapping[str, Any]) -> Plain:
        """The active settings of a point. A key that it has no value for is inactive."""
        if not self.conditional:
            return {key: point[key] for key in self.keys if key in point}
        active: Plain = {}
        for each in self.ordered:
            if each.key in point and self.is_active(each, active):
                active[each.key] = point[each.key]
        return {key: active[key] for key in self.keys if key in active}

    def is_active(self, dimension: Dimension, settings: Mapping[str, Any]) -> bool:
        """Whether a dimension's conditions hold, given the settings of those it depends on.

        Conditions on keys that are not varied hold: `check` has seen to it.
        """
        return all(
            key not in self._by_key or (key in settings and _among(settings[key], allowed))
            for key, allowed in dimension.when.items()
        )

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether these are the settings of one of its points: all active keys and no other, with values they have."""
        active: Plain = {}
        for each in self.ordered:
            if self.is_active(each, active):
                if each.key not in settings or settings[each.key] not in each.values:
                    return False
                active[each.key] = settings[each.key]
        return len(active) == len(settings)

    def __len__(self) -> int:
        return len(self.dimensions)

    @property
    def size(self) -> float:
        """How many different settings there are; infinite where a range is continuous."""
        return self._below(0, ())

    def at(self, place: int) -> Plain:
        """The settings at a place of the grid, from 0, the last key changing fastest. Each occurs once."""
        active: Plain = {}
        seen: Seen = ()
        for depth, each in enumerate(self.ordered):
            if not self._holds(each, seen):
                seen += (None,) * (each.key in self._tests)
                continue
            if each.key in self._tests:
                for value in each.values.all():
                    below = self._below(depth + 1, (*seen, self._met(each.key, value)))
                    if place < below:
                        break
                    place -= int(below)
                active[each.key] = value
                seen += (self._met(each.key, value),)
            else:
                index, place = divmod(place, int(self._below(depth + 1, seen)))
                active[each.key] = each.values.at(index)
        return {key: active[key] for key in self.keys if key in active}

    def check(self, recipe: Recipe, accept: Accept | None = None) -> None:
        """Refuse what the recipe has no place for: each key with the ends of its range, or with each choice, is tried.

        Args:
            recipe: that is varied.
            accept: is given each recipe tried, and may refuse it as well.

        Raises:
            ConfigError: an unknown key, a value the recipe refuses, or a condition that it never meets.
        """
        for each in self.dimensions:
            self._refuse_unmet(each, recipe)
            _refuse_two_numbers(each, recipe)
            for value in each.values.examples():
                for others in self._contexts(each, value):
                    try:
                        _try(each, value, recipe.with_settings({**others, each.key: value}), accept)
                    except ConfigError as error:
                        only = " To vary it with some models only, add ?model.name=NAME."
                        hint = only if "model.name" in others and "model.name" not in each.when else ""
                        raise ConfigError(f"{each.key}={shown(value)} cannot be tried. {error}{hint}") from None

    def refuse_others(self, settings: Mapping[str, Any], recipe: Recipe) -> None:
        """Refuse settings that are not those of one of its points.

        Args:
            settings: of somebody's choice.
            recipe: that is varied.

        Raises:
            ConfigError: a key that is not varied or not active, one that is missing, a value outside, or one that the
                recipe refuses.
        """
        for key in settings:
            if key not in self:
                raise ConfigError(f"'{key}' is not varied in this study.{did_you_mean(key, self.keys)}")
        for each in self.ordered:
            given = each.key in settings
            if not self.is_active(each, self.settings(settings)):
                if given:
                    raise ConfigError(f"'{each.key}' is varied only when {_condition(each)}. Leave it out.")
            elif not given:
                raise ConfigError(f"'{each.key}' has no value. It may be {each.values}.")
            elif settings[each.key] not in each.values:
                raise ConfigError(f"{each.key}={shown(settings[each.key])} is not among {each.values}.")
        tried = recipe.with_settings(settings)
        for key, value in settings.items():
            _try(self[key], value, tried, None)

    def table(self) -> Plain:
        """As the table `[vary]` of a recipe; `glia.search.reading` reads it."""
        return {
            each.key: each.values.table()
            | ({"when": {key: list(allowed) for key, allowed in each.when.items()}} if each.when else {})
            for each in self.dimensions
        }

    @cached_property
    def _by_key(self) -> dict[str, Dimension]:
        return {each.key: each for each in self.dimensions}

    def _parents_first(self) -> tuple[Dimension, ...]:
        """Else in the order they were named."""
        done: dict[str, Dimension] = {}

        def add(dimension: Dimension, path: tuple[str, ...]) -> None:
            if dimension.key in path:
                circle = " → ".join((*path[path.index(dimension.key) :], dimension.key))
                raise ConfigError(f"The conditions go round in a circle: {circle}. Drop one.")
            for key in dimension.when:
                if key in self._by_key:
                    add(self._by_key[key], (*path, dimension.key))
            done.setdefault(dimension.key, dimension)

        for each in self.dimensions:
            add(each, ())
        return tuple(done.values())

    @cached_property
    def _tests(self) -> dict[str, list[tuple[Any, ...]]]:
        """Of each key that others depend on, in the order of `Seen`, the sets of values they ask for."""
        tests: dict[str, list[tuple[Any, ...]]] = {each.key: [] for each in self.ordered}
        for each in self.dimensions:
            for key, allowed in each.when.items():
                if key in tests:
                    tests[key].append(allowed)
        return {key: asked for key, asked in tests.items() if asked}

    @cached_property
    def _counts(self) -> dict[tuple[int, Seen], float]:
        """What `_below` has counted."""
        return {}

    def _met(self, key: str, value: Any) -> int:
        return sum(_among(value, allowed) << place for place, allowed in enumerate(self._tests[key]))

    def _below(self, depth: int, seen: Seen) -> float:
        """How many settings the dimensions from `depth` on have, given what those before them meet."""
        known = self._counts
        if depth == len(self.ordered):
            return 1
        if (depth, seen) not in known:
            each = self.ordered[depth]
            if not self._holds(each, seen):
                known[depth, seen] = self._below(depth + 1, seen + (None,) * (each.key in self._tests))
            elif each.key not in self._tests:
                known[depth, seen] = each.values.size * self._below(depth + 1, seen)
            else:
                met = [self._met(each.key, value) for value in each.values.all()]
                counts = {one: met.count(one) for one in set(met)}
                known[depth, seen] = sum(n * self._below(depth + 1, (*seen, one)) for one, n in counts.items())
        return known[depth, seen]

    def _holds(self, dimension: Dimension, seen: Seen) -> bool:
        """Whether it is active, told by what was met."""
        for key, allowed in dimension.when.items():
            if key in self._by_key:
                met = seen[list(self._tests).index(key)]
                if met is None or not met >> self._tests[key].index(allowed) & 1:
                    return False
        return True

    def _refuse_impossible(self, dimension: Dimension) -> None:
        for key, allowed in dimension.when.items():
            if not allowed:
                raise ConfigError(f"The condition of '{dimension.key}' names no value of '{key}'.")
            if key not in self._by_key:
                continue
            values = self._by_key[key].values
            if values.continuous:
                raise ConfigError(
                    f"'{dimension.key}' depends on '{key}', which is continuous ({values}). A condition is on choices "
                    "or on whole numbers."
                )
            for value in allowed:
                if value not in values:
                    meant = "" if isinstance(values, Range) else did_you_mean(shown(value), map(shown, values.all()))
                    raise ConfigError(
                        f"'{dimension.key}' is varied when {key}={shown(value)}, but {key} is only {values}.{meant}"
                    )

    def _refuse_unmet(self, dimension: Dimension, recipe: Recipe) -> None:
        params = recipe.params()
        for key, allowed in dimension.when.items():
            if key in self._by_key:
                continue
            if key not in params:
                raise ConfigError(
                    f"'{dimension.key}' is varied under a condition on '{key}', which is neither varied nor set."
                    f"{did_you_mean(key, [*self.keys, *params])}"
                )
            if not _among(params[key], allowed):
                raise ConfigError(
                    f"'{dimension.key}' is varied only when {key} is {' or '.join(map(shown, allowed))}, but it is "
                    f"{shown(params[key])} and is not varied: drop the condition, or vary '{key}', too."
                )

    def _contexts(self, dimension: Dimension, value: Any) -> Iterator[Plain]:
        """Settings of other keys with which a value must be accepted: its conditions met, and with every model."""
        base = self._parents(dimension)
        if not dimension.key.startswith("model.") or "model.name" not in self or dimension.key == "model.name":
            yield base
            return
        for name in dimension.when.get("model.name", self["model.name"].values.all()):
            yield {**base, "model.name": name}

    def _parents(self, dimension: Dimension) -> Plain:
        found: Plain = {}
        for key, allowed in dimension.when.items():
            if key in self:
                found |= {**self._parents(self[key]), key: allowed[0]}
        return found


def _condition(dimension: Dimension) -> str:
    return " and ".join(f"{key} is {' or '.join(map(shown, allowed))}" for key, allowed in dimension.when.items())


def _among(value: Any, allowed: tuple[Any, ...]) -> bool:
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed)


def _refuse_two_numbers(dimension: Dimension, recipe: Recipe) -> None:
    """`0..1` of a share is meant to be continuous."""
    values, now = dimension.values, recipe.params().get(dimension.key)
    if isinstance(values, Range) and values.whole and values == Range(0, 1) and isinstance(now, float):
        raise ConfigError(
            f"{dimension.key}=0..1 are two whole numbers, 0 and 1. Write 0.0..1.0 for all between them, or 0,1."
        )


def _try(dimension: Dimension, value: Any, recipe: Recipe, accept: Accept | None) -> None:
    """What the catalogue tells without torch, then what the caller knows."""
    key = dimension.key
    options = catalogue()["models"].get(recipe.model.name, {}).get("options", {})
    option = options.get(key.removeprefix("model."), {}) if key.startswith("model.") else {}
    choices = option.get("choices")
    if choices and isinstance(value, str) and value.lower().replace("_", "-") not in choices:
        raise ConfigError(f"There is no such {key}.{did_you_mean(value, choices)}")
    # 16..128 are widths of one layer; 32,64 may be meant as two of them.
    one_layer = isinstance(dimension.values, Range) and dimension.values.whole
    if option.get("type", "").startswith("list of") and not (isinstance(value, list) or one_layer):
        raise ConfigError(f"{key} is a {option['type']}. Write lists: [64],[64,64].")
    if accept is not None:
        accept(recipe)
