#!/usr/bin/env python3
"""Constrained decoding by the MaskBench procedure: Millrace, llguidance and xgrammar on the same schemas, in one run.

For each schema: compile it; for each instance: write it compactly, split it into tokens, and for each token fill the
mask, look whether the token is allowed, take it; at the end look whether the answer may end. See bench/README.md.
"""
import argparse
import json
import os
import pathlib
import platform
import queue
import random
import shutil
import statistics
import subprocess
import sys
import threading

from gguf_vocabulary import make_tokenizer, read_vocabulary

PEERS = ("llguidance", "xgrammar")
STATUSES = ("pass", "no_tests", "valid_rejected", "invalid_accepted", "refused", "unreadable", "timeout",
            "crash")
MASK, COMPILE, WARM = ("mean", "p50", "p90", "p99", "p999", "max"), ("mean", "p50", "p90", "p99", "max"), ("p50", "p99")
FAILED = ("refused", "unreadable", "timeout", "crash")  # no measurement of these is kept


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of MaskBench files")
    parser.add_argument("--vocab", type=pathlib.Path, required=True, help="GGUF file with the vocabulary")
    parser.add_argument("--program", default="build/millrace")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS)
    parser.add_argument("--limit", type=int, default=0, help="take a sample of so many schemas; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--runs", type=int, default=3, help="of Millrace, spread over the peers' run; medians count")
    parser.add_argument("--timeout", type=float, default=60, help="seconds a peer may take for one schema")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/bench"))
    return parser.parse_args()


class Peer:
    """A peer in a process of its own, started again after a crash or a schema that takes too long."""

    def __init__(self, name: str, options: argparse.Namespace):
        self.name, self.version, self.rows = name, "", {}
        program = pathlib.Path(__file__).parent / "structured_peer.py"
        self.command = [sys.executable, str(program), name, str(options.vocab)]
        self.log = options.work / f"{name}.log"
        self.log.write_text("")
        self.start()

    def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                            text=True)
        self.lines: queue.Queue = queue.Queue()
        threading.Thread(target=self.read, args=(self.process, self.lines), daemon=True).start()
        ready = self.lines.get()
        if ready is None:
            lines = self.log.read_text().splitlines() or ["no output"]
            raise RuntimeError(f"does not start: {lines[-1]} ({self.log})")
        self.version = json.loads(ready)["version"]

    @staticmethod
    def read(process: subprocess.Popen, lines: queue.Queue) -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    def stop(self) -> int:
        self.process.kill()
        return self.process.wait()

    def measure(self, file: str, case: dict, timeout: float) -> None:
        failure = {"error": "", "compile_us": 0, "mask_ns": [], "warm_mask_ns": []}
        try:
            self.process.stdin.write(json.dumps(case) + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=timeout)
            if line is not None:
                self.rows[file] = json.loads(line)
                return
            self.rows[file] = failure | {"status": "crash", "error": f"exit status {self.process.wait()}"}
        except BrokenPipeError:
            self.rows[file] = failure | {"status": "crash", "error": f"exit status {self.process.wait()}"}
        except queue.Empty:
            self.rows[file] = failure | {"status": "timeout", "error": f"more than {timeout:g} s"}
        self.stop()
        self.start()


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def spread(values: list[float]) -> dict:
    ordered = sorted(values)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {"mean": statistics.fmean(ordered) if ordered else 0.0, "count": len(ordered)} | {
        name: percentile(ordered, share) for name, share in shares.items()}


def peer_summary(rows: list[dict]) -> dict:
    kept = [row for row in rows if row["status"] not in FAILED]
    return {"schemas": len(rows)} | {status: sum(row["status"] == status for row in rows) for status in STATUSES} | {
        "compile_us": spread([row["compile_us"] for row in kept]),
        "mask_us": spread([ns / 1000 for row in kept for ns in row["mask_ns"]]),
        "warm_mask_us": spread([ns / 1000 for row in kept for ns in row["warm_mask_ns"]])}


