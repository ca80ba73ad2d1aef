"""The conformance suite: statements of the API contract, held against a server.

Every test is named after the number of its statement, test_c_NNN_…, and its docstring says the statement in short.
"""
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import table  # noqa: E402
from pending import PENDING, VISION  # noqa: E402
from target import Servers  # noqa: E402


def pytest_addoption(parser):
    group = parser.getgroup("conformance")
    group.addoption("--base-url", help="another server's base URL, with /v1; default: start our own")
    group.addoption("--api-key", default="", help="a key for it")
    group.addoption("--profile", type=pathlib.Path, help="TOML file that describes it (see README.md)")
    group.addoption("--conformance-table", type=pathlib.Path, help="write the table of results to this file")


def pytest_configure(config):
    config.addinivalue_line("markers", "last: run after all others, because it waits for something they outlast")


def number_of(item) -> str | None:
    found = re.match(r"test_c_(\d{3})_", item.name)
    return found.group(1) if found else None


def reason_pending(item) -> str | None:
    number = number_of(item)
    case = item.callspec.id if hasattr(item, "callspec") else ""
    return PENDING.get(f"{number}[{case}]") or PENDING.get(number or "")


def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)
    if config.getoption("--base-url"):
        return
    for item in items:
        if reason := reason_pending(item):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="session")
def servers(request, tmp_path_factory):
    option = request.config.getoption
    running = Servers(tmp_path_factory.mktemp("conformance"), option("--base-url"), option("--api-key"),
                      option("--profile"))
    yield running
    assert not (problems := running.stop()), "\n".join(problems)


@pytest.fixture(scope="session")
def target(servers):
    """The server under test in its default configuration."""
    return servers.main()


@pytest.fixture(scope="session")
def own(servers):
    """Starts a server with changed configuration; skips against another base URL."""
    return servers.own


@pytest.fixture(scope="session")
def limited(servers):
    """A target under the given limits, with a key that has used nothing."""
    return servers.limited


@pytest.fixture
def sighted(servers):
    """For tests that need a served model that sees."""
    if not servers.sees:
        pytest.xfail(VISION)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    table.note(item, outcome.get_result(), number_of(item))


def pytest_sessionfinish(session):
    if path := session.config.getoption("--conformance-table"):
        table.write(path)
