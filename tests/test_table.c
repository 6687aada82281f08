/* Tables that change between two passes over them.  The contents of tables: test_import.py. */
#include "check.h"

#include <sys/stat.h>

#include "entente/memory.h"
#include "entente/table.h"
#include "temp_folder.h"

enum { ROWS = 5000 };

static void write_csv(const char *path, int rows)
{
    FILE *file = fopen(path, "w");
    for (int k = 0; k < rows; k++) fprintf(file, "%d,%d\n", k, 2 * k);
    assert_int_equal(fclose(file), 0);
}

static void write_npy(const char *path, int rows)
{
    char head[128];
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    const int length =
        snprintf(head + 10, sizeof head - 10, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, 2), }", rows);
    head[10 + length] = ' ';
    head[127] = '\n';
    FILE *file = fopen(path, "w");
    fwrite(head, 1, sizeof head, file);
    for (int k = 0; k < 2 * rows; k++) fwrite(&(double){k}, 8, 1, file);
    assert_int_equal(fclose(file), 0);
}

static ent_status read_rest(ent_table *t)
{
    static double x[2 * ROWS];
    ENT_TRY(ent_table_rewind(t));
    return ent_table_next(t, ROWS, NULL, x);
}

/* Shorter, longer, or rewritten with as many rows; a file that is unlinked can still be read. */
static void a_table_that_changes(void **state)
{
    (void)state;
    void (*const write[])(const char *, int) = {write_csv, write_npy};
    const char *path = in_temp_folder("t");
    for (int format = 0; format < 2; format++)
        for (int change = 0; change < 4; change++) {
            ent_table *t;
            unlink(path);
            write[format](path, ROWS);
            check_ok(ent_table_open(path, ENT_HEADER_AUTO, &t));
            assert_int_equal(ent_table_rows(t), ROWS);
            check_ok(read_rest(t));
            usleep(20000); /* the clock of files is coarse */
            if (change == 0) assert_int_equal(truncate(path, 20000), 0);
            if (change == 1) write[format](path, ROWS + 1);
            if (change == 2) write[format](path, ROWS);
            if (change == 3) unlink(path);
            if (change == 3)
                check_ok(read_rest(t));
            else
                check_fails(read_rest(t), ENT_EIO, "t: the file has changed since it was opened: found ");
            ent_table_free(t);
        }
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    void (*const write[])(const char *, int) = {write_csv, write_npy};
    for (int format = 0; format < 2; format++) {
        ent_table *t;
        write[format](in_temp_folder("t"), ROWS);
        check_every_allocation(ent_table_open(in_temp_folder("t"), ENT_HEADER_AUTO, &t), (void)0);
        ent_table_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest refuses[] = {cmocka_unit_test(a_table_that_changes),
                                         cmocka_unit_test(every_failing_allocation_is_survived)};
    return cmocka_run_group_tests_name("refuses", refuses, temp_folder_make, temp_folder_remove);
}