def run_ours(options: argparse.Namespace, folder: pathlib.Path) -> tuple[dict, dict]:
    """The rows of one run by file, and its summary."""
    command = [options.program, "grammar", "--maskbench", str(folder), "--vocab", str(options.vocab), "--json",
               "--no-limits", "--free-numbers"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    rows = [json.loads(line) for line in run.stdout.splitlines() if line.strip()]
    if run.returncode != 0 or not rows or "summary" not in rows[-1]:
        last = next((row["file"] for row in reversed(rows) if "file" in row), "none")
        raise SystemExit(f"structured: `{' '.join(command)}` ended with status {run.returncode}; last file: {last}")
    summary = rows[-1]["summary"]
    by_file = {pathlib.Path(row["file"]).name: row for row in rows[:-1]}
    if by_file.keys() != {file.name for file in folder.iterdir()}:
        raise SystemExit(f"structured: `{' '.join(command)}` told of {len(by_file)} schemas, not of each in the folder")
    for status in STATUSES:
        summary[status] = sum(row["status"] == status for row in by_file.values())
    return by_file, summary


def median_summary(summaries: list[dict]) -> dict:
    merged = dict(summaries[0])
    for group in ("compile_us", "mask_us", "warm_mask_us"):
        merged[group] = {key: statistics.median(s[group][key] for s in summaries) for key in summaries[0][group]}
    return merged


def compact(data) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def write_files(folder: pathlib.Path, cases: dict[str, dict], names: list[str]) -> pathlib.Path:
    """Files for Millrace with the very texts that the peers get."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in names:
        case = cases[name]
        tests = ",".join(f'{{"data":{test["text"]},"valid":{json.dumps(test["valid"])}}}' for test in case["tests"])
        (folder / name).write_text(f'{{"schema":{case["schema"]},"tests":[{tests}]}}', encoding="utf-8")
    return folder


def read_cases(options: argparse.Namespace, files: list[pathlib.Path]) -> dict[str, dict]:
    """Schema and tokens of each file. Stops where the peers' tokens would differ from ours."""
    tokenizer, cases, tests = make_tokenizer(read_vocabulary(options.vocab)), {}, []
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))
        try:
            case = {"schema": compact(content["schema"]), "tests": [
                {"text": compact(test["data"]), "valid": test["valid"]} for test in content.get("tests", [])]}
            json.dumps(case, ensure_ascii=False).encode()
        except ValueError as error:  # a number beyond doubles, half a surrogate pair
            print(f"left out: {file.name}: {error}")
            continue
        cases[file.name] = case
        tests += case["tests"]
    for test in tests:
        test["tokens"] = tokenizer.encode(test["text"], add_special_tokens=False).ids
    run = subprocess.run([options.program, "tokenize", str(options.vocab), "--lines"], stdout=subprocess.PIPE,
                         input="".join(test["text"] + "\n" for test in tests), text=True, encoding="utf-8", check=True)
    ours = run.stdout.splitlines()
    if len(ours) != len(tests):
        raise SystemExit(f"structured: {len(tests)} instances, but `millrace tokenize` told the ids of {len(ours)}")
    for test, line in zip(tests, ours):
        if test["tokens"] != [int(word) for word in line.split()]:
            raise SystemExit(f"structured: ids differ for {test['text'][:200]}\n  millrace   {line[:200]}\n"
                             f"  tokenizers {' '.join(map(str, test['tokens']))[:200]}")
    print(f"{len(cases)} schemas, {len(tests)} instances, {sum(len(test['tokens']) for test in tests)} tokens, "
          "same ids in all engines", flush=True)
    return cases


def start_peers(options: argparse.Namespace) -> list[Peer]:
    peers = []
    for name in options.peers:
        try:
            peers.append(Peer(name, options))
        except RuntimeError as error:
            print(f"skipped: {name}: {error}")
    return peers


def measure(options: argparse.Namespace, cases: dict[str, dict], peers: list[Peer]) -> list[tuple]:
    """Runs the peers schema by schema, in turns, and ours `runs` times from the beginning to the end of that."""
    names = list(cases)
    folder = write_files(options.work / "maskbench", cases, names)
    due = [round(index * len(names) / max(1, options.runs - 1)) for index in range(options.runs)]
    ours = []
    for index in range(len(names) + 1):
        ours += [run_ours(options, folder) for at in due if at == index]
        if index < len(names):
            for peer in peers if index % 2 == 0 else peers[::-1]:
                peer.measure(names[index], cases[names[index]], options.timeout)
        if sys.stderr.isatty():
            print(f"\r{index}/{len(names)}", end="" if index < len(names) else "\n", file=sys.stderr, flush=True)
    if any({f: r["status"] for f, r in rows.items()} != {f: r["status"] for f, r in ours[0][0].items()}
           for rows, _ in ours):
        print("warning: Millrace's runs decided differently")
    return ours


