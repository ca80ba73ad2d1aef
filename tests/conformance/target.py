"""What the statements are held against: a server of the suite's own, or any other one behind a base URL."""
import functools
import itertools
import json
import pathlib
import re
import threading
import time
import tomllib

import pytest

import server_config
from pictures import data_url, image, looking, picture
from support.server import Server, millrace
from wire import Api, Reply, Stream, encode, ok

LONG_TASK = "Count from 1 to 100."


class Target:
    """A server under test: its names, keys and the ways to ask it."""

    server: Server | None = None

    def __init__(self, api: Api, models: dict[str, str]):
        self.api = api
        self._models = models

    @property
    def foreign(self) -> bool:
        return self.server is None

    def model(self, role: str) -> str:
        if role not in self._models:
            pytest.skip(f"the profile names no model for {role}")
        return self._models[role]

    def body(self, role: str, messages="hi", **fields) -> dict:
        """A request body. `messages` may be the text of one user message; a field that is ... is left out."""
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        whole = {"model": self.model(role), "messages": messages, **fields}
        return {key: value for key, value in whole.items() if value is not ...}

    def chat(self, role: str, messages="hi", *, headers: tuple[str, ...] = (), **fields) -> Reply:
        return self.api.post(self.body(role, messages, **fields), *headers)

    def stream(self, role: str, messages="hi", **fields) -> Stream:
        return Stream(self.chat(role, messages, stream=True, **fields))

    def alive(self) -> bool:
        return self.chat("N", max_tokens=1).status == 200

    def context(self, role: str) -> int:
        raise NotImplementedError

    def endless(self) -> dict:
        """Fields that keep the model from ending its answer, where the server is known well enough."""
        return {}

    def tokens(self, text: str) -> list[int]:
        """The token ids of a text, control tokens included."""
        raise NotImplementedError

    def biased(self, text: str, bias: float) -> dict:
        """A logit_bias on the one token that the text is."""
        (token,) = self.tokens(text)
        return {"logit_bias": {str(token): bias}}

    def logged(self, reply: Reply, *words: str) -> None:
        """Checks words of the request's log line, where the log can be seen."""

    def key(self, kind: str) -> str:
        """A key that is 'disabled' or 'expired'."""
        raise NotImplementedError

    def key_without(self, role: str) -> str:
        """A good key that may not use the model."""
        raise NotImplementedError

    def limited(self, **limits: int) -> "Target":
        """The server with a fresh key under these limits."""
        raise NotImplementedError


class Foreign(Target):
    """Somebody else's server, described by a profile."""

    def __init__(self, base_url: str, key: str, profile: dict):
        super().__init__(Api(base_url.rstrip("/"), key), profile.get("models", {}))
        self._profile = profile

    def _told(self, *path: str):
        node = self._profile
        for step in path:
            node = node.get(step) if isinstance(node, dict) else None
        if node is None:
            pytest.skip(f"the profile has no {'.'.join(path)}")
        return node

    def context(self, role: str) -> int:
        return self._told("context", role)

    def endless(self) -> dict:
        return self._profile.get("endless", {})

    def tokens(self, text: str) -> list[int]:
        return self._told("tokens", text)

    def key(self, kind: str) -> str:
        return self._told("keys", kind)

    def key_without(self, role: str) -> str:
        return self._told("keys", "without", role)

    def limited(self, **limits: int) -> Target:
        (metric, _), = limits.items()
        told = self._told("limits", metric)
        if told["limit"] != limits[metric]:
            pytest.skip(f"the profile's {metric} is not {limits[metric]}")
        return Foreign(self.api.base_url, told["key"], self._profile)


