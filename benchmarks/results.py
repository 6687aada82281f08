#!/usr/bin/env python3
"""Write the sections of RESULTS.md; called by results.sh.

    results.py data DATA                                     synthetic data sets of many classes
    results.py write RESULTS.md STUDIES DATA ENTENTE         the sections, between <!-- study NAME --> and <!-- end -->, and
                                                             those of timings, between <!-- timing NAME --> and <!-- end -->

A section whose studies are not in STUDIES is left as it is.  Every figure is read from the tables of STUDIES/STUDY-DATASET
(summary.csv: means, deviations, differences paired by seed with 95 % bootstrap intervals; study.csv; times.csv), from the
results there (audit), or from what another script or a benchmark has printed to a file: choose.txt (choose_defaults.py),
rules-SPLIT.txt (rules.py), timings/NAME.txt (results.sh timings)."""
import json
import pathlib
import re
import subprocess
import sys

import choose_defaults as choose
import numpy
from answers import answers_section
from studies import SETS, full, heading, hundred, load, points, said, spans_of, table, value, verdict

FILES = {"mosi": ("mosi.h5", "text,audio,vision"), "mosei": ("mosei_video.h5", "text,audio,vision"),
         "digits": ("digits.h5", "audio,image"), "synth": ("data.h5", "text,audio,vision"),
         "sensors": ("sensors.h5", "m0,m1,m2,m3"), "views": ("views.h5", "m0,m1,m2,m3,m4,m5")}


# ---- accuracy

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


def accuracy_section(found, studies, data, _entente):
    sets = found.get("defaults")
    if not sets:
        return None
    text = ("`jobs/study_defaults.yaml`: the defaults, but for names and qubits of the modalities; 8 clients (digits "
            "6); 100 rounds.  Test accuracy, mean ± standard deviation over the seeds; in brackets the difference from "
            "`fused` in points, paired by seed, with its 95 % bootstrap interval.  `pooled`: logistic regression on "
            "the same features of all clients together, L2 weight by validation.  `mlp` and `multilinear` have as many "
            "parameters as the fused model; learning rates as in the section on them.\n\n")
    variants = list(dict.fromkeys(v for study in sets.values() for v in study.variants))
    rows = []
    for name, study in sets.items():
        pooled = reference(data, name)
        for setting in study.settings:
            cells = [study.cell.get((setting, "0", v)) for v in variants]
            seeds = [int(cell["n"]) for cell in cells if cell and cell["n"]] or [0]
            rows.append([SETS[name], setting, "-".join(dict.fromkeys(f"{n}" for n in (min(seeds), max(seeds)))),
                         *map(value, cells), f"{pooled[0]:.3f}" if pooled else "-",
                         f"{pooled[1]:.3f}" if pooled else "-", str(study.params.get((setting, "fused"), "-"))])
    date = max(study.date for study in sets.values())
    return text + f"{date}.\n\n" + table(["data", "split", "seeds", *variants, "pooled", "majority", "parameters"], rows)


def each(found, name, intro, more=lambda study, name: ""):
    sets = found.get(name)
    return intro + "\n\n" + "\n".join(full(study, d) + more(study, d) for d, study in sets.items()) if sets else None


def paper_section(found, *_):
    return each(found, "paper", "`jobs/study_paper.yaml`: every sample loses each modality with the rate, in "
                "training and in test; non-IID: `dirichlet_client`, alpha 0.5.  Test accuracy, mean ± standard "
                "deviation over the seeds; in brackets the difference from `mma` in points with its 95 % bootstrap "
                "interval.")


def quantum_section(found, *_):
    return each(found, "quantum", "`jobs/study_quantum.yaml`; brackets: difference from `fused` in points.  Learning rates "
                "as in the section on them; `fused_low` is `fused` at the rate of `mlp`, `multilinear` and `late`.")


def modalities_section(found, *_):
    return each(found, "modalities", "`jobs/study_modalities.yaml`: the first two to six of six modalities, 30 "
                "rounds; brackets: difference from `mma` in points.")


