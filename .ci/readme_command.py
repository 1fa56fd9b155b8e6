"""Prints the command in the code block after a sentence of the README. Never runs it."""

import pathlib
import re
import sys

readme = pathlib.Path(__file__).resolve().parent.parent / "README.md"
sentence = sys.argv[1]
found = re.search(re.escape(sentence) + r".*?```console\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
if not found:
    sys.exit(f"README.md has no code block after {sentence!r}")
print(found.group(1).strip())
