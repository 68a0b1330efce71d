# A run on Slurm: scripts/slurm/submit.sh example.sh
#
# A bash file. What is given as a comment is what holds if it is left out; the rest must be set. Paths
# are seen from the folder in which submit.sh is called, and must be there on the nodes too.

MODEL=sd14                 # the bundle
OUT=runs/celebrities       # a folder for all that the run makes

# What to erase: the concept list is built in shards, a GPU each. At most one shard a concept.
CONCEPTS=names.txt
BUILD_SHARDS=4
BUILD_ARGS=(--preset celebrity)     # further options of gloce build

# What to draw, with these erasers: the table is drawn in shards, a GPU each.
PROMPTS=prompts.csv
GENERATE_SHARDS=8
GENERATE_ARGS=(--batch-size 16)     # further options of gloce generate

# Without CONCEPTS nothing is built, without PROMPTS nothing drawn. Erasers files that are there:
# ERASERS=()

# For sbatch: what your cluster wants to know of every job, and how a GPU is asked for. GPU_ARGS=() for
# none.
SBATCH_ARGS=(--partition=preemptible --time=4:00:00 --cpus-per-task=4 --mem=16G)
# GPU_ARGS=(--gpus-per-task=1)

# GLOCE=build/gloce                 # the program; the default is that of this checkout
