"""The benchmark itself, in small: that it still runs, not how fast anything is."""

from bench import render, run
from labkit.runner import check


@check(long=True)
def the_benchmark_measures_every_part_and_makes_its_tables(world):
    """`lab bench --quick`: every part gives figures, and every target a line."""
    bench = run.Bench(world.lab, 1, quick=True, folder=world.folder)
    for name in run.PARTS:
        bench.measure(name)
    text = render.results(run.PARTS, world.folder)
    plots = run.draw(world.folder)
    assert plots and all(plot.startswith("<svg ") and plot.rstrip().endswith("</svg>") for plot in plots.values()), plots.keys()
    for name, part in run.PARTS.items():
        assert f"\n## {name}\n" in text, f"no chapter {name}"
        assert f"| {name} | " in text, f"{name} was not finished"
        assert part.table, name
    targets = [line for line in text.splitlines() if line.endswith(("| reached |", "| **missed** |"))]
    assert len(targets) >= 12, f"only {len(targets)} targets are judged"