def missing_section(found, *_):
    sets = found.get("missing")
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
        text += heading(study, name) + table(["who loses, where", *others], rows)
        rows = [[s.replace("_", ", "), v, *(value(study.cell.get((s, r, v)), False) for r in study.rates)]
                for s in study.settings for v in study.variants]
        text += "\nTest accuracy at each rate:\n\n" + table(["who loses, where", "policy", *study.rates], rows) + "\n"
    return text


JOBS = pathlib.Path(__file__).resolve().parent.parent / "jobs"
BASES = {"mosi": "mosi.yaml", "mosei": "mosei_video.yaml", "digits": "digits.yaml", "synth": "synthetic.yaml"}


def overrides(kind, variant):
    """KEY=VALUE of a variant, from the line of the study's file: NAME: {set: {KEY: VALUE, ...}}; None where there is none."""
    text = (JOBS / f"study_{kind}.yaml").read_text(encoding="utf-8")
    line = re.search(rf"(?m)^  {re.escape(variant)}: +\{{(?:set: \{{(.*?)\}})?\}}", text)
    if not line:
        return None
    pairs = re.split(r", (?=['\w.*]+: )", line.group(1) or "")
    return ["=".join(one.replace("'", "").split(": ", 1)) for one in pairs if one]


def depends(entente, data, kind, name, setting, variant):
    """What a readout depends on, as `entente plan` says it."""
    sets = overrides(kind, variant)
    if sets is None or name not in BASES or any(one.startswith("model.kind=") for one in sets):
        return "-"
    command = [entente, "plan", str(JOBS / BASES[name])]
    for item in (f"data.file={data / FILES[name][0]}", f"model.registers.*.qubits={setting[1:]}", *sets):
        command += ["--set", item]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"every readout depends on ([^:]*):", done.stdout)
    return found.group(1) if found else "all qubits" if "model.fusion.gate=qft" in sets else "-"


def fusion_section(found, studies, data, entente):
    text = ("qN is N qubits per modality; defaults otherwise, but for 30 rounds with 12 qubits; IID clients, nothing "
            "missing.  Brackets: difference from `ring1` in points.  `none`: no fusion "
            "and no readout of two registers; `product`: <Z Z'> of two registers without fusion.\n\n")
    any_there = False
    for kind in ("fusion", "fusion12", "qft"):
        for name, study in found.get(kind, {}).items():
            any_there = True
            rows = []
            for v in study.variants:
                row = [v]
                for s in study.settings:
                    row.append(value(study.cell.get((s, "0", v))))
                what = list(dict.fromkeys(depends(entente, data, kind, name, s, v) for s in study.settings))
                params = "/".join(str(study.params.get((s, v), "-")) for s in study.settings)
                rows.append([*row, "; ".join(what), params])
            text += (f"{SETS.get(name, name)}, `study_{kind}.yaml` ({said(study)}):\n\n" +
                     table(["variant", *study.settings, "a readout depends on", "parameters"], rows) + "\n")
    return text if any_there else None


def choice_section(_found, studies, *_):
    """Of every candidate its overrides and the line of means."""
    if not (studies / "choose.txt").exists():
        return None
    text = (studies / "choose.txt").read_text(encoding="utf-8")
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


RATES = {"third": 0.0167, "default": 0.05, "triple": 0.15}  # of study_learning_rate.yaml
GAIN = 0.005  # a kind keeps the default rate unless another gains more on the validation rows


def rates_of(study, kind):
    """Mean accuracy on the validation rows by rate, over the seeds and the splits that all rates have been run with; and
    how many of the splits these are."""
    splits = dict.fromkeys(s.rpartition("_")[0] for s in study.settings)
    means = [[study.average("validation_accuracy", setting=f"{split}_{rate}", variant=kind) for rate in RATES]
             for split in splits]
    means = [one for one in means if None not in one]
    return (numpy.mean(means, axis=0) if means else None), len(means) / len(splits)


