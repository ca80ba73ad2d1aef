"""One peer of the structured-output benchmark, as a process: structured_peer.py llguidance|xgrammar FILE.gguf

Prints a line {"version"} when it is ready. Then each line of standard input is a schema with its instances as tokens,
{"schema", "tests": [{"tokens", "valid"}]}, answered by one line: {"status", "error", "compile_us", "mask_ns",
"warm_mask_ns"}. A schema that ends the process is its caller's to notice.
"""
import gc
import importlib.metadata
import importlib.util
import json
import pathlib
import resource
import sys
import time
import types

import numpy

from gguf_vocabulary import Vocabulary, make_tokenizer, read_vocabulary

MEMORY_MAX = 8 << 30
WARM_SECONDS_MAX = 10  # a schema whose instances took longer is not replayed


class Llguidance:
    """LLMatcher over the whole vocabulary; a matcher is reset for the next instance, so that its lexer stays warm."""

    def __init__(self, vocabulary: Vocabulary, mask: numpy.ndarray):
        import llguidance
        tokenizer = make_tokenizer(vocabulary)

        class Given:
            eos_token_id, bos_token_id = vocabulary.eos, None
            tokens, special_token_ids = vocabulary.bytes_of(), vocabulary.special_ids()

            def __call__(self, text):
                text = text.decode(errors="replace") if isinstance(text, bytes) else text
                return tokenizer.encode(text, add_special_tokens=False).ids

        self.tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Given()), n_vocab=len(vocabulary.tokens))
        self.matcher_type = llguidance.LLMatcher
        self.address, self.size = mask.ctypes.data, mask.nbytes

    def compile(self, schema: str) -> None:
        grammar = self.matcher_type.grammar_from_json_schema(schema)
        self.matcher = self.matcher_type(self.tokenizer, grammar, log_level=0)
        if self.matcher.is_error():
            raise ValueError(self.matcher.get_error())
        self.schema = schema

    def begin(self) -> None:
        if self.matcher.is_error() or not self.matcher.reset():
            self.compile(self.schema)

    def fill(self) -> None:
        self.matcher.unsafe_compute_mask_ptr(self.address, self.size)

    def accept(self, token: int) -> bool:
        return self.matcher.consume_token(token)


class Xgrammar:
    """GrammarCompiler with one thread and no cache across schemas; additional properties as the schema says."""

    def __init__(self, vocabulary: Vocabulary, mask: numpy.ndarray):
        import tvm_ffi  # before the stand-in: it looks for a whole torch
        stand_in_for_torch()
        import xgrammar
        info = xgrammar.TokenizerInfo(vocabulary.bytes_of(), xgrammar.VocabType.RAW, vocab_size=len(vocabulary.tokens),
                                      stop_token_ids=[vocabulary.eos])
        self.compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
        self.matcher_type = xgrammar.GrammarMatcher
        self.mask = tvm_ffi.from_dlpack(mask)

    def compile(self, schema: str) -> None:
        self.compiled = self.compiler.compile_json_schema(schema, strict_mode=False)

    def begin(self) -> None:
        self.matcher = self.matcher_type(self.compiled)

    def fill(self) -> None:
        self.matcher.fill_next_token_bitmask(self.mask)

    def accept(self, token: int) -> bool:
        return self.matcher.accept_token(token)


PEERS = {"llguidance": Llguidance, "xgrammar": Xgrammar}


class Unused:
    """Whatever xgrammar names of torch and transformers when it is imported."""

    def __init__(self, *_, **__):
        pass


def stand_in_for_torch() -> None:
    """xgrammar imports torch and transformers, gigabytes that neither compiling nor filling a mask uses."""
    for name in ("torch", "transformers"):
        if importlib.util.find_spec(name) is None:
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__getattr__ = lambda _: Unused


def accepts(peer, tokens: list[int], eos: int, mask: memoryview, times: list[int]) -> bool:
    """Whether every token's bit is set, and the end's after them; each mask's nanoseconds are added to `times`."""
    now, fill = time.perf_counter_ns, peer.fill
    peer.begin()
    for token in tokens:
        start = now()
        fill()
        times.append(now() - start)
        if not mask[token >> 5] >> (token & 31) & 1 or not peer.accept(token):
            return False
    start = now()
    fill()
    times.append(now() - start)
    return bool(mask[eos >> 5] >> (eos & 31) & 1)


def measure(peer, case: dict, eos: int, mask: memoryview) -> dict:
    result = {"status": "pass" if case["tests"] else "no_tests", "error": "", "mask_ns": [], "warm_mask_ns": []}
    start = time.perf_counter_ns()
    try:
        peer.compile(case["schema"])
    except Exception as error:  # whatever a peer raises is its refusal
        return result | {"status": "refused", "error": str(error)[:500], "compile_us": 0}
    result["compile_us"] = (time.perf_counter_ns() - start) / 1000
    for test in case["tests"]:
        try:
            accepted = accepts(peer, test["tokens"], eos, mask, result["mask_ns"])
        except Exception as error:
            accepted, result["error"] = False, str(error)[:500]
        if accepted != test["valid"] and result["status"] == "pass":  # the first that goes wrong decides
            result["status"] = "invalid_accepted" if accepted else "valid_rejected"
    if not result["error"] and time.perf_counter_ns() - start < WARM_SECONDS_MAX * 1e9:
        for test in case["tests"]:
            accepts(peer, test["tokens"], eos, mask, result["warm_mask_ns"])
    return result


def main() -> None:
    name, path = sys.argv[1], pathlib.Path(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a peer prints is no answer
    vocabulary = read_vocabulary(path)
    words = numpy.zeros((1, (len(vocabulary.tokens) + 31) // 32), dtype=numpy.int32)
    peer = PEERS[name](vocabulary, words)
    mask = memoryview(words.view(numpy.uint32).reshape(-1))
    gc.freeze()
    gc.disable()
    print(json.dumps({"version": importlib.metadata.version(name)}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(peer, json.loads(line), vocabulary.eos, mask)), file=answers, flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
