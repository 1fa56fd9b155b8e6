"""Owns turning a dict into TOML, as far as zinoargus.toml needs it (Python 3.11 reads TOML, but does not write it)."""

import json


def _value(value):
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value).lower()


def _is_tables(value) -> bool:
    return isinstance(value, dict) or isinstance(value, list) and any(isinstance(item, dict) for item in value)


def dumps(table, path=()) -> str:
    """The TOML text of a table: its values first, then its tables and lists of tables."""
    lines = [f"{key} = {_value(value)}" for key, value in table.items() if not _is_tables(value)]
    for key, value in table.items():
        name = ".".join((*path, key))
        if isinstance(value, dict):
            lines += ["", f"[{name}]", dumps(value, (*path, key))]
        elif _is_tables(value):
            for item in value:
                lines += ["", f"[[{name}]]", dumps(item, (*path, key))]
    return "\n".join(lines)
