# `just` lists what there is to do here. Nothing in it is needed to build: it only gives commands a short name.

_default:
    @just --list --unsorted

# The whole loop on a sample app, offline
demo:
    cargo demo

# All tests
test:
    cargo test --workspace --locked

# What the reviewer does not have to look for
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Format everything
fmt:
    cargo fmt --all

# The book, in `book/book`; `just book serve` shows it while it is written
book command="build":
    mdbook {{command}} book

# The catalogue of AWS kinds, from the schemas in the Python package cfn-lint
catalog:
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --upgrade cfn-lint
    .venv/bin/python schema/catalog/generate.py

# Write new findings and goldens into the literate cases; read the difference before committing it
cases:
    UPDATE_CASES=1 cargo test --package fixtures-suite --test cases

# How long a plan takes, and what is in memory
bench:
    cargo bench --package agent-engine --bench plan

# Size and start of the binaries as they are shipped, and the memory of an agent that waits
bench-process:
    cargo build --release --workspace --bins --features agent-daemon/jemalloc
    SUITE_BINARIES="${CARGO_TARGET_DIR:-$PWD/target}/release" cargo bench --package fixtures-suite --bench process

# How much of a cloud in which little happens is read, in virtual time
bench-observe:
    cargo bench --package agent-engine --bench observe

# How many intents a second become durable, and how long each waits for it
bench-journal:
    cargo bench --package agent-driver --bench journal

# How well passes are scheduled, in virtual time, against what nobody can beat and beside other disciplines
bench-schedule *flags:
    cargo run --quiet --profile simulation --package fixtures-scheduling --bin bench-schedule -- {{flags}}

# How long a scan takes, as multiples of what any scanner has to do; EXAMPLES adds the example apps
bench-scan:
    cargo bench --package compiler-scan --bench scan

# Kill the agent at every step of an apply, instead of a selection of them
kills:
    KILLS=all cargo test --package fixtures-suite --test kills -- --nocapture

# Every order in which two agents, the store and the cloud can act; and longer histories of the real journal
model:
    MODEL=all HISTORIES=2000 cargo test --profile simulation --package fixtures-model --test protocol --test journal -- --nocapture

# Environments through storms of faults, judged by the simulated cloud's own ledger; `--seed S` tells one story, `matrix` is exhaustive
simulate *flags:
    cargo run --quiet --profile simulation --package fixtures-simulation --bin simulate -- {{flags}}

# The laws of the merge over a million random cases, and the way back for every attribute with several values
laws cases="1000000":
    LAWS_CASES={{cases}} cargo test --profile simulation --package agent-engine --lib laws -- --nocapture
    ATTRIBUTE_VALUES=10 cargo test --profile simulation --package fixtures-suite --test attributes -- --nocapture

# Create, read back, plan: nothing to do, for so many generated sets of properties of each kind
zero-difference sets="300":
    PROPERTY_SETS={{sets}} cargo test --profile simulation --package fixtures-suite --test attributes zero:: -- --nocapture

# Guarantees broken on purpose, one after the other: fails when the judges of the simulation do not notice
sabotage *flags:
    cargo run --quiet --profile simulation --package fixtures-simulation --bin simulate -- sabotage {{flags}}

# More inputs for the compiler than a test run takes, made from the committed seeds
fuzz iterations="20000":
    FUZZ_ITERATIONS={{iterations}} cargo test --package fixtures-suite --test fuzz

# Apps edited at random, so many times each: what is told of a change from a part is what a scan of all tells
edits count="20000":
    EDITS={{count}} cargo test --release --package compiler-scan --lib tests::part -- --nocapture

# cfn-lint and checkov over the templates of all sample apps, in all kinds of environments (pip install -r .ci/judges.txt)
judges *apps:
    cargo run --quiet --package fixtures-suite --bin judges -- {{apps}}

# Encore's own test data against our scanners; `--update` writes new verdicts, `--show CASE` says all about one
parity-encore encore *flags:
    cargo run --quiet --package fixtures-suite --bin parity -- encore {{encore}} {{flags}}

# What Encore's parser says of the example apps against our manifests
parity-models examples *flags:
    cargo run --quiet --package fixtures-suite --bin parity -- models {{examples}} {{flags}}

# What was counted in the example apps against our manifests
parity-examples examples *flags:
    cargo run --quiet --package fixtures-suite --bin parity -- examples {{examples}} {{flags}}

# What Encore's parser said of the small apps in fixtures/suite/parity against our scanner
parity-small-apps *flags:
    cargo run --quiet --package fixtures-suite --bin parity -- small-apps {{flags}}

# Licences and sources of all dependencies (needs cargo-deny)
deny:
    cargo deny check bans licenses sources

# Everything that CI does
ci:
    .ci/run
