"""A formula written in a recipe, such as `0.95 ** t`: arithmetic and nothing else."""

import ast
import math
from collections.abc import Callable, Sequence

from glia.errors import ConfigError

FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "cos": math.cos,
    "sin": math.sin,
    "floor": math.floor,
}
CONSTANTS = {"pi": math.pi, "e": math.e}
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.USub, ast.UAdd)
_CONDITIONS = (ast.IfExp, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Load, *_ARITHMETIC, *_CONDITIONS)
LONGEST = 500


def formula(text: str, letters: Sequence[str]) -> Callable[..., float]:
    """A function of numbers, in the order of `letters`.

    Raises:
        ConfigError: not a formula, or something in it that is neither a number, a letter nor a known function; from the
            function itself: a value that is no finite number, such as a division by zero.

    Example:
        >>> formula("0.5 ** (t // 10)", ["t"])(25)
        0.25
    """
    try:
        tree = ast.parse(text.strip(), mode="eval") if len(text) <= LONGEST else None
    except (SyntaxError, ValueError):
        tree = None
    if tree is None:
        raise ConfigError(f"'{text[:60]}' is not a formula. Write arithmetic of {', '.join(letters)}, as in 0.95 ** t.")
    known = [*letters, *CONSTANTS, *FUNCTIONS]
    for node in ast.walk(tree):
        if not _is_allowed(node, known):
            raise ConfigError(
                f"'{ast.unparse(node)[:60]}' in the formula '{text}' is not allowed. There are numbers, "
                f"+ - * / // % **, comparisons, and the names {', '.join(known)}."
            )
    code = compile(tree, "<formula>", "eval")
    names = {"__builtins__": {}, **CONSTANTS, **FUNCTIONS}

    def evaluate(*values: float) -> float:
        try:
            found = float(eval(code, {**names, **dict(zip(letters, values, strict=True))}))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise ConfigError(
                f"The formula '{text}' has no value at {dict(zip(letters, values, strict=True))}: {error}."
            ) from None
        if not math.isfinite(found):
            raise ConfigError(f"The formula '{text}' is {found} at {dict(zip(letters, values, strict=True))}.")
        return found

    return evaluate


def _is_allowed(node: ast.AST, known: Sequence[str]) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and not node.keywords
    return isinstance(node, _ALLOWED)
