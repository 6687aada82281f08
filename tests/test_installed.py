"""The installed library as another program finds it: in its own prefix, by find_package and by pkg-config, with C and
C++ compilers, from a folder without any path of the source.
  test_installed.py BUILD_DIR MPIEXEC NUMPROC_FLAG"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, MPIEXEC, NUMPROC = sys.argv[1:4]
HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = """
data: {file: data.h5, modalities: [text, audio], label: class}
model: {registers: {text: {qubits: 2}, audio: {qubits: 2}}}
federation: {clients: 4, rounds: 2}
"""


def run(*command, cwd=None, env=None, code=0):
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != code:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="entente-installed-")
        installed = os.path.join(cls.folder, "first")
        run("cmake", "--install", BUILD, "--prefix", installed)
        cls.prefix = os.path.join(cls.folder, "moved")  # a prefix may be moved
        os.rename(installed, cls.prefix)
        cls.work = os.path.join(cls.folder, "work")
        shutil.copytree(os.path.join(HERE, "installed"), cls.work)
        cls.entente = os.path.join(cls.prefix, "bin", "entente")
        run(cls.entente, "synth", "--out", "data.h5", "--rows", "300", cwd=cls.work)
        with open(os.path.join(cls.work, "config.yaml"), "w") as file:
            file.write(CONFIG)
        cls.env = dict(os.environ, PKG_CONFIG_PATH=cls.pkgconfig())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def pkgconfig(cls):
        for folder, _, files in os.walk(cls.prefix):
            if "entente.pc" in files:
                return folder
        raise AssertionError("no entente.pc in the prefix")

    def ranks(self, count, *command):
        return run(MPIEXEC, NUMPROC, str(count), *command, cwd=self.work)

    def built(self, compiler, language):
        """The examples, by find_package."""
        out = os.path.join(self.folder, "build-" + compiler)
        which = {"C": "CMAKE_C_COMPILER", "CXX": "CMAKE_CXX_COMPILER"}[language]
        run("cmake", "-S", self.work, "-B", out, "-G", "Ninja", f"-D{which}={compiler}", f"-DENTENTE_LANGUAGE={language}",
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", out)
        return out

    def check(self, out):
        self.assertIn("<Z> 0.730682 0.346929", run(os.path.join(out, "circuit"), cwd=self.work))
        trained = self.ranks(2, os.path.join(out, "train"), "config.yaml", "run.threads=1")
        self.assertIn("round 2: training loss", trained)
        accuracy = trained.split("accuracy ")[1].strip()
        hosted = self.ranks(4, os.path.join(out, "host"), "config.yaml", "data.h5")
        self.assertEqual(hosted.strip(), "accuracy " + accuracy)  # two of the four ranks, the same model

    def test_gcc(self):
        out = self.built("gcc", "C")
        self.check(out)
        # the name of a registered rule is one that configurations may use; the model differs from fedavg's
        by_value = self.ranks(2, os.path.join(out, "rule"), "config.yaml")
        by_name = self.ranks(1, os.path.join(out, "rule"), "config.yaml", "federation.aggregation=sign_step")
        self.assertEqual(by_value, by_name)
        self.assertIn("4 clients, accuracy", self.ranks(2, os.path.join(out, "split"), "config.yaml"))
        refused = run(os.path.join(out, "split"), "config.yaml", "federation.clients=1", cwd=self.work, code=1)
        self.assertIn("one_class: 1 clients, want one per class at least, 2", refused)

    def test_clang(self):
        out = self.built("clang", "C")
        self.assertIn("<Z> 0.730682", run(os.path.join(out, "circuit"), cwd=self.work))

    def test_gxx(self):
        self.check(self.built("g++", "CXX"))

    def test_pkg_config(self):
        flags = run("pkg-config", "--cflags", "--libs", "entente", env=self.env).split()
        for compiler, options in (("gcc", ["-std=c11"]), ("g++", ["-x", "c++", "-std=c++17"])):
            program = os.path.join(self.work, "circuit-" + compiler)
            run(compiler, *options, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "circuit.c", "-o", program, *flags, "-lm",
                f"-Wl,-rpath,{self.prefix}/lib", cwd=self.work)
            self.assertIn("<Z> 0.730682", run(program, cwd=self.work))
        run("mpicc", "-Wall", "-Wextra", "-Werror", "host.c", "-o", "host-mpicc", *flags, cwd=self.work)

    def test_every_header_compiles_by_itself(self):
        include = os.path.join(self.prefix, "include")
        flags = run("pkg-config", "--cflags", "entente", env=self.env).split()
        for header in sorted(os.listdir(os.path.join(include, "entente"))):
            compiler = "mpicc" if header == "mpi.h" else "gcc"
            source = os.path.join(self.work, "one.c")
            with open(source, "w") as file:
                file.write(f"#include <entente/{header}>\nint main(void) {{ return 0; }}\n")
            run(compiler, "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", source, *flags)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
