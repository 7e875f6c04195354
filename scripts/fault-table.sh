#!/usr/bin/env bash
# Does to tiny trainings what happens to long ones, and prints what became of them as a table in Markdown.
#
#   scripts/fault-table.sh MOSI OUT [ROW ...]    all rows, or those named; OUT is a folder that is made for the runs
#   scripts/fault-table.sh --list                the names of the rows
#
# MOSI is the binary. MOSI_LAUNCHER, if it is set, comes before it in the row `kill`, as in
# "torchrun --no-python --nproc-per-node 2 --max-restarts 20": a random one of its processes is killed, and the launcher
# starts them again; once it gives up, the script starts the launcher again.
#
# Takes about 6 minutes on two cores. The rows `disk` and `read-only` mount small file systems: they need root, or a
# system that lets users do that in a namespace of their own (unshare). The row `clock` needs a C compiler. What is missing
# is said in the table. Exits with 1 if a row did not end as it should.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" && exit 2; }
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
exec python3 "$(dirname "$0")/fault_table.py" "$@"
