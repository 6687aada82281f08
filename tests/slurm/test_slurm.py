#!/usr/bin/python3
"""jobs/*.sbatch as they are shipped, in the queue of a real Slurm: four nodes on this machine (up.sh).

    python3 tests/slurm/test_slurm.py --entente build/entente [--mpi pmix|none|without] [TEST...]

--mpi: how the site has set up Slurm (up.sh); the scripts must start the same ranks under each.

Needs root; ends with 77 and the reason if Slurm or namespaces are not available."""
import argparse
import csv
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"}
options = None  # of the command line
folder = None  # everything is written below it

CONFIG = """\
data:       {file: DATA, modalities: [text, audio, vision], label: class}
model:
  registers: {text: {qubits: 3}, audio: {qubits: 3}, vision: {qubits: 3}}
federation: {clients: 8, rounds: 3}
"""


def setUpModule():
    global folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-slurm-"))
    up = subprocess.run([HERE / "up.sh", folder / "slurm", "4", options.mpi], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                        timeout=120)
    if up.returncode != 0:
        shutil.rmtree(folder)
        sys.exit(f"Slurm does not start:\n{up.stderr}")
    os.environ.update(SLURM_CONF=str(folder / "slurm" / "slurm.conf"), ENTENTE=options.entente,
                      ENTENTE_HOME=str(PROJECT), OMP_WAIT_POLICY="passive")
    command("synth", "--out", folder / "data.h5", "--rows", 600, "--missing", 0.3)
    (folder / "my.yaml").write_text(CONFIG.replace("DATA", str(folder / "data.h5")))


def tearDownModule():
    shutil.rmtree(folder, ignore_errors=True)  # the daemons still write their logs


def output_of(words):
    ran = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         cwd=folder, timeout=400)
    if ran.returncode != 0:
        raise AssertionError(f"exit code {ran.returncode} of {words}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout


def command(*words):
    """`entente WORDS` here, in one process."""
    return output_of([options.entente, *words])


def wait_until(holds, within_s=120, describe=lambda: ""):
    late = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > late:
            raise AssertionError(f"not so after {within_s} s: {describe()}")
        time.sleep(0.2)


class Job:
    """A submitted script: its job number and its output.  A node here has two cores, one rank of the scripts."""

    SHAPE = ("--nodes=4", "--ntasks-per-node=1")

    def __init__(self, script, *arguments, sbatch=SHAPE, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder, prefix=script + "-"))
        exports = ",".join(["ALL", *(f"{name}={value}" for name, value in environment.items())])
        self.number = output_of(["sbatch", "--parsable", f"--chdir={self.folder}", f"--export={exports}", *sbatch,
                                 PROJECT / "jobs" / f"{script}.sbatch", *arguments]).strip()

    def states(self):
        """One dictionary per task of an array, or one."""
        shown = output_of(["scontrol", "--oneliner", "show", "job", self.number]).splitlines()
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in shown if line]

    def describe(self):
        """The state of the job, for a message."""
        keys = ["JobState", "Reason", "ExitCode", "Restarts"]
        return "\n".join(str({key: state[key] for key in keys}) for state in self.states()) + "\n" + self.written()

    def restarts(self):
        return int(self.states()[0]["Restarts"])

    def rounds_of_this_start(self):
        """Lines of rounds after the last stop; the file is open for appending."""
        return self.written().rpartition("goes back into the queue")[2].count("round ")

    def ranks(self):
        """Processes of the command that belong to it."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").samefile(self.folder) and (process / "exe").samefile(options.entente):
                    found.append(int(process.name))
            except OSError:  # it has ended, or is the kernel's
                pass
        return found

    def signal(self):
        """The signal that Slurm sends before the time limit (--signal=B:USR1@120)."""
        output_of(["scancel", "--batch", "--signal=USR1", self.number])

    def written(self):
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.out")))

    def finish(self, within_s=200):
        """Wait for the end; all tasks must have succeeded."""
        wait_until(lambda: {state["JobState"] for state in self.states()} <= ENDED, within_s, self.describe)
        if {state["JobState"] for state in self.states()} != {"COMPLETED"}:
            raise AssertionError(self.describe())
        return self

    def result(self):
        """The output of --json."""
        return json.loads([line for line in self.written().splitlines() if line.startswith("{")][-1])


def train(script="train", *arguments, sbatch=Job.SHAPE, config="my.yaml", **environment):
    return Job(script, folder / config, "--out", "result", "--json", *arguments, sbatch=sbatch, **environment)


def weights_here(*arguments, launcher=()):
    """The fingerprint of a training without Slurm."""
    out = tempfile.mkdtemp(dir=folder)
    written = output_of([*launcher, options.entente, "train", folder / "my.yaml", "--out", out, "--json", "--quiet",
                         *arguments])
    return json.loads(written.splitlines()[-1])["weights_sha256"]


def has_pending(pid, number):
    """The process has been sent the signal and has not taken it."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return any(int(mask, 16) >> (number - 1) & 1 for mask in re.findall(r"(?:SigPnd|ShdPnd):\s*(\w+)", status))


