"""Routes, authentication, headers and bodies as bytes: C-001 to C-045."""
import json
import re

import pytest

from wire import bare, choice, chunked, encode, ok, refused, text

GREETING = {"temperature": 0, "max_tokens": 8}
FRESH = r"[0-9a-f]{32}"
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_c_001_versioned_route(target):
    """POST /v1/chat/completions with a good body answers 200."""
    assert choice(target.chat("N", **GREETING))["message"]["role"] == "assistant"


def test_c_002_route_without_version(target):
    """POST /chat/completions gives the same result for the same body."""
    body = target.body("N", **GREETING)
    other = target.api.send("POST", target.api.root + "/chat/completions", encode(body))
    assert text(other) == text(target.api.post(body))


@pytest.mark.parametrize("path", ["//v1//chat/completions", "/v1/chat/completions/", "///v1/chat///completions//"])
def test_c_003_slashes(target, path):
    """Repeated and trailing slashes reach the same handler."""
    path = path.replace("/v1", target.api.prefix) if target.api.root else path
    ok(target.api.send("POST", path, encode(target.body("N", **GREETING))))


def test_c_004_unknown_path(target):
    """An unknown path answers 404 with exactly the quoted text."""
    bare(target.api.send("POST", target.api.prefix + "/nothing", b"{}"), 404, "404 page not found")


def test_c_005_unknown_path_without_key(target):
    """An unknown path is a 404 without a key too."""
    bare(target.api.send("POST", target.api.prefix + "/nothing", b"{}", authorization=None), 404, "404 page not found")


def test_c_006_wrong_method(target):
    """GET on the chat route answers 405 and says what is allowed."""
    reply = target.api.get("/chat/completions")
    bare(reply, 405, "405 method not allowed")
    assert "POST" in reply.header("allow")


def unauthorized(reply):
    bare(reply, 401, "Invalid token")
    assert reply.header("www-authenticate") == "Bearer"


def test_c_007_no_authorization(target):
    """No Authorization header: 401 and exactly "Invalid token"."""
    unauthorized(target.api.post(target.body("N"), authorization=None))


def test_c_008_other_scheme(target):
    """Another scheme: the same 401."""
    unauthorized(target.api.post(target.body("N"), authorization="Authorization: Basic dXNlcjpwYXNz"))


@pytest.mark.parametrize("value", ["Bearer", "Bearer   ", ""])
def test_c_009_empty_key(target, value):
    """Bearer with nothing after it: 401."""
    unauthorized(target.api.post(target.body("N"), authorization="Authorization: " + value))


@pytest.mark.parametrize("key", ["sk-unknown", "x", "sk-" + "A" * 48, "k" * 5000])
def test_c_010_unknown_key(target, key):
    """An unknown key: the same 401."""
    unauthorized(target.api.with_key(key).post(target.body("N")))


@pytest.mark.parametrize("form", ["authorization: bearer {}", "AUTHORIZATION: BEARER   {}",
                                  "Authorization: Bearer\t{} "])
def test_c_011_case_of_the_scheme(target, form):
    """The header's name and the scheme compare without case."""
    ok(target.api.post(target.body("N", **GREETING), authorization=form.format(target.api.key)))


def test_c_012_two_authorizations(target):
    """Two Authorization headers: 401."""
    unauthorized(target.api.post(target.body("N"), target.api.authorization()))


@pytest.mark.parametrize("header", ["x-api-key: {}", "api-key: {}", "Cookie: key={}"])
def test_c_013_other_places_for_a_key(target, header):
    """A good key elsewhere is no credential."""
    unauthorized(target.api.post(target.body("N"), header.format(target.api.key), authorization=None))


def test_c_014_challenge(target):
    """A 401 carries WWW-Authenticate: Bearer."""
    assert target.api.get("/models", authorization=None).header("www-authenticate") == "Bearer"


@pytest.mark.parametrize("kind", ["disabled", "expired"])
def test_c_015_disabled_or_expired_key(target, kind):
    """A disabled or expired key: 403 and exactly "Forbidden"."""
    bare(target.api.with_key(target.key(kind)).post(target.body("N")), 403, "Forbidden")


def test_c_016_key_without_the_model(target):
    """A key that may not use the model: 403."""
    api = target.api.with_key(target.key_without("N"))
    bare(api.post(target.body("N")), 403, "Forbidden")
    if not target.foreign:
        ok(api.post(target.body("M", **GREETING)))


def all_kinds(target):
    """One answer of each kind."""
    api = target.api
    yield target.chat("N", **GREETING)
    yield target.chat("N", stream=True, **GREETING)
    yield target.chat("N", temperature=9)
    yield api.post(b"{")
    yield api.post(target.body("N"), authorization=None)
    yield api.post(target.body("N"), "Content-Type: text/plain")
    yield api.get("/chat/completions")
    yield api.get("/models")
    yield api.get("/models/none")
    yield api.send("GET", api.root + "/nothing")
    yield api.send("GET", api.root + "/healthz")
    yield api.send("OPTIONS", api.chat_path, authorization=None)