class Own(Target):
    """A server that the suite started."""

    def __init__(self, directory: pathlib.Path, changes: dict):
        directory.mkdir(parents=True)
        server_config.write(server_config.configuration(changes), directory / "config.yaml")
        self.server = Server(directory / "data", "--config", str(directory / "config.yaml"), model=None)
        super().__init__(Api(self.server.base_url, self.server.key), server_config.NAMES)
        self._numbers = itertools.count(1)  # of accounts; shared with the copies that with_key makes

    def with_key(self, key: str) -> "Own":
        """The same server, asked with another key."""
        other = object.__new__(Own)
        other.__dict__ = {**self.__dict__, "api": self.api.with_key(key)}
        return other

    def context(self, role: str) -> int:
        return server_config.CONTEXT

    def endless(self) -> dict:
        return {"logit_bias": {server_config.END_TOKEN: -100}, "max_tokens": server_config.CONTEXT - 1}

    def tokens(self, text: str) -> list[int]:
        run = millrace("tokenize", "--special", str(server_config.DEMO), stdin=text.encode())
        return [int(token) for token in run.stdout.split()]

    def logged(self, reply: Reply, *words: str) -> None:
        line = self.server.wait_for_output(rf"trace={re.escape(reply.trace)}\b")
        assert all(word in line.split() for word in words), line

    def _keys(self, *arguments: str) -> str:
        run = millrace("keys", *arguments, "--data", str(self.server.data))
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout.decode()

    def _create(self, account: str, arguments: tuple[str, ...]) -> dict:
        account = account or f"account-{next(self._numbers)}"
        made = json.loads(self._keys("create", "--json", "--account", account, *arguments))
        self._wait_until(made["key"], lambda status: status != 401)
        return made

    def new_key(self, *arguments: str, account: str = "") -> str:
        """A key of the account, or of a new one."""
        return self._create(account, arguments)["key"]

    def _wait_until(self, key: str, wanted) -> None:
        """A running server learns of changed keys within a second."""
        deadline = time.monotonic() + 10
        while not wanted(status := self.api.with_key(key).get("/models").status):
            assert time.monotonic() < deadline, f"the key still gets {status}"
            threading.Event().wait(0.02)

    def key(self, kind: str) -> str:
        soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 3))
        made = self._create("", ("--expires", soon) if kind == "expired" else ())
        ok(self.api.with_key(made["key"]).get("/models"))  # it was good
        if kind == "disabled":
            self._keys("disable", made["id"])
        self._wait_until(made["key"], lambda status: status != 200)
        return made["key"]

    def key_without(self, role: str) -> str:
        return self.new_key(*[part for other in ("N", "M") if other != role for part in ("--model", self.model(other))])

    def limited(self, **limits: int) -> "Own":
        raise NotImplementedError("limits belong to a server of the test's own")


class Servers:
    """The targets of one run, started when first wanted and stopped at the end."""

    def __init__(self, directory: pathlib.Path, base_url: str | None, key: str, profile: pathlib.Path | None):
        self._directory = directory
        self._running: dict[str, Own] = {}
        self.foreign = None
        if base_url:
            self.foreign = Foreign(base_url, key, tomllib.loads(profile.read_text()) if profile else {})

    def main(self) -> Target:
        return self.foreign or self.own()

    def own(self, **changes) -> Own:
        if self.foreign:
            pytest.skip("needs a server configured for this test")
        wanted = json.dumps(changes, sort_keys=True)
        if wanted not in self._running:
            self._running[wanted] = Own(self._directory / f"server-{len(self._running)}", changes)
        return self._running[wanted]

    def limited(self, **limits: int) -> Target:
        if self.foreign:
            return self.foreign.limited(**limits)
        own = self.own(limits={"default": limits}, roles=["M", "N"])
        return own.with_key(own.new_key())

    @functools.cached_property
    def sees(self) -> bool:
        """Whether V takes pictures; another server's profile is believed."""
        if self.foreign:
            return True
        messages = looking(image(data_url(picture())))
        return self.own().chat("V", messages, max_tokens=1).status == 200

    def stop(self) -> list[str]:
        """Stops all; returns what went wrong."""
        stopped = [(own.server.stop(), own.server) for own in self._running.values()]
        return [f"exit status {status}:\n{server.output()[-2000:]}" for status, server in stopped if status != 0]


__all__ = ["LONG_TASK", "Own", "Servers", "Target", "encode"]
