"""Plug-in folders: each file exports one constant (`DEPARTMENT`, `VIEW`, `RULE`, `SINK`); that registers it."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


class PluginRefused(Exception):
    """A file of a plug-in folder does not export what its folder asks for; the message says which and what to do."""


def discover(package: str, constant: str, of: type[T]) -> dict[str, T]:
    """What each module of `package` exports as `constant`, by its `name`, in the order of the names.

    A file whose name begins with an underscore is none. Raises PluginRefused if a constant is missing, is not an `of`,
    has no name or is refused by its own class, or if two have the same name.
    """
    folder = importlib.import_module(package)
    exports: dict[str, T] = {}
    said_in: dict[str, str] = {}
    for module_name in sorted(module.name for module in pkgutil.iter_modules(folder.__path__)):
        if module_name.startswith("_"):
            continue
        try:
            module = importlib.import_module(f"{package}.{module_name}")
        except ValueError as wrong:  # what a plug-in's own class refuses, such as a rule of two questions
            raise PluginRefused(f"{package.replace('.', '/')}/{module_name}.py: {wrong}") from wrong
        exported = _exported(module, constant, of)
        name = getattr(exported, "name", None)
        if not isinstance(name, str) or not name:
            raise PluginRefused(f"{module.__file__}: {constant} has no name; give it one.")
        if name in exports:
            raise PluginRefused(
                f"{module.__file__}: the name '{name}' of its {constant} is that of {said_in[name]} too; rename one."
            )
        exports[name] = exported
        said_in[name] = str(module.__file__)
    return dict(sorted(exports.items()))


def _exported(module: ModuleType, constant: str, of: type[T]) -> T:
    exported = getattr(module, constant, None)
    if exported is None:
        raise PluginRefused(f"{module.__file__} exports no {constant}: every file of this folder exports exactly one.")
    if not isinstance(exported, of):
        raise PluginRefused(
            f"{module.__file__}: {constant} is a {type(exported).__name__}; it must be a {of.__name__}."
        )
    return exported
