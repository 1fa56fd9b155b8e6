"""What a person at Argus' own web pages sees of an incident."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from labkit import install, places, scene
from labkit.children import free_port
from labkit.runner import check
from labkit.zino_server import case_of


class CasePages(ThreadingHTTPServer):
    """The screen of Zino that the link leads to; keeps the paths that were asked for."""

    daemon_threads = True

    def __init__(self):
        self.paths = []
        super().__init__(("127.0.0.1", free_port()), CasePage)


class CasePage(BaseHTTPRequestHandler):
    """One page."""

    def log_message(self, *_):
        """Quiet."""

    def do_GET(self):
        """Any page is there."""
        self.server.paths.append(self.path)
        body = b"<title>a case</title>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@check
def the_link_of_an_incident_opens_from_argus_web_page(world):
    """A person logs in, opens the incident, and clicks: headless Chromium comes to the page of the case, odd letters and all."""
    install.browser()
    pages = CasePages()
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{pages.server_port}"
    world.config["incident"] = {"details_url": base + "/cases/{case}?port={port}"}
    world.start()
    case = world.zino.cases([case_of("portstate", "gw1", 7, port="ge-0/0/1 {Ås} 100%", descr="NTNU, 10G")])[0]
    incident = world.incident(case)
    link = f"{base}/cases/{case}?port=ge-0%2F0%2F1%20%7B%C3%85s%7D%20100%25"
    assert incident["details_url"] == link, incident["details_url"]
    alice = world.alice.login
    done = subprocess.run([places.venv_program("browser", "python"), places.INSIDE / "browser.py", world.argus_server.url, alice["name"],
                           alice["password"], str(incident["pk"]), link], capture_output=True, text=True, timeout=120)
    pages.shutdown()
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == link, f"Chromium came to {done.stdout.strip()}, not to {link}"
    assert link.removeprefix(base) in pages.paths, f"the page was not asked for: {pages.paths}"


@check
def the_picture_of_the_readme_can_be_taken_again(world):
    """Headless Chromium sees the incidents in Argus' own list; the picture in the sources is small."""
    install.browser()
    world.start()
    world.incident(world.zino.case("reachability", "gw1"))
    taken = world.folder / "argus.png"
    scene.take_picture(world, taken)
    kept = places.REPO / "packaging" / "doc" / "pictures" / "argus.png"
    for file in (taken, kept):
        head, size = file.read_bytes()[:8], file.stat().st_size
        assert head == b"\x89PNG\r\n\x1a\n" and 20_000 < size < 150_000, (file, head, size)
