"""Owns the figures that every part's table is made of. Pure."""

import math
import statistics


def spread(rows, key):
    """Lowest, median and highest of a figure over several rounds."""
    values = [row[key] for row in rows]
    return min(values), statistics.median(values), max(values)


def median(rows, key) -> float:
    """The median of a figure over several rounds."""
    return statistics.median(row[key] for row in rows)


def percentile(values, share) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 100) - 1))]


def slope(points):
    """Least squares: (what it costs at nothing, what each more costs)."""
    return statistics.linear_regression(*zip(*points))[::-1]


def exponent(points) -> float:
    """The exponent of the power law that fits best: 1 grows in proportion, 0 not at all."""
    return slope([(math.log(at), math.log(max(cost, 1e-6))) for at, cost in points])[1]