class Train(unittest.TestCase):
    """train.sbatch and sharded.sbatch end with the weights of a run outside Slurm, however they are launched."""

    def test_srun_and_mpirun(self):
        jobs = {launch: train(LAUNCH=launch) for launch in ["srun", "mpirun"]}
        wanted = weights_here()
        for launch, job in jobs.items():
            job.finish()
            self.assertIn("4 ranks of 2 threads", job.written(), launch)
            self.assertEqual(job.result()["weights_sha256"], wanted, launch)
            self.assertTrue((job.folder / "result" / "result.h5").exists(), launch)

    def test_sharded(self):
        """Four ranks hold one state together, as outside Slurm."""
        job = train("sharded")
        wanted = weights_here("--set", "run.shards=4", launcher=["mpirun", "--quiet", "-n", "4"])
        self.assertEqual(job.finish().result()["weights_sha256"], wanted)

    def test_a_rank_has_its_own_cores(self):
        """A script in place of the program records where it runs, then executes the program."""
        cores = min(2, len(os.sched_getaffinity(0)))
        witness = folder / "witness"
        witness.write_text("#!/bin/sh\necho \"$(hostname) $(taskset -pc $$ | sed 's/.*: //') $OMP_NUM_THREADS "
                           f"$OMP_PLACES $OMP_PROC_BIND\" >>where.$$\nexec {options.entente} \"$@\"\n")
        witness.chmod(0o755)
        for launch in ["srun", "mpirun"]:
            shape = ["--nodes=2", f"--ntasks-per-node={cores}", "--cpus-per-task=1"]
            job = train(sbatch=shape, LAUNCH=launch, ENTENTE=witness).finish()
            where = [path.read_text().split() for path in job.folder.glob("where.*")]
            self.assertEqual(len(where), 2 * cores, launch)
            self.assertEqual({tuple(line[2:]) for line in where}, {("1", "cores", "close")}, launch)
            hosts = {line[0] for line in where}
            self.assertEqual(len(hosts), 2, where)
            for host in hosts:
                bound = [line[1] for line in where if line[0] == host]
                self.assertEqual(len(set(bound)), cores, f"{launch}: {where}")

    def test_modules_are_loaded_where_there_are_modules(self):
        module = {"BASH_FUNC_module%%": '() { echo "module $*" $UNSET; }'}
        os.environ.update(module)
        try:
            with_modules = train(ENTENTE_MODULES="one two")
        finally:
            for name in module:
                del os.environ[name]
        self.assertIn("module load one two\n", with_modules.finish().written())

    def test_it_refuses(self):
        for environment, message in [({"LAUNCH": "sprint"}, "LAUNCH=sprint, want srun, flux or mpirun"),
                                     ({"ENTENTE": "/nowhere"}, "/nowhere")]:
            job = train(**environment)
            with self.assertRaisesRegex(AssertionError, message):
                job.finish()
            self.assertEqual(job.states()[0]["JobState"], "FAILED")


class Layout(unittest.TestCase):
    """The scripts find the launcher that the site has, and run as many ranks as nodes and tasks per node make."""

    def test_nodes_times_tasks_per_node(self):
        cores = len(os.sched_getaffinity(0))
        jobs = {(nodes, tasks): train(sbatch=[f"--nodes={nodes}", f"--ntasks-per-node={tasks}", "--cpus-per-task=1"])
                for nodes, tasks in [(4, min(2, cores)), (2, 1), (1, 1)]}
        wanted = weights_here()
        launcher = {"pmix": "srun", "none": "srun", "without": "mpirun"}[options.mpi]
        for (nodes, tasks), job in jobs.items():
            job.finish()
            ranks = nodes * tasks
            self.assertIn(f"{ranks} rank{'s' if ranks > 1 else ''} of 1 thread", job.written())
            self.assertIn(f"{ranks} ranks by {launcher}", job.written())
            self.assertEqual(job.result()["weights_sha256"], wanted)


