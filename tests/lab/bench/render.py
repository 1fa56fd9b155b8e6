"""Owns the words and tables of RESULTS.md: what all parts share; each part makes its own tables from its own data."""

import json

HEAD = """# Measured

Written by `tests/lab/lab bench` ([tests/lab/README.md](../README.md) says how); nothing was changed by hand. Unless a line says
otherwise, zinoargus is the static file of the package, and both programs have their default settings and verbosity. Where there were
several rounds, min, median and max are given.
"""


class Before:
    """The document as it is now: what was not measured again stays in it, with its own date."""

    def __init__(self, text):
        head, *chapters = text.split("\n## ")
        self.head = head
        self.chapters = {chapter.partition("\n")[0]: chapter.partition("\n")[2].strip("\n") for chapter in chapters}

    @staticmethod
    def _rows(text) -> list[str]:
        return [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| |")]

    def part(self, name) -> list[str]:
        """The row of a part in the first table."""
        return [row for row in self._rows(self.head) if row.startswith((f"| {name} |", f"| {name} (broken off) |"))]

    def others(self, chapter, rows) -> list[str]:
        """The rows of a chapter's table that none of the new rows replaces."""
        said = {row.split(" | ")[0] for row in rows}
        return [row for row in self._rows(self.chapters.get(chapter, "")) if row.split(" | ")[0] not in said and not row.startswith("| what |")]


def _surroundings(kept, parts, before) -> list[str]:
    versions = next(iter(kept.values()))["versions"]
    box = versions["machine"]
    lines = [f"- Machine: {box['processor']}, {box['cores']} cores, {box['memory']}, Linux {box['kernel']}; everything on it, servers "
             "and clients, over loopback.",
             f"- Servers: {versions['zino']}; {versions['argus']} with 2 workers of gunicorn's default kind; PostgreSQL {versions['postgresql']}, "
             "which writes to the disk as it ships.",
             f"- Beside: {versions['glue']}.", "", "| part | measured | of commit | rounds | took s | load before, after |",
             "|---|---|---|---|---|---|"]
    for name in parts:
        if name not in kept:
            lines += before.part(name)
            continue
        one = kept[name]
        loads = ", ".join(f"{load:.1f}" for load in one["load"])
        note = "" if one["complete"] else " (broken off)"
        lines.append(f"| {name}{note} | {one['at']} | {one['commit']} | {one['rounds']} | {one['seconds']:.0f} | {loads} |")
    return lines


def _chapter(module, one) -> tuple[str, list, list]:
    """What a part has to say: its chapter, its targets, and what goes into the table in short."""
    title, _, rest = (module.__doc__ or "").strip().partition("\n\n")
    words = [" ".join(title.split()), *(["", rest] if rest else []), ""]
    try:
        short = module.short(one["data"]) if hasattr(module, "short") else []
        return "\n".join([*words, module.table(one["data"])]), module.verdicts(one["data"]), short
    except (KeyError, IndexError, ValueError) as gap:
        if one["complete"]:
            raise
        return "\n".join([*words, f"Broken off before there was a table ({type(gap).__name__})."]), [], []


def results(parts, folder, before="") -> str:
    """The whole document: what was kept of each part, and of the others what it said before."""
    kept = {name: json.loads((folder / f"{name}.json").read_text()) for name in parts if (folder / f"{name}.json").exists()}
    if not kept:
        return HEAD
    before = Before(before)
    verdicts, chapters, short = [], [], []
    for name, module in parts.items():
        if name in kept:
            text, more, brief = _chapter(module, kept[name])
            verdicts += [f"| {what} | {wanted} | {found} | {'reached' if good else '**missed**'} |" for what, wanted, found, good in more]
            short += [f"| {what} | {ours} | {python} |" for what, ours, python in brief]
        else:
            text = before.chapters.get(name)
        chapters += [f"\n## {name}\n", text] if text else []
    table = ["\n## Targets\n", "| what | target | measured | |", "|---|---|---|---|", *verdicts, *before.others("Targets", verdicts)]
    five = ["\n## In short\n", "| | zinoargus | Python program |", "|---|---|---|", *short, *before.others("In short", short)]
    return "\n".join([HEAD, *_surroundings(kept, parts, before), *five, *table, *chapters]) + "\n"
