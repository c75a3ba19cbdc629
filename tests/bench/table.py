#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Medians of what tests/bench/run.sh measured: a table of tab-separated values for scripts, and one
to read.

usage: table.py build/bench.raw build/bench.tsv
"""
import statistics
import sys

SHOWN = [  # key, heading, what to divide by
    ("published_per_s", "published/s", 1),
    ("delivered_per_s", "delivered/s", 1),
    ("drained_per_s", "drained/s", 1),
    ("connections_per_s", "conn/s", 1),
    ("broker_cores", "cores", 0),
    ("confirm_p50_us", "confirm p50 us", 1),
    ("confirm_p99_us", "p99", 1),
    ("e2e_p50_us", "e2e p50 us", 1),
    ("e2e_p99_us", "p99", 1),
    ("others_cores", "others", 0),
]


def pairs(line):
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def read(path):
    """The heading, and for each row, cores and broker (in order of appearance) its runs."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    groups = {}
    for line in lines[1:]:
        run = pairs(line)
        key = (run.pop("row"), run.pop("cores"), run.pop("broker"))
        if "batch_bytes" in run:
            key = (key[0], key[1], "disk-" + run["batch_bytes"])
        groups.setdefault(key, []).append(run)
    return lines[0], groups


def summary(runs):
    """key -> (median, least, most) of what is a number in all runs."""
    out = {}
    for key in runs[0]:
        values = [number(run.get(key, "")) for run in runs]
        if None not in values:
            out[key] = (statistics.median(values), min(values), max(values))
    return out


def verdict(runs):
    bad = [run["verify"] for run in runs if run.get("verify", "ok") != "ok"]
    return "ok" if not bad else f"{len(bad)} of {len(runs)}: {bad[0]}"


def exact(value):
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def write_tsv(path, heading, groups):
    with open(path, "w", encoding="utf-8") as file:
        print("# " + heading, file=file)
        print("row", "cores", "broker", "figure", "median", "least", "most", "n", "verify",
              sep="\t", file=file)
        for (row, cores, broker), runs in groups.items():
            for key, figures in summary(runs).items():
                print(row, cores, broker, key, *[exact(v) for v in figures], len(runs),
                      verdict(runs), sep="\t", file=file)


def cell(figures, key, whole):
    if key not in figures:
        return "-"
    return f"{figures[key][0]:,.0f}" if whole else f"{figures[key][0]:.2f}"


def spread(figures):
    for key in ("delivered_per_s", "connections_per_s", "declare_s", "bytes_per_s"):
        if figures.get(key, (0,))[0]:
            return f"{figures[key][1]:,.0f} to {figures[key][2]:,.0f}"
    return "-"


def print_table(heading, groups):
    shown = [key for key, _, _ in SHOWN] + ["window", "warmup", "seconds", "own_cores"]
    rows = [["row", "cores", "broker", "n"] + [name for _, name, _ in SHOWN] +
            ["spread", "verify"]]
    for (row, cores, broker), runs in groups.items():
        figures = summary(runs)
        rows.append([row, cores, broker, str(len(runs))] +
                    [cell(figures, key, whole) for key, _, whole in SHOWN] +
                    [spread(figures), verdict(runs)])
        if not any(key in figures for key in shown[:4]):
            rows[-1].append(" ".join(f"{key}={exact(v[0])}" for key, v in figures.items()
                                     if key not in shown))
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(rows[0]))]
    print(heading)
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths + [0])))


def main():
    heading, groups = read(sys.argv[1])
    write_tsv(sys.argv[2], heading, groups)
    print_table(heading, groups)


main()
