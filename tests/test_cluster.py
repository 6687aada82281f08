#!/usr/bin/python3
"""The command where clusters differ from a single machine: file systems without locks, batch systems other than Slurm (see
slurm/), launchers and their effect on terminals and signals, runs that are looked at before their end.

    python3 tests/test_cluster.py --entente build/entente --mpiexec "mpirun -n" --noflock build/tests/noflock.so [TEST...]
"""
import argparse
import csv
import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import h5py

PROJECT = pathlib.Path(__file__).resolve().parent.parent
options = None  # of the command line
folder = None  # everything is written below it
QUICK = PROJECT / "jobs" / "quickstart.yaml"


def setUpModule():
    global folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-cluster-"))
    done("synth", "--out", folder / "data.h5", "--rows", 300, "--missing", 0.3)


def tearDownModule():
    shutil.rmtree(folder, ignore_errors=True)


def fresh():
    return pathlib.Path(tempfile.mkdtemp(dir=folder)) / "out"


def run(*words, timeout=120, env=(), **more):
    """A command: its exit code, standard output and standard error."""
    ran = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, text=True, timeout=timeout,
                         env={**os.environ, **dict(env)}, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more})
    return ran.returncode, ran.stdout, ran.stderr


def done(*words, **more):
    """The output of `entente WORDS`, which must succeed."""
    code, out, err = run(options.entente, *words, **more)
    if code != 0:
        raise AssertionError(f"exit code {code} of {words}\n{out}\n{err}")
    return out


def training(out, *more, rounds=2):
    return ["train", QUICK, "--set", f"data.file={folder / 'data.h5'}", "--set", f"federation.rounds={rounds}",
            "--set", "client.schedule=constant", "--out", out, *more]  # for any number of rounds the same first ones


def ranks(number):
    return [*options.mpiexec, number, options.entente]


def wait_until(holds, within_s=60):
    late = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > late:
            raise AssertionError(f"not so after {within_s} s")
        time.sleep(0.05)


class Locks(unittest.TestCase):
    """Every way in which a file system can refuse a lock; data sets and results are read, and everything is written."""

    def test_file_systems_without_locks(self):
        for number in [37, 38, 95, 13, 22]:  # ENOLCK, ENOSYS, EOPNOTSUPP, EACCES, EINVAL
            env = {"LD_PRELOAD": options.noflock, "NOFLOCK": str(number)}
            made, out = folder / f"made-{number}.h5", fresh()
            with self.subTest(errno=number):
                done("synth", "--out", made, "--rows", 100, env=env)
                self.assertIn("100", done("inspect", made, env=env))
                done(*training(out, "--quiet"), env=env)
                done("eval", out, "--data", folder / "data.h5", env=env)
                done("report", out, "--text", env=env)

    def test_ranks_and_imports(self):
        env = {"LD_PRELOAD": options.noflock, "NOFLOCK": "37"}
        out = fresh()
        code, _, err = run(*ranks(2), *training(out, "--quiet"), env=env)
        self.assertEqual(code, 0, err)
        table, labels = folder / "table.csv", folder / "labels.csv"
        table.write_text("a,b\n" + "".join(f"{k},{k * k % 7}\n" for k in range(40)))
        labels.write_text("class\n" + "".join(f"{k % 2}\n" for k in range(40)))
        done("import", "table", "--modality", f"m={table}", "--label", f"{labels}:class", "--out",
             folder / "imported.h5", env=env)

    def test_a_file_that_another_program_writes(self):
        busy = folder / "busy.h5"
        shutil.copy(folder / "data.h5", busy)
        with h5py.File(busy, "a"):
            for words in [["inspect", busy], training(fresh(), "--set", f"data.file={busy}")]:
                code, _, err = run(options.entente, *words)
                self.assertEqual(code, 1)
                self.assertIn("another program has it open for writing", err)
                self.assertNotIn("damaged", err)
            done("inspect", busy, env={"HDF5_USE_FILE_LOCKING": "FALSE"})
        with h5py.File(busy, "r"):
            done("inspect", busy)
        code, _, err = run(options.entente, "inspect", busy, env={"LD_PRELOAD": options.noflock, "NOFLOCK": "11"})
        self.assertIn("another program has it open for writing", err)


