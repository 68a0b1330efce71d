#!/usr/bin/env python3
"""Writes the prompt tables of the published evaluations: case_number, prompt, evaluation_seed and,
where there is one, evaluation_guidance. Needs Python alone.

    prompts.py names FILE --template "A portrait of {}" ... --seeds 5 --out prompts.csv
    prompts.py table FILE --out prompts.csv

`names` puts every name of FILE (one a line) into every template with seeds 1 to N. `table` reads a
CSV such as I2P or COCO-30K and takes only those columns, so that picture sizes in it do not count:
the published evaluations draw everything at the model's own size.
"""

import argparse
import csv
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
    return [[template.replace("{}", name), seed]
            for name in read_names(args.file)
            for template in args.template
            for seed in range(1, args.seeds + 1)]


def first_of(row: dict, keys: tuple[str, ...]) -> str:
    return next((row[key] for key in keys if row.get(key)), "")


def rows_of_table(args) -> list[list[str]]:
    with args.file.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    if not table:
        fail(f"{args.file}: no rows in it")
    if "prompt" not in table[0]:
        fail(f"{args.file}: no column \"prompt\"; the columns are: {', '.join(table[0])}")
    return [[row["prompt"], first_of(row, SEED) or 0, first_of(row, GUIDANCE)] for row in table]


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("file", type=Path)
    common.add_argument("--out", type=Path, required=True)
    common.add_argument("--limit", type=int, help="the first N prompts only")
    commands = parser.add_subparsers(required=True)
    names = commands.add_parser("names", parents=[common])
    names.add_argument("--template", action="append", required=True)
    names.add_argument("--seeds", type=int, required=True)
    names.set_defaults(rows=rows_of_names)
    commands.add_parser("table", parents=[common]).set_defaults(rows=rows_of_table)
    return parser.parse_args()


def main():
    args = parse_args()
    try:
        rows = args.rows(args)[:args.limit]
        guided = any(len(row) > 2 and row[2] for row in rows)
        columns = ["case_number", "prompt", "evaluation_seed"]
        if guided:
            columns.append("evaluation_guidance")
        with args.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([number, *row][:len(columns)] for number, row in enumerate(rows))
    except (OSError, UnicodeError) as error:
        fail(error)


if __name__ == "__main__":
    main()
