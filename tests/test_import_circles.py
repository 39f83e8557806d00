"""No module imports itself in a circle: not as it is loaded, not within a function, not for its types alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import flask_subscription_ops

PACKAGE = Path(flask_subscription_ops.__file__).parent


def test_no_module_of_the_package_imports_itself_in_a_circle() -> None:
    assert circle_in(PACKAGE) == []


@pytest.mark.parametrize(
    "back",
    [
        "from . import one",
        "from .one import name",
        "from ..shop.one import name",
        "import shop.one",
        "from shop import one",
        "from shop.one import name",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .one import name",
        "def late():\n    from .one import name",
        "try:\n    from .one import name\nexcept ImportError:\n    pass",
    ],
)
def test_a_circle_is_found_however_it_is_closed(tmp_path: Path, back: str) -> None:
    shop = package_of(tmp_path, one="from .two import name", two="from . import three", three=back)

    assert set(circle_in(shop)) == {"shop.one", "shop.two", "shop.three"}


def test_a_circle_through_a_folder_is_found(tmp_path: Path) -> None:
    shop = package_of(tmp_path, one="from .room import name")
    package_of(shop, "room", __init__="from .inner import name", inner="from ..one import name")

    assert set(circle_in(shop)) == {"shop.one", "shop.room", "shop.room.inner"}


def test_what_others_call_alike_makes_no_circle(tmp_path: Path) -> None:
    shop = package_of(tmp_path, one="from .two import name", two="import one, other.one\nfrom other import one")

    assert circle_in(shop) == []


def package_of(folder: Path, name: str = "shop", /, **modules: str) -> Path:
    package = folder / name
    package.mkdir()
    for module, source in {"__init__": "", **modules}.items():
        (package / f"{module}.py").write_text(source)
    return package


def circle_in(package: Path) -> list[str]:
    """Return the modules of a circle, or nothing."""
    modules = {name_of(path, package): path for path in package.rglob("*.py")}
    graph = {name: set(_imports(path, name, modules)) - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        return list(circle.args[1])
    return []


def name_of(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path, name: str, modules: dict[str, Path]) -> Iterator[str]:
    """Yield which of these modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            source = _source(node, name if path.name == "__init__.py" else name.rpartition(".")[0])
            found = {f"{source}.{alias.name}" for alias in node.names}
            yield from (module if module in modules else source for module in found if {module, source} & {*modules})


def _source(node: ast.ImportFrom, package: str) -> str:
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*above, *filter(None, [node.module])])
