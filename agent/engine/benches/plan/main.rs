//! How long it takes to find out that nothing has to be done, how long for one change among many, and what is in memory.
//!
//! Times are those of the processor, of one thread, the best of several runs: other work on the machine counts little. Each size
//! has a process of its own, so that its memory is its own. `cargo bench -p agent-engine --bench plan -- 1000` measures one.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod environment;
mod measure;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use agent_engine::audit::Authors;
use agent_engine::diff::{Context, Sightings, Unread, compare};
use agent_engine::live::{Live, LiveState};
use agent_engine::options::Limits;
use agent_engine::plan::plan;
use schema_catalog::Catalog;
use schema_documents::desired::DesiredState;
use schema_documents::plan::Plan;
use schema_documents::recorded::Recorded;
use schema_documents::{Json, canonical};

use measure::{best_of, memory_mib, microseconds, milliseconds};

/// The same as in the agent.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Tells a process to measure what lies in a folder, instead of making it up.
const FOLDER: &str = "PLAN_BENCH_FOLDER";

fn main() {
    if let Some(folder) = env::var_os(FOLDER) {
        return measure(Path::new(&folder));
    }
    let asked: Vec<usize> = env::args().filter_map(|argument| argument.parse().ok()).collect();
    println!(
        "| resources | documents | plan, no change | for each | plan, one edit | in memory | whole process | of plain parsing |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    for size in if asked.is_empty() { SIZES.to_vec() } else { asked } {
        let folder = env::temp_dir().join(format!("plan-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the documents");
        make_up(size, &folder);
        let ran = Command::new(env::current_exe().expect("this program")).env(FOLDER, &folder).status();
        fs::remove_dir_all(&folder).expect("the folder is ours");
        assert!(ran.is_ok_and(|status| status.success()), "measuring {size} failed");
    }
}

fn make_up(size: usize, folder: &Path) {
    let desired = environment::document(size);
    let recorded = environment::record(&desired);
    let write =
        |name: &str, text: String| fs::write(folder.join(name), text).expect("the documents are written");
    write("desired.json", canonical::to_string(&desired));
    write("recorded.json", canonical::to_string(&recorded));
}

fn measure(folder: &Path) {
    let read = |name: &str| fs::read(folder.join(name)).expect("the documents are there");
    let (desired, recorded) =
        (parse::<DesiredState>(&read("desired.json")), parse::<Recorded>(&read("recorded.json")));
    let live = read_all(&recorded);
    let size = desired.resources.len();
    let planning = best_of(5, || no_change(&desired, &recorded, &live));
    let memory = memory_mib();
    let one = one_change(&desired, &recorded);
    drop((desired, recorded, live));
    let plain = best_of(3, || (parse::<Json>(&read("desired.json")), parse::<Json>(&read("recorded.json"))));
    let whole = best_of(3, || whole_process(&read("desired.json"), &read("recorded.json")));
    let bytes = read("desired.json").len() + read("recorded.json").len();
    println!(
        "| {size} | {:.1} MB | {} | {:.1} µs | {} | {memory} MiB | {} | {:.2} |",
        bytes as f64 / 1e6,
        milliseconds(planning),
        planning * 1e6 / size as f64,
        microseconds(one),
        milliseconds(whole),
        whole / plain,
    );
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_slice(bytes).expect("a document")
}

/// Reads, parses, plans and writes the plan.
fn whole_process(desired: &[u8], recorded: &[u8]) -> String {
    let (desired, recorded) = (parse::<DesiredState>(desired), parse::<Recorded>(recorded));
    let live = read_all(&recorded);
    canonical::to_pretty(&no_change(&desired, &recorded, &live))
}

/// A narrow pass: the document and the record are known to agree, and one resource was read that somebody has edited.
fn one_change(desired: &DesiredState, recorded: &Recorded) -> f64 {
    let (id, generations) =
        recorded.resources.iter().nth(recorded.resources.len() / 2).expect("there are some");
    let mut properties = generations[&1].seen.clone();
    properties["VisibilityTimeout"] = 90.into();
    let read = Live::read(properties, 10_000_000, Some(generations[&1].as_ref()));
    let live = LiveState::from([((id.clone(), 1), read)]);
    let (only, digest) = (BTreeSet::from([id.clone()]), desired.digest());
    best_of(50, || {
        let (limits, sightings, authors) = (Limits::default(), Sightings::new(), Authors::default());
        let context = Context {
            only: Some(&only),
            digest: Some(&digest),
            ..context(desired, &limits, (&sightings, &authors))
        };
        let (bound, differences) = compare(desired, recorded, &live, &context);
        let plan = plan(&bound, &differences, recorded, &context);
        assert_eq!((plan.imports.len(), plan.steps.len()), (1, 0));
        plan
    })
}

fn no_change(desired: &DesiredState, recorded: &Recorded, live: &LiveState) -> Plan {
    let (limits, sightings, authors) = (Limits::default(), Sightings::new(), Authors::default());
    let context = context(desired, &limits, (&sightings, &authors));
    let (bound, differences) = compare(desired, recorded, live, &context);
    let plan = plan(&bound, &differences, recorded, &context);
    assert!(plan.is_empty(), "{:#?}", plan.steps.first());
    black_box(plan)
}

fn context<'a>(
    desired: &'a DesiredState,
    limits: &'a Limits,
    (sightings, authors): (&'a Sightings, &'a Authors),
) -> Context<'a> {
    Context {
        catalog: Catalog::builtin(),
        limits,
        now_ms: 20_000_000,
        desired,
        knows: &|_| true,
        sightings,
        destroy: false,
        authors,
        unread: Unread::Unknown,
        only: None,
        digest: None,
    }
}

/// A cloud in which everything is as it was seen last, read.
fn read_all(recorded: &Recorded) -> LiveState {
    let all = recorded.resources.iter().flat_map(|(id, all)| all.iter().map(move |one| (id, one)));
    all.map(|(id, (generation, record))| {
        let live = Live::read(record.seen.clone(), 10_000_000, Some(record.as_ref()));
        ((id.clone(), *generation), live)
    })
    .collect()
}
