/* A table of the leading bytes of file formats.  The kind of a zip archive is recognised by the name of its first
 * member. */
#include "format.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *bytes;
    size_t at, count;
    ent_format format;
} FORMATS[] = {
    {"\x93NUMPY", 0, 6, {"a NumPy array", "give it a name that ends in .npy"}},
    {"\211HDF\r\n\032\n",
     0,
     8,
     {"an HDF5 file", "an Entente data set needs no import; write the arrays of other files as .npy"}},
    {"\x1f\x8b", 0, 2, {"compressed by gzip", "unpack it with gunzip"}},
    {"BZh", 0, 3, {"compressed by bzip2", "unpack it with bunzip2"}},
    {"\xfd\x37zXZ\0", 0, 6, {"compressed by xz", "unpack it with unxz"}},
    {"\x28\xb5\x2f\xfd", 0, 4, {"compressed by zstd", "unpack it with unzstd"}},
    {"ustar", 257, 5, {"a tar archive", "unpack it with tar -xf"}},
    {"PAR1", 0, 4, {"a Parquet file", "write it as CSV: pandas.read_parquet(FILE).to_csv('x.csv', index=False)"}},
    {"ARROW1", 0, 6, {"a Feather file", "write it as CSV: pandas.read_feather(FILE).to_csv('x.csv', index=False)"}},
    {"MATLAB 5.0",
     0,
     10,
     {"a MATLAB file", "write its arrays as .npy: numpy.save('x.npy', scipy.io.loadmat(FILE)['x'])"}},
    {"\xd0\xcf\x11\xe0", 0, 4, {"an Excel workbook (.xls)", "save the sheet as CSV"}},
    {"SQLite format 3", 0, 15, {"an SQLite database", "write the table as CSV: sqlite3 -csv FILE 'select ...'"}},
    {"RIFF", 0, 4, {"a RIFF file (a recording?)", "see entente import --help"}},
    {"%PDF", 0, 4, {"a PDF document", "write its table as CSV"}},
    {"\xff\xfe", 0, 2, {"UTF-16 text", "write it as UTF-8: iconv -f UTF-16 -t UTF-8"}},
    {"\xfe\xff", 0, 2, {"UTF-16 text", "write it as UTF-8: iconv -f UTF-16 -t UTF-8"}},
};

static ent_format of_zip(const uint8_t *bytes, size_t count)
{
    char name[256] = "";
    const size_t length = count >= 30 ? bytes[26] | (size_t)bytes[27] << 8 : 0;
    if (length > 0 && length < sizeof name && 30 + length <= count) memcpy(name, bytes + 30, length);
    if (strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".npy") == 0)
        return (ent_format){"a NumPy archive (.npz)",
                            "write its arrays one by one: numpy.save('x.npy', numpy.load(FILE)['x'])"};
    if (strstr(name, "Content_Types") || strncmp(name, "xl/", 3) == 0)
        return (ent_format){"an Excel workbook (.xlsx)", "save the sheet as CSV"};
    if (strstr(name, "data.pkl"))
        return (ent_format){"a PyTorch file",
                            "write its tensors as .npy: numpy.save('x.npy', torch.load(FILE).float().numpy())"};
    return (ent_format){"a zip archive", "unpack it with unzip"};
}

ent_format ent_format_of(const uint8_t *bytes, size_t count)
{
    if (count >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) return of_zip(bytes, count);
    if (count >= 3 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
        return (ent_format){"a Python pickle", "write its arrays as .npy: numpy.save('x.npy', numpy.asarray(...))"};
    for (size_t k = 0; k < sizeof FORMATS / sizeof *FORMATS; k++)
        if (count >= FORMATS[k].at + FORMATS[k].count &&
            memcmp(bytes + FORMATS[k].at, FORMATS[k].bytes, FORMATS[k].count) == 0)
            return FORMATS[k].format;
    return (ent_format){NULL, NULL};
}

ent_format ent_format_of_file(const char *path)
{
    uint8_t bytes[ENT_FORMAT_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file) return (ent_format){NULL, NULL};
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return ent_format_of(bytes, count);
}

bool ent_format_is_bfloat16(const uint16_t *number, int64_t count)
{
    int64_t used = 0, likely = 0, negative = 0;
    for (int64_t k = 0; k < count; k++) {
        const int exponent = (number[k] >> 7 & 0xff) - 127;
        if ((number[k] & 0x7fff) == 0) continue; /* 0 */
        used++;
        likely += exponent >= -30 && exponent <= 16;
        negative += number[k] >> 15;
    }
    return used >= 16 && likely * 200 >= used * 199 && negative * 20 >= used && negative * 20 <= used * 19;
}
