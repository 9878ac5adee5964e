#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# usage: make_page.py FIGURES.jsonl PAGE.html
#
# One page out of the figures that `weir_bench --json` has written: a plot for each metric, with
# weir, its floor and its peers; one for the parts of a whole, such as the frames of a task; one for
# a metric over the number of tasks; and a table of all. The page holds all that it shows.
import html
import io
import json
import re
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

GROUPS = [
    ("Tasks", ("spawn_join", "yield", "await", "semaphore", "cancel", "cancel_io",
               "spawn_join_traced")),
    ("Timers", ("timer",)),
    ("Memory of tasks", ("sleepers", "sleepers10m", "hundred_million")),
    ("Sockets", ("pingpong1", "pingpong100")),
    ("HTTP", ("head_parse", "http_call", "one_call", "inflight")),
    ("Connections and TLS", ("session_reuse", "tls_connect", "tls_connect_resumed",
                             "inflight_tls")),
    ("LLM", ("chat_call", "stream_fast", "stream_paced", "stream_slow")),
    ("Tests", ("simulation_seeds",)),
]
# Metrics that are shown in one plot: the name's first part is its title, the second a bar's label.
PARTS = [
    ("What a task costs by what it waits for", re.compile(r"(waiting)\.(\w+)_bytes$")),
    ("What a waiting task is made of", re.compile(r"frames\.(\w+) (?:\d+ )?(.+)$")),
]
# Metrics over a number: the two parts are what is counted and how much of it.
SCALES = re.compile(r"(sleepers|connections)_([\d.e]+)$")
COLORS = {"weir": "#1b6ca8", "floor": "#9aa5b1"}
PEER_COLOR = "#d9a441"

STYLE = """
:root { color-scheme: light; --ink: #1c2733; --quiet: #5f6b78; --line: #e3e8ee; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 64rem;
       margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
.lead, dd, figcaption { color: var(--quiet); }
dl { display: grid; grid-template-columns: 7rem 1fr; gap: .1rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(29rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; padding: .6rem; }
figure svg { width: 100%; height: auto; } figcaption { font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.weir td { font-weight: 600; } .noisy { color: #b4552d; }
@media (max-width: 32rem) { .plots { grid-template-columns: 1fr; } }
"""


def read_figures(path):
    figures = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                figure = json.loads(line)
                figure["name"] = figure["bench"] + "." + figure["metric"]
                figure["label"] = figure["peer"] + (
                    " (" + figure["backend"] + ")" if "backend" in figure else "")
            except (ValueError, KeyError) as error:
                sys.exit(f"make_page: {path}:{number} is no figure of weir_bench: {error}")
            figures.append(figure)
    if not figures:
        sys.exit(f"make_page: there is no figure in {path}")
    return figures


def for_people(value):
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def is_rate(figure):
    return figure["unit"].endswith("/s")


def svg_of(picture):
    picture.tight_layout()
    text = io.StringIO()
    picture.savefig(text, format="svg", metadata={"Date": None})
    plt.close(picture)
    svg = text.getvalue()
    return svg[svg.index("<svg"):]


def without_frame(axes, *sides):
    for side in ("top", "right", *sides):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", labelsize=8)


def set_title(axes, name, unit):
    axes.set_title(f"{name}  [{unit}]", loc="left", fontsize=10, fontweight="bold")


def plot(name, figures):
    """An SVG of bars, the best on top, with the range of the repeats."""
    figures = sorted(figures, key=lambda figure: figure["value"], reverse=not is_rate(figures[0]))
    values = [figure["value"] for figure in figures]
    below = [max(figure["value"] - figure["low"], 0) for figure in figures]
    above = [max(figure["high"] - figure["value"], 0) for figure in figures]
    colors = [COLORS.get(figure["peer"], PEER_COLOR) for figure in figures]
    picture, axes = plt.subplots(figsize=(6, 0.62 + 0.36 * len(figures)))
    axes.barh([figure["label"] for figure in figures], values, color=colors, height=0.66,
              xerr=[below, above], error_kw={"ecolor": "#3c4650", "elinewidth": 1})
    smallest = min((value for value in values if value > 0), default=1)
    if max(values) > 30 * smallest:
        axes.set_xscale("log")
        axes.set_xlim(smallest / 3, max(values) * 6)
    else:
        axes.set_xlim(0, max(max(values), 1e-12) * 1.22)
    for index, figure in enumerate(figures):
        axes.annotate(for_people(figure["value"]), (figure["high"], index), xytext=(5, 0),
                      textcoords="offset points", va="center", fontsize=8.5)
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_formatter(lambda value, _: for_people(value))
    without_frame(axes, "left")
    axes.tick_params(axis="y", length=0)
    set_title(axes, name, figures[0]["unit"])
    return svg_of(picture)


def plot_parts(name, parts):
    """An SVG of bars from the top down, in the order in which they came; `parts`: label, figure."""
    parts = sorted(parts, key=lambda part: part[0] == "all", reverse=True)[::-1]
    values = [figure["value"] for _, figure in parts]
    picture, axes = plt.subplots(figsize=(6, 0.62 + 0.3 * len(parts)))
    colors = [COLORS["floor" if label == "all" else "weir"] for label, _ in parts]
    axes.barh(range(len(parts)), values, color=colors, height=0.66)
    axes.set_yticks(range(len(parts)), [label for label, _ in parts], fontsize=8.5)
    axes.set_xlim(0, max(values) * 1.15)
    for index, value in enumerate(values):
        axes.annotate(f"{value:,.0f}", (value, index), xytext=(5, 0), textcoords="offset points",
                      va="center", fontsize=8.5)
    without_frame(axes, "left")
    axes.tick_params(axis="y", length=0)
    set_title(axes, name, parts[0][1]["unit"])
    return svg_of(picture)


