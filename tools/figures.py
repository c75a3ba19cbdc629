#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Puts what `make bench` measured (build/bench.tsv, or the files that are named, one table each)
between the marks `figures: begin` and `figures: end` of docs/performance.md, whole, and into the
rows it knows of README.md; and what `make siege` measured (build/siege.tsv)
between `siege: begin` and `siege: end`. A file that is not there changes nothing. With --readme,
for a bench of some rows, docs/performance.md stays as it is.

usage: tools/figures.py [--readme] [BENCH.tsv ...]
"""
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

DURABLE = "1 KB, persistent, durable queue, confirms (window 1000), acks (prefetch 1000)"
ROWS = {
    "1a": "16 B, transient, one publisher, one consumer, no acks",
    "1a-2c": "the same, both cores for both",
    "1a-acks": "the same as 1a with acks, one for 100",
    "1a-keys": "the same as 1a-acks with a header, one of 1,000 keys, and four consumers",
    "1a-groups": "the same in a queue grouped by that header",
    "1b": "1 KB, transient, one publisher, one consumer, no acks",
    "2a": DURABLE + ", one ack for 100",
    "2a-2c": "the same, both cores for both",
    "2a1": "the same as 2a, each message acked by itself",
    "3a": "2a with five publishers, five consumers",
    "3b": "3a over ten queues",
    "3b-2c": "the same, both cores for both",
    "3d": "16 B, transient, five publishers, five consumers, ten queues",
    "4a": "fan-out to 10 queues, 16 B, confirms",
    "4b": "fan-out to 100 queues, 16 B, confirms (window 400)",
    "5a": "topic exchange with 1,000 bindings, random keys, one match",
    "5b": "topic exchange with 100,000 bindings, random keys, one match",
    "9a": "1 KB, persistent, one confirm in flight",
    "9b": "16 B, 10,000 a second",
    "9c": "1 KB, persistent, confirms, 10,000 a second",
    "10-1": "connect, log in, open, close: one at a time",
    "10-8": "connect, log in, open, close: eight at a time",
}
OTHERS = {
    "6": "1 M x 100 B persistent, confirmed, no consumer; stop, start, drain",
    "7": "2,000 connections with a channel each, held",
    "8": "10,000 durable queues with a binding, one at a time",
    "8p": "10,000 durable queues with a binding, each hundredth answered",
    "11": "start and rest; 10,000 connections that moved a megabyte each",
    "ceiling": "what the machine can do",
}


def read(path):
    """The heading and row -> broker -> figure -> (median, least, most, n, verify)."""
    table = {}
    with open(path, encoding="utf-8") as file:
        heading = file.readline().lstrip("# ").strip()
        file.readline()
        for line in file:
            row, cores, broker, figure, median, least, most, n, verify = line.strip().split("\t")
            del cores
            table.setdefault(row, {}).setdefault(broker, {})[figure] = (
                float(median), float(least), float(most), int(n), verify)
    return heading, table


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def ranged(cell):
    median, least, most, _, verify = cell
    text = short(median)
    if least != most:
        text += f" ({short(least)} to {short(most)})"
    return text if verify == "ok" else text + f" [{verify}]"


def latency(figures):
    out = []
    for name, key in (("confirm", "confirm"), ("end to end", "e2e")):
        if key + "_p50_us" in figures:
            out.append(f"{name} {figures[key + '_p50_us'][0]:,.0f} / "
                       f"{figures[key + '_p99_us'][0]:,.0f}")
    return "; ".join(out)


def performance(heading, table):
    out = ["Of " + heading.replace("=", " ") + ".", "",
           "| row | what | broker | messages delivered, or connections, a second | drained "
           "| broker's cores | p50 / p99 in us | others' cores | n |",
           "|---|---|---|---|---|---|---|---|---|"]
    for row, what in ROWS.items():
        for broker, figures in table.get(row, {}).items():
            main = figures.get("delivered_per_s") or figures.get("connections_per_s")
            if not main:
                out.append(f"| {row} | {what} | {broker} | failed | | | | | |")
                continue
            drained = figures.get("drained_per_s")
            cores = figures.get("broker_cores")
            others = figures.get("others_cores")
            out.append(" | ".join([
                f"| {row}", what, broker, ranged(main), short(drained[0]) if drained else "",
                f"{cores[0]:.2f}" if cores else "", latency(figures),
                f"{others[0]:.2f}" if others else "", f"{main[3]} |"]))
            what = ""
    out += ["", "| row | what | broker | figures |", "|---|---|---|---|"]
    hidden = ("window", "warmup", "batch_bytes")
    for row, what in OTHERS.items():
        for broker, figures in table.get(row, {}).items():
            text = "; ".join(f"{key} {ranged(cell)}" for key, cell in figures.items()
                             if key not in hidden)
            out.append(f"| {row} | {what} | {broker} | {text} |")
            what = ""
    return "\n".join(out)


def readme_cells(tables):
    """Row of the README -> what stands in its second and third column: Leveret, and the RabbitMQ
    of the first table (of the kinds of queues that confirm when it is on the disk)."""
    def get(row, figure, broker):
        names = [(table, name) for table in tables for name in table.get(row, {})
                 if name == broker or broker == "rabbitmq" and re.fullmatch(
                     r"rabbitmq(-[0-9.]+)?(-quorum)?", name)]
        return names and names[0][0][row][names[0][1]].get(figure, (0,))[0]

    rows = {
        "16-byte transient messages": [("1a", "delivered_per_s", 1, "{:,.0f} a second")],
        "1 KB persistent messages": [
            ("2a", "delivered_per_s", 1, "{:,.0f} a second, confirm after "),
            ("2a", "confirm_p50_us", 1000, "{:,.1f} ms (median)")],
        "connect, log in": [("10-1", "connections_per_s", 1, "{:,.0f} a second")],
        "10,000 durable queues": [("8", "declare_s", 1, "{:,.1f} s")],
        "memory for a connection with a channel": [
            ("7", "resident_per_connection", 1024, "{:,.1f} KiB")],
        "start until clients may come": [("11", "ready_us", 1000, "{:,.1f} ms")],
        "resident memory, idle": [("11", "idle_resident", 2 ** 20, "{:,.1f} MiB")],
        "memory for an idle connection": [
            ("11", "resident_per_connection", 1024, "{:,.1f} KiB")],
    }
    out = {}
    for what, parts in rows.items():
        cells = []
        for broker in ("leveret", "rabbitmq"):
            values = [get(row, figure, broker) for row, figure, _, _ in parts]
            cells.append("".join(form.format(value / by) for value, (_, _, by, form)
                                 in zip(values, parts)) if all(values) else "")
        if cells[0]:
            out[what] = cells
    return out


def siege(path):
    """A row for each harm: what good clients waited for, over what they wait for in quiet."""
    rows = {}
    with open(path, encoding="utf-8") as file:
        heading = file.readline().lstrip("# ").strip()
        file.readline()
        for line in file:
            harm, figure, median, least, most, n = line.rstrip("\n").split("\t")
            rows.setdefault(harm, {"n": n})[figure] = f"{median} ({least} to {most})"
    out = ["Of " + heading.replace("=", " ") + ".", "",
           "| meanwhile | p50 | p99 | mean | longest round, in ms | n |",
           "|---|---|---|---|---|---|"]
    for harm, row in rows.items():
        cells = [row[key] for key in ("p50", "p99", "mean", "longest_ms", "n")]
        out.append(f"| {harm} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def replace(path, change, mark="figures"):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    marks = re.compile(rf"(<!-- {mark}: begin -->\n)(.*?)(<!-- {mark}: end -->)", re.S)
    new, n = marks.subn(lambda m: m.group(1) + change(m.group(2)) + m.group(3), text)
    if n != 1:
        sys.exit(f"figures.py: {path} does not have the marks once")
    with open(path, "w", encoding="utf-8") as file:
        file.write(new)


def fill(text, cells):
    lines = text.splitlines()
    for i, line in enumerate(lines):
        parts = line.split("|")
        for what, cell in cells.items():
            if len(parts) == 6 and parts[1].strip().startswith(what):
                parts[2:4] = [f" {text} " if text else " " for text in cell]
                lines[i] = "|".join(parts)
    return "\n".join(lines) + "\n"


def main():
    readme_only = sys.argv[1:2] == ["--readme"]
    benches = sys.argv[1 + readme_only:] or [p for p in ["build/bench.tsv"] if os.path.exists(p)]
    if benches:
        tables = [read(path) for path in benches]
        text = "\n\n".join(performance(heading, table) for heading, table in tables)
        if not readme_only:
            replace("docs/performance.md", lambda _: text + "\n")
        replace("README.md", lambda text: fill(text, readme_cells([table for _, table in tables])))
    if not readme_only and os.path.exists("build/siege.tsv"):
        replace("docs/performance.md", lambda _: siege("build/siege.tsv"), "siege")


main()
