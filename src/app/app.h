/* The command: one function per sub-command. */
#ifndef ENTENTE_APP_H
#define ENTENTE_APP_H

#include "cli/cli.h"

/* Each returns the exit code: 0, 1 for a failure, 2 for a wrong command line, 75 for a training that was asked to
 * stop and can be resumed. */
int app_train(int argc, char **argv);
int app_audit(int argc, char **argv);
int app_config(int argc, char **argv);
int app_eval(int argc, char **argv);
int app_export(int argc, char **argv);
int app_inspect(int argc, char **argv);
int app_plan(int argc, char **argv);
int app_plateaus(int argc, char **argv);
int app_privacy(int argc, char **argv);
int app_spectrum(int argc, char **argv);
int app_sweep(int argc, char **argv);
int app_study(int argc, char **argv);
int app_synth(int argc, char **argv);
int app_import(int argc, char **argv);
int app_merge(int argc, char **argv);
int app_report_page(int argc, char **argv);
int app_scaling(int argc, char **argv);
int app_selftest(int argc, char **argv);
int app_simulate(int argc, char **argv);
int app_circuit(int argc, char **argv);
int app_import_csd(int argc, char **argv);
int app_import_digits(int argc, char **argv);
int app_import_table(int argc, char **argv);

#endif
