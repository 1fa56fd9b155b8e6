"""Owns the commands of the documents: the code blocks of their chapters. Never runs anything and never retypes a command."""

import re

from . import places


def blocks(heading, kind="console", document="README.md") -> list[list[str]]:
    """The code blocks of a kind below a heading of a document, each a list of lines."""
    text = (places.REPO / document).read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"{document} has no heading {heading!r}"
    chapter = re.split(r"\n##", rest)[0]
    return [block.strip("\n").split("\n") for block in re.findall(rf"```{kind}\n(.*?)```", chapter, re.DOTALL)]