def print_table(title: str, ours: dict, peers: dict[str, dict]) -> None:
    print(f"\n{title}")
    print(f"{'':<24}{'millrace':>11}" + "".join(f"{name:>13}{'ratio':>8}" for name in peers))
    for status in ("schemas", *STATUSES):
        print(f"{status.replace('_', ' '):<24}{ours[status]:>11}" + "".join(
            f"{peer[status]:>13}{'':>8}" for peer in peers.values()))
    passing = lambda s: 100 * (s["pass"] + s["no_tests"]) / max(1, s["schemas"])
    print(f"{'passing, no tests too, %':<24}{passing(ours):>11.1f}" + "".join(
        f"{passing(peer):>13.1f}{'':>8}" for peer in peers.values()))
    for group, label, keys in (("mask_us", "mask us", MASK), ("warm_mask_us", "warm mask us", WARM),
                               ("compile_us", "compile us", COMPILE), ("mask_us", "masks", ("count",))):
        for key in keys:
            mine = ours[group][key]
            row = f"{label + ' ' + key:<24}{mine:>11.{0 if key == 'count' else 1}f}"
            for peer in peers.values():
                other = peer[group][key]
                ratio = f"{mine / other:.2f}" if other and key != "count" else ""
                row += f"{other:>13.{0 if key == 'count' else 1}f}{ratio:>8}"
            print(row)


def masks_that_differ(ours: dict, peer: Peer, cases: dict) -> list[str]:
    """Schemas that pass in both, all instances valid, with another number of masks: the texts were not the same."""
    return [file for file, row in peer.rows.items()
            if row["status"] == "pass" and ours[file]["status"] == "pass"
            and all(test["valid"] for test in cases[file]["tests"]) and ours[file]["masks"] != len(row["mask_ns"])]


def main() -> None:
    options = arguments()
    files = sorted(options.data.glob("*.json"))
    if not files:
        raise SystemExit(f"structured: no MaskBench files (*.json) in {options.data}; name their folder: MASKBENCH=DIR")
    if options.limit and options.limit < len(files):
        files = sorted(random.Random(options.seed).sample(files, options.limit))
    cases = read_cases(options, files)
    peers = start_peers(options)
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    version = subprocess.run([options.program, "version"], capture_output=True, text=True, check=True).stdout.strip()
    load = [os.getloadavg()[0]]
    ours = measure(options, cases, peers)
    load.append(os.getloadavg()[0])
    print(f"{model}, load {load[0]:.1f} before and {load[1]:.1f} after; {version}, "
          + ", ".join(f"{peer.name} {peer.version}" for peer in peers))
    result = {"cpu": model, "load": load, "millrace": version, "peers": {peer.name: peer.version for peer in peers}}
    all_of_ours = median_summary([summary for _, summary in ours])
    result["all"] = {"millrace": all_of_ours} | {p.name: peer_summary(list(p.rows.values())) for p in peers}
    print_table(f"All schemas; Millrace: median of {len(ours)} runs", all_of_ours,
                {peer.name: result["all"][peer.name] for peer in peers})
    common = [name for name in cases if ours[0][0][name]["status"] not in FAILED
              and all(peer.rows[name]["status"] not in FAILED for peer in peers)]
    if peers and common:
        _, mine = run_ours(options, write_files(options.work / "maskbench", cases, common))
        result["common"] = {"millrace": mine} | {
            peer.name: peer_summary([peer.rows[name] for name in common]) for peer in peers}
        print_table("Schemas that all of them compile; Millrace: one run", mine,
                    {peer.name: result["common"][peer.name] for peer in peers})
    result["files"] = {name: {"millrace": ours[0][0][name]} | {
        p.name: {key: value for key, value in p.rows[name].items() if not key.endswith("_ns")} for p in peers}
        for name in cases}
    out = options.work / "structured.json"
    out.write_text(json.dumps(result, indent=1))
    print(f"\nwritten: {out}")
    for peer in peers:
        peer.stop()
        differ = masks_that_differ(ours[0][0], peer, cases)
        if differ:
            raise SystemExit(f"structured: {len(differ)} schemas that pass in both have another number of masks in "
                             f"{peer.name}, {differ[0]} the first: the tokens were not the same")


if __name__ == "__main__":
    main()