class Requeue(unittest.TestCase):
    """A job that is requeued during its training ends with the weights of one that was never stopped."""

    ROUNDS = 60

    @classmethod
    def setUpClass(cls):
        command("synth", "--out", folder / "many.h5", "--rows", 20000, "--missing", 0.3)
        (folder / "long.yaml").write_text(CONFIG.replace("DATA", str(folder / "many.h5")))
        cls.whole = cls.start()

    @classmethod
    def start(cls, *sbatch, **environment):
        return train("train", "--set", f"federation.rounds={cls.ROUNDS}", config="long.yaml",
                     sbatch=["--ntasks-per-node=2", "--cpus-per-task=1", *sbatch], **environment)

    def hold(self, job, rounds):
        """Stop the ranks after this many rounds of this start: however fast they are, a signal finds them in training."""
        wait_until(lambda: job.rounds_of_this_start() >= rounds, describe=job.describe)
        for pid in job.ranks():
            os.kill(pid, signal.SIGSTOP)
        self.assertEqual(len(job.ranks()), 2, "the training is over: " + job.describe())

    def let_go(self, job):
        """Once the signal has reached the ranks; then they end and start again."""
        before = job.restarts()
        wait_until(lambda: all(has_pending(pid, signal.SIGUSR1) for pid in job.ranks()), describe=job.describe)
        for pid in job.ranks():
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: job.restarts() > before, describe=job.describe)

    def same(self, stopped):
        for job in (stopped, self.whole):
            job.finish()
            self.assertFalse((job.folder / "result" / "checkpoint.h5").exists())
            self.assertEqual(job.result()["rounds"], self.ROUNDS)
        self.assertGreaterEqual(stopped.restarts(), 1, stopped.describe())
        self.assertEqual(self.whole.restarts(), 0, self.whole.describe())
        self.assertIn("goes back into the queue", stopped.written())
        self.assertEqual(stopped.result()["weights_sha256"], self.whole.result()["weights_sha256"])

    def test_at_the_time_limit(self):
        """The controller looks at time limits twice a minute: the signal is due after 20 s, long before the limit."""
        job = self.start("--time=2", "--signal=B:USR1@100")
        self.hold(job, 5)
        self.let_go(job)
        self.same(job)

    def test_at_the_signal(self):
        """Both ways to launch, and stopped twice."""
        jobs = {launch: self.start(LAUNCH=launch) for launch in ["srun", "mpirun"]}
        for _ in range(2):
            for job in jobs.values():
                self.hold(job, 5)
                job.signal()
                self.let_go(job)
        for job in jobs.values():
            self.same(job)


class Sweep(unittest.TestCase):
    """Eight tasks of an array and one allocation of four ranks write the same table."""

    SWEEP = """\
base: my.yaml
grid:
  client.learning_rate: [0.01, 0.05]
  missing.policy: [mma, zero]
  seeds.init: [1, 2]
"""

    def test_array_and_allocation(self):
        (folder / "sweep.yaml").write_text(self.SWEEP)
        jobs = [Job("sweep_array", folder / "sweep.yaml", "--out", "points", sbatch=()),
                Job("sweep", folder / "sweep.yaml", "--out", "points")]
        self.assertEqual(len(jobs[0].finish().states()), 8)
        jobs[1].finish()
        tables = [(job.folder / "points" / "table.csv").read_text() for job in jobs]
        self.assertEqual(tables[0], tables[1])
        rows = list(csv.DictReader(tables[0].splitlines()))
        self.assertEqual(len(rows), 8)
        self.assertEqual({row["status"] for row in rows}, {"done"})
        self.assertEqual(len({row["weights_sha256"] for row in rows}), 8)

    def test_a_sweep_continues(self):
        """The signal ends the job in the middle of the sweep; after its requeue it runs the missing points."""
        (folder / "long.yaml").write_text(self.SWEEP + "set: {federation.rounds: 40, client.epochs: 4}\n")
        job = Job("sweep", folder / "long.yaml", "--out", "points", "--group", "2")
        wait_until(lambda: list((job.folder / "points" / "points").glob("*.json")))
        job.signal()
        job.finish()
        self.assertEqual(job.restarts(), 1, job.describe())
        self.assertIn("8 done", job.written())
        run = int(re.search(r"This run: (\d+)", job.written())[1])
        self.assertTrue(0 < run < 8, job.describe())


class Scaling(unittest.TestCase):
    def test_strong_and_weak(self):
        for mode in ["strong", "weak"]:
            job = Job(f"scaling_{mode}", folder / "my.yaml", "--repeats", "1", "--qubits", "10").finish()
            table = job.folder / f"scaling-{mode}-{job.number}" / "scaling.csv"
            rows = list(csv.DictReader(table.read_text().splitlines()))
            self.assertEqual({row["mode"] for row in rows}, {mode})
            for what in ["clients", "state"]:
                found = sorted(int(row["ranks"]) for row in rows if row["what"] == what)
                self.assertEqual(found, [1, 2, 4], what)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entente", required=True, help="the command")
    parser.add_argument("--mpi", choices=["pmix", "none", "without"], default="pmix", help="Slurm's MPI plugins")
    parser.add_argument("--apart", action="store_true", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    options.entente = str(pathlib.Path(options.entente).resolve())
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for tool in ["slurmctld", "slurmd", "munged"]:
        if not shutil.which(tool):
            print(f"skipped: no command '{tool}'; env/debian.sh --tests installs slurm-wlm and munge")
            sys.exit(77)
    version = subprocess.run([os.environ.get("MPIEXEC", "mpirun"), "--version"], capture_output=True, text=True).stdout
    if not re.search("Open MPI|OpenRTE", version):
        print("skipped: want Open MPI, which Debian's Slurm starts by PMIx")
        sys.exit(77)
    if not options.apart:
        os.execv(HERE.parent / "apart.sh", ["apart.sh", sys.executable, __file__, "--apart", *sys.argv[1:]])
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