class Launcher(unittest.TestCase):
    """jobs/run.sh on one machine."""

    SCRIPT = PROJECT / "jobs" / "run.sh"

    def environment(self):
        """The environment of a user who knows nothing about Open MPI's settings."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "OMP_"))}
        return {**bare, "ENTENTE": options.entente}

    def start(self, *words, **more):
        return subprocess.run([self.SCRIPT, *(str(word) for word in words)], env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **more)

    def test_more_ranks_than_cores(self):
        ran = self.start("-n", 2 * (os.cpu_count() or 1), *training(fresh(), "--json"))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn(f"{2 * os.cpu_count()} ranks", ran.stderr)

    def test_exit_codes(self):
        self.assertEqual(self.start("-n", 2, "inspect", folder / "none.h5").returncode, 1)
        self.assertEqual(self.start("-n", 2, "train").returncode, 2)
        for words in [["-n", "x", "train"], ["-n", "0", "train"], [], ["-n"]]:
            self.assertEqual(self.start(*words).returncode, 2, words)

    def test_ctrl_c_stops_at_a_checkpoint(self):
        """Ctrl-C in a terminal goes to the whole foreground group."""
        out = fresh()
        process = subprocess.Popen([self.SCRIPT, "-n", "2", *map(str, training(out, rounds=100000))], text=True,
                                   env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        wait_until(lambda: (out / "rounds.csv").exists())
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("run again with --resume", err)
        self.assertTrue((out / "checkpoint.h5").exists())


class Batch(unittest.TestCase):
    """jobs/*.pbs and *.flux, with scripts in place of the commands of these batch systems: the number of ranks, the timer
    before the limit, and the command that submits the job again.  No real PBS or Flux runs here."""

    FLUX = """#!/bin/sh
case "$*" in
"resource list"*) echo 4 ;;
"job timeleft") cat "$STAND_INS/left" ;;
"--parent batch"*) shift 2; echo "$@" >"$STAND_INS/again" ;;
"run "*) n=${2#--ntasks=}; shift 3; exec MPIEXEC "$n" "$@" ;;
*) echo "flux: $*" >&2; exit 2 ;;
esac
"""
    QSTAT = '#!/bin/sh\necho "Job: $2"\necho "    Resource_List.walltime = $(cat "$STAND_INS/left")"\n'
    QSUB = '#!/bin/sh\necho "$@" >"$STAND_INS/again"\n'

    def setUp(self):
        self.place = fresh().parent
        for name, text in [("flux", self.FLUX.replace("MPIEXEC", " ".join(options.mpiexec))), ("qstat", self.QSTAT),
                           ("qsub", self.QSUB)]:
            (self.place / "bin").mkdir(exist_ok=True)
            (self.place / "bin" / name).write_text(text)
            (self.place / "bin" / name).chmod(0o755)
        (self.place / "nodes").write_text("localhost\nlocalhost\n")
        self.env = {"STAND_INS": str(self.place), "PATH": f"{self.place}/bin:{os.environ['PATH']}",
                    "ENTENTE": options.entente, "ENTENTE_HOME": str(PROJECT), "OMP_NUM_THREADS": "1"}
        self.pbs = {**self.env, "PBS_NODEFILE": str(self.place / "nodes"), "PBS_O_WORKDIR": str(self.place),
                    "PBS_JOBID": "7.here"}
        self.flux = {**self.env, "FLUX_URI": "local:///here"}

    def words(self, name, **more):
        return " ".join(str(word) for word in training(self.place / name, "--quiet", **more)[1:])

    def test_ranks_and_end(self):
        (self.place / "left").write_text("04:00:00\n")
        pbs = run("bash", PROJECT / "jobs" / "train.pbs", env={**self.pbs, "ARGUMENTS": self.words("pbs")})
        self.assertEqual(pbs[0], 0, pbs[2])
        self.assertIn("2 ranks by mpirun", pbs[1])
        (self.place / "left").write_text("14400\n")
        flux = run("bash", PROJECT / "jobs" / "train.flux", *self.words("flux").split(), env=self.flux)
        self.assertEqual(flux[0], 0, flux[2])
        self.assertIn("4 ranks by flux run", flux[1])
        with h5py.File(self.place / "pbs" / "result.h5") as a, h5py.File(self.place / "flux" / "result.h5") as b:
            self.assertEqual([a["/layout"][0], b["/layout"][0]], [2, 4])
            self.assertEqual(a["/weights/value"][:].tobytes(), b["/weights/value"][:].tobytes())
        self.assertFalse((self.place / "again").exists())

    def test_the_time_limit(self):
        """A timer stops the training two minutes before the limit, and the same job is submitted again."""
        for name, left in [("pbs", "00:02:04\n"), ("flux", "124\n")]:
            (self.place / "left").write_text(left)
            words = self.words(name, rounds=100000)
            if name == "pbs":
                code, out, err = run("bash", PROJECT / "jobs" / "train.pbs", env={**self.pbs, "ARGUMENTS": words})
                again = f"-v ARGUMENTS={words} {PROJECT}/jobs/train.pbs\n"
            else:
                code, out, err = run("bash", PROJECT / "jobs" / "train.flux", *words.split(), env=self.flux)
                again = f"{PROJECT}/jobs/train.flux {words}\n"
            self.assertIn(code, [75, 138], err)
            self.assertIn("goes back into the queue", out)
            self.assertEqual((self.place / "again").read_text(), again)
            (self.place / "again").unlink()

    def test_sweeps(self):
        (self.place / "left").write_text("04:00:00\n")
        (self.place / "sweep.yaml").write_text(f"base: {QUICK}\nset: {{data.file: {folder / 'data.h5'}, "
                                               "federation.rounds: 1}\ngrid: {seeds.init: [1, 2, 3]}\n")
        for script, env, words in [("sweep.pbs", {**self.pbs, "ARGUMENTS": "sweep.yaml --out by-pbs"}, []),
                                   ("sweep.flux", self.flux, ["sweep.yaml", "--out", "by-flux"])]:
            code, out, err = run("bash", PROJECT / "jobs" / script, *words, env=env, cwd=self.place)
            self.assertEqual(code, 0, err)
            self.assertIn("3 done", out)
        tables = [(self.place / name / "table.csv").read_text() for name in ["by-pbs", "by-flux"]]
        self.assertEqual(tables[0], tables[1])


def begin(out, *words, **more):
    """A training that runs until it is stopped, returned once it has done some rounds."""
    process = subprocess.Popen([str(word) for word in [*words, *training(out, rounds=100000)]], text=True,
                               stdin=subprocess.DEVNULL, **{"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, **more})
    table = out / "rounds.csv"
    wait_until(lambda: table.exists() and table.read_text().count("\n") > 3)
    return process


def stop(process):
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=60)


class Running(unittest.TestCase):
    """A run is looked at before its end; progress, by every launcher."""

    def test_rounds_while_it_runs(self):
        out = fresh()
        process = begin(out, options.entente)
        os.kill(process.pid, signal.SIGSTOP)
        rows = list(csv.DictReader((out / "rounds.csv").read_text().splitlines()))
        shown, told = done("report", out, "--text"), done("inspect", out)
        os.kill(process.pid, signal.SIGCONT)
        stop(process)
        self.assertEqual([row["round"] for row in rows], [str(k) for k in range(len(rows))])
        self.assertIn(f"{len(rows)} rounds so far", shown)
        self.assertIn("Training loss by round", shown)
        self.assertIn(f"{float(rows[-1]['train_loss']):.4f}", told)

    def test_rounds_after_a_stop(self):
        """Rounds in a checkpoint have one row each; a result has the same figures and no separate table."""
        out, wanted = fresh(), fresh()
        stop(begin(out, options.entente))
        before = (out / "rounds.csv").read_text().splitlines()
        self.assertIn("checkpoint of a training", done("inspect", out / "checkpoint.h5"))
        self.assertIn("federation:", done("inspect", out / "checkpoint.h5"))
        process = subprocess.Popen([str(word) for word in [options.entente, *training(out, "--resume", "--quiet",
                                                                                      rounds=100000)]])
        wait_until(lambda: (out / "rounds.csv").read_text().count("\n") > len(before) + 2)
        stop(process)
        after = (out / "rounds.csv").read_text().splitlines()
        self.assertEqual([line.split(",")[:9] for line in after[:len(before)]], [line.split(",")[:9] for line in before])
        rounds = len(after) + 1
        done(*training(out, "--resume", "--quiet", rounds=rounds))
        done(*training(wanted, "--quiet", rounds=rounds))
        self.assertFalse((out / "rounds.csv").exists())
        with h5py.File(out / "result.h5") as a, h5py.File(wanted / "result.h5") as b:
            self.assertEqual(list(a["/round"]), list(b["/round"]))
            self.assertEqual(set(a["/round"]), set(after[0].split(",")))
            self.assertEqual(a["/round/train_loss"][:].tobytes(), b["/round/train_loss"][:].tobytes())

    def test_a_table_that_cannot_be_written(self):
        """It is only for viewing: a warning, and the training continues."""
        out = fresh()
        (out / "rounds.csv").mkdir(parents=True)
        _, _, err = run(options.entente, *training(out))
        self.assertIn("rounds.csv: cannot be written: Is a directory", err)
        self.assertTrue((out / "result.h5").exists())

    def test_a_sweep_before_its_end(self):
        """The progress says how many and how long, the answer to a signal how to continue, the report shows what exists."""
        spec, out = folder / "sweep.yaml", fresh()
        spec.write_text(f"base: {QUICK}\nset: {{data.file: {folder / 'data.h5'}, federation.rounds: 100}}\n"
                        "grid: {seeds.init: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], client.batch: [8, 16, 32]}\n")
        process = subprocess.Popen([options.entente, "sweep", str(spec), "--out", str(out)], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = [process.stderr.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertRegex(lines[0], r"^1 of 36 done, about \d+ (s|min) left  validation accuracy 0\.\d+ ")
        self.assertRegex(lines[1], r"^2 of 36 done, about ")
        self.assertRegex(rest.splitlines()[-1], r"^entente: stopped: \d of 36 points done; run the same command again")
        code, _, err = run(options.entente, "report", out)
        self.assertEqual(code, 1)
        self.assertIn("--table", err)
        done("sweep", spec, "--out", out, "--table")
        self.assertIn("accuracy", done("report", out, "--text"))

    def test_what_has_not_begun(self):
        out = fresh()
        out.mkdir()
        code, _, err = run(options.entente, "report", out)
        self.assertEqual(code, 1)
        self.assertIn("rounds.csv", err)

    def test_lines_fit_80_columns(self):
        for launcher in [[options.entente], ranks(2)]:
            _, _, err = run(*launcher, *training(fresh(), "--set", "system.dropout=0.2", rounds=5))
            lines = [line for line in err.splitlines() if line.startswith("round ")]
            self.assertEqual(len(lines), 5, err)
            for line in lines:
                self.assertLessEqual(len(line), 80)
                self.assertRegex(line, r" left( |$)")

    def test_a_bar_under_mpirun(self):
        """mpirun reads the ranks' output by pipes; the terminal is at its own end."""
        if not shutil.which("mpirun") or "Open MPI" not in run("mpirun", "--version")[1]:
            self.skipTest("want Open MPI")
        for columns in [60, 100]:
            master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            process = subprocess.Popen([str(word) for word in [*ranks(2), *training(fresh(), "--json", rounds=20)]],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave, close_fds=True)
            os.close(slave)
            shown = b""
            try:
                while piece := os.read(master, 4096):
                    shown += piece
            except OSError:  # the other end is closed
                pass
            process.wait(timeout=60)
            os.close(master)
            bars = [bar.split("\r")[0] for bar in shown.decode().split("\r\x1b[K") if bar.startswith("[")]
            self.assertTrue(bars, shown)
            self.assertRegex(bars[-1], r"^\[#{20}\] 20/20  0 s left")
            self.assertLessEqual(max(map(len, bars)), columns)


class Hardware(unittest.TestCase):
    """Ranks without work and threads without cores are reported, in one line each; memory is estimated."""

    def warnings(self, *words, env=()):
        code, _, err = run(*words, env=env)
        self.assertEqual(code, 0, err)
        return [line for line in err.splitlines() if line.startswith("warning: ")]

    def plan(self, *more):
        return [options.entente, "plan", QUICK, "--set", f"data.file={folder / 'data.h5'}", *more]

    def test_more_ranks_than_clients(self):
        few = ["--set", "federation.clients=1"]
        for words in [[*ranks(2), *training(fresh(), *few)], self.plan("--ranks", 2, *few)]:
            self.assertIn("warning: 2 client groups of ranks for 1 client: 1 of them never train", self.warnings(*words))
        self.assertIn("64 client groups of ranks for 8 clients: 56", self.warnings(*self.plan("--ranks", 64))[0])
        self.assertEqual(self.warnings(options.entente, *training(fresh()), env={"OMP_NUM_THREADS": "1"}), [])

    def test_more_threads_than_cores(self):
        cores = len(os.sched_getaffinity(0))
        for threads in [cores + 1, 16]:
            told = f"warning: 1 rank of {threads} threads on {cores} core"
            found = self.warnings(options.entente, *training(fresh()), env={"OMP_NUM_THREADS": str(threads)})
            self.assertTrue(len(found) == 1 and found[0].startswith(told), found)
        found = self.warnings(*self.plan("--ranks", 2 * cores, "--set", "federation.clients=0"))
        self.assertTrue(len(found) == 1 and found[0].startswith(f"warning: {2 * cores} ranks of 1 thread on"), found)
        one = str(min(os.sched_getaffinity(0)))
        found = self.warnings("taskset", "-c", one, options.entente, *training(fresh()), env={"OMP_NUM_THREADS": "2"})
        self.assertTrue(len(found) == 1 and "2 threads on 1 core of" in found[0], found)

    def test_a_number_of_threads_that_no_system_has(self):
        code, _, err = run(options.entente, *training(fresh()), env={"OMP_NUM_THREADS": "100000"})
        self.assertEqual(code, 0, err)
        self.assertIn("warning: 1 rank of 1024 threads", err)

    def test_crowded_points_of_a_scaling_study(self):
        """They are marked, and the model is fitted to the others."""
        cores, out = len(os.sched_getaffinity(0)), fresh()
        code, shown, err = run(*ranks(2 * cores), "scaling", QUICK, "--set", f"data.file={folder / 'data.h5'}", "--set",
                               "federation.rounds=1", "--repeats", 1, "--out", out, env={"OMP_NUM_THREADS": "1"})
        self.assertEqual(code, 0, err)
        self.assertIn(f"warning: {2 * cores} ranks of 1 thread on {cores} core", err)
        rows = {int(row["ranks"]): row["crowded"] for row in csv.DictReader((out / "scaling.csv").read_text().splitlines())}
        self.assertEqual(rows, {count: str(int(count > cores)) for count in rows})
        self.assertIn(f"{2 * cores} x 1 crowded", shown)
        models = list(csv.DictReader((out / "model.csv").read_text().splitlines()))
        self.assertEqual({int(model["points"]) for model in models}, {sum(mark == "0" for mark in rows.values())})
        self.assertEqual(min(int(model["ranks"]) for model in models),
                         2 * max(count for count, mark in rows.items() if mark == "0"))
        alone = fresh()
        code, _, err = run(options.entente, "scaling", "--qubits", 8, "--threads", 2 * cores, "--repeats", 1, "--out",
                           alone)
        self.assertEqual(code, 0, err)
        self.assertEqual(list(csv.DictReader((alone / "model.csv").read_text().splitlines())), [])
        self.assertIn("crowded", done("report", alone, "--text"))

    def test_the_resident_set(self):
        """Within 30 % of the peak of a training, for narrow and wide data and many registers, one rank and two."""
        wide, many, sixteen = folder / "wide.h5", folder / "many.h5", folder / "many.yaml"
        done("synth", "--rows", 6000, "--modalities", "text:600,audio:10,vision:8", "--out", wide)
        names = [f"m{m}" for m in range(16)]
        done("synth", "--rows", 3000, "--modalities", ",".join(f"{name}:12" for name in names), "--out", many)
        sixteen.write_text(f"data: {{file: many.h5, modalities: [{', '.join(names)}], label: class}}\n"
                           f"model: {{registers: {{{', '.join(f'{name}: {{qubits: 8}}' for name in names)}}}}}\n"
                           "federation: {clients: 8, split: iid, rounds: 1}\n")
        peak = "import os, resource, subprocess, sys; subprocess.run(sys.argv[2:], check=True); " \
               "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024; " \
               "open(f'{sys.argv[1]}/{os.getpid()}', 'w').write(str(peak))"
        for config, data in [(QUICK, folder / "data.h5"), (QUICK, wide), (sixteen, many)]:
            sets = ["--set", f"data.file={data}"]
            for number in [1, 2]:
                peaks = fresh()  # one file per rank, because the output of two ranks may share a line
                peaks.mkdir()
                _, _, err = run(*options.mpiexec, number, sys.executable, "-c", peak, peaks, options.entente,
                                "train", config, *sets, "--set", "federation.rounds=2", "--out", fresh(), "--quiet")
                measured = max(float(path.read_text()) for path in peaks.iterdir())
                shown = done("plan", config, *sets, "--ranks", number, "--json")
                found = json.loads(shown.splitlines()[-1])["resident_bytes"] / 2**20
                self.assertLess(abs(found / measured - 1), 0.3, f"{data}, {number}: {found}, measured {measured}, {err}")
                self.assertRegex(shown, r"#SBATCH --mem-per-cpu=\d+M")


class Output(unittest.TestCase):
    """A reader that leaves, and an output that is full: one line, and an exit code that is not 0."""

    def test_a_full_output(self):
        out = fresh()
        done(*training(out, "--quiet"))
        for words in [["--help"], ["--version"], ["train", "--help"], ["sweep", "--help"], ["inspect", out],
                      ["report", out, "--text"], ["eval", out, "--data", folder / "data.h5"], training(fresh())]:
            with open("/dev/full", "w") as full:
                code, _, err = run(options.entente, *words, stdout=full)
            self.assertEqual(code, 1, words)
            self.assertEqual(err.splitlines()[-1], "entente: standard output: No space left on device", words)

    def test_a_reader_that_leaves(self):
        """The progress of a training has no reader, but its result is written."""
        out = fresh()
        process = subprocess.Popen([str(word) for word in [options.entente, *training(out, rounds=30)]],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 1)
        self.assertTrue((out / "result.h5").exists())
        code, _, err = run("sh", "-c", '"$@" | true', "sh", *ranks(2), *training(fresh()))
        self.assertEqual(code, 0)
        self.assertLessEqual(err.count("entente:"), 1, err)

    def test_help_in_80_columns(self):
        commands = re.findall(r"^  ([a-z]+) +[a-z]", done("--help"), re.MULTILINE)
        self.assertIn("train", commands)
        for words in [[], *([command] for command in commands if command != "entente"),
                      *(["import", kind] for kind in ["csd", "table", "digits"])]:
            before = ""
            for line in done(*words, "--help").splitlines():
                self.assertLessEqual(len(line), 80, f"{words}: {line}")
                # A line without indentation directly after an indented one is the rest of an example that was too long.
                self.assertFalse(before.startswith(" ") and line.strip() and not line.startswith(" "), f"{words}: {line}")
                before = line

    def test_what_a_new_user_types(self):
        """An override is -s everywhere; a spectrum needs no --input."""
        out = fresh()
        done(*training(out, "--quiet"))
        self.assertIn("data angle text:0", done("spectrum", out))
        self.assertIn("data angle vision:1", done("spectrum", out, "--input", "vision:1"))
        for command in ["train", "scaling", "plan", "sweep", "study"]:
            self.assertRegex(done(command, "--help"), r"-s, --set=KEY=VALUE", command)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entente", required=True, help="the command")
    parser.add_argument("--mpiexec", default="mpirun -n", help="the launcher, up to the number of ranks")
    parser.add_argument("--noflock", required=True, help="the library of noflock.c")
    options, rest = parser.parse_known_args()
    options.entente = str(pathlib.Path(options.entente).resolve())
    options.noflock = str(pathlib.Path(options.noflock).resolve())
    options.mpiexec = options.mpiexec.split()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
