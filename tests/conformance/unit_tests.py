"""Statements that only a test inside the program can prove: faults of the engine, clocks, internal values."""
import os
import pathlib
import subprocess

import pytest

from support.server import ROOT


def prove(folder: str, *names: str) -> None:
    """Runs the named GoogleTest cases of a folder; each must exist and pass."""
    build = pathlib.Path(os.environ.get("MILLRACE_UNIT_TESTS", ROOT / "build"))
    binary = build / "src" / folder / f"{folder}_test"
    if not binary.exists():
        pytest.skip(f"the unit tests of {folder} are not built: {', '.join(names)}")
    run = subprocess.run([str(binary), f"--gtest_filter={':'.join(names)}"], capture_output=True, text=True,
                         timeout=120)
    for name in names:
        assert f"[       OK ] {name} " in run.stdout, f"{name}\n{run.stdout[-3000:]}{run.stderr[-1000:]}"
    assert run.returncode == 0, run.stdout[-3000:]
