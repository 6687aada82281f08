#!/usr/bin/env python3
"""Write the sections of RESULTS.md that come from studies, from the studies' own tables; called by results.sh.

    results.py data DATA                                     synthetic data sets of many classes
    results.py write RESULTS.md STUDIES DATA ENTENTE         the sections, between <!-- study NAME --> and <!-- end -->

A section whose studies are not in STUDIES is left as it is.  Every figure is read from summary.csv (means, deviations,
differences paired by seed with 95 % bootstrap intervals) and study.csv of STUDIES/STUDY-DATASET, or from
STUDIES/choose.txt, which is what choose_defaults.py has printed."""
import csv
import pathlib
import re
import subprocess
import sys
import time

import choose_defaults as choose
import numpy

SETS = {"mosi": "CMU-MOSI", "mosei": "CMU-MOSEI, videos", "digits": "audio-visual digits", "synth": "synthetic",
        "sensors": "synthetic, 27 classes", "views": "synthetic, six views", "six": "six synthetic modalities"}
FILES = {"mosi": ("mosi.h5", "text,audio,vision"), "mosei": ("mosei_video.h5", "text,audio,vision"),
         "digits": ("digits.h5", "audio,image"), "synth": ("data.h5", "text,audio,vision"),
         "sensors": ("sensors.h5", "m0,m1,m2,m3"), "views": ("views.h5", "m0,m1,m2,m3,m4,m5")}


FEWEST = 3  # pairs of which an interval is shown, and counts in the answers


