# What the checks share. Each of them sources this file first.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# These would replace the --cfg tokio_unstable of .cargo/config.toml.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS
unset RUSTDOCFLAGS CARGO_ENCODED_RUSTDOCFLAGS CARGO_BUILD_RUSTDOCFLAGS
# These would replace what the scenarios and the consoles choose for themselves.
unset "${!TOKIO_CONSOLE_@}"

# Nothing is built twice here, and what would save time then takes half of the disk space.
export CARGO_INCREMENTAL=0

target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")
programs=$target/debug
export LANG=C.UTF-8 LC_ALL=C.UTF-8
export PATH="$target/tools/bin:$PATH"

scratch=$(mktemp --directory)
started=()

clean_up() {
    for process in "${started[@]}"; do
        # It may have ended by itself.
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm --recursive --force "$scratch"
}
trap clean_up EXIT

fail() {
    echo "failed: $*" >&2
    exit 1
}

# Says what is so, once it has been checked.
holds() {
    echo "ok: $*"
}

# decides COMMAND...: runs tests. It fails if they fail, or if the machine was too slow to decide about
# most of the programs that leak: nothing is shown then.
decides() {
    local folder log printer decided undecided code=0
    folder=$(mktemp --directory --tmpdir="$scratch")
    log=$folder/log
    # In a pipeline, the command would run in a shell of its own.
    mkfifo "$folder/printed"
    tee "$log" <"$folder/printed" &
    printer=$!
    "$@" >"$folder/printed" 2>&1 || code=$?
    wait "$printer"
    ((code == 0)) || exit "$code"
    decided=$(grep --count --extended-regexp '^test [^ ]+::leaky[^ ]* +\.\.\. ok$' "$log") || true
    undecided=$(grep --count --extended-regexp '^test [^ ]+::leaky[^ ]* .*too slow to decide' "$log") || true
    ((decided > 0 && decided >= undecided)) ||
        fail "the machine was too slow: the tests decided about $decided of $((decided + undecided)) programs that leak"
    holds "the tests decided about $decided of $((decided + undecided)) programs that leak"
}

# wait_until SECONDS COMMAND...: whether the command succeeds within that time.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

milliseconds() {
    echo $((${EPOCHREALTIME//[!0-9]/} / 1000))
}

# start_scenario NAME FLAGS...: sets `scenario` to its process, `console` to the address of its
# console, `probe` to host and port of its probe, and `printed` to the file with its standard
# output.
start_scenario() {
    local name=$1 errors
    shift
    printed=$(mktemp --tmpdir="$scratch")
    errors=$(mktemp --tmpdir="$scratch")
    # The shell has what runs in the background ignore Ctrl-C. The scenario must not inherit that.
    env --default-signal=INT "$programs/$name" "$@" --for 120s --console 127.0.0.1:0 --probe 127.0.0.1:0 \
        >"$printed" 2>"$errors" &
    scenario=$!
    started+=("$scenario")
    wait_until 10 grep --quiet '^probe: ' "$errors" || fail "$name does not start: $(cat "$errors")"
    # shellcheck disable=SC2034 # for the check that called
    console=$(sed --quiet 's/^console: //p' "$errors")
    # shellcheck disable=SC2034
    probe=$(sed --quiet 's|^probe: http://\([^/]*\)/.*|\1|p' "$errors")
}
