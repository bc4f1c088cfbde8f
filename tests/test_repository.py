"""What holds for the whole repository and that ruff, mypy and import-linter do not check."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
BUILT = {"node_modules", "static", "dist", "build", "__pycache__"}
TEXT = {".py", ".ts", ".svelte", ".css", ".html", ".js", ".json", ".toml", ".md", ".txt", ".yaml", ".sh", ".ini", ""}

LONG_FILES = {
    "glia/catalogue.json": "written by glia.models.catalogue",
    "ui/openapi.json": "written by glia.server.openapi",
    "ui/package-lock.json": "written by npm",
    "ui/src/lib/schema.ts": "written by openapi-typescript",
}
MOST_LINES = 500
MOST_BODY_LINES = 60
MOST_CORE_PACKAGES = 60


def files(*suffixes: str, below: str = ".") -> Iterator[Path]:
    for folder, names, found in os.walk(ROOT / below):
        names[:] = [name for name in names if name not in BUILT and (name == ".ci" or not name.startswith("."))]
        for name in sorted(found):
            if Path(name).suffix in suffixes:
                yield Path(folder, name)


@cache
def package() -> dict[str, ast.Module]:
    """Every Python file of the package by its path."""
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in files(".py", below="glia")}


def in_python(code: str) -> Any:
    """What `code` prints, as JSON, in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_no_front_door_name_is_a_child_of_the_package() -> None:
    import glia

    children = {path.stem for path in (ROOT / "glia").iterdir() if path.suffix in ("", ".py")}
    assert not children & set(glia.__all__), "importing that child would replace the name"


def test_the_front_door_survives_the_import_of_every_submodule() -> None:
    replaced = in_python(
        "import contextlib, glia, importlib, json, pkgutil\n"
        "for module in pkgutil.walk_packages(glia.__path__, 'glia.'):\n"
        "    if not module.name.endswith('__main__') and '.migrations.' not in module.name:\n"
        "        foreign = module.name.startswith('glia.integrations.')\n"  # libraries that are not there
        "        with contextlib.suppress(*[ModuleNotFoundError] * foreign):\n"
        "            importlib.import_module(module.name)\n"
        "print(json.dumps([name for name in glia.__all__ if not callable(getattr(glia, name))]))"
    )
    assert replaced == []


def test_files_are_short_enough_to_be_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files(".py", ".ts", ".svelte", ".css", ".json", ".js")
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert not long.keys() - LONG_FILES.keys(), f"longer than {MOST_LINES} lines: {long}"


def test_functions_are_short_enough_to_be_read() -> None:
    long = []
    for path, tree in package().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                lines = (node.end_lineno or 0) - first.lineno + 1
                if lines > MOST_BODY_LINES:
                    long.append(f"{path}:{node.lineno} {node.name}: {lines} lines")
    assert not long


def test_names_say_what_is_inside() -> None:
    vague = re.compile(r"^_?(utils?|helpers?|core|commons?|misc)$")
    assert not [str(path) for path in files(*TEXT) if any(vague.match(part.split(".")[0]) for part in path.parts)]


def test_nothing_of_the_package_reads_or_writes_pickle() -> None:
    modules = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    found = []
    for path, tree in package().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found += [f"{path}: import {name.name}" for name in node.names if name.name.split(".")[0] in modules]
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in modules:
                found.append(f"{path}: from {node.module}")
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.save", "torch.load"):
                found += [f"{path}:{node.lineno}: {node.func}"] * ("weights_only=True" not in ast.unparse(node))
    assert not found


def test_the_source_runs_on_python_3_11() -> None:
    for path in files(".py"):
        ast.parse(path.read_text(), feature_version=(3, 11))


def test_no_path_or_host_of_one_machine_is_named() -> None:
    private = re.compile(
        r"(?<![\w.:}-])/(?:root|home|work)/\w"  # a folder of somebody's machine
        r"|https?://(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+"
        r"|https?://[\w.-]+\.(?:internal|local|corp|lan|intranet)\b"
    )
    found = []
    for path in files(*TEXT):
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if private.search(line) and path != Path(__file__):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found


def test_the_lock_file_of_the_pages_names_only_the_public_registry() -> None:
    lock = json.loads((ROOT / "ui/package-lock.json").read_text())
    sources = [package["resolved"] for package in lock["packages"].values() if "resolved" in package]
    assert not [source for source in sources if not source.startswith("https://registry.npmjs.org/")]


