"""Owns the words and tables of RESULTS.md: what all parts share; each part makes its own tables from its own data."""

import json

HEAD = """# Measured

Written by `tests/lab/lab bench` ([tests/lab/README.md](../README.md) says how); nothing was changed by hand. Unless a line says
otherwise, zinoargus is the static file of the package, and both programs have their default settings and verbosity. Where there were
several rounds, min, median and max are given.
"""


def _surroundings(kept) -> list[str]:
    versions = next(iter(kept.values()))["versions"]
    box = versions["machine"]
    lines = [f"- Machine: {box['processor']}, {box['cores']} cores, {box['memory']}, Linux {box['kernel']}; everything on it, servers "
             "and clients, over loopback.",
             f"- Servers: {versions['zino']}; {versions['argus']} with 2 workers of gunicorn's default kind; PostgreSQL {versions['postgresql']}, "
             "which writes to the disk as it ships.",
             f"- Beside: {versions['glue']}.", "", "| part | measured | of commit | rounds | took s | load before, after |",
             "|---|---|---|---|---|---|"]
    for name, one in kept.items():
        loads = ", ".join(f"{load:.1f}" for load in one["load"])
        note = "" if one["complete"] else " (broken off)"
        lines.append(f"| {name}{note} | {one['at']} | {one['commit']} | {one['rounds']} | {one['seconds']:.0f} | {loads} |")
    return lines


def results(parts, folder) -> str:
    """The whole document, from what was kept."""
    kept = {name: json.loads((folder / f"{name}.json").read_text()) for name in parts if (folder / f"{name}.json").exists()}
    if not kept:
        return HEAD
    verdicts, chapters, short = [], [], []
    for name, one in kept.items():
        module = parts[name]
        title, _, rest = (module.__doc__ or "").strip().partition("\n\n")
        chapters += [f"\n## {name}\n", " ".join(title.split()), *(["", rest] if rest else []), ""]
        try:
            chapters.append(module.table(one["data"]))
            verdicts += module.verdicts(one["data"])
            short += module.short(one["data"]) if hasattr(module, "short") else []
        except (KeyError, IndexError, ValueError) as gap:
            if one["complete"]:
                raise
            chapters.append(f"Broken off before there was a table ({type(gap).__name__}).")
    table = ["\n## Targets\n", "| what | target | measured | |", "|---|---|---|---|"]
    table += [f"| {what} | {wanted} | {found} | {'reached' if good else '**missed**'} |" for what, wanted, found, good in verdicts]
    five = ["\n## In short\n", "| | zinoargus | Python program |", "|---|---|---|"]
    five += [f"| {what} | {ours} | {python} |" for what, ours, python in short]
    return "\n".join([HEAD, *_surroundings(kept), *five, *table, *chapters]) + "\n"
