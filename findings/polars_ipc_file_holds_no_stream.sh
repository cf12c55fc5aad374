#!/usr/bin/env bash
# polars 2.1.0: what stands between the magic number and the footer of an Arrow IPC file is not the stream that the format says it is.
#
# Arrow's columnar format: a file begins with "ARROW1" and two bytes of padding, and "what follows in the file is identical to the stream
# format", which begins with the schema as an encapsulated message: 0xFFFFFFFF, the length of the metadata, the metadata. polars writes
# the schema's metadata without the eight bytes before it. So a reader that takes the body for a stream, as those do that read a file
# front to back, fails at its first message. One that goes by the footer, which has the schema too, reads the file. Files of pyarrow 26.0.1
# can be read in both ways. Farpoint went by the body, and goes by the footer now (tests/data/polars.arrow).
#
# Seen:
#   pyarrow: body begins with ffffffff, as a stream 3 rows, by its footer 3 rows
#   polars: body begins with 04000000, as a stream OSError, by its footer 3 rows
#
# Exit code 0: as described. 1: another version behaves otherwise.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet polars==2.1.0 pyarrow==26.0.1

seen=$("$folder/venv/bin/python" - <<'PYTHON'
import io

import polars
import pyarrow
from pyarrow import ipc


def by_pyarrow():
    table, file = pyarrow.table({"a": [1, 2, 3]}), io.BytesIO()
    with ipc.new_file(file, table.schema) as writer:
        writer.write(table)
    return file.getvalue()


def by_polars():
    file = io.BytesIO()
    polars.DataFrame({"a": [1, 2, 3]}).write_ipc(file)
    return file.getvalue()


for name, written in (("pyarrow", by_pyarrow()), ("polars", by_polars())):
    assert written[:8] == b"ARROW1\x00\x00"
    try:
        rows = f"{ipc.open_stream(pyarrow.BufferReader(written[8:])).read_all().num_rows} rows"
    except OSError as error:
        rows = type(error).__name__
    by_footer = ipc.open_file(pyarrow.BufferReader(written)).read_all().num_rows
    print(f"{name}: body begins with {written[8:12].hex()}, as a stream {rows}, by its footer {by_footer} rows")
PYTHON
)
echo "$seen"
[ "$seen" = "pyarrow: body begins with ffffffff, as a stream 3 rows, by its footer 3 rows
polars: body begins with 04000000, as a stream OSError, by its footer 3 rows" ]
