# `just` lists the recipes; `just ci` runs what CI runs. All of them work without just, too:
# they are checks of .ci/run, by name.

default:
    @just --list

# Everything CI checks, installing what is missing
ci:
    bash .ci/run

# Formats the sources
fmt:
    cargo fmt

# The fast checks: format, lints, layers
check:
    bash .ci/run format lint
    cargo test -q --test layers

# All tests; those that need Redis, Valkey or a client skip without them
test *args:
    cargo test --all-features {{args}}

# Compares COMMANDS generated commands, from SEED on, with each real server
oracle commands="200000" seed="1":
    DANIO_REQUIRE_ORACLES=1 DANIO_ORACLE_COMMANDS={{commands}} DANIO_ORACLE_SEED={{seed}} cargo test --all-features --test oracle

# Valkey's own test suite, against a server that is started for it
suite:
    bash .ci/run suite

# Interleavings of locks and threads
shuttle:
    bash .ci/run shuttle

# Each fuzz target for SECONDS
fuzz seconds="60":
    DANIO_FUZZ_SECONDS={{seconds}} bash .ci/run fuzz

# Undefined behaviour in the files that may hold unsafe code; needs a nightly toolchain with Miri
miri:
    cargo +nightly miri test --lib ds:: keyspace::entry

# Memory faults in the same files, on the stable toolchain: AddressSanitizer
asan:
    RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/asan cargo test \
        --target "$(rustc -vV | sed -n 's/^host: //p')" --lib -- ds:: keyspace:: value::

# The documentation, opened
doc:
    cargo doc --all-features --no-deps --open

# Benchmarks
bench *args:
    cargo bench --all-features {{args}}

# Runs every example
examples:
    bash .ci/run examples

# The server on port 6379
serve *args:
    cargo run --release --features server -- {{args}}