def test_the_linter_checks_what_the_style_promises() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert {"D1", "S101", "PLR0913", "TID"} <= set(lint["select"])  # docstrings, no assert, 8 parameters, imports
    assert lint["pylint"]["max-args"] == 8
    excepted = {path: rules for path, rules in lint["per-file-ignores"].items() if path.startswith("glia")}
    assert not [path for path, rules in excepted.items() if {"D", "D1", "S101"} & set(rules)]


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    import glia

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == glia.__version__


HEAVY = {"torch", "pandas", "sklearn", "scipy", "fastapi", "sqlalchemy", "pyarrow", "PIL", "matplotlib"}


def test_importing_glia_loads_nothing_heavy() -> None:
    loaded = in_python("import sys, json, glia; print(json.dumps(sorted(sys.modules)))")
    assert not HEAVY & set(loaded)
    assert "numpy" not in loaded


def test_the_help_loads_nothing_heavy() -> None:
    loaded = in_python(
        "import atexit, sys, json\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules))))\n"
        "sys.argv = ['glia', '--help']\n"
        "from glia.cli.main import main\n"
        "main()"
    )
    assert not HEAVY & set(loaded)


def test_the_core_is_light() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = closure([Requirement(text) for text in declared])
    assert len(names) <= MOST_CORE_PACKAGES, sorted(names)


def closure(requirements: list[Requirement]) -> set[str]:
    """The packages that these requirements bring on this machine, torch's own CUDA libraries apart."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    queue = [(requirement, extra) for requirement in requirements for extra in ("", *requirement.extras)]
    while queue:
        requirement, extra = queue.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if (name, extra) in seen or name.startswith(("nvidia-", "cuda-", "triton")):
            continue
        seen.add((name, extra))
        found.add(name)
        for text in metadata.requires(name) or []:
            inner = Requirement(text)
            if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                queue += [(inner, wanted) for wanted in ("", *inner.extras)]
    return found


def commands(group: Any, path: str = "glia") -> Iterator[tuple[str, Any]]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


@cache
def command_line() -> dict[str, Any]:
    from typer.main import get_command

    from glia.cli.main import app

    return dict(commands(get_command(app)))


def test_every_command_is_documented() -> None:
    headings = re.findall(r"^### `(glia [a-z -]+?)`", (ROOT / "docs/commands.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(command_line())


def test_every_help_text_ends_in_an_example() -> None:
    without = []
    for path, command in command_line().items():
        text = (command.epilog or command.help or "").strip()
        if path not in text.splitlines()[-1] if text else True:
            without.append(path)
    assert not without


def test_every_flag_is_documented() -> None:
    text = (ROOT / "docs/commands.md").read_text()
    sections = dict(re.findall(r"^### `(glia [a-z -]+?)`.*?\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    missing = []
    for path, command in command_line().items():
        for option in command.params:
            flag = next((name for name in option.opts if name.startswith("--")), "")
            if flag and flag != "--help" and not re.search(rf"{flag}\b", sections.get(path, "")):
                missing.append(f"{path} {flag}")
    assert not missing


def test_every_field_of_a_recipe_is_documented_with_its_default() -> None:
    from glia import recipe

    text = (ROOT / "docs/recipes.md").read_text()
    sections = dict(re.findall(r"^## `\[(\w+)\]`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    written = tomllib.loads(recipe.Recipe().toml())
    for section, fields in written.items():
        for name, default in fields.items():
            row = re.search(rf"^\| `{name}` \| `(.*?)` \|", sections[section], re.MULTILINE)
            assert row, f"docs/recipes.md lacks {section}.{name}"
            assert tomllib.loads(f"value = {row[1]}")["value"] == default, f"{section}.{name}"


def documented_modules() -> list[str]:
    paths = [path for path in files(".py", below="glia") if re.search(r"^ *>>> ", path.read_text(), re.MULTILINE)]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


@pytest.mark.parametrize("name", documented_modules())
def test_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import doctest
    import importlib

    monkeypatch.chdir(tmp_path)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=options)
    assert failed == 0


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        licences = [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]
    source = {str(path.relative_to(ROOT)) for path in files(".py", ".json", ".typed", ".mako", "", below="glia")}
    pages = {name for name in names if name.startswith("glia/server/static/")}
    assert names - pages == source | {"glia/py.typed"}
    assert licences
    built = ROOT / "glia/server/static/index.html"
    assert ("glia/server/static/index.html" in pages) == built.exists()