class Study:
    """A folder of `entente study`: cell[setting, rate, variant], in the study's order."""

    def __init__(self, folder):
        self.cell, self.params = {}, {}
        with open(folder / "summary.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                number = {k: float(row[k]) if row[k] else None for k in row if k not in ("data", "setting", "variant")}
                self.cell[row["setting"], row["rate"], row["variant"]] = number
        with open(folder / "study.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if row["params"]:
                self.params[row["setting"], row["variant"]] = int(row["params"])
        self.seeds = len({row["seed"] for row in rows})
        self.unfinished = sum(row["status"] != "done" for row in rows)
        self.date = time.strftime("%Y-%m-%d", time.gmtime((folder / "summary.csv").stat().st_mtime))
        self.settings, self.rates, self.variants = ([*dict.fromkeys(key[k] for key in self.cell)] for k in range(3))

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


def load(studies):
    found = {"choice": (studies / "choose.txt").read_text(encoding="utf-8")} if (studies / "choose.txt").exists() else {}
    for folder in sorted(studies.iterdir()):
        if (folder / "summary.csv").exists() and "-" in folder.name:
            name, _, data = folder.name.partition("-")
            found.setdefault(name, {})[data] = Study(folder)
    order = [*SETS, *(d for name, sets in found.items() if name != "choice" for d in sets if d not in SETS)]
    return {name: sets if name == "choice" else {d: sets[d] for d in order if d in sets} for name, sets in found.items()}


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
    more = f", {study.unfinished} trainings failed, such as for want of a training row" if study.unfinished else ""
    return f"{study.seeds} seeds, {study.date}{more}"


def full(study, name):
    """A row per variant, a column per setting and rate."""
    columns = [(s, r) for s in study.settings for r in study.rates]
    head = ["variant"] + [f"{s}, {r}" if len(study.rates) > 1 else s for s, r in columns]
    rows = [[v] + [value(study.cell.get((s, r, v))) for s, r in columns] for v in study.variants]
    return f"{SETS.get(name, name)} ({said(study)}):\n\n" + table(head, rows)


# ---- sections

def reference(data, name):
    """Test accuracy of logistic regression on the standardised features of all modalities, its L2 weight chosen on the
    validation rows; and of the class that most training rows have."""
    file, modalities = FILES[name]
    path = data / file
    if not path.exists():
        return None
    x, y, v, truth, test, wanted = choose.read(path, "class", modalities.split(","), test=True)
    classes = max(y.max(), truth.max(), wanted.max()) + 1

    def accuracy(w, rows, labels):
        return (numpy.hstack([rows, numpy.ones((len(rows), 1))]) @ w).argmax(1) == labels

    fits = [choose.fit(x, y, classes, l2) for l2 in (1e-4, 1e-3, 1e-2, 1e-1)]
    best = max(fits, key=lambda w: accuracy(w, v, truth).mean())
    return accuracy(best, test, wanted).mean(), (wanted == numpy.bincount(y).argmax()).mean()


def accuracy_section(studies, data, _entente):
    sets = studies.get("defaults")
    if not sets:
        return None
    text = ("`jobs/study_defaults.yaml`: the defaults, but for names and qubits of the modalities; 8 clients (digits "
            "6); 100 rounds.  Test accuracy, mean ± standard deviation over the seeds; in brackets the difference from "
            "`fused` in points, paired by seed, with its 95 % bootstrap interval.  `pooled`: logistic regression on "
            "the same features of all clients together, L2 weight by validation.  `mlp` and `multilinear` have as many "
            "parameters as the fused model.\n\n")
    rows = []
    for name, study in sets.items():
        pooled = reference(data, name)
        for setting in study.settings:
            params = study.params.get((setting, "fused"))
            rows.append([SETS[name], setting, str(study.seeds),
                         *(value(study.cell.get((setting, "0", v))) for v in study.variants),
                         f"{pooled[0]:.3f}" if pooled else "-", f"{pooled[1]:.3f}" if pooled else "-", str(params)])
    first = next(iter(sets.values()))
    return (text + f"{first.date}.\n\n" +
            table(["data", "split", "seeds", *first.variants, "pooled", "majority", "parameters"], rows))


def each(studies, name, intro):
    sets = studies.get(name)
    return intro + "\n\n" + "\n".join(full(study, d) for d, study in sets.items()) if sets else None


def paper_section(studies, _data, _entente):
    return each(studies, "paper", "`jobs/study_paper.yaml`: every sample loses each modality with the rate, in "
                "training and in test; non-IID: `dirichlet_client`, alpha 0.5.  Test accuracy, mean ± standard "
                "deviation over the seeds; in brackets the difference from `mma` in points with its 95 % bootstrap interval.")


def quantum_section(studies, _data, _entente):
    return each(studies, "quantum", "`jobs/study_quantum.yaml`; brackets: difference from `fused` in points.  Classical "
                "kinds have the same optimiser and rates, which were chosen for the quantum model.")


def modalities_section(studies, _data, _entente):
    return each(studies, "modalities", "`jobs/study_modalities.yaml`: the first two to six of six modalities, 30 "
                "rounds; brackets: difference from `mma` in points.")


def missing_section(studies, _data, _entente):
    sets = studies.get("missing")
    if not sets:
        return None
    text = ("`jobs/study_missing.yaml`.  The verdict: how far `mma` is above each other way to treat what is missing, "
            "in points, mean over the rates (in brackets the least and the greatest), and at how many of the rates the "
            "interval is clear of 0 (for, against).\n\n")
    for name, study in sets.items():
        others = [v for v in study.variants if v != "mma"]
        rows = []
        for setting in study.settings:
            row = [setting.replace("_", ", ")]
            for other in others:
                spans = [study.over(setting, rate, other) for rate in study.rates if float(rate) > 0]
                spans = [span for span in spans if span]
                if not spans:
                    row.append("-")
                    continue
                means = [100 * span[0] for span in spans]
                row.append(f"{numpy.mean(means):+.1f} [{min(means):+.1f}, {max(means):+.1f}] "
                           f"({sum(s[1] > 0 for s in spans)}, {sum(s[2] < 0 for s in spans)})")
            rows.append(row)
        text += f"{SETS.get(name, name)} ({said(study)}):\n\n" + table(["who loses, where", *others], rows)
        rows = [[s.replace("_", ", "), v, *(value(study.cell.get((s, r, v)), False) for r in study.rates)]
                for s in study.settings for v in study.variants]
        text += "\nTest accuracy at each rate:\n\n" + table(["who loses, where", "policy", *study.rates], rows) + "\n"
    return text


BASES = {"mosi": "mosi.yaml", "mosei": "mosei_video.yaml", "digits": "digits.yaml", "synth": "synthetic.yaml"}
FUSION = {"ring1": [], "none": ["model.fusion.pattern=none"], "product": ["model.fusion.layers=0"],
          "ring2": ["model.fusion.layers=2"], "ring3": ["model.fusion.layers=3"],
          "reupload": ["model.fusion.layers=2", "model.fusion.reupload=true"],
          "within": ["model.fusion.within=chain"],
          "qft": ["model.fusion.gate=qft"], "qft2": ["model.fusion.gate=qft", "model.fusion.layers=2"]}


def depends(entente, data, name, setting, variant):
    """What a readout depends on, as `entente plan` says it."""
    if variant not in FUSION or name not in BASES:
        return "-"
    root = pathlib.Path(__file__).resolve().parent.parent
    sets = [f"data.file={data / FILES[name][0]}", f"model.registers.*.qubits={setting[1:]}", *FUSION[variant]]
    command = [entente, "plan", str(root / "jobs" / BASES[name])]
    for item in sets:
        command += ["--set", item]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"every readout depends on ([^:]*):", done.stdout)
    return found.group(1) if found else "all qubits" if "qft" in variant else "-"


def fusion_section(studies, data, entente):
    text = ("qN is N qubits per modality; defaults otherwise, but for 30 rounds with 12 qubits; IID clients, nothing "
            "missing.  Brackets: difference from `ring1` in points.  `none`: no fusion "
            "and no readout of two registers; `product`: <Z Z'> of two registers without fusion.\n\n")
    any_there = False
    for kind in ("fusion", "fusion12", "qft"):
        for name, study in studies.get(kind, {}).items():
            any_there = True
            rows = []
            for v in study.variants:
                row = [v]
                for s in study.settings:
                    row.append(value(study.cell.get((s, "0", v))))
                what = list(dict.fromkeys(depends(entente, data, name, s, v) for s in study.settings))
                params = "/".join(str(study.params.get((s, v), "-")) for s in study.settings)
                rows.append([*row, "; ".join(what), params])
            text += (f"{SETS.get(name, name)}, `study_{kind}.yaml` ({said(study)}):\n\n" +
                     table(["variant", *study.settings, "a readout depends on", "parameters"], rows) + "\n")
    return text if any_there else None


def choice_section(studies, _data, _entente):
    """Of every candidate its overrides and the line of means."""
    text = studies.get("choice")
    if not text:
        return None
    splits = {len(row.split()) for row in re.findall(r"(?m)^  mean(.*)   all", text)}
    rows = []
    for name, sets, body in re.findall(r"(?m)^([^:\n]+): (\S*=.*)\n((?:  .*\n)+)", text):
        *means, _, over = re.search(r"(?m)^  mean (.*)", body).group(1).split()
        rows.append([name, f"`{sets.strip()}`", *means, over])
    columns = ["iid", "client 0.1", "class 0.1"] if splits == {3} else [f"split {k + 1}" for k in range(max(splits))]
    sets = len(re.findall(r"(?m)^  (?!mean)\S", text)) // max(1, len(rows))
    return (f"`benchmarks/choose_defaults.py`, {sets} data sets, validation rows: points above logistic regression on "
            "all rows together, mean over the data sets, by split; one seed.\n\n" +
            table(["candidate", "keys", *columns, "all"], rows))


def others_section(studies, _data, _entente):
    text = ""
    for kind in ("noise", "depth", "privacy", "communication"):
        for name, study in studies.get(kind, {}).items():
            text += f"`jobs/study_{kind}.yaml`, " + full(study, name) + "\n"
    return text or None


# ---- the answers

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


def verdict(found):
    """Of (data set, interval): the answer, mean, range, how many are clear of 0; the means by data set."""
    found = [(name, span) for name, span in found if span]
    spans = [span for _, span in found]
    if not spans:
        return f"not measured with {FEWEST} seeds"
    text = f"{word(spans)}: {points(spans[0])} points"
    if len(spans) > 1:
        text = (f"{word(spans)}: {mean(spans):+.1f} points in the mean of {len(spans)}, from {points(min(spans))} to "
                f"{points(max(spans))}")
    names = list(dict.fromkeys(name for name, _ in found))
    if len(names) > 1:
        text += " (" + ", ".join(f"{SETS.get(n, n)} {mean([s for m, s in found if m == n]):+.1f}" for n in names) + ")"
    return text


def mean(spans):
    return round(100 * float(numpy.mean([span[0] for span in spans])), 1) + 0.0  # no -0.0


def spans_of(studies, kind, pick):
    """(data set, interval) of every setting: pick(study, setting) gives intervals."""
    return [(name, span) for name, study in studies.get(kind, {}).items() for s in study.settings
            for span in pick(study, s)]


def fusion_spans(studies, other, reference=True):
    return [pair for kind in ("fusion", "fusion12", "qft")
            for pair in spans_of(studies, kind, lambda study, s: [study.over(s, "0", other, reference)])]


def paper_spans(studies, other, rate="0.3"):
    return spans_of(studies, "paper", lambda study, s: [study.over(s, rate, other)])


def best_single(studies, rate):
    """mma above the best of the single modalities, by its mean."""
    def pick(study, s):
        alone = [v for v in study.variants if v.startswith("only") and study.mean(s, rate, v) is not None]
        return [study.over(s, rate, max(alone, key=lambda v: study.mean(s, rate, v)))] if alone else []

    return spans_of(studies, "paper", pick)


def missing_spans(studies, who, others):
    return spans_of(studies, "missing", lambda study, s: [study.over(s, r, other) for r in study.rates
                                                          for other in others if who in s])


def sizes(studies):
    text = []
    for kind in ("fusion", "fusion12"):
        for name, study in studies.get(kind, {}).items():
            text += [f"{SETS[name]} {s} {study.mean(s, '0', 'ring1'):.3f}" for s in study.settings
                     if study.mean(s, "0", "ring1")]
    return ", ".join(text) or "not measured"


def answers_section(studies, _data, _entente):
    if not studies.get("fusion") or not studies.get("paper"):
        return None
    quantum = spans_of(studies, "quantum", lambda study, s: [study.over(s, r, v) for r in study.rates
                                                             for v in ("mlp", "multilinear")])
    default = [(kind, spans_of(studies, "defaults", lambda study, s, kind=kind: [study.over(s, "0", kind)]))
               for kind in ("mlp", "multilinear", "logistic")]

    def fusion(other):
        return verdict(fusion_spans(studies, other))

    def fuller(other):
        return verdict(fusion_spans(studies, other, False))

    def lost(who, *others):
        return verdict(missing_spans(studies, who, others))

    return "\n".join(f"{k}. {sentence}" for k, sentence in enumerate([
        f"**Does entangling fusion help** (one ring of CRZ) against no fusion and no readout of two registers? "
        f"{fusion('none')}; against readouts of two registers without a fusion circuit, that is products of "
        f"expectation values? {fusion('product')}.",
        f"Does more of it? Two rings against one: {fuller('ring2')}; three against one: {fuller('ring3')}; two "
        f"with the data encoded again between them (`model.fusion.reupload`), against one: {fuller('reupload')}.",
        f"Does fusion that does not factorise, so that a readout depends on several qubits of a register? Entanglers "
        f"within the registers too, against one ring: {fuller('within')}; a Fourier transform of all qubits, against "
        f"one ring: {fuller('qft')}.",
        f"Do larger registers? Test accuracy of one ring by qubits per register: {sizes(studies)}.",
        f"Is the fused circuit better than classical models of as many parameters, IID and with everything present? "
        f"Against a multilinear one: {fusion('multilinear')}; against a perceptron: {fusion('mlp')}.",
        f"And with non-IID clients or modalities missing, against both? {verdict(quantum)}; the defaults over all "
        f"splits, " + "; ".join(f"against {kind}: {verdict(spans)}" for kind, spans in default) + ".",
        f"Do several modalities help against the best single one? {verdict(best_single(studies, '0'))}; with 30 % of "
        f"each missing: {verdict(best_single(studies, '0.3'))}.",
        f"**Does MMA help** where samples lose 30 % of each modality? Against zeros: "
        f"{verdict(paper_spans(studies, 'zero'))}; against means: {verdict(paper_spans(studies, 'mean'))}; against "
        f"leaving incomplete rows out: {verdict(paper_spans(studies, 'drop'))}.",
        f"Where whole clients lack modalities, against zeros and means? In training and test: "
        f"{lost('client_both', 'zero', 'mean')}; with non-IID clients too: {lost('client_noniid', 'zero', 'mean')}; in "
        f"training only: {lost('client_train', 'zero', 'mean')}; and where they are missing in the test only, by sample "
        f"or client: {lost('_test', 'zero', 'mean')}.",
        f"Is MMA better than trained stand-ins (`policy: token`), over all kinds of missingness? {lost('', 'token')}; "
        f"than MMA with modality dropout, where samples lose modalities: {lost('sample', 'dropout')}, where clients do: "
        f"{lost('client', 'dropout')}.",
    ], 1)) + "\n"


SECTIONS = {"answers": answers_section, "accuracy": accuracy_section, "paper": paper_section,
            "missing": missing_section, "modalities": modalities_section, "quantum": quantum_section,
            "fusion": fusion_section, "choice": choice_section, "others": others_section}


def write(results, studies, data, entente):
    path, found = pathlib.Path(results), load(pathlib.Path(studies))
    text = path.read_text(encoding="utf-8")
    for name, section in SECTIONS.items():
        body = section(found, pathlib.Path(data), entente)
        pattern = re.compile(rf"(<!-- study {name} -->\n).*?(<!-- end -->)", re.S)
        if not pattern.search(text):
            sys.exit(f"{results}: found no '<!-- study {name} -->' with '<!-- end -->' after it")
        if body is None:
            print(f"{name}: its studies are not there; left as it is")
            continue
        text = pattern.sub(lambda at, body=body: at.group(1) + "\n" + body + "\n" + at.group(2), text)
    path.write_text(text, encoding="utf-8")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "data":
        choose.synthetic(pathlib.Path(sys.argv[2]))
    elif len(sys.argv) == 6 and sys.argv[1] == "write":
        write(*sys.argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
