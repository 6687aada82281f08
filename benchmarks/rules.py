#!/usr/bin/python3
"""Aggregation rules on a non-IID split, each tuned alike.

    benchmarks/rules.py --config jobs/quickstart.yaml --data data.h5 --split dirichlet_client --alpha 0.1 [RULE ...]

Every rule gets the same grid of local learning rates and epochs, by plain SGD, and a few values of the key that is its
own; the best by mean validation accuracy after the last round over the tuning seeds is then run with other seeds, and
its test accuracy after the last round is printed: mean, standard deviation over the seeds, and the difference from
FedAvg seed by seed with the two-sided p of Wilcoxon's signed ranks (exact).  One run is one process; --jobs of them at
a time.  Wants a build and Debian's python3-h5py."""
import argparse
import concurrent.futures
import itertools
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import h5py

SERVER_RATE = [{"server.learning_rate": r} for r in (0.01, 0.03, 0.1)]
OWN = {
    "fedavg": [{}],
    "fedprox": [{"server.mu": mu} for mu in (0.01, 0.1, 1.0)],
    "fedavgm": [{"server.momentum": m} for m in (0.5, 0.9)],
    "fedadam": SERVER_RATE,
    "fedyogi": SERVER_RATE,
    "fedadagrad": SERVER_RATE,
    "scaffold": [{}],
    "fednova": [{}],
    "feddyn": [{"server.alpha": a} for a in (0.01, 0.1, 1.0)],
    "median": [{}],
    "trimmed_mean": [{}],
    "krum": [{}],
    "multi_krum": [{}],
}


def run(args, rule, options, seed):
    """Validation and test accuracy after the last round; 0 where the run diverged."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=args.work))
    settings = {
        "data.file": args.data, "federation.split": args.split, "federation.alpha": args.alpha,
        "federation.aggregation": rule, "federation.rounds": args.rounds, "federation.evaluate_every": args.rounds,
        "client.optimizer": "sgd", "seeds.split": seed, "seeds.masks": 1000 + seed, "seeds.init": 2000 + seed,
        "seeds.sampling": 3000 + seed, **dict(s.split("=", 1) for s in args.set), **options}
    command = [args.entente, "train", args.config, "--quiet", "--out", str(folder / "r")]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 and "diverged" not in done.stderr:
        raise SystemExit(done.stderr)
    accuracy = (0.0, 0.0)
    if done.returncode == 0:
        with h5py.File(folder / "r" / "result.h5") as r:
            accuracy = (r["/round/validation_accuracy"][-1], r["/metrics/accuracy"][0])
    shutil.rmtree(folder)
    return accuracy


def runs(args, pool, rule, options, seeds):
    return [pool.submit(run, args, rule, options, seed) for seed in seeds]


def choose(args, pool, rule):
    """The options of the grid with the best mean validation accuracy; of equals the first."""
    grid = [{"client.learning_rate": rate, "client.epochs": epochs, **own}
            for rate, epochs, own in itertools.product(args.rates, args.epochs, OWN[rule])]
    tried = [(options, runs(args, pool, rule, options, args.tune)) for options in grid]
    return max(((statistics.mean(t.result()[0] for t in took), options) for options, took in tried),
               key=lambda pair: pair[0])


def wilcoxon(differences):
    """Two-sided exact p of the signed-rank test over all signs; zeros are left out, ties share their rank."""
    d = [x for x in differences if x != 0]
    size = sorted(abs(x) for x in d)
    rank = [statistics.mean(i + 1 for i, s in enumerate(size) if s == abs(x)) for x in d]
    half = sum(rank) / 2
    found = abs(sum(r for r, x in zip(rank, d) if x > 0) - half)
    as_far = sum(abs(sum(r for r, s in zip(rank, sign) if s) - half) >= found - 1e-9
                 for sign in itertools.product((0, 1), repeat=len(d)))
    return as_far / 2 ** len(d)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", default=list(OWN), metavar="RULE", help="fedavg is always run")
    parser.add_argument("--entente", default="build/entente")
    parser.add_argument("--config", default="jobs/quickstart.yaml")
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", default="dirichlet_client")
    parser.add_argument("--alpha", type=float, default=0.1)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.1, 0.3, 1.0])
    parser.add_argument("--epochs", type=int, nargs="+", default=[1, 5, 10])
    parser.add_argument("--tune", type=int, nargs="+", default=[101, 102])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 9)))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for every run")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    args.work = tempfile.mkdtemp()
    rules = ["fedavg"] + [rule for rule in args.rules if rule != "fedavg"]
    print(f"`benchmarks/rules.py`, {pathlib.Path(args.data).stem}, `{args.split}`, alpha {args.alpha:g}, {args.rounds} rounds, "
          f"SGD, {', '.join(f'`{one}`' for one in args.set)}; every rule with rates {', '.join(f'{r:g}' for r in args.rates)} "
          f"and epochs {', '.join(map(str, args.epochs))}; chosen by validation accuracy of {len(args.tune)} seeds, tested with "
          f"{len(args.seeds)} others.\n")
    print("| rule | chosen | validation | test | above fedavg, points | p |\n|---|---|---|---|---|---|")
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        base = None
        for rule in rules:
            validation, options = choose(args, pool, rule)
            test = [t.result()[1] for t in runs(args, pool, rule, options, args.seeds)]
            base = base or test
            difference = [a - b for a, b in zip(test, base)]
            better = f"{sum(d > 0 for d in difference)} of {len(difference)} seeds"
            print(f"| {rule} | {', '.join(f'`{k}={v}`' for k, v in options.items())} | {validation:.3f} "
                  f"| {statistics.mean(test):.3f} ± {statistics.stdev(test):.3f} "
                  f"| {100 * statistics.mean(difference):+.1f} ({better}) | {wilcoxon(difference):.3f} |", flush=True)
    shutil.rmtree(args.work)


if __name__ == "__main__":
    main()
