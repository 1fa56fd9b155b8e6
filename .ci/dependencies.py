"""Checks what the program is made of: licences, bans and duplicate versions. Works without a network; never changes anything.

Advisories are not checked: their database is not to be had from the package registries.
"""

import json
import subprocess
import sys

LICENCES = {"MIT", "Apache-2.0", "ISC", "BSD-3-Clause", "Unicode-3.0", "Zlib", "CDLA-Permissive-2.0", "BSL-1.0", "0BSD", "Unlicense", "CC0-1.0"}
BANNED = {
    "tokio": "no async runtime",
    "async-std": "no async runtime",
    "smol": "no async runtime",
    "futures-executor": "no async runtime",
    "openssl": "TLS is rustls, so that the binary stays static",
    "openssl-sys": "TLS is rustls, so that the binary stays static",
    "native-tls": "TLS is rustls, so that the binary stays static",
}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def shipped():
    """The packages that end up in the program, as (name, version)."""
    lines = run("cargo", "tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}").splitlines()
    return {tuple(line.split()[:2]) for line in lines if line.strip() and not line.startswith("zinoargus ")}


def allowed(expression):
    """Whether a licence expression offers a choice that is allowed: every part of an AND, some part of an OR."""
    expression = expression.replace("/", " OR ").replace("(", " ").replace(")", " ")
    parts = [choice.split(" WITH ")[0].strip() for clause in expression.split(" AND ") for choice in clause.split(" OR ")]
    clauses = [[c.split(" WITH ")[0].strip() for c in clause.split(" OR ")] for clause in expression.split(" AND ")]
    return bool(parts) and all(any(choice in LICENCES for choice in clause) for clause in clauses)


def main():
    packages = {p["name"] + " " + p["version"]: p for p in json.loads(run("cargo", "metadata", "--locked", "--format-version", "1"))["packages"]}
    complaints = []
    versions = {}
    for name, version in sorted(shipped()):
        version = version.lstrip("v")
        versions.setdefault(name, []).append(version)
        if name in BANNED:
            complaints.append(f"{name} {version} is banned: {BANNED[name]}")
        licence = packages[f"{name} {version}"].get("license") or "none"
        if not allowed(licence):
            complaints.append(f"{name} {version} has the licence {licence}, which is not on the list")
    complaints += [f"{name} is linked in more than once: {', '.join(found)}" for name, found in versions.items() if len(found) > 1]
    for complaint in complaints:
        print(complaint)
    print(f"{len(versions)} crates, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
