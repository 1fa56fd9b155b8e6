"""Owns where things are: every path the lab reads or writes, and the versions it installs.

Never creates or starts anything. Everything that the lab downloads or writes is below `target/lab`.
"""

import os
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
REPO = LAB.parent.parent
TARGET = REPO / "target"
HOME = TARGET / "lab"
INSIDE = LAB / "inside"
VENVS = HOME / "venv"
STAMPS = HOME / "stamp"
RUNS = HOME / "runs"

# The servers, unless the environment names other versions: LAB_ARGUS=2.0.0 LAB_ZINO=2.0.0. What only those other versions need
# stands after a comma: LAB_ARGUS=2.0.0,argus-server[htmx]==2.0.0
USUAL = {"zino": "2.5.2", "argus": "2.10.2"}
VERSIONS = {name: os.environ.get(f"LAB_{name.upper()}", usual) for name, usual in USUAL.items()}


def _pins(package, name):
    version, *more = VERSIONS[name].split(",")
    return [f"{package}=={version}", *more]


# One venv each, because their pins differ.
VENV_REQUIREMENTS = {
    "zino": _pins("zino", "zino"),
    "argus": [*_pins("argus-server", "argus"), "gunicorn==27.0.1"],
    "glue": ["zino-argus-glue==0.5.1"],
    "browser": ["selenium==4.51.0"],
    "kubernetes": ["kubernetes-validate==1.37.0"],
}


def of_version(name: str) -> str:
    """The name of what is made for a server: with the version, unless it is the usual one."""
    version = VERSIONS.get(name, "").split(",")[0]
    return name if version == USUAL.get(name, "") else f"{name}-{version}"


# The migrated database of Argus.
TEMPLATE = HOME / of_version("argus").replace("argus", "template")


def venv_program(venv: str, program: str) -> str:
    """The path of a program that one of our venvs holds."""
    return str(VENVS / of_version(venv) / "bin" / program)
