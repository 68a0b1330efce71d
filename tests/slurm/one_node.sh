#!/usr/bin/env bash
# A Slurm cluster of one node, for as long as a command runs.
#
#   one_node.sh COMMAND [ARGUMENT...]
#
# No systemd, nothing of the machine's own Slurm: daemons, ports, files and jobs live in namespaces of
# their own, which end with this script, however it ends. The node claims four processors and two
# GPUs (which are none). Jobs of the partition urgent preempt those of batch, which are requeued.
#
# The exit code is the command's; 77 if the cluster cannot be had here, which is said.
set -euo pipefail

# Of those kept for documentation. Slurm looks up no names where a machine has its loopback alone.
address=192.0.2.1

skip() { echo "skipped: $*" >&2; exit 77; }

# slurm_conf FOLDER: a cluster whose files are in the folder.
slurm_conf() {
  cat <<CONF
ClusterName=one
SlurmctldHost=node($address)
SlurmUser=root
AuthType=auth/munge
# cred_expire is also how many seconds a requeued job waits.
AuthInfo=socket=$1/munge.socket,cred_expire=5
StateSaveLocation=$1/state
SlurmdSpoolDir=$1/spool
SlurmctldPidFile=$1/slurmctld.pid
SlurmdPidFile=$1/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=bf_interval=1,sched_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=node NodeAddr=$address CPUs=4 Gres=gpu:2
PartitionName=batch Nodes=ALL Default=YES PriorityTier=1
PartitionName=urgent Nodes=ALL PriorityTier=2 PreemptMode=OFF
CONF
}

# await COMMAND...: waits until it succeeds.
await() {
  local end=$((SECONDS + 60))
  while ((SECONDS < end)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  echo "one_node.sh: waited in vain for: $*" >&2
  return 1
}

# start_cluster FOLDER
start_cluster() {
  cd "$1"
  mkdir state spool
  slurm_conf "$1" >slurm.conf
  printf 'Name=gpu File=%s\n' /dev/null /dev/zero >gres.conf
  (umask 077 && head -c 128 /dev/urandom >munge.key)
  munged --force --foreground --key-file="$1/munge.key" --socket="$1/munge.socket" \
    --pid-file="$1/munge.pid" --seed-file="$1/munge.seed" --log-file="$1/munged.log" &>munged.err &
  await test -S munge.socket
  slurmctld -D &>slurmctld.log &
  slurmd -D &>slurmd.log &
  await sh -c 'sinfo --noheader --format=%t | grep -q idle' || { cat ./*.log >&2; return 1; }
}

# inside FOLDER COMMAND...: the first process of the namespaces.
inside() {
  local folder=$1
  shift
  ip address add $address/32 dev lo
  ip link set lo up
  hostname node
  mount -t tmpfs tmpfs "$folder"
  export SLURM_CONF=$folder/slurm.conf TMPDIR=$folder
  (start_cluster "$folder")
  "$@"
}

if [ "${1-}" = --inside ]; then
  shift
  inside "$@"
  exit
fi

PATH=$PATH:/usr/sbin:/sbin
for program in munged slurmctld slurmd sbatch ip; do
  command -v "$program" >/dev/null ||
    skip "$program is missing; as root: apt-get install slurm-wlm munge iproute2"
done
[ "$(id -u)" = 0 ] || skip "only root may start Slurm's daemons in namespaces"
namespaces=(unshare --mount --pid --net --uts --fork --kill-child --mount-proc)
"${namespaces[@]}" true 2>/dev/null || skip "this machine allows no namespaces (${namespaces[*]})"

folder=$(mktemp -d)
setpriv --pdeathsig KILL "${namespaces[@]}" "$0" --inside "$folder" "$@" &
cluster=$!
trap 'kill -KILL $cluster; rmdir "$folder"' EXIT
trap 'exit 130' INT TERM HUP
wait $cluster && code=0 || code=$?
trap 'rmdir "$folder"' EXIT
exit "$code"
