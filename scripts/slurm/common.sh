# gloce in a batch job. Sourced by the batch scripts, which get the run's settings from submit.sh.

# As many threads as the job was given processors.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_ON_NODE:-1}}

# Slurm sends USR1 to this script alone, some time before the job's time is up (--signal in the batch
# scripts), and TERM to all of the job's processes when it ends the job: gloce has that already.
warned='' gloce_pid=''
trap 'warned=yes; [ -z "$gloce_pid" ] || kill -TERM "$gloce_pid" || true' USR1
trap : TERM

# run_gloce ARGUMENT...: returns gloce's exit code. If it was interrupted, ends the script instead, and
# the job is requeued.
run_gloce() {
  local code=0
  echo "$(date '+%F %T') ${SLURM_JOB_NAME-} on $(hostname)," \
    "CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES-}, requeued ${SLURM_RESTART_COUNT:-0} times"
  "$GLOCE" "$@" &
  gloce_pid=$!
  [ -z "$warned" ] || kill -TERM "$gloce_pid"
  # A signal ends wait early.
  while kill -0 "$gloce_pid" 2>/dev/null; do wait "$gloce_pid" || true; done
  wait "$gloce_pid" || code=$?
  gloce_pid=''
  # 143: the signal came before gloce could listen.
  case $code in
    130 | 143) requeue; exit 130 ;;
  esac
  return "$code"
}

# Where Slurm is ending the job, it knows why: what was preempted it requeues, what was cancelled not.
requeue() {
  [ "$(squeue --noheader --format=%T --jobs="$SLURM_JOB_ID")" != COMPLETING ] || return 0
  echo "$(date '+%F %T') the job's time is up; it goes on after a requeue"
  scontrol requeue "$SLURM_JOB_ID"
}

# Where shard I of the concept list, and of the pictures, goes.
erasers_of_shard() { echo "$OUT/build/$1-of-$BUILD_SHARDS.safetensors"; }
pictures_of_shard() { echo "$OUT/shards/$1-of-$GENERATE_SHARDS"; }

# generate ARGUMENT...: the run's gloce generate.
generate() {
  local erasers=() file
  for file in "${ERASERS[@]}"; do erasers+=(--erasers "$file"); done
  run_gloce generate --model "$MODEL" --prompts "$PROMPTS" "${erasers[@]}" "${GENERATE_ARGS[@]}" "$@"
}
