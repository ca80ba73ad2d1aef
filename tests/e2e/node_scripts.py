"""Runs a script of tests/e2e/node with the packages that scripts/e2e.sh installed."""
import shutil
import subprocess

import pytest

from conftest import MODEL, ROOT


def run_script(name: str, server, *packages: str) -> None:
    """The script says `passed` as its last word, or the test fails with what it said."""
    home = ROOT / "build" / "e2e" / "node"
    missing = [package for package in packages if not (home / "node_modules" / package / "package.json").is_file()]
    if shutil.which("node") is None or missing:
        pytest.skip(f"{name}: Node or its package {', '.join(missing)} is not installed")
    local = home / name  # modules resolve beside the script
    local.write_text((ROOT / "tests" / "e2e" / "node" / name).read_text(encoding="utf-8"), encoding="utf-8")
    run = subprocess.run(["node", str(local), server.base_url, server.key, MODEL], capture_output=True, text=True,
                         timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "passed", run.stdout
