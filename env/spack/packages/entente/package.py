from spack.package import *

try:  # Spack 1 keeps the build systems beside its recipes
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ImportError:
    pass


class Entente(CMakePackage):
    """Train multimodal quantum federated models over MPI."""

    license("BSD-3-Clause")

    # No archive to fetch: env/spack.yaml names the folder that is built.
    version("main")

    depends_on("c", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5@1.10: +mpi")
    depends_on("fftw@3 +openmp precision=double")
    depends_on("openblas")  # cblas and LAPACKE are part of it
    depends_on("random123", type="build")
    depends_on("libyaml")
    depends_on("jansson")
    depends_on("libsodium")
    depends_on("libsndfile")
    depends_on("zlib-api")

    generator("ninja")

    def cmake_args(self):
        return [self.define("BUILD_TESTING", False), self.define("BLA_VENDOR", "OpenBLAS")]
