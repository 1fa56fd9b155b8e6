"""Owns the plots of the results: lines and points over time, as SVG. Pure; never measures anything."""

import math

from .course import requests_a_minute
from .stage import OURS, PYTHON

WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 150, 92, 46, 46
COLOURS = {OURS: "#186a3b", PYTHON: "#b9770e"}
NAMES = {OURS: "zinoargus", PYTHON: "Python program"}


def _ticks(lowest, highest) -> list[float]:
    """Powers of ten."""
    return [10.0 ** n for n in range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)]


def _label(value) -> str:
    return f"{value:g}" if value < 1000 else f"{value:,.0f}"


class _Chart:
    """One of the charts below each other: logarithmic upwards, because the programs lie so far apart."""

    def __init__(self, number, title, series, seconds, unit):
        values = [value for points in series.values() for _, value in points]
        ticks = _ticks(max(min(values), 1e-3), max(values))
        self.lowest, self.highest = math.log10(ticks[0]), math.log10(ticks[-1])
        self.top, self.seconds = TOP + number * (HEIGHT + GAP), seconds
        self.parts = [f'<text x="{LEFT}" y="{self.top - 10}" font-weight="bold">{title}</text>']
        for tick in ticks:
            y = self.y(tick)
            self.parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dde"/>'
                              f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_label(tick)} {unit}</text>')
        for second in range(0, int(seconds) + 1, 30):
            x = self.x(second)
            self.parts.append(f'<text x="{x:.1f}" y="{self.top + HEIGHT + 16}" text-anchor="middle">{second} s</text>')

    def x(self, second) -> float:
        return LEFT + (WIDTH - 20 - LEFT) * second / self.seconds

    def y(self, value) -> float:
        share = (math.log10(max(value, 10 ** self.lowest)) - self.lowest) / max(self.highest - self.lowest, 1e-9)
        return self.top + HEIGHT * (1 - share)

    def points(self, name, found):
        self.parts += [f'<circle cx="{self.x(at):.1f}" cy="{self.y(value):.1f}" r="3.5" fill="{COLOURS[name]}"/>' for at, value in found]

    def line(self, name, found):
        path = " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in found)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')


def course(data) -> str:
    """Three charts: the latency of each case, requests a minute, memory."""
    seconds = max(found["seconds"] for found in data.values())
    charts = []
    for number, (title, unit, pick, draw) in enumerate((
            ("From a new case in Zino to its incident in Argus", "s", lambda found: found["latency"], _Chart.points),
            ("Requests to Argus a minute (over the last ten seconds)", "", lambda found: [[at, max(rate, 1)] for at, rate in requests_a_minute(found)],
             _Chart.line),
            ("Memory", "MiB", lambda found: [[at, memory] for at, _, memory in found["samples"]], _Chart.line))):
        series = {name: pick(found) for name, found in data.items()}
        chart = _Chart(number, title, series, seconds, unit)
        for name, points in series.items():
            draw(chart, name, points)
        charts += chart.parts
    height = TOP + 3 * (HEIGHT + GAP)
    legend = "".join(f'<circle cx="{LEFT + 150 * n + 5}" cy="14" r="5" fill="{COLOURS[name]}"/>'
                     f'<text x="{LEFT + 150 * n + 16}" y="18">{NAMES[name]}</text>' for n, name in enumerate(data))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
            'font-family="Verdana, DejaVu Sans, sans-serif" font-size="12" fill="#234">\n'
            "<title>Two minutes with 1000 open incidents: latency, requests and memory of both programs</title>\n"
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n{legend}\n' + "\n".join(charts) + "\n</svg>\n")
