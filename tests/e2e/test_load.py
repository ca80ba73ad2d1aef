"""Many clients at once, some of whom leave: nothing is lost and nothing is kept."""
import concurrent.futures
import http.client
import json
import random

from conftest import MODEL

REQUESTS = 200
CLIENTS = 16


def one(server, number: int) -> str:
    """Sends request `number` and, by its own dice, leaves before, during or after the answer."""
    dice = random.Random(number)
    fate = dice.choice(["stay", "stay", "leave_at_once", "leave_in_stream", "plain"])
    body = {"model": MODEL, "stream": fate != "plain", "seed": number, "temperature": 1.0, "n": dice.choice([1, 1, 2]),
            "messages": [{"role": "user", "content": f"Request {number}: " + "tell me more " * dice.randrange(40)}],
            "max_tokens": dice.randrange(1, 60)}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("POST", "/v1/chat/completions", json.dumps(body),
                       {"Content-Type": "application/json", "Authorization": f"Bearer {server.key}"})
    if fate == "leave_at_once":
        connection.close()
        return fate
    reply = connection.getresponse()
    assert reply.status == 200
    if fate == "leave_in_stream":
        reply.read(200)
        connection.close()
        return fate
    data = reply.read()
    connection.close()
    assert data.endswith(b"data: [DONE]\n\n") if body["stream"] else json.loads(data)["choices"]
    return fate


def test_200_requests_with_cancels_give_every_block_back(server):
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        fates = list(pool.map(lambda number: one(server, number), range(REQUESTS)))
    assert len(fates) == REQUESTS and len(set(fates)) == 4
    server.wait_for_metric("millrace_engine_running_sequences", 0)
    server.wait_for_metric("millrace_engine_waiting_requests", 0)
    total = server.metric("millrace_engine_kv_blocks_total")
    idle = server.metric("millrace_engine_kv_blocks_free") + server.metric("millrace_engine_kv_blocks_cached")
    assert idle == total
