/* Start and end of a sub-command: MPI, option parsing with argp, printing of messages, and the exit code. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "entente/memory.h"

static bool asks_for_help(int argc, char **argv)
{
    for (int k = 1; k < argc; k++)
        if (!strcmp(argv[k], "--help") || !strcmp(argv[k], "-?") || !strcmp(argv[k], "--usage")) return true;
    return false;
}

/* Flush standard output, and report a failure to write it. */
static bool is_written(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    fprintf(stderr, "entente: standard output: %s\n", strerror(errno));
    return false;
}

/* argp ends the process after printing a help text. */
static void check_help(void)
{
    if (!is_written()) _exit(CLI_FAILED);
}

static void parse_alone(const struct argp *argp, int argc, char **argv, void *input)
{
    setenv("ARGP_HELP_FMT", "no-dup-args-note", 0); /* a note on options that says nothing of the command */
    argp_err_exit_status = CLI_USAGE;
    if (asks_for_help(argc, argv)) atexit(check_help);
    argp_parse(argp, argc, argv, 0, NULL, input);
}

void cli_parse(const cli_line *line, int argc, char **argv, void *arguments)
{
    cli_run run;
    if (!cli_begin(line, arguments, &run)) exit(cli_report(ent_fail(ENT_ENOMEM, "command line: no memory")));
    parse_alone(&run.argp, argc, argv, &run);
    cli_end(&run);
}

ent_status cli_start(const cli_line *line, int argc, char **argv, void *arguments, ent_comm **world)
{
    cli_run run;
    if (asks_for_help(argc, argv)) cli_parse(line, argc, argv, arguments);
    signal(SIGPIPE, SIG_IGN); /* a reader of the progress output may go away without ending the training */
    ENT_TRY(ent_comm_start(&argc, &argv, world));
    const unsigned flags = ent_comm_rank(*world) == 0 ? ARGP_NO_EXIT : ARGP_SILENT;
    if (!cli_begin(line, arguments, &run)) return ent_fail(ENT_ENOMEM, "command line: no memory");
    const error_t error = argp_parse(&run.argp, argc, argv, flags, NULL, &run);
    cli_end(&run);
    return error == 0 ? ENT_OK : ENT_EARG;
}

int cli_report(ent_status status)
{
    if (status == ENT_OK) return is_written() ? 0 : CLI_FAILED;
    fflush(stdout);
    fprintf(stderr, "entente: %s\n", ent_message());
    return status == ENT_STOPPED ? CLI_STOPPED : CLI_FAILED;
}

int cli_finish(ent_comm *world, ent_status status)
{
    const int silent = status == ENT_STOPPED ? CLI_STOPPED : status != ENT_OK;
    const int code = ent_comm_rank(world) == 0 ? cli_report(status) : silent;
    ent_comm_finish(world);
    return code;
}

ent_status cli_agree_with_root(ent_comm *world, ent_status status)
{
    char message[2048];
    snprintf(message, sizeof message, "%s", ent_message());
    const bool root = ent_comm_rank(world) == 0;
    const ent_status agreed = ent_comm_agree(world, root ? status : ENT_OK);
    return root && status != ENT_OK ? ent_fail(status, "%s", message) : agreed;
}

ent_status cli_share(ent_comm *world, ent_status status, char **text)
{
    const bool root = ent_comm_rank(world) == 0;
    ENT_TRY(cli_agree_with_root(world, status));
    int64_t length = root ? (int64_t)strlen(*text) + 1 : 0;
    ent_comm_broadcast(world, 0, &length, sizeof length);
    if (!root) *text = ent_alloc(length, 1);
    status = ent_comm_agree(world, *text ? ENT_OK : ent_fail(ENT_ENOMEM, "configuration: no memory"));
    if (status == ENT_OK) ent_comm_broadcast(world, 0, *text, (size_t)length);
    return status;
}

/* With a `body` for any text, or with `work` for a configuration. */
static int command(const cli_line *line, int argc, char **argv, void *arguments, cli_read *read, cli_body *body,
                   cli_work *work)
{
    ent_comm *world;
    char *text = NULL;
    ent_status status = cli_start(line, argc, argv, arguments, &world);
    if (status != ENT_OK) {
        ent_comm_finish(world);
        return CLI_USAGE;
    }
    if (ent_comm_rank(world) == 0) status = read(arguments, &text);
    status = cli_share(world, status, &text);
    if (status == ENT_OK)
        status = work ? cli_with_config(world, text, work, arguments) : body(world, arguments, text);
    ent_free(text);
    return cli_finish(world, status);
}

int cli_command(const cli_line *line, int argc, char **argv, void *arguments, cli_read *read, cli_body *body)
{
    return command(line, argc, argv, arguments, read, body, NULL);
}

int cli_config_command(const cli_line *line, int argc, char **argv, void *arguments, cli_read *read, cli_work *work)
{
    return command(line, argc, argv, arguments, read, NULL, work);
}

ent_status cli_with_config(ent_comm *world, const char *text, cli_work *work, void *arguments)
{
    ent_config *config;
    ENT_TRY(ent_comm_agree(world, ent_config_parse(text, &config)));
    const ent_status status = work(world, arguments, config);
    ent_config_free(config);
    return status;
}