def test_c_017_trace_everywhere(target):
    """Every response has a non-empty x-siliconcloud-trace-id."""
    for reply in all_kinds(target):
        assert reply.trace, str(reply)


def test_c_018_traces_differ(target):
    """Generated trace ids differ."""
    traces = [reply.trace for reply in all_kinds(target)]
    assert len(set(traces)) == len(traces)


@pytest.mark.parametrize("trace", ["my-trace.1", "a", "A:b_c.d-" + "9" * 120])
def test_c_019_client_trace(target, trace):
    """A well-formed X-Trace-Id is echoed."""
    assert target.api.get("/models", f"X-Trace-Id: {trace}").trace == trace


@pytest.mark.parametrize("trace", ["has spaces", "x" * 129, "a\x01b", "é", "a/b"], ids=["space", "long", "control",
                                                                                     "latin", "slash"])
def test_c_020_malformed_client_trace(target, trace):
    """A malformed X-Trace-Id is not echoed; a fresh id is sent."""
    reply = target.api.get("/models", f"X-Trace-Id: {trace}")
    assert reply.trace and trace not in reply.trace


def test_c_021_traceparent(target):
    """The trace part of a valid traceparent becomes the trace id."""
    assert target.api.get("/models", f"traceparent: 00-{PARENT}-00f067aa0ba902b7-01").trace == PARENT


@pytest.mark.parametrize("headers, wanted", [
    (["X-Trace-Id: mine", f"traceparent: 00-{PARENT}-00f067aa0ba902b7-01"], "mine"),
    (["X-Trace-Id: not good", f"traceparent: 00-{PARENT}-00f067aa0ba902b7-01"], PARENT),
    ([f"traceparent: 00-{'0' * 32}-00f067aa0ba902b7-01"], None),
    ([f"traceparent: 00-{PARENT[:-1]}-00f067aa0ba902b7-01"], None),
    ([f"traceparent: {PARENT}"], None),
], ids=["both", "second", "zero", "short", "shapeless"])
def test_c_022_trace_precedence(target, headers, wanted):
    """X-Trace-Id comes first; an all-zero or malformed traceparent is ignored."""
    trace = target.api.get("/models", *headers).trace
    assert trace == wanted if wanted else trace not in (None, "", "0" * 32, PARENT, PARENT[:-1])


def test_c_023_request_id(target):
    """x-request-id equals the trace id."""
    for reply in all_kinds(target):
        assert reply.header("x-request-id") == reply.trace


def test_c_024_trace_on_streams(target):
    """Streams carry the trace header."""
    reply = target.chat("N", stream=True, headers=("X-Trace-Id: stream-1",), **GREETING)
    assert reply.trace == "stream-1"
    assert reply.header("content-type").startswith("text/event-stream")


def test_c_025_json_type(target):
    """JSON bodies, errors included, say application/json with charset utf-8."""
    for reply in all_kinds(target):
        if reply.body and not reply.body.startswith(b"data:"):
            assert re.fullmatch(r"application/json; ?charset=utf-8", reply.header("content-type"), re.IGNORECASE)
            json.loads(reply.body)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "",
                                  "application/vnd.x+json", "application/json; profile=a"])
def test_c_026_accepted_types(target, kind):
    """JSON with a charset, its relatives and no content type are accepted."""
    ok(target.api.post(target.body("N", **GREETING), "Content-Type:" + (" " + kind if kind else "")))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/json; charset=utf-16"])
def test_c_027_other_types(target, kind):
    """Another content type or charset: 415 in shape O."""
    refused(target.api.post(target.body("N"), f"Content-Type: {kind}"), "Unsupported content type.", status=415)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip"])
def test_c_028_content_encoding(target, coding):
    """An encoded body: 415."""
    refused(target.api.post(target.body("N"), f"Content-Encoding: {coding}"), status=415)


def test_c_029_chunked_body(target):
    """A chunked request body works."""
    body = encode(target.body("N", **GREETING))
    with target.api.connect() as connection:
        connection.send(target.api.request("POST", target.api.chat_path, None, "Transfer-Encoding: chunked",
                                           "Content-Type: application/json") + chunked(body))
        ok(connection.reply())


def test_c_030_expect_continue(target):
    """Expect: 100-continue is answered once the head is good, and by the 401 alone for a bad key."""
    body = encode(target.body("N", **GREETING))

    def head(api) -> bytes:
        return api.request("POST", api.chat_path, None, "Expect: 100-continue", "Content-Type: application/json",
                           f"Content-Length: {len(body)}")

    with target.api.connect() as connection:
        connection.send(head(target.api))
        assert connection.reply().status == 100
        connection.send(body)
        ok(connection.reply())
    with target.api.connect() as connection:
        connection.send(head(target.api.with_key("sk-bad")))
        unauthorized(connection.reply())


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_c_031_body_too_large(own, declared):
    """A body over the limit: 413 with code 20042, declared or not."""
    target = own(api={"max_body_bytes": 20000}, roles=["N"])
    body = encode(target.body("N", "a" * 30000))
    with target.api.connect() as connection:
        if declared:
            connection.send(target.api.request("POST", target.api.chat_path, body))
        else:
            connection.send(target.api.request("POST", target.api.chat_path, None, "Transfer-Encoding: chunked",
                                               "Content-Type: application/json") + chunked(body, 1000))
        refused(connection.reply(), "Request entity too large.", status=413, code=20042)
    ok(target.chat("N", **GREETING))


