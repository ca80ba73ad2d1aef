#!/usr/bin/env python3
"""Measures one model file with `millrace bench` and, round by round in turn, with llama-bench; prints a table."""
import argparse
import json
import pathlib
import shlex
import shutil
import statistics
import subprocess


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--peer", default="", help="command that runs llama-bench; empty: we alone")
    parser.add_argument("--peer-root", default="", help="root directory the peer runs in, seen from here")
    return parser.parse_args()


def ours(options: argparse.Namespace) -> tuple[float, float]:
    run = subprocess.run(["build/millrace", "bench", "-m", str(options.file), "--prefill", str(options.prefill),
                          "--decode", str(options.decode), "--batch", "1", "--threads", str(options.threads),
                          "--repetitions", "1", "--json"], capture_output=True, text=True, check=True)
    data = json.loads(run.stdout)
    return data["prefill"]["tokens_per_second"], data["decode"][0]["tokens_per_second"]


def peers(options: argparse.Namespace, file: str) -> tuple[float, float]:
    run = subprocess.run([*shlex.split(options.peer), "-m", file, "-t", str(options.threads),
                          "-p", str(options.prefill), "-n", str(options.decode), "-r", "1", "-o", "json"],
                         capture_output=True, text=True, check=True)
    rows = json.loads(run.stdout)
    prefill = next(row["avg_ts"] for row in rows if row["n_prompt"] > 0)
    decode = next(row["avg_ts"] for row in rows if row["n_gen"] > 0)
    return prefill, decode


def show(name: str, rows: list[tuple[float, float]]) -> tuple[float, float]:
    medians = []
    text = f"  {name:<10}"
    for label, values in zip(("prefill", "decode"), zip(*rows)):
        medians.append(statistics.median(values))
        text += f"  {label} {medians[-1]:8.1f} tok/s ({min(values):.1f} to {max(values):.1f})"
    print(text)
    return medians[0], medians[1]


def main() -> None:
    options = arguments()
    peer_file = str(options.file.resolve())
    if options.peer and options.peer_root:
        inside = pathlib.Path(options.peer_root) / "tmp" / options.file.name
        if not inside.exists():
            shutil.copy(options.file, inside)
        peer_file = "/tmp/" + options.file.name
    mine, theirs = [], []
    for _ in range(options.rounds):
        mine.append(ours(options))
        if options.peer:
            theirs.append(peers(options, peer_file))
    print(f"{options.file.name}, {options.threads} threads, prefill {options.prefill}, decode {options.decode}, "
          f"median of {options.rounds} rounds")
    a = show("millrace", mine)
    if theirs:
        b = show("llama.cpp", theirs)
        print(f"  ratio       prefill {a[0] / b[0]:.2f}  decode {a[1] / b[1]:.2f}")


if __name__ == "__main__":
    main()
