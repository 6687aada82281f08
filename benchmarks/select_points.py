#!/usr/bin/python3
"""Which point of a sweep is selected, and how good it is on rows that had no part in the selection.

    python3 benchmarks/select_points.py build/entente [--results benchmarks/RESULTS.md] [--data-sets 3] [--points 200]

For each synthetic data set a sweep of random draws around jobs/quickstart.yaml, with nothing missing, is trained once.
Then its test rows are split into two disjoint halves, 2000 times at random.  By test: on each half the point with the
best accuracy on that half is selected.  By validation: the point that `entente sweep` names (its validation rows are as many as a half has).  For
comparison with as few rows: by the halves of the validation rows.  Agreement: both halves select the same point.  Own
half: accuracy on the rows that selected; other half: on rows that did not."""
import argparse
import datetime
import json
import pathlib
import subprocess
import tempfile

import h5py
import numpy

JOBS = pathlib.Path(__file__).resolve().parent.parent / "jobs"
SWEEP = """\
base: {base}
set: {{data.file: {data}, federation.rounds: 15, run.threads: 1, missing.rate: 0.0}}
random:
  draws: {points}
  seed: 1
  keys:
    client.learning_rate: {{log: [0.003, 0.5]}}
    client.batch: {{choice: [4, 8, 16, 32]}}
    model.fusion.layers: {{integer: [0, 3]}}
    model.registers.text.layers: {{integer: [1, 3]}}
    client.epochs: {{integer: [1, 2]}}
keep: results
"""
BEGIN, END = "<!-- benchmarks/select_points.py -->", "<!-- end of benchmarks/select_points.py -->"
HALVINGS = 2000


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True).stdout


def hits(folder, entente):
    """Per point: whether each test row, each validation row is predicted right."""
    test, validation = [], []
    for record in sorted((folder / "points").glob("*.json")):
        result = record.with_suffix("")
        with h5py.File(result / "result.h5") as file:
            test.append(file["/test/output"][:].argmax(1) == file["/test/category"][:])
            order, name = numpy.argsort(file["/part/test/row"][:]), file["/label/class_name"][:]
            rows = file["/part/validation/row"][:]
        test[-1] = test[-1][order]
        predictions = result / "all.h5"
        if not predictions.exists():
            run(entente, "eval", result, "--all", "--predictions", predictions)
        with h5py.File(predictions) as file:
            place = numpy.searchsorted(file["/row"][:], numpy.sort(rows))
            validation.append((file["/label"][:] == file["/predicted"][:])[place])
    return numpy.array(test), numpy.array(validation)


def halve(draw, right):
    """Accuracy of every point on two random halves of the rows."""
    order = draw.permutation(right.shape[1])
    half = len(order) // 2
    return right[:, order[:half]].mean(1), right[:, order[half:]].mean(1)


def study(test, validation, draw):
    """Figures over the halvings of one data set."""
    by_validation = validation.mean(1).argmax()
    found = {"test": [], "validation": [], "half": []}
    for _ in range(HALVINGS):
        one, other = halve(draw, test)
        a, b = one.argmax(), other.argmax()
        found["test"].append((a == b, (one[a] + other[b]) / 2, (other[a] + one[b]) / 2))
        found["validation"].append((True, validation[by_validation].mean(),
                                    (one[by_validation] + other[by_validation]) / 2))
        first, second = halve(draw, validation)
        a, b = first.argmax(), second.argmax()
        found["half"].append((a == b, (first[a] + second[b]) / 2, (test[a].mean() + test[b].mean()) / 2))
    return {name: numpy.mean(rows, axis=0) for name, rows in found.items()}


def table(figures, test, points, command):
    names = {"test": "best test accuracy on a half", "validation": "best validation accuracy (`best:`)",
             "half": "best accuracy on a half of the validation rows"}
    lines = [f"`{command}`, {datetime.date.today()}: {len(figures)} synthetic data sets, {points} points each, {test} test "
             f"rows in {HALVINGS} random halvings. Mean and range over the data sets.", "",
             "| selected by | same point on both halves | accuracy on the rows that selected | on rows that did not |",
             "|---|---|---|---|"]
    for name, title in names.items():
        cells = []
        for column in range(3):
            values = [one[name][column] for one in figures]
            cells.append(f"{numpy.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def main():
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("entente", type=pathlib.Path)
    line.add_argument("--results", type=pathlib.Path)
    line.add_argument("--data-sets", type=int, default=3)
    line.add_argument("--points", type=int, default=200)
    line.add_argument("--folder", type=pathlib.Path, help="keeps the sweeps, which go on from there")
    given = line.parse_args()
    entente = given.entente.resolve()
    folder = given.folder or pathlib.Path(tempfile.mkdtemp(prefix="select-"))
    folder.mkdir(exist_ok=True)
    draw, figures = numpy.random.default_rng(1), []
    for seed in range(1, given.data_sets + 1):
        data, sweep, out = folder / f"data-{seed}.h5", folder / f"sweep-{seed}.yaml", folder / f"sweep-{seed}"
        if not data.exists():
            run(entente, "synth", "--out", data, "--classes", 4, "--seed", seed)
        sweep.write_text(SWEEP.format(base=JOBS / "quickstart.yaml", data=data.resolve(), points=given.points))
        best = json.loads(run(entente, "sweep", sweep, "--out", out, "--json", "--quiet").splitlines()[-1])["best"]
        test, validation = hits(out, entente)
        figures.append(study(test, validation, draw))
        assert abs(validation.mean(1).max() - best["value"]) < 1e-9, (validation.mean(1).max(), best)
        print(seed, {name: [round(float(x), 4) for x in row] for name, row in figures[-1].items()}, flush=True)
    lines = table(figures, test.shape[1], given.points,
                  f"python3 benchmarks/select_points.py build/entente --data-sets {given.data_sets} --points {given.points}")
    print("\n".join(lines))
    if given.results:
        text = given.results.read_text()
        before, rest = text.split(BEGIN)
        given.results.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
