#!/usr/bin/env python3
"""The shape of the C code: no line over 118 columns, no function over 60 lines, none with more than 7 parameters.

Width counts everywhere; the shape of functions in src and include, but for kernels.  A function
is found as clang-format leaves it: its body is between a '{' and a '}' that are the only characters of their lines.

    shape.py [FOLDER...]    (src, include, tests and benchmarks); 1 where something is too long
"""
import pathlib
import re
import sys

COLUMNS, LINES, PARAMETERS = 118, 60, 7
KERNELS = {'src/model/angles.c', 'src/model/head.c'}  # sums over samples, as those of src/engine/*/kernels


def width(line):
    return len(line.expandtabs(8))


def head_of(lines, brace):
    """The lines from the end of what is before the function up to its '{', comments left out."""
    first = brace
    while first > 0 and lines[first - 1].strip() and not re.search(r'(^[}#])|;$|\*/$', lines[first - 1]):
        first -= 1
    return re.sub(r'/\*.*?\*/', '', ' '.join(lines[first:brace]))


def parameters(head):
    """How many a function takes: commas that are in no inner parenthesis."""
    depth = count = 0
    inside = head[head.index('(') + 1:head.rindex(')')]
    for c in inside:
        depth += (c in '([{') - (c in ')]}')
        count += c == ',' and depth == 0
    return 0 if inside.strip() in ('', 'void') else count + 1


def functions(lines):
    """(name, line number, number of lines, parameters) of each function."""
    brace = None
    for k, line in enumerate(lines):
        if line == '{':
            brace = k
        elif line == '}' and brace is not None:
            head = head_of(lines, brace)
            if '(' in head:
                name = re.search(r'(\w+)\s*\(', head).group(1)
                yield name, brace, k - brace + 1, parameters(head)
            brace = None


def check(path):
    lines = path.read_text(encoding='utf-8').splitlines()
    shaped = not {'kernels', 'tests', 'benchmarks'} & set(path.parts) and str(path) not in KERNELS
    for k, line in enumerate(lines, 1):
        if width(line) > COLUMNS:
            yield f'{path}:{k}: found {width(line)} columns, want at most {COLUMNS}'
    for name, at, length, count in functions(lines):
        if shaped and length > LINES:
            yield f'{path}:{at}: {name}: found {length} lines, want at most {LINES}'
        if shaped and count > PARAMETERS:
            yield f'{path}:{at}: {name}: found {count} parameters, want at most {PARAMETERS}'


def main():
    folders = sys.argv[1:] or ['src', 'include', 'tests', 'benchmarks']
    files = sorted(p for f in folders for p in pathlib.Path(f).rglob('*.[ch]'))
    if not files:
        sys.exit(f'shape.py: found no C files in {" ".join(folders)}')
    found = [line for path in files for line in check(path)]
    print('\n'.join(found), end='\n' if found else '')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
