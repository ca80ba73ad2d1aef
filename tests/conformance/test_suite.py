"""The suite itself: it is whole."""
import pathlib
import re

from pending import PENDING

STATEMENTS = 285


def test_every_statement_has_a_test():
    """Each number of the contract is in the name of a test, and pending names are names of tests."""
    here = pathlib.Path(__file__).parent
    names = {number for path in here.glob("test_*.py")
             for number in re.findall(r"^def test_c_(\d{3})_", path.read_text(), re.MULTILINE)}
    assert names == {f"{number:03}" for number in range(1, STATEMENTS + 1)}
    assert {key[:3] for key in PENDING} <= names
