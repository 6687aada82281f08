"""The tables of studies (`entente study`), and how RESULTS.md writes their figures; used by results.py."""
import csv
import time

import numpy

SETS = {"mosi": "CMU-MOSI", "mosei": "CMU-MOSEI, videos", "digits": "audio-visual digits", "synth": "synthetic",
        "sensors": "synthetic, 27 classes", "views": "synthetic, six views", "six": "six synthetic modalities",
        "quickstart": "synthetic, the quickstart's model", "members": "synthetic, 600 noisy rows"}
FEWEST = 3  # pairs of which an interval is shown, and counts in a verdict


def rows_of(path):
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(text):
    return float(text) if text else None


class Study:
    """A folder of `entente study`: cell[setting, rate, variant], in the study's order, and its points."""

    def __init__(self, folder):
        self.cell, self.params = {}, {}
        for row in rows_of(folder / "summary.csv"):
            cell = {k: number(row[k]) for k in ("n", "mean", "deviation", "pairs", "difference", "low", "high")}
            self.cell[row["setting"], row["rate"], row["variant"]] = cell
        self.points = rows_of(folder / "study.csv")
        for row in self.points:
            if row["params"]:
                self.params[row["setting"], row["variant"]] = int(row["params"])
        times = {row["point"]: float(row["train_s"]) for row in rows_of(folder / "times.csv") if row["train_s"]}
        for row in self.points:
            row["train_s"] = times.get(row.get("point"))
        self.failed = sum(row["status"] in ("failed", "untrained") for row in self.points)
        self.missing = sum(row["status"] == "to run" for row in self.points)
        self.date = time.strftime("%Y-%m-%d", time.gmtime((folder / "summary.csv").stat().st_mtime))
        self.settings, self.rates, self.variants = ([*dict.fromkeys(key[k] for key in self.cell)] for k in range(3))
        self.folder = folder

    def seeds(self):
        """How many seeds the cells have, from the fewest to the most; cells without any do not count."""
        seeds = [int(cell["n"]) for cell in self.cell.values() if cell["n"]] or [0]
        few = min(seeds) if not self.failed else max(seeds)
        return (f"{few} to {max(seeds)}" if few < max(seeds) else f"{few}") + (" seeds" if max(seeds) != 1 else " seed")

    def mean(self, setting, rate, variant):
        cell = self.cell.get((setting, rate, variant))
        return cell and cell["mean"]

    def over(self, setting, rate, other, reference=True):
        """How far the reference is above `other` (or, not reference, `other` above it), and the interval."""
        cell = self.cell.get((setting, rate, other))
        if not cell or cell["difference"] is None or cell["pairs"] < FEWEST:
            return None
        low, high = (cell["low"], cell["high"])
        return (-cell["difference"], -high, -low) if reference else (cell["difference"], low, high)

    def figures(self, name, **where):
        """{seed: figure} of the points that are done and have these labels."""
        return {row["seed"]: float(row[name]) for row in self.points
                if row["status"] == "done" and row.get(name) and all(row[k] == v for k, v in where.items())}

    def average(self, name, **where):
        found = list(self.figures(name, **where).values())
        return float(numpy.mean(found)) if found else None

    def apart(self, one, other):
        """How far the accuracy of `one` (labels) is above that of `other`, paired by seed, with the 95 % interval of the
        bootstrap: where `over` does not do, as the two have different settings."""
        a, b = self.figures("accuracy", **one), self.figures("accuracy", **other)
        pairs = numpy.array([a[seed] - b[seed] for seed in a if seed in b])
        if len(pairs) < FEWEST:
            return None
        draws = numpy.random.default_rng(1).choice(pairs, (10000, len(pairs))).mean(1)
        return (pairs.mean(), *numpy.percentile(draws, (2.5, 97.5)))


def load(folder):
    """{study: {data set: Study}}, data sets in the order of SETS."""
    found = {}
    for one in sorted(folder.iterdir()):
        if (one / "summary.csv").exists() and "-" in one.name:
            name, _, data = one.name.partition("-")
            found.setdefault(name, {})[data] = Study(one)
    order = [*SETS, *(d for sets in found.values() for d in sets if d not in SETS)]
    return {name: {d: sets[d] for d in order if d in sets} for name, sets in found.items()}


# ---- figures as text

def hundred(share):
    return f"{round(100 * share, 1) + 0.0:+.1f}"  # no -0.0


def points(span):
    """+1.2 [0.3, 2.1], in points of accuracy."""
    return "-" if span is None else f"{hundred(span[0])} [{hundred(span[1])}, {hundred(span[2])}]"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] +
                     ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def value(cell, difference=True):
    if not cell or cell["mean"] is None:
        return "-"
    text = f"{cell['mean']:.3f} ± {cell['deviation'] or 0:.3f}"
    if difference and cell["difference"] is not None:
        few = cell["pairs"] < FEWEST
        text += f" ({hundred(cell['difference']) if few else points((cell['difference'], cell['low'], cell['high']))})"
    return text


def said(study):
    text = f"{study.seeds()}, {study.date}"
    if study.failed:
        text += f", {study.failed} trainings failed, such as for want of a training row"
    return text + (f", {study.missing} still to run" if study.missing else "")


def heading(study, name):
    return f"{SETS.get(name, name)} ({said(study)}):\n\n"


def full(study, name):
    """A row per variant, a column per setting and rate."""
    columns = [(s, r) for s in study.settings for r in study.rates]
    head = ["variant"] + [f"{s}, {r}" if len(study.rates) > 1 else s for s, r in columns]
    rows = [[v] + [value(study.cell.get((s, r, v))) for s, r in columns] for v in study.variants]
    return heading(study, name) + table(head, rows)


# ---- verdicts

def word(spans):
    """Yes or no, from the intervals that are clear of 0."""
    above, below, n = sum(s[1] > 0 for s in spans), sum(s[2] < 0 for s in spans), len(spans)
    if above and below:
        return f"in {above} of {n} comparisons, and the reverse in {below}"
    if above:
        return "yes" if above == n else f"in {above} of {n} comparisons"
    if below:
        return "no, the reverse" if below == n else f"no, and the reverse in {below} of {n} comparisons"
    return "no difference to be seen"


def mean(spans):
    return round(100 * float(numpy.mean([span[0] for span in spans])), 1) + 0.0  # no -0.0


def verdict(found):
    """Of (data set, interval): the answer, mean, range, how many are clear of 0; the means by data set."""
    found = [(name, span) for name, span in found if span]
    spans = [span for _, span in found]
    if not spans:
        return f"not measured with {FEWEST} seeds"
    text = f"{word(spans)}: {points(spans[0])} points"
    if len(spans) > 1:
        text = f"{word(spans)}; mean {mean(spans):+.1f} points, from {points(min(spans))} to {points(max(spans))}"
    names = list(dict.fromkeys(name for name, _ in found))
    if len(names) > 1:
        text += " (" + "; ".join(f"{SETS.get(n, n)} {mean([s for m, s in found if m == n]):+.1f}" for n in names) + ")"
    return text


def spans_of(studies, kind, pick):
    """(data set, interval) of every setting: pick(study, setting) gives intervals."""
    return [(name, span) for name, study in studies.get(kind, {}).items() for s in study.settings
            for span in pick(study, s)]
