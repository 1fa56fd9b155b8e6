"""Random life and random faults on the real servers; then a judge who knows only the rules compares both."""

from chaos.run import run
from labkit.runner import check

SEED, MINUTES = 20261127, 3


@check(long=True)
def after_three_minutes_of_chaos_nothing_is_lost_doubled_or_wrong(world):
    """Twenty-three kinds of faults; the judge proves that it sees twenty kinds of damage. `lab chaos` takes other seeds and longer."""
    return run(world, SEED, MINUTES)
