"""The image: what is in it, that it does its work, and that the examples for orchestrators are right."""

import contextlib
import json
import os
import re
import signal
import subprocess
import tarfile

from labkit import places
from labkit.children import Child, free_port
from labkit.waiting import eventually
from packkit.root import HOME
from packkit.steps import check

from .building import run

IMAGE = places.TARGET / "image" / "zinoargus_x86_64.tar"
PACKAGING = places.REPO / "packaging"
INSIDE = "/etc/zinoargus/zinoargus.toml"
BUILDAH = ["buildah", "--storage-driver", "vfs", "--root", str(HOME / "containers"), "--runroot", str(HOME / "containers-run")]


def blob(archive, descriptor) -> bytes:
    """What a descriptor of the layout names."""
    return archive.extractfile(f"./blobs/{descriptor['digest'].replace(':', '/')}").read()


@check
def the_image_is_the_same_each_time_and_holds_two_files(site):
    """The program and the certificate authorities, for a user without a name; no shell and no library."""
    sums = [re.search(r"\d+ bytes, SHA-256 \w+", run("packaging/image").splitlines()[-1])[0] for _ in range(2)]
    assert sums[0] == sums[1], sums
    with tarfile.open(IMAGE) as archive:
        index = json.load(archive.extractfile("./index.json"))
        manifest = json.loads(blob(archive, index["manifests"][0]))
        config = json.loads(blob(archive, manifest["config"]))
        files = {}
        for number, layer in enumerate(manifest["layers"]):
            packed = HOME / f"layer-{number}.tar.gz"
            packed.write_bytes(blob(archive, layer))
            with tarfile.open(packed) as content:
                files |= {one.name: one for one in content if not one.isdir()}
    assert sorted(files) == ["etc/ssl/certs/ca-certificates.crt", "zinoargus"], sorted(files)
    assert {(one.uid, one.gid) for one in files.values()} == {(0, 0)} and files["zinoargus"].mode & 0o777 == 0o755
    assert config["architecture"] == "amd64" and config["config"]["User"] == "10001:10001", config
    assert config["config"]["Entrypoint"] == ["/zinoargus"], config
    assert files["zinoargus"].size == (places.TARGET / "static/x86_64/zinoargus").stat().st_size
    return f"image {sums[0]}"


@contextlib.contextmanager
def container(configuration):
    """A container of the image with a configuration; gives the beginning of a command in it."""
    name = subprocess.run([*BUILDAH, "from", "--quiet", "--dns", "127.0.0.1", f"oci-archive:{IMAGE}"], check=True, capture_output=True,
                          text=True).stdout.strip()
    try:
        yield [*BUILDAH, "run", "--isolation", "chroot", "--cap-drop", "all", "--volume", f"{configuration}:{os.path.dirname(INSIDE)}:ro"], name
    finally:
        subprocess.run([*BUILDAH, "rm", name], check=True, stdout=subprocess.DEVNULL)


@check
def it_does_its_work_in_a_container(site):
    """`--check`, then the service: a case gets its incident, `--status` says so, and SIGTERM ends it."""
    world = site.world("container")
    folder = HOME / "container"
    folder.mkdir(exist_ok=True)
    world.config["metrics"] = {"listen": f"127.0.0.1:{free_port()}"}
    authority = folder / "internal-ca.pem"
    authority.write_bytes(site.authority.file.read_bytes())
    (folder / "zinoargus.toml").write_text(site.config(world, ca_file="internal-ca.pem"))
    for file in folder.iterdir():
        file.chmod(0o644)
    with container(folder) as (command, name):
        def inside(*arguments):
            done = subprocess.run([*command, name, "--", "/zinoargus", *arguments, "-c", INSIDE], capture_output=True, text=True, timeout=60)
            return done.returncode, done.stdout + done.stderr
        code, said = inside("--check")
        assert code == 0 and "FAILED" not in said, said
        child = Child("container", [*command, name, "--", "/zinoargus", "-v", "-c", INSIDE], HOME / "container.log")
        world.matches(world.first_case)

        def fine():
            code, said = inside("--status")
            assert code == 0 and said.startswith("zinoargus does its work"), said
            return True
        eventually(fine, 30, "--status in the container")
        program = subprocess.run(["pgrep", "-f", f"^/zinoargus -v -c {INSIDE}"], capture_output=True, text=True).stdout.split()
        assert len(program) == 1, program
        status = open(f"/proc/{program[0]}/status").read()
        assert re.search(r"^Uid:\s+10001\s+10001", status, re.M), status
        os.kill(int(program[0]), signal.SIGTERM)
        child.process.wait(10)
        assert "ending on signal 15" in child.log(), child.log()


def with_yaml(script, *arguments) -> str:
    """Run a line of Python that has PyYAML; gives what it prints."""
    done = subprocess.run([places.venv_program("kubernetes", "python"), "-c", script, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@check
def the_examples_for_orchestrators_are_valid_and_their_configuration_is_one(site):
    """Kubernetes' own schema finds nothing; the program takes the configuration, and the probes and the image are those of the program."""
    file, compose = PACKAGING / "kubernetes" / "zinoargus.yaml", PACKAGING / "container" / "compose.yaml"
    done = subprocess.run([places.venv_program("kubernetes", "kubernetes-validate"), "--strict", file], capture_output=True, text=True)
    assert done.returncode == 0 and "error" not in (done.stdout + done.stderr).lower(), done.stdout + done.stderr
    [config_map, deployment] = json.loads(with_yaml("import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))", file))
    spec = deployment["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    pod, [one] = spec["template"]["spec"], spec["template"]["spec"]["containers"]
    assert pod["securityContext"]["runAsUser"] == 10001 and one["securityContext"]["readOnlyRootFilesystem"] is True
    assert {probe["httpGet"]["path"] for probe in (one["readinessProbe"], one["livenessProbe"])} == {"/health"}
    [service] = json.loads(with_yaml("import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", compose))["services"].values()
    assert service["user"] == "10001:10001" and service["read_only"] is True and service["healthcheck"]["test"][1] == "/zinoargus"
    configuration = HOME / "kubernetes.toml"
    configuration.write_text(config_map["data"]["zinoargus.toml"])
    done = subprocess.run([os.environ["ZINOARGUS_BIN"], "--check", "-c", configuration], capture_output=True, text=True, timeout=60,
                          env={"ARGUS_TOKEN": "0123456789abcdef", "ZINO_SECRET": "hush"})
    assert "ok      configuration: " in done.stdout, done.stdout + done.stderr