def learning_rate_section(found, *_):
    sets = found.get("learning_rate")
    if not sets:
        return None
    kinds = next(iter(sets.values())).variants
    rows, chosen = [], []
    for kind in kinds:
        by = {}
        for name, study in sets.items():
            one, whole = rates_of(study, kind)
            if one is not None:
                by[SETS.get(name, name) + ("" if whole == 1 else ", IID only")] = one
        if not by:
            continue
        means = numpy.mean(list(by.values()), axis=0)
        gain = means - means[1]
        best = int(gain.argmax()) if gain.max() > GAIN else 1
        if best != 1 and kind != "fused":
            chosen.append(f"`{kind}` {list(RATES.values())[best]:g} ({hundred(gain[best])} points)")
        for name, one in {**by, "mean": means}.items():
            rows.append([kind, name] + [f"{x:.3f}" + (f" ({hundred(x - one[1])})" if k != 1 else "")
                                        for k, x in enumerate(one)])
    seeds = len({row["seed"] for study in sets.values() for row in study.points})
    return (f"`jobs/study_learning_rate.yaml`: accuracy on the validation rows, mean over IID and non-IID clients and "
            f"{seeds} seeds that no other study has, by `client.learning_rate`; brackets: difference from the default "
            "in points.\n\n" + table(["kind", "data", *(f"{rate:g}" for rate in RATES.values())], rows) +
            f"\nThe studies compare kinds at the default rate, unless another gains more than {100 * GAIN:g} points in the "
            "mean over the data sets: " + (", ".join(chosen) if chosen else "none does") +
            ".  `fused` keeps the default in any case, as it is the default.\n")


def policies_section(found, *_):
    return each(found, "policies", "`jobs/study_policies.yaml`: whole clients lose each modality with the rate, in "
                "training and in test.  Brackets: difference from `mma` in points.  `embed`: MMA with `context: embed`.",
                lambda study, _: "\nMMA compared with the others at all rates above 0: " + "; ".join(
                    f"{other}: {verdict([('', study.over(s, r, other)) for s in study.settings for r in study.rates if r != '0'])}"
                    for other in study.variants if other != "mma") + ".\n")


def adjustment_section(found, *_):
    def more(study, _):
        def at(setting, variant):
            return {"setting": setting, "variant": variant}

        lines = []
        for s in study.settings:
            lines.append(f"- {s}: what the adjustment adds to `mma`: {points(study.over(s, '0.3', 'mma_plain'))}, to `zero`: "
                         f"{points(study.apart(at(s, 'zero'), at(s, 'zero_plain')))}; `mma` above `zero` with it: "
                         f"{points(study.over(s, '0.3', 'zero'))}, without: "
                         f"{points(study.apart(at(s, 'mma_plain'), at(s, 'zero_plain')))}.")
        return "\n" + "\n".join(lines) + "\n"

    return each(found, "adjustment", "`jobs/study_adjustment.yaml`: 30 % of each modality missing at whole clients that "
                "have mixtures of classes of their own; `plain`: without `client.logit_adjustment`.  Points, with their "
                "intervals.", more)


def rules_section(_found, studies, *_):
    """What rules.py has printed."""
    texts = [path.read_text(encoding="utf-8").strip() for path in sorted(studies.glob("rules-*.txt"))]
    return "\n\n".join(texts) + "\n" if texts else None


# ---- devices

