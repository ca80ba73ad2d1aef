"""Servers for the tests: one shared by all that change nothing, others of a test's own."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.families import FAMILIES, Family, Model, make_model, write_config  # noqa: E402
from support.server import BINARY, DEMO, MODEL, READY_SECONDS, ROOT, Server, millrace  # noqa: E402, F401


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One server with the bundled model, shared by every test that does not change it."""
    running = Server(tmp_path_factory.mktemp("data"))
    yield running
    assert running.stop() == 0, running.output()


@pytest.fixture(scope="session")
def client(server):
    import openai
    return openai.OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0, timeout=120)


class FamilyServer:
    """A server with the tiny models of every family that can be made here."""

    def __init__(self, folder: pathlib.Path):
        self.missing = {family.name: family.missing() for family in FAMILIES}
        self.models: dict[str, Model] = {family.name: make_model(family, folder) for family in FAMILIES
                                         if not self.missing[family.name]}
        self.config = write_config(self.models, folder)
        self.server = Server(folder / "data", "--config", str(self.config), model=None)

    def model(self, family: Family) -> Model:
        if self.missing[family.name]:
            pytest.skip(self.missing[family.name])
        return self.models[family.name]


@pytest.fixture(scope="session")
def families(tmp_path_factory):
    if not (BINARY.parent / "make_model").exists():
        pytest.skip("make_model is not built")
    running = FamilyServer(tmp_path_factory.mktemp("families"))
    yield running
    assert running.server.stop() == 0, running.server.output()


@pytest.fixture
def start(tmp_path):
    """Starts servers of a test's own and stops them all at its end."""
    running: list[Server] = []

    def launch(*extra: str, data: pathlib.Path | None = None, **options) -> Server:
        running.append(Server(data or tmp_path / "data", *extra, **options))
        return running[-1]

    yield launch
    for one in running:
        one.stop()
