#!/usr/bin/env python3
"""Choose defaults on validation rows: how far is each candidate from logistic regression on the same features?

    benchmarks/choose_defaults.py --entente build/entente --work DIR [--data NAME=FILE:LABEL:MODALITY,MODALITY ...]

A candidate is a set of overrides on the defaults of the program.  Each is trained on every data set, with IID clients and
with Dirichlet splits of both kinds, and its validation accuracy after the last round is compared with that of multinomial
logistic regression on the same standardised features, whose L2 weight is chosen on the same rows.  No test row is read.
Three data sets are synthetic and written by this script: `sensors` (27 classes, 4 modalities, 860 rows), `views` (10
classes, 6 modalities of correlated features, 2000 rows) and `skewed` (5 classes, ill-conditioned features with outliers).
Others are named with --data."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys

import h5py
import numpy

SPLITS = {"iid": ["federation.split=iid"],
          "client .5": ["federation.split=dirichlet_client", "federation.alpha=0.5"],
          "client .1": ["federation.split=dirichlet_client", "federation.alpha=0.1"],
          "class .1": ["federation.split=dirichlet_class", "federation.alpha=0.1"]}


# ---- synthetic data

def write(path, modalities, label, rng):
    rows = len(label)
    part = numpy.array([0, 0, 0, 0, 0, 0, 0, 1, 2, 2])[rng.permutation(rows) % 10].astype("u1")
    with h5py.File(path, "w") as file:
        for name, x in modalities.items():
            file[f"modality/{name}/features"] = x
            file[f"modality/{name}/present"] = numpy.ones(rows, "u1")
        file["label/class"] = label.astype("i4")
        file["split"] = part


def prototypes(rng, rows, classes, dimensions, latent, distance, power):
    """Class prototypes in a latent space per modality, mixed into features whose spectrum falls as k^-power."""
    label = rng.permutation(rows) % classes
    modalities = {}
    for m, d in enumerate(dimensions):
        n = min(latent, d)
        hidden = distance * rng.normal(size=(classes, n))[label] + rng.normal(size=(rows, n))
        spectrum = numpy.arange(1, d + 1) ** -power
        basis, _ = numpy.linalg.qr(rng.normal(size=(d, d)))
        noise = rng.normal(size=(rows, d)) * spectrum
        noise[:, :n] = hidden * spectrum[:n]
        modalities[f"m{m}"] = noise @ basis
    return modalities, label


def synthetic(folder):
    rng = numpy.random.default_rng(1)
    write(folder / "sensors.h5", *prototypes(rng, 860, 27, [24, 40, 60, 120], 8, 1.0, 0.5), rng)
    write(folder / "views.h5", *prototypes(rng, 2000, 10, [76, 216, 64, 240, 47, 6], 6, 0.7, 1.0), rng)
    modalities, label = prototypes(rng, 1500, 5, [30, 80], 10, 0.6, 2.0)
    for x in modalities.values():
        far = rng.random(x.shape) < 0.002
        x[far] *= 10 ** rng.uniform(1, 4, far.sum())
    write(folder / "skewed.h5", modalities, label, rng)
    return {name: (folder / f"{name}.h5", "class", [f"m{k}" for k in range(count)])
            for name, count in (("sensors", 4), ("views", 6), ("skewed", 2))}


# ---- logistic regression

def read(path, label, modalities, test=False):
    with h5py.File(path) as file:
        part = file["split"][()]
        blocks = []
        for name in modalities:
            x = file[f"modality/{name}/features"][()].astype(float)
            stored = file.get(f"modality/{name}/present")
            present = numpy.ones(len(x), bool) if stored is None else stored[()].astype(bool)
            train = x[(part == 0) & present]
            mean, deviation = train.mean(0), train.std(0)
            z = numpy.where(deviation > 0, (x - mean) / numpy.where(deviation > 0, deviation, 1), 0)
            blocks.append(numpy.where(present[:, None], numpy.clip(z, -10, 10), 0))
        _, y = numpy.unique(file[f"label/{label}"][()], return_inverse=True)
    x = numpy.hstack(blocks)
    parts = (0, 1, 2) if test else (0, 1)
    return tuple(rows[part == p] for p in parts for rows in (x, y))


def fit(x, y, classes, l2, steps=400):
    """Nesterov's accelerated gradient with the Lipschitz constant of the loss."""
    x = numpy.hstack([x, numpy.ones((len(x), 1))])
    target = numpy.eye(classes)[y]
    rate = 1 / (0.5 * numpy.linalg.norm(x, 2) ** 2 / len(x) + l2)
    w = previous = numpy.zeros((x.shape[1], classes))
    for k in range(steps):
        ahead = w + k / (k + 3) * (w - previous)
        logit = x @ ahead
        p = numpy.exp(logit - logit.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        previous, w = w, ahead - rate * (x.T @ (p - target) / len(x) + l2 * ahead)
    return w


def logistic(path, label, modalities):
    x, y, v, truth = read(path, label, modalities)
    classes = max(y.max(), truth.max()) + 1
    best = 0.0
    for l2 in (1e-4, 1e-3, 1e-2, 1e-1):
        w = fit(x, y, classes, l2)
        best = max(best, ((numpy.hstack([v, numpy.ones((len(v), 1))]) @ w).argmax(1) == truth).mean())
    return best


def references(path, sets):
    """As computed before with this folder, or anew."""
    known = json.loads(path.read_text()) if path.exists() else {}
    for name, what in sets.items():
        if name not in known:
            known[name] = float(logistic(*what))
    path.write_text(json.dumps(known))
    return known


# ---- candidates

def train(job):
    entente, folder, path, label, modalities, sets = job
    shutil.rmtree(folder, ignore_errors=True)
    text = f"data: {{file: {path}, modalities: [{', '.join(modalities)}], label: {label}}}\n"
    base = folder.with_suffix(".yaml")
    base.write_text(text)
    command = [entente, "train", str(base), "--out", str(folder), "--quiet"]
    for item in sets:
        command += ["--set", item]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    with h5py.File(folder / "result.h5") as file:
        accuracy = file["round/validation_accuracy"][()][-1]
    shutil.rmtree(folder)
    base.unlink()
    return accuracy


def candidates(path):
    """A line each: NAME: KEY=VALUE KEY=VALUE ..."""
    table = {}
    for line in pathlib.Path(path).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, sets = line.partition(":")
            table[name.strip()] = sets.split()  # no blank within a value
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entente", default="build/entente")
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--data", action="append", default=[])
    parser.add_argument("--candidates", default=pathlib.Path(__file__).with_suffix(".txt"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", help="comma-separated data sets")
    parser.add_argument("--splits", default=",".join(SPLITS))
    parser.add_argument("--jobs", type=int, default=2)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    sets = synthetic(a.work)
    for item in a.data:
        name, _, rest = item.partition("=")
        path, label, modalities = rest.split(":")
        sets[name] = (pathlib.Path(path).resolve(), label, modalities.split(","))
    if a.only:
        sets = {name: sets[name] for name in a.only.split(",")}
    reference = references(a.work / "logistic.json", sets)
    splits = a.splits.split(",")
    print("logistic regression on the validation rows: " + ", ".join(f"{n} {v:.3f}" for n, v in reference.items()))
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for c, (name, override) in enumerate(candidates(a.candidates).items()):
            jobs = {(d, s, k): pool.submit(train, (a.entente, a.work / f"run-{c}-{d}-{splits.index(s)}-{k}", *sets[d],
                                                   SPLITS[s] + override + [f"seeds.init={k + 3}", f"seeds.split={k + 1}"]))
                    for d in sets for s in splits for k in range(a.seeds)}
            gap = {key: job.result() - reference[key[0]] for key, job in jobs.items()}
            print(f"\n{name}: {' '.join(override)}")
            for d in sets:
                row = [numpy.mean([gap[d, s, k] for k in range(a.seeds)]) for s in splits]
                print(f"  {d:12}" + "".join(f"{100 * x:8.1f}" for x in row))
            means = [numpy.mean([v for key, v in gap.items() if key[1] == s]) for s in splits]
            print(f"  {'mean':12}" + "".join(f"{100 * x:8.1f}" for x in means) +
                  f"   all {100 * numpy.mean(means):.1f}", flush=True)


if __name__ == "__main__":
    main()