def noise_section(found, *_):
    def more(study, name):
        others = [s for s in study.settings if s != "none"]

        def costs(where):
            return verdict([(name, study.apart({"setting": "none", "variant": "fedavg"},
                                               {"setting": s, "variant": "fedavg"})) for s in where])

        def knows(rule):
            return verdict([(name, study.over(s, "0", rule, False)) for s in others if s.startswith("unequal")])

        return (f"\nDoes noise cost accuracy (`fedavg`, compared with `none`)? {costs(others)}.  Where devices differ, is a "
                "rule that knows it better than `fedavg`? " +
                "; ".join(f"`{rule}`: {knows(rule)}" for rule in study.variants if rule != "fedavg") + ".\n")

    return each(found, "noise", "`jobs/study_noise.yaml`: depolarising after gates on two qubits and errors of readouts "
                "with 0.1 %, 1 % and 5 %, a tenth of it after gates on one qubit; `unequal`: times 0.1, 0.4, 1 and 2.5 "
                "from client to client.  All models are evaluated on the noisy device.  Brackets: difference from "
                "`fedavg` in points.", more)


def at_both_rates(question, others):
    """A question on each (variant, words), answered with everything present and with 30 % missing."""
    def more(study, name):
        def answer(other, rate):
            return verdict([(name, study.over(s, rate, other)) for s in study.settings])

        return "\n" + "  ".join(f"{question.format(words)}? With everything present: {answer(other, '0')}; with 30 % missing: "
                                f"{answer(other, '0.3')}." for other, words in others) + "\n"

    return more


def depth_section(found, *_):
    return each(found, "depth", "`jobs/study_depth.yaml`: a third of the clients each has one, two and three layers "
                "(`unequal`), compared with three (`deep`) and one (`shallow`) for all; `noisy`: 0.2 % and 2 %; every modality "
                "missing with the rate.  Brackets: difference from `deep` in points.",
                at_both_rates("Do {} cost accuracy",
                              [("unequal", "unequal depths"), ("shallow", "circuits of one layer for all")]))


def qubits_section(found, *_):
    return each(found, "qubits", "`jobs/study_qubits.yaml`: a third of the clients each has two, three and four qubits of each "
                "register (`unequal`), compared with four (`wide`) and two (`narrow`) for all; `noisy`: 0.2 % and 2 %; every "
                "modality missing with the rate.  Brackets: difference from `unequal` in points.",
                at_both_rates("Are unequal devices better than {}",
                              [("narrow", "two qubits for all"), ("wide", "four for all")]))


def shots_section(found, *_):
    def more(study, name):
        return "\n" + "  ".join(
            f"Do {other.replace('shots', '')} shots cost accuracy? " +
            "; ".join(f"`{s}`: {verdict([(name, study.over(s, '0', other))])}" for s in study.settings) + "."
            for other in study.variants if other != "exact") + "\n"

    return each(found, "shots", "`jobs/study_shots.yaml`: readouts from 1000 and 100 samples in training and evaluation.  "
                "`shift` has 20 rounds, as the shift rule costs a hundred times as much.  Brackets: difference from "
                "`exact` in points.", more)


def optimiser_section(found, *_):
    def more(study, name):
        def times(setting, other):
            one, reference = (study.average("train_s", setting=setting, variant=v) for v in (other, "adam"))
            return f", {one / reference:.1f} times the time" if one and reference else ""

        return "\n" + "  ".join(
            f"Is `{other}` better than `adam`? " +
            "; ".join(f"`{s}`: {verdict([(name, study.over(s, '0', other, False))])}{times(s, other)}"
                      for s in study.settings) + "." for other in study.variants if other != "adam") + "\n"

    return each(found, "optimiser", "`jobs/study_optimiser.yaml`: 10 (`few`) and 40 rounds (`more`).  Brackets: difference "
                "from `adam` in points.", more)


# ---- privacy and communication

def kib(study, variant):
    """Up and down, of a whole training."""
    pair = [study.average(name, variant=variant) for name in ("bytes_up", "bytes_down")]
    return None if None in pair else [one / 1024 for one in pair]


