/* Versions of this binary and of its libraries. */
#include <fftw3.h>
#include <jansson.h>
#include <sodium.h>
#include <yaml.h>

#include "cli.h"
#include "entente/audio.h"
#include "entente/blas.h"
#include "entente/engine.h"
#include "entente/h5.h"
#include "entente/idx.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *cli_version_line(void)
{
    return "entente " ENTENTE_VERSION " (" ENTENTE_COMMIT ")";
}

void cli_version_print(FILE *out)
{
    const char *isa = "unknown";
    if (ent_isa_pick(NULL, &isa) != ENT_OK) isa = ent_message();
    fprintf(out, "%s\n", cli_version_line());
    fprintf(out, "  compiler          %s\n", COMPILER);
    fprintf(out, "  instruction set   %s (best on this machine; ENTENTE_ISA overrides it)\n", isa);
    fprintf(out, "  MPI               %s\n", ent_comm_library());
    fprintf(out, "  HDF5              %s\n", ent_h5_library());
    fprintf(out, "  FFTW              %s\n", fftw_version);
    fprintf(out, "  recordings        %s, zlib %s\n", ent_signal_library(), ent_idx_library());
    fprintf(out, "  BLAS              %s\n", ent_blas_text());
    fprintf(out, "  OpenMP            %d\n", _OPENMP);
    fprintf(out, "  Random123         %s\n", ENTENTE_RANDOM123);
    fprintf(out, "  libyaml           %s\n", yaml_get_version_string());
    fprintf(out, "  jansson           %s, libsodium %s\n", JANSSON_VERSION, sodium_version_string());
}
