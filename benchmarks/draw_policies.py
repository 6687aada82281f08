"""Draw test accuracy by round for each policy (mean and range over seeds) from result folders POLICY-SEED.

usage: draw_policies.py FOLDER OUT.svg
"""
import glob
import os
import statistics
import sys

import h5py

NAMES = {
    "none": ("nothing missing", "#888888"),
    "mma": ("MMA (mask)", "#1a6faf"),
    "embed": ("MMA (embed)", "#2aa198"),
    "mean": ("training mean", "#b58900"),
    "zero": ("zero", "#cb4b16"),
    "drop": ("drop", "#6c3483"),
}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 400, 62, 150, 44, 52
LOW, HIGH = 0.45, 0.85


def curves(folder, policy):
    """[seeds][rounds] test accuracy."""
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, policy + "-*", "result.h5"))):
        with h5py.File(path) as f:
            rows.append(list(f["/round/test_accuracy"][:]))
    return rows


def place(round_number, rounds, accuracy):
    x = LEFT + (WIDTH - LEFT - RIGHT) * (round_number - 1) / (rounds - 1)
    y = TOP + (HEIGHT - TOP - BOTTOM) * (HIGH - accuracy) / (HIGH - LOW)
    return f"{x:.1f},{y:.1f}"


def text(x, y, content, size=13, anchor="start", extra=""):
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" {extra}>{content}</text>'


def axes(rounds):
    out = []
    for k in range(9):
        accuracy = LOW + 0.05 * k
        x, y = place(1, rounds, accuracy).split(",")
        out.append(f'<line x1="{x}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#8884" />')
        out.append(text(LEFT - 8, float(y) + 4, f"{accuracy:.2f}", 12, "end"))
    for r in [1] + list(range(5, rounds + 1, 5)):
        x, _ = place(r, rounds, LOW).split(",")
        out.append(text(x, HEIGHT - BOTTOM + 18, str(r), 12, "middle"))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "round", 13, "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out.append(text(16, middle, "test accuracy", 13, "middle", f'transform="rotate(-90 16 {middle})"'))
    out.append(text(LEFT, 24, "Three modalities, each missing at 30 % of the clients; mean and range of 5 seeds", 14))
    return out


def main():
    folder, target = sys.argv[1:3]
    body, labels = [], []
    for policy, (name, colour) in NAMES.items():
        rows = curves(folder, policy)
        if not rows:
            continue
        rounds = len(rows[0])
        columns = list(zip(*rows))
        top = [place(r + 1, rounds, max(c)) for r, c in enumerate(columns)]
        low = [place(r + 1, rounds, min(c)) for r, c in enumerate(columns)]
        mean = [place(r + 1, rounds, statistics.mean(c)) for r, c in enumerate(columns)]
        body.append(f'<polygon points="{" ".join(top + low[::-1])}" fill="{colour}" opacity="0.13" />')
        body.append(f'<polyline points="{" ".join(mean)}" fill="none" stroke="{colour}" stroke-width="2" />')
        labels.append([float(mean[-1].split(",")[1]), name, colour])
        last = columns[-1]
        print(f"{name:18s} {statistics.mean(last):.4f} +- {statistics.stdev(last):.4f}  {[round(v, 4) for v in last]}")
    labels.sort()
    for k in range(1, len(labels)):
        labels[k][0] = max(labels[k][0], labels[k - 1][0] + 16)
    legend = [text(WIDTH - RIGHT + 8, y + 4, name, 13, extra=f'style="fill:{colour}"') for y, name, colour in labels]
    style = "text{font-family:sans-serif;fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}}"
    with open(target, "w") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
                f"<title>Test accuracy by round and policy</title>\n<style>{style}</style>\n")
        f.write("\n".join(axes(rounds) + body + legend) + "\n</svg>\n")


main()