def plot_scale(name, points):
    """An SVG of lines over a number; `points`: number, figure."""
    picture, axes = plt.subplots(figsize=(6, 2.6))
    lines = {}
    for number, figure in points:
        lines.setdefault(figure["label"], []).append((number, figure["value"]))
    for (label, line), color, beside in zip(lines.items(), (COLORS["weir"], PEER_COLOR), (6, -13)):
        numbers, values = zip(*sorted(line))
        axes.plot(numbers, values, "o-", color=color, label=label, linewidth=1.5, markersize=4)
        for number, value in line:
            axes.annotate(for_people(value), (number, value), xytext=(0, beside), color=color,
                          textcoords="offset points", ha="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_ylim(0, max(figure["value"] for _, figure in points) * 1.25 or 1)
    axes.yaxis.set_major_formatter(lambda value, _: for_people(value) if value > 0 else "0")
    axes.tick_params(axis="y", labelsize=8)
    without_frame(axes)
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=8.5)
    set_title(axes, name, points[0][1]["unit"])
    return svg_of(picture)


def caption(figures):
    better = "more is better" if is_rate(figures[0]) else "less is better"
    ratios = ", ".join(
        f"{figure['ratio']:.2f} x the floor" + (f" on {figure['backend']}"
                                                if "backend" in figure else "")
        for figure in figures if figure["peer"] == "weir" and "ratio" in figure)
    noisy = ' <span class="noisy">Too noisy to tell small differences.</span>' if any(
        figure.get("noisy") for figure in figures) else ""
    return f"{better}{'; weir is at ' + ratios if ratios else ''}.{noisy}"


def table(figures):
    rows = []
    for figure in figures:
        kind = ' class="weir"' if figure["peer"] == "weir" else ""
        ratio = f"{figure['ratio']:.2f}" if "ratio" in figure else ""
        span = f"{for_people(figure['low'])} .. {for_people(figure['high'])}"
        cells = [html.escape(figure["name"]), html.escape(figure["label"])]
        numbers = [for_people(figure["value"]), html.escape(figure["unit"]), span, ratio]
        rows.append(f"<tr{kind}>" + "".join(f"<td>{cell}</td>" for cell in cells) +
                    "".join(f'<td class="number">{cell}</td>' for cell in numbers) + "</tr>")
    head = "".join(f"<th>{word}</th>" for word in
                   ("metric", "who", "median", "unit", "lowest .. highest", "x floor"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def sections_of_parts(figures, seen):
    sections = []
    for title, pattern in PARTS:
        plots = {}
        for figure in figures:
            match = pattern.match(figure["name"])
            if match:
                plots.setdefault(match[1], []).append((match[2], figure))
                seen.add(figure["name"])
        if plots:
            sections.append(f'<h2>{title}</h2><div class="plots">')
            sections += [f"<figure>{plot_parts(name, parts)}</figure>"
                         for name, parts in plots.items()]
            sections.append("</div>")
    return sections


def section_of_scales(figures, seen):
    plots = {}
    for figure in figures:
        match = SCALES.match(figure["bench"])
        if match:
            name = f"{match[1]}: {figure['metric']}"
            plots.setdefault(name, []).append((float(match[2]), figure))
            seen.add(figure["name"])
    if not plots:
        return []
    drawn = [f"<figure>{plot_scale(name, points)}</figure>" for name, points in plots.items()]
    return ['<h2>How far one loop goes</h2><div class="plots">', *drawn, "</div>"]


def page(figures):
    first = figures[0]
    facts = [(key, first[key]) for key in ("machine", "kernel", "compiler", "weather", "peers")
             if first.get(key)]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>weir: what it costs</title><style>{STYLE}</style></head><body>",
        "<h1>What weir costs</h1>",
        '<p class="lead">Beside the least that the same work can cost, the floor, and beside other '
        "runtimes, measured in one run on one machine. Each bar is a median, its whisker the range "
        "of the repeats.</p><dl>",
        "".join(f"<dt>{key}</dt><dd>{html.escape(value)}</dd>" for key, value in facts), "</dl>"]
    seen = set()
    for title, benches in GROUPS:
        names = list(dict.fromkeys(figure["name"] for figure in figures
                                   if figure["bench"] in benches))
        if not names:
            continue
        seen.update(names)
        parts.append(f'<h2>{title}</h2><div class="plots">')
        for name in names:
            of_name = [figure for figure in figures if figure["name"] == name]
            parts.append(f"<figure>{plot(name, of_name)}"
                         f"<figcaption>{caption(of_name)}</figcaption></figure>")
        parts.append("</div>")
    parts += sections_of_parts(figures, seen)
    parts += section_of_scales(figures, seen)
    left = {figure["name"] for figure in figures} - seen
    if left:
        sys.exit(f"make_page: these metrics belong to no group of the page: {sorted(left)}")
    parts += ["<h2>All figures</h2>", table(figures), "</body></html>\n"]
    return "\n".join(parts)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make_page.py FIGURES.jsonl PAGE.html")
    text = page(read_figures(sys.argv[1]))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(text)


main()
