"""Owns where things are: every path the lab reads or writes, and the versions it installs.

Never creates or starts anything. Everything that the lab downloads or writes is below `target/lab`.
"""

from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
REPO = LAB.parent.parent
TARGET = REPO / "target"
HOME = TARGET / "lab"
INSIDE = LAB / "inside"
VENVS = HOME / "venv"
STAMPS = HOME / "stamp"
TEMPLATE = HOME / "template"
RUNS = HOME / "runs"

# One venv each, because their pins differ.
VENV_REQUIREMENTS = {
    "zino": ["zino==2.5.2"],
    "argus": ["argus-server==2.10.2", "gunicorn==27.0.1"],
    "glue": ["zino-argus-glue==0.5.1"],
}


def venv_program(venv: str, program: str) -> str:
    """The path of a program that one of our venvs holds."""
    return str(VENVS / venv / "bin" / program)