def communication_section(found, *_):
    sets = found.get("communication")
    if not sets:
        return None
    text = ("`jobs/study_communication.yaml`: IID, all clients in all of 100 rounds.  KiB up and down: of all clients and "
            "rounds; saved: of both together.  Brackets: difference from `whole` in points.\n\n")
    saved, spans = {}, {}
    for name, study in sets.items():
        rows, whole = [], kib(study, "whole")
        for v in study.variants:
            sent = kib(study, v)
            if sent and whole:
                saved.setdefault(v, []).append(1 - sum(sent) / sum(whole))
            spans.setdefault(v, []).append(study.over("iid", "0", v))
            rows.append([v, f"{sent[0]:.0f} + {sent[1]:.0f}" if sent else "-",
                         f"{100 * saved[v][-1]:.1f} %" if sent and whole else "-", value(study.cell.get(("iid", "0", v)))])
        text += heading(study, name) + table(["variant", "KiB up + down", "saved", "accuracy"], rows) + "\n"
    free = [v for v in saved if v != "whole" and all(s and s[1] <= 0 for s in spans[v])]
    if free:
        most = max(free, key=lambda v: numpy.mean(saved[v]))
        text += (f"No loss of accuracy is to be seen with {', '.join(f'`{v}`' for v in free)}; of these `{most}` saves most: "
                 f"{' and '.join(f'{100 * x:.1f} %' for x in saved[most])} of all bytes.\n")
    return text


def epsilon_of(study, variant):
    found = study.figures("epsilon", variant=variant).values()
    if not found:
        return "-"
    low, high = f"{min(found):.3g}", f"{max(found):.3g}"
    return low if low == high else f"{low} to {high}"


def privacy_section(found, *_):
    sets = found.get("privacy")
    if not sets:
        return None
    rows = [[v, epsilon_of(study, v), SETS.get(name, name), value(study.cell.get(("clients", "0", v)))]
            for v in next(iter(sets.values())).variants for name, study in sets.items()]
    costs = {v: verdict([(name, study.over("clients", "0", v)) for name, study in sets.items()])
             for v in ("clipped", "noise2", "noise4")}
    epsilon = {v: epsilon_of(next(iter(sets.values())), v) for v in costs}
    who = {"mosi": "the 52 speakers of MOSI", "digits": "100 clients of digits (the command is in the file)"}
    return ("`jobs/study_privacy.yaml`: whole clients are protected, " + " and ".join(who.get(name, name) for name in sets) +
            "; Poisson sampling with chance 0.5, 30 rounds, delta 0.001; epsilon by `pld`, over the seeds.  `tree8`: tree "
            "aggregation, noise 8; `all4`: distributed noise 4.  Brackets: difference from `none` in points.\n\n" +
            "; ".join(f"{SETS.get(name, name)}: {said(study)}" for name, study in sets.items()) + ".\n\n" +
            table(["variant", "epsilon", "data", "accuracy"], rows) +
            f"\nDoes clipping cost accuracy before there is noise? {costs['clipped']}.  " +
            "  ".join(f"Epsilon {epsilon[v]}? {costs[v]}." for v in ("noise2", "noise4")) + "\n")


def audited(entente, study):
    """Of every result of a study with `keep: results`: its labels and what `entente audit` says."""
    for row in study.points:
        folder = study.folder / "points" / row["config_sha256"][:24]
        if row["status"] != "done" or not (folder / "result.h5").exists():
            continue
        done = subprocess.run([entente, "audit", folder, "--json"], capture_output=True, text=True, check=True)
        yield row, json.loads(done.stdout.splitlines()[-1])


def advantage_of(audits, kind):
    """Of one seed the interval, of several the mean, the lowest and the highest."""
    found = [one[kind]["advantage"] for one in audits]
    if len(found) == 1:
        return "{value:+.3f} [{low:+.3f}, {high:+.3f}]".format(**found[0])
    values = [one["value"] for one in found]
    return f"{numpy.mean(values):+.3f} ({min(values):+.3f} to {max(values):+.3f})"


