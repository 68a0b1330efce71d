#!/usr/bin/env python3
"""Writes the prompt tables of the published evaluations: case_number, prompt, evaluation_seed and,
where there is one, evaluation_guidance. Needs Python alone.

    prompts.py names FILE --template "A portrait of {}" ... --seeds 5 --out prompts.csv
    prompts.py table FILE --out prompts.csv

`names` puts every name of FILE (one a line) into every template with seeds 1 to N and counts the
cases from 0. `table` reads a CSV such as I2P or COCO-30K and takes only those columns, so that
picture sizes in it do not count: the published evaluations draw everything at the model's own
size. Its case numbers stay what they are, since pictures are named by them; without that column
they count from 0. A broken row is an error with its line (exit code 1; 2 for wrong usage).
"""

import argparse
import csv
import math
import sys
from pathlib import Path

SEED = ("evaluation_seed", "sd_seed")
GUIDANCE = ("evaluation_guidance", "sd_guidance_scale")


def fail(message: str):
    sys.exit(f"error: {message}")


def read_names(path: Path) -> list[str]:
    names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    names = [name for name in names if name]
    return names or fail(f"{path}: no names in it")


def rows_of_names(args) -> list[list[str]]:
    """Rows of case number, prompt, seed and guidance, as rows_of_table makes them."""
    prompts = [template.replace("{}", name)
               for name in read_names(args.file) for template in args.template]
    rows = [(prompt, seed) for prompt in prompts for seed in range(1, args.seeds + 1)]
    return [[str(number), prompt, str(seed), ""] for number, (prompt, seed) in enumerate(rows)]


def count(text: str) -> int:
    """A number of at least 1, of an option."""
    if not (text.isascii() and text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number of at least 1")
    return int(text)


def is_seed(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < 2**63


def is_guidance(text: str) -> bool:
    try:
        return text == "" or 0 <= float(text) < math.inf
    except ValueError:
        return False


def read_csv(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and every row with the line at which it begins; as many cells as the header."""
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        begin = 1
        try:
            for cells in reader:
                if cells:
                    rows.append((begin, cells))
                begin = reader.line_num + 1
        except csv.Error as error:
            fail(f"{path}:{begin}: {error}")
    if len(rows) < 2:
        fail(f"{path}: no rows in it")
    header = [name.strip() for name in rows[0][1]]
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            fail(f"{path}:{line}: {len(cells)} cells, but the header has {len(header)} columns"
                 " (prompts with a comma stand in quotes)")
    return header, rows[1:]


def column(header: list[str], path: Path, *names: str, required: bool) -> int | None:
    """Where the first of `names` that the header has stands in a row."""
    for name in names:
        if header.count(name) > 1:
            fail(f"{path}: two columns \"{name}\"")
        if name in header:
            return header.index(name)
    if required:
        wanted = " or ".join(f'"{name}"' for name in names)
        fail(f"{path}: no column {wanted}; the columns are: {', '.join(header)}")
    return None


def rows_of_table(args) -> list[list[str]]:
    path = args.file
    header, table = read_csv(path)
    prompt = column(header, path, "prompt", required=True)
    seed = column(header, path, *SEED, required=True)
    guidance = column(header, path, *GUIDANCE, required=False)
    case = column(header, path, "case_number", required=False)
    rows, line_of_case = [], {}
    for number, (line, cells) in enumerate(table):
        def cell(at: int | None, absent: str) -> str:
            return absent if at is None else cells[at].strip()

        row = [cell(case, str(number)), cells[prompt], cell(seed, ""), cell(guidance, "")]
        if not row[0]:
            fail(f"{path}:{line}: case_number is empty")
        if row[0] in line_of_case:
            fail(f"{path}:{line}: case_number {row[0]} stands at line {line_of_case[row[0]]} already")
        line_of_case[row[0]] = line
        if not is_seed(row[2]):
            fail(f"{path}:{line}: {header[seed]}: got {row[2]!r}, expected a whole number from 0 on")
        if not is_guidance(row[3]):
            fail(f"{path}:{line}: {header[guidance]}: got {row[3]!r}, expected a number of at least 0")
        rows.append(row)
    return rows


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        """One line, without the usage that argparse puts before it."""
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)


def parse_args():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("file", type=Path)
    common.add_argument("--out", type=Path, required=True)
    common.add_argument("--limit", type=count, help="the first N prompts only")
    commands = parser.add_subparsers(required=True)
    names = commands.add_parser("names", parents=[common])
    names.add_argument("--template", action="append", required=True)
    names.add_argument("--seeds", type=count, required=True)
    names.set_defaults(rows=rows_of_names)
    commands.add_parser("table", parents=[common]).set_defaults(rows=rows_of_table)
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        rows = args.rows(args)[:args.limit]
        columns = ["case_number", "prompt", "evaluation_seed"]
        if any(row[3] for row in rows):
            columns.append("evaluation_guidance")
        with args.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(row[:len(columns)] for row in rows)
    except (OSError, UnicodeError) as error:
        fail(error)


if __name__ == "__main__":
    main()