def test_c_032_key_before_size(own):
    """A bad key with an oversize body answers 401."""
    target = own(api={"max_body_bytes": 20000}, roles=["N"])
    unauthorized(target.api.with_key("sk-bad").post(target.body("N", "a" * 30000)))


def test_c_033_empty_body(target):
    """An empty body: 400/20015."""
    refused(target.api.post(b""), "The parameter is invalid. Please check again.")


@pytest.mark.parametrize("body", [b'{"model":', b'{"model":"x"', b"{'model':1}", b'{"a":1,}', b'{"a":NaN}',
                                  b'{"a":Infinity}', b'{"a":1}//', b"{/**/}", b'{"a":01}', b'{"a":"\n"}'])
def test_c_034_malformed_json(target, body):
    """Cut or malformed JSON: 400/20015 with the general text."""
    assert refused(target.api.post(body)) == "The parameter is invalid. Please check again."


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true", b'[{"model":"x"}]'])
def test_c_035_not_an_object(target, body):
    """A top-level array, string, number or literal: 400/20015."""
    refused(target.api.post(body), "The parameter is invalid. Please check again.")


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"],
                         ids=["ff", "cut", "surrogate", "overlong", "beyond"])
def test_c_036_invalid_utf8(target, bad):
    """Invalid UTF-8 in a string: 400/20015."""
    refused(target.api.post(encode(target.body("N", "HERE")).replace(b"HERE", b"a" + bad + b"b")))


def test_c_037_byte_order_mark(target):
    """A byte order mark before the object is skipped."""
    ok(target.api.post(b"\xef\xbb\xbf" + encode(target.body("N", **GREETING))))


@pytest.mark.parametrize("escape", [rb"\ud83d", rb"\ude00", rb"\ud83d\ud83d", rb"\ud83dx"])
def test_c_038_lone_surrogate(target, escape):
    """An escaped lone surrogate is accepted."""
    ok(target.api.post(encode(target.body("N", "HERE", **GREETING)).replace(b"HERE", escape)))


def test_c_039_bytes_after_the_object(target):
    """Bytes after the closing brace are refused, white space is not."""
    body = encode(target.body("N", **GREETING))
    refused(target.api.post(body + b" x"))
    refused(target.api.post(body + b"{}"))
    ok(target.api.post(body + b" \r\n\t\n"))


@pytest.mark.parametrize("depth", [200, 100_000])
def test_c_040_deep_nesting(target, depth):
    """Deep nesting in an unknown field: 400/20015, and the server lives."""
    body = encode(target.body("N", deep=None)).replace(b"null", b"[" * depth + b"]" * depth)
    refused(target.api.post(body))
    assert target.alive()


def test_c_041_keep_alive(target):
    """Several requests on one connection succeed, also after a 400."""
    good = target.api.request("POST", target.api.chat_path, encode(target.body("N", **GREETING)))
    bad = target.api.request("POST", target.api.chat_path, b"{")
    with target.api.connect() as connection:
        for request, status in [(good, 200), (bad, 400), (good, 200), (bad, 400), (good, 200)]:
            connection.send(request)
            assert connection.reply().status == status
        connection.send(good + bad + good)  # pipelined: answered in order
        assert [connection.reply().status for _ in range(3)] == [200, 400, 200]


def test_c_042_preflight(target):
    """OPTIONS without a key: 204 with CORS headers."""
    reply = target.api.send("OPTIONS", target.api.chat_path, None, "Origin: http://example.org",
                            "Access-Control-Request-Method: POST",
                            "Access-Control-Request-Headers: authorization, content-type", authorization=None)
    assert reply.status == 204 and reply.body == b""
    assert reply.header("access-control-allow-origin") == "*"
    assert "POST" in reply.header("access-control-allow-methods")
    assert reply.header("access-control-allow-headers")
    assert "x-siliconcloud-trace-id" in reply.header("access-control-expose-headers").lower()


def test_c_043_both_lengths(target):
    """Content-Length together with Transfer-Encoding: 400 and close."""
    with target.api.connect() as connection:
        connection.send(target.api.request("POST", target.api.chat_path, b"{}", "Transfer-Encoding: chunked"))
        refused(connection.reply())
        assert connection.rest() == b""


@pytest.mark.parametrize("headers", [["X-Big: " + "a" * 70_000], [f"X-{at}: a" for at in range(150)]],
                         ids=["bytes", "lines"])
def test_c_044_head_too_large(target, headers):
    """A head over its limit: 431."""
    refused(target.api.get("/models", *headers), "Request header is too large.", status=431)


def test_c_045_health(target):
    """GET /healthz answers 200 without a key."""
    assert ok(target.api.send("GET", target.api.root + "/healthz", authorization=None)) == {"status": "ok"}
