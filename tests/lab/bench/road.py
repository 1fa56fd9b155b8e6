"""Measures the bench itself: what the counting proxy can pass on, against what the real Argus and the stubs can answer."""

from labkit.http_proxy import HttpProxy

from .stage import stage
from .tool import Stubs, tool

LINE = "GET /api/v2/auth/user/ \n"


def throughput(bench, port, count, token="x") -> float:
    """Requests a second of the smallest kind, over four connections."""
    file = bench.lab.run / "requests.txt"
    file.write_text(LINE * count)
    done = tool(bench, "request", f"127.0.0.1:{port}", token, file, 4)
    assert done["answers"] == {"200": count}, done
    return count / done["seconds"]


def measure(bench):
    """Requests a second of the smallest kind: stub, stub behind the proxy, real Argus, real Argus behind the proxy."""
    data, many, few = {}, bench.pick(200_000, 500), bench.pick(2000, 50)
    stubs = Stubs(bench, "road")
    proxy = HttpProxy(stubs.argus_port)
    try:
        data["stub Argus"] = throughput(bench, stubs.argus_port, many)
        data["stub Argus behind the proxy"] = throughput(bench, proxy.port, few)
    finally:
        proxy.close()
        stubs.close()
    with stage(bench, "road") as world:
        proxy = world.through_argus_proxy()
        token = world.source["token"]
        data["real Argus"] = throughput(bench, world.argus_server.port, few, token)
        data["real Argus behind the proxy"] = throughput(bench, proxy.port, few, token)
    return data


def table(data):
    """Requests a second."""
    rows = ["| `GET auth/user/`, 4 connections | requests a second |", "|---|---|"]
    rows += [f"| {name} | {figure:.0f} |" for name, figure in data.items()]
    return "\n".join(rows + ["", "Times in this document are taken without the proxy. It counts and takes down requests once, for the bare "
                             "client; the other counts are from gunicorn's access log."])


def verdicts(data):
    """Nothing in the way."""
    faster = data["stub Argus behind the proxy"] / data["real Argus"]
    return [("the counting proxy against the real Argus", "not the bottleneck", f"passes on {faster:.1f} x as many", faster > 1),
            ("the stub Argus", "tens of thousands of requests a second", f"{data['stub Argus']:.0f}", data["stub Argus"] > 10_000)]
