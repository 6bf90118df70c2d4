# Ways to run a command on a slow machine: each function takes a command, and gives its exit code.
# To be sourced after shared.bash.

busy_loops=3
group=

leave_half_a_core() {
    [[ -z $group ]] || rmdir "$group" 2>/dev/null || true
}
trap 'leave_half_a_core; clean_up' EXIT

# The machine as it is.
idle() {
    "$@"
}

# Beside loops that never end.
busy() {
    local loops=() before=("${started[@]}") loop code=0
    for ((loop = 0; loop < busy_loops; loop++)); do
        while :; do :; done &
        loops+=($!)
    done
    started+=("${loops[@]}")
    "$@" || code=$?
    kill "${loops[@]}"
    wait "${loops[@]}" 2>/dev/null || true
    started=("${before[@]}")
    return "$code"
}

# Confined to one core.
one_core() {
    taskset --cpu-list 0 "$@"
}

# With half a core.
half_a_core() {
    if make_half_a_core; then
        in_group "$@"
    else
        leave_half_a_core
        limited "$@"
    fi
}

# Makes a cgroup that has half a core, where this process may.
make_half_a_core() {
    local root=/sys/fs/cgroup
    [[ -z $group || ! -d $group ]] || return 0
    if [[ -e $root/cgroup.controllers ]]; then
        group=$root/pileup-$$
        mkdir "$group" && echo '50000 100000' >"$group/cpu.max"
    else
        group=$root/cpu/pileup-$$
        mkdir "$group" && echo 50000 >"$group/cpu.cfs_quota_us"
    fi 2>/dev/null
}

in_group() {
    (
        echo "$BASHPID" >"$group/cgroup.procs" || exit 125
        exec "$@"
    )
}

# cpulimit does not pass on the exit code of what it limits.
limited() {
    rm --force "$scratch/code"
    # shellcheck disable=SC2016 # for the inner shell
    cpulimit --quiet --foreground --monitor-forks --limit 50 -- \
        bash -c 'code=0; "${@:2}" || code=$?; echo "$code" >"$1"' - "$scratch/code" "$@"
    return "$(<"$scratch/code")"
}
