set positional-arguments

# List the recipes
[private]
default:
    @"{{ just_executable() }}" --list --unsorted

# Run a scenario, until Ctrl-C
[group('scenarios')]
[no-exit-message]
run-scenario NAME *ARGS:
    cargo pileup run "$@"

# Attach tokio-console to the scenario that runs
[group('scenarios')]
[no-exit-message]
console *ARGS:
    @command -v tokio-console > /dev/null || { echo 'tokio-console is missing; install it with: cargo install --locked tokio-console' >&2; exit 1; }
    tokio-console "$@"

# Run a scenario, watch it, and report; the exit code is 1 if it leaks
[group('scenarios')]
[no-exit-message]
investigate NAME *ARGS:
    cargo pileup investigate "$@"

# List the scenarios
[group('scenarios')]
list:
    cargo pileup list-scenarios

# The workshop: where you are, or one of its commands, such as `just workshop start`
[group('workshop')]
[no-exit-message]
workshop *ARGS:
    cargo pileup workshop "$@"

# Run the tests
[group('development')]
test *ARGS:
    cargo test --workspace "$@"

# Measure what watching costs
[group('development')]
bench *ARGS:
    cargo bench -p pileup-bench "$@"

# Run every check of the repository
[group('development')]
ci:
    bash .ci/run

# Format the code
[group('development')]
fmt:
    cargo fmt --all
    rustfmt --edition 2024 crates/pileup-diagnosis/src/rules/*.rs crates/pileup-healthy/src/programs/*.rs crates/pileup-stuck/src/programs/*.rs

# Check the code with Clippy
[group('development')]
lint:
    cargo clippy --workspace --all-targets -- --deny warnings
