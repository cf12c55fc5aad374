#!/usr/bin/env bash
# A core-set selection on the nodes of a Slurm job: Ray's head on the first node, one worker on each other, one shard a node.
#
#   sbatch examples/ray_slurm.sh '/shared/embeddings/*.npy' 10000
#
# Python with `farpoint[ray]` is on the PATH of every node, and the pool under the same name.
#SBATCH --job-name=farpoint
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
set -euo pipefail

pool=$1
budget=$2
port=6379
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}

# Each stays in the foreground of its step, so that Slurm ends it with the job.
srun --nodes=1 --ntasks=1 --nodelist="$head" ray start --head --port="$port" --include-dashboard=false --block &
head_step=$!
# A head that does not start ends the job, at once or after five minutes. One try alone may wait for half a minute.
until timeout 60 ray health-check --address "$head:$port" >/dev/null 2>&1; do
    if ! kill -0 "$head_step" 2>/dev/null || ((SECONDS > 300)); then
        echo "Ray's head does not answer at $head:$port; the lines above may say why" >&2
        exit 1
    fi
    sleep 2
done
for node in "${nodes[@]:1}"; do
    srun --nodes=1 --ntasks=1 --nodelist="$node" ray start --address="$head:$port" --block &
done

# Shards wait for their nodes, as long as --timeout says.
srun --overlap --nodes=1 --ntasks=1 --nodelist="$head" python -m farpoint.ray select "$pool" --budget "$budget" \
    --ray "$head:$port" --shards "${#nodes[@]}" --cpus-per-shard "$SLURM_CPUS_ON_NODE" \
    --checkpoint "picks-$SLURM_JOB_ID.checkpoint" --output "picks-$SLURM_JOB_ID.csv"
