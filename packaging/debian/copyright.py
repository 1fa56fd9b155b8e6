"""Prints the package's copyright file: our own licence, and that of everything that is linked into the static file.

The notices of each crate are those that its own sources carry, word for word. Never guesses: a crate whose licence is not known
stops the build.

    copyright.py RUST_TARGET
"""

import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# The files in which a crate says whose it is: LICENSE-MIT, COPYING, LICENSE.txt.
NOTICE = re.compile(r"((un)?licen[cs]e|copying|copyright|notice)([-._].*)?(?<!\.rs)(?<!\.toml)", re.IGNORECASE)
# Which text this is goes by a part of it that no other one has.
APACHE = "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked_in(target):
    """The crates in the program, as (name, version)."""
    lines = run("cargo", "tree", "--locked", "--target", target, "--edges", "normal,no-proc-macro", "--prefix", "none",
                "--format", "{p}").splitlines()
    return sorted({tuple(line.split()[:2]) for line in lines if line.strip() and not line.startswith("zinoargus ")})


def notices(folder):
    """The texts of the licence files of a crate, without Apache's, which every Debian system has."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and NOTICE.fullmatch(path.name)]
    texts = [path.read_text(encoding="utf-8", errors="replace").strip() for path in found]
    return list(dict.fromkeys(text for text in texts if APACHE not in text))


def holders(texts, package):
    """The lines in which the notices say whose work it is; else the authors that the crate names."""
    lines = [line.strip(" *#") for text in texts for line in text.splitlines()]
    said = [line for line in lines if re.match(r"(Copyright|\(c\)|©)\s.*(\d{4}|[A-Z])", line) and len(line) < 120]
    return list(dict.fromkeys(said)) or package["authors"] or [f"the authors of {package['name']}"]


def field(text):
    """Text as the continuation of a field: a blank first, and a full stop for an empty line."""
    return "\n".join(f" {line.rstrip()}" if line.strip() else " ." for line in text.expandtabs().splitlines())


def expression(licence):
    """A licence as Cargo writes it, as Debian writes it."""
    return licence.replace("/", " or ").replace(" OR ", " or ").replace(" AND ", " and ").replace(" WITH LLVM-exception", " with LLVM exception")


def stanza(package):
    """What is to be said of one crate."""
    licence = package["license"] or sys.exit(f"{package['name']} does not say what its licence is")
    texts = notices(pathlib.Path(package["manifest_path"]).parent)
    if not texts and "Apache-2.0" not in licence:
        sys.exit(f"{package['name']} is under {licence} and carries no text of it")
    lines = [f"Files: crates/{package['name']}-{package['version']}/*",
             "Copyright: " + "\n  ".join(holders(texts, package)),
             f"License: {expression(licence)}"]
    text = "\n\n".join([*texts, *(["Apache-2.0: see /usr/share/common-licenses/Apache-2.0."] if "Apache-2.0" in licence else [])])
    return "\n".join([*lines, field(text)])


def main():
    packages = {(p["name"], p["version"]): p for p in json.loads(run("cargo", "metadata", "--locked", "--format-version", "1"))["packages"]}
    print((HERE / "copyright.head").read_text(encoding="utf-8").rstrip())
    for name, version in linked_in(sys.argv[1]):
        print(f"\n{stanza(packages[name, version.removeprefix('v')])}")


if __name__ == "__main__":
    main()
