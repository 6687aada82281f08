#!/usr/bin/env bash
# Install what Entente needs on Debian 12, as root or with sudo.  Installed packages cost nothing.
#   env/debian.sh            the packages to build and run
#   env/debian.sh --tests    these, and those of the tests
set -euo pipefail

packages=(
    build-essential cmake ninja-build pkg-config git ca-certificates
    libopenmpi-dev openmpi-bin             # message passing
    libhdf5-openmpi-dev hdf5-tools         # data sets and results
    libfftw3-dev                           # Fourier transforms
    librandom123-dev                       # counter-based random numbers
    libyaml-dev                            # configuration
    libopenblas-dev                        # BLAS and LAPACK: principal axes, classical models
    libjansson-dev libsodium-dev           # JSON output; SHA-256, secure aggregation
    libsndfile1-dev zlib1g-dev             # recordings; packed images
)
if [ "${1:-}" = "--tests" ]; then
    packages+=(libcmocka-dev clang libomp-dev clang-format shellcheck python3 python3-h5py python3-numpy help2man
               python3-yaml python3-jsonschema   # the schema of configurations
               chromium chromium-driver          # the report in a browser
               iproute2 slurm-wlm munge)         # several hosts and a batch system, both on this machine
fi

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "env/debian.sh: want root or sudo to install: ${missing[*]}" >&2; exit 1; }
    sudo="sudo"
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -o DPkg::Lock::Timeout=600 update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
