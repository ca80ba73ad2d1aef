"""The list of models: C-046 to C-053."""
import pytest

from wire import bare, ok, refused


def ids(reply) -> list[str]:
    return [one["id"] for one in ok(reply)["data"]]


def test_c_046_list_needs_a_key(target):
    """GET /v1/models without a key: 401."""
    bare(target.api.get("/models", authorization=None), 401, "Invalid token")


def test_c_047_list(target):
    """The list has the documented shape, sorted by id."""
    body = ok(target.api.get("/models"))
    assert body["object"] == "list" and body["data"]
    for one in body["data"]:
        assert isinstance(one["id"], str) and one["object"] == "model"
        assert type(one["created"]) is int and isinstance(one["owned_by"], str)
    assert [one["id"] for one in body["data"]] == sorted(one["id"] for one in body["data"])


def test_c_048_list_without_version(target):
    """GET /models returns the same."""
    assert target.api.send("GET", target.api.root + "/models").body == target.api.get("/models").body


def test_c_049_filters(target):
    """type=text with sub_type=chat lists the chat models; a filter that matches nothing gives an empty list."""
    assert target.model("N") in ids(target.api.get("/models?type=text&sub_type=chat"))
    assert ids(target.api.get("/models?sub_type=chat")) == ids(target.api.get("/models?type=text&sub_type=chat"))
    if not target.foreign:
        assert ids(target.api.get("/models?type=text&sub_type=chat")) == ids(target.api.get("/models"))
        assert ids(target.api.get("/models?sub_type=embedding")) == []
        assert ids(target.api.get("/models?type=image")) == []


@pytest.mark.parametrize("query", ["type=nonsense", "sub_type=nonsense", "type=", "type=text&sub_type=x"])
def test_c_050_unknown_filter_value(target, query):
    """An unknown value of a known parameter: 400/20015; an unknown parameter is ignored."""
    refused(target.api.get(f"/models?{query}"))
    assert ids(target.api.get("/models?colour=red&x")) == ids(target.api.get("/models"))


def test_c_051_one_model(target):
    """One model by its id, with the slash raw or escaped."""
    model = target.model("M")
    whole = [one for one in ok(target.api.get("/models"))["data"] if one["id"] == model]
    assert [ok(target.api.get(f"/models/{model}"))] == whole
    assert [ok(target.api.get(f"/models/{model.replace('/', '%2F')}"))] == whole
    assert [ok(target.api.send("GET", f"{target.api.root}/models/{model}"))] == whole


@pytest.mark.parametrize("model", ["none", "Qwen", "none/such"])
def test_c_052_unknown_model(target, model):
    """An unknown id there: 404."""
    bare(target.api.get(f"/models/{model}"), 404, "404 page not found")


def test_c_053_hidden_model(target):
    """A model that the key may not use is not listed."""
    api = target.api.with_key(target.key_without("N"))
    assert target.model("N") not in ids(api.get("/models"))
    bare(api.get(f"/models/{target.model('N')}"), 404, "404 page not found")
