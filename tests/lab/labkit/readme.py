"""Owns what the README tells people to type: the code blocks of its chapters. Never runs anything and never retypes a command."""

import re

from . import places


def blocks(heading, kind="console") -> list[list[str]]:
    """The code blocks of a kind below a heading, each a list of lines."""
    text = (places.REPO / "README.md").read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"README.md has no heading {heading!r}"
    chapter = re.split(r"\n##", rest)[0]
    return [block.strip("\n").split("\n") for block in re.findall(rf"```{kind}\n(.*?)```", chapter, re.DOTALL)]