def audit_section(found, _studies, _data, entente):
    sets = found.get("audit")
    if not sets:
        return None
    study = next(iter(sets.values()))
    by = {}
    for row, said_of in audited(entente, study):
        by.setdefault(row["variant"], []).append((float(row["accuracy"]), said_of))
    if not by:
        return None
    rows, blind = [], []
    for v in study.variants:
        if v not in by:
            continue
        accuracy, audits = zip(*by[v])
        seen = any(one[kind]["advantage"]["low"] > 0 for one in audits for kind in ("threshold", "ratio"))
        blind = [] if seen else [*blind, (v, audits[0]["bound"])]
        rows.append([v, epsilon_of(study, v), f"{audits[0]['bound']:.3f}" if audits[0]["bound"] is not None else "-",
                     f"{numpy.mean(accuracy):.3f}", advantage_of(audits, "threshold"), advantage_of(audits, "ratio")])
    members = audits[0]
    text = (f"`jobs/study_audit.yaml` and `entente audit` of each result ({said(study)}): {members['members']} members, "
            f"{members['others']} others; a perceptron of {next(iter(study.params.values()))} parameters, noise as a "
            "multiple of clip 2.  " + ("95 % intervals.\n\n" if len(audits) == 1 else
                                        "Mean over the seeds, lowest and highest.\n\n") +
            table(["variant", "epsilon", "bound on the advantage", "test accuracy", "advantage, threshold",
                   "advantage, likelihood ratio"], rows))
    if blind:
        v, bound = blind[0]
        text += (f"\nFrom `{v}` on the interval of every advantage includes 0: the attack does no better than guessing, while "
                 f"epsilon still allows an advantage of {bound:.3f}.\n")
    return text


# ---- timings

def recorded(block):
    """A command and its output; a table of Markdown as such."""
    command, _, output = block.strip().partition("\n")
    if all(line.startswith("|") for line in output.splitlines()):
        return f"`{command.removeprefix('$ ')}`\n\n{output}\n"
    return f"```\n{command}\n{output}\n```\n"


def timing_section(studies, name):
    """What `results.sh timings` has recorded: a line on the machine, then commands and their output."""
    path = studies / "timings" / f"{name}.txt"
    if not path.exists():
        return None
    machine, *blocks = re.split(r"(?m)^(?=\$ )", path.read_text(encoding="utf-8"))
    return machine.strip() + "\n\n" + "\n".join(map(recorded, blocks))


SECTIONS = {"answers": answers_section, "accuracy": accuracy_section, "learning_rate": learning_rate_section,
            "paper": paper_section, "missing": missing_section, "modalities": modalities_section,
            "quantum": quantum_section, "fusion": fusion_section, "choice": choice_section,
            "policies": policies_section, "adjustment": adjustment_section, "rules": rules_section,
             "noise": noise_section, "depth": depth_section, "qubits": qubits_section,
             "shots": shots_section, "optimiser": optimiser_section,
             "communication": communication_section, "privacy": privacy_section, "audit": audit_section}


def put(text, kind, name, body, results):
    """The text with the section between its markers."""
    pattern = re.compile(rf"(<!-- {kind} {name} -->\n).*?(<!-- end -->)", re.S)
    if not pattern.search(text):
        sys.exit(f"{results}: found no '<!-- {kind} {name} -->' with '<!-- end -->' after it")
    if body is None:
        print(f"{name}: found nothing to write it from; left as it is")
        return text
    body = re.sub(r"\? [a-z]", lambda at: at.group().upper(), body.strip())  # an answer begins as a sentence does
    return pattern.sub(lambda at: at.group(1) + "\n" + body + "\n\n" + at.group(2), text)


def write(results, studies, data, entente):
    path, studies, data = pathlib.Path(results), pathlib.Path(studies), pathlib.Path(data)
    found, text = load(studies), path.read_text(encoding="utf-8")
    for name, section in SECTIONS.items():
        text = put(text, "study", name, section(found, studies, data, entente), results)
    for name in re.findall(r"<!-- timing (\w+) -->", text):
        text = put(text, "timing", name, timing_section(studies, name), results)
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
