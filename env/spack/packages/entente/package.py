import pathlib

from spack.package import *

try:  # Spack 1 keeps the build systems beside its recipes
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ImportError:
    pass


class Entente(CMakePackage):
    """Train multimodal quantum federated models over MPI: a C17 library and one command."""

    homepage = "https://arxiv.org/abs/2507.08217"  # the paper; the project has no page of its own

    git = pathlib.Path(__file__).resolve().parents[4].as_uri()  # the clone that holds this recipe

    license("BSD-3-Clause")

    version("main", branch="main")

    depends_on("c", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("help2man", type="build")
    depends_on("random123", type="build")
    depends_on("mpi")
    depends_on("hdf5@1.10: +mpi")
    depends_on("fftw-api@3")
    depends_on("fftw@3.3: precision=float,double", when="^[virtuals=fftw-api] fftw")
    depends_on("blas")
    depends_on("lapack")
    depends_on("libyaml")
    depends_on("jansson")
    depends_on("libsodium")
    depends_on("libsndfile")
    depends_on("zlib-api")
    depends_on("cmocka", type="test")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define("BUILD_TESTING", self.run_tests),
            self.define("BLAS_LIBRARIES", ";".join(self.spec["blas"].libs)),
            self.define("LAPACK_LIBRARIES", ";".join(self.spec["lapack"].libs)),
        ]

    def check(self):
        with working_dir(self.build_directory):
            ctest("-L", "unit")

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_install(self):
        Executable(self.prefix.bin.entente)("selftest")
