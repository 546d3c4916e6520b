//! How long it takes to find out that nothing has to be done, how long for one change among many, and what is in memory.
//!
//! Times are those of the processor, of one thread, the best of several runs: other work on the machine counts little. Each size
//! has a process of its own, so that its memory is its own. `cargo bench -p agent-engine --bench plan -- 1000` measures one.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod environment;
mod measure;

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::{env, fs};

use agent_engine::attention::{Agreement, Attention, Looks, Scope, Sweep};
use agent_engine::audit::Authors;
use agent_engine::command::{Command, Event};
use agent_engine::diff::{Context, Sightings, Unread, compare};
use agent_engine::live::{Live, LiveState};
use agent_engine::options::Limits;
use agent_engine::pass::{Inputs, Mode, Pass, Published};
use agent_engine::plan::plan;
use agent_engine::schedule::Experience;
use schema_catalog::Catalog;
use schema_documents::desired::{DesiredState, Outline};
use schema_documents::plan::Plan;
use schema_documents::recorded::Recorded;
use schema_documents::{Json, Kept, canonical};

use measure::{best_of, memory_mib, milliseconds, seconds_of};

/// The same as in the agent.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The time, in all that is measured.
const NOW_MS: u64 = 20_000_000;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Tells a process to measure what lies in a folder, instead of making it up.
const FOLDER: &str = "PLAN_BENCH_FOLDER";

fn main() {
    if let Some(folder) = env::var_os(FOLDER) {
        return measure(Path::new(&folder));
    }
    let asked: Vec<usize> = env::args().filter_map(|argument| argument.parse().ok()).collect();
    println!(
        "| resources | documents | plan, no change | for each | plan, one edit | plan, one change | in memory | whole process | of plain parsing |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for size in if asked.is_empty() { SIZES.to_vec() } else { asked } {
        let folder = env::temp_dir().join(format!("plan-bench-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder for the documents");
        make_up(size, &folder);
        let ran =
            process::Command::new(env::current_exe().expect("this program")).env(FOLDER, &folder).status();
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
    let edit = one_edit(&desired, &recorded);
    drop(live);
    let change = one_change(desired, &recorded);
    drop(recorded);
    let plain = best_of(3, || (parse::<Json>(&read("desired.json")), parse::<Json>(&read("recorded.json"))));
    let whole = best_of(3, || whole_process(&read("desired.json"), &read("recorded.json")));
    let bytes = read("desired.json").len() + read("recorded.json").len();
    println!(
        "| {size} | {:.1} MB | {} | {:.1} µs | {} | {} | {memory} MiB | {} | {:.2} |",
        bytes as f64 / 1e6,
        milliseconds(planning),
        planning * 1e6 / size as f64,
        milliseconds(edit),
        milliseconds(change),
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
fn one_edit(desired: &DesiredState, recorded: &Recorded) -> f64 {
    let (id, generations) =
        recorded.resources.iter().nth(recorded.resources.len() / 2).expect("there are some");
    let mut properties = generations[&1].seen.to_json();
    properties["VisibilityTimeout"] = 90.into();
    let read = Live::read(properties, 10_000_000, Some(generations[&1].as_ref()));
    let live = LiveState::from([((id.clone(), 1), read)]);
    let (only, digest) = (BTreeSet::from([id.clone()]), desired.digest());
    best_of(50, || {
        let (limits, sightings, authors) = (Limits::default(), Sightings::new(), Authors::default());
        let context = Context {
            only: Some(&only),
            digest: Some(&digest),
            account: None,
            ..context(desired, &limits, (&sightings, &authors))
        };
        let (bound, differences) = compare(desired, recorded, &live, &context);
        let plan = plan(&bound, &differences, recorded, &context);
        assert_eq!((plan.imports.len(), plan.steps.len()), (1, 0));
        plan
    })
}

/// A narrow pass, from its start to its plan: another document, in which one resource is another, after a pass that has found out
/// how the one before and the record agree.
fn one_change(desired: DesiredState, recorded: &Recorded) -> f64 {
    let before = Arc::new(desired);
    let (agreement, looks) = {
        let mut pass = narrow_pass(&before, recorded, None, Looks::new());
        pass.step(Event::Started, NOW_MS);
        let left = pass.leave();
        (left.agreement, left.looks)
    };
    let mut desired = Arc::unwrap_or_clone(before);
    let changed = desired.resources.len() / 2;
    let resource = desired.resources.values_mut().nth(changed).expect("there are some");
    resource.properties.insert("VisibilityTimeout".to_owned(), 90.into());
    let desired = Arc::new(desired);
    let records = recorded.resources.values().flat_map(BTreeMap::values);
    let cloud: Cloud<'_> =
        records.filter_map(|record| Some((record.identifier.as_deref()?, &record.seen))).collect();
    let runs = (0..5).map(|_| {
        let mut pass = narrow_pass(&desired, recorded, agreement.clone(), looks.clone());
        let seconds = seconds_of(|| plan_of(&mut pass, &cloud));
        let plan = pass.plan().expect("the pass is over");
        assert_eq!((plan.steps.len(), plan.unchanged), (1, desired.resources.len() as u64 - 1));
        seconds
    });
    runs.fold(f64::INFINITY, f64::min)
}

fn narrow_pass(
    desired: &Arc<DesiredState>,
    recorded: &Recorded,
    agreement: Option<Agreement>,
    looks: Looks,
) -> Pass {
    let scope = Scope::Narrow { named: BTreeSet::new(), sweep: Sweep::default() };
    let outline = Some(Arc::new(Outline::of(desired)));
    Pass::new(Inputs {
        desired: Arc::clone(desired),
        published: Published::default(),
        recorded: recorded.clone(),
        catalog: Catalog::builtin(),
        limits: Limits::default(),
        mode: Mode::Plan,
        sightings: Sightings::new(),
        knows: BTreeSet::from(["AWS::SQS::Queue".to_owned()]),
        attention: Attention { scope, authors: Authors::default(), looks, agreement, outline },
        experience: Experience::default(),
        account: None,
        digests: agent_engine::digests::Digests::default(),
    })
}

/// What is live, by identifier.
type Cloud<'a> = BTreeMap<&'a str, &'a Kept>;

/// Runs a pass that only plans, in a cloud in which everything is as it was seen last.
fn plan_of(pass: &mut Pass, cloud: &Cloud<'_>) {
    let mut now_ms = NOW_MS;
    let mut commands = pass.step(Event::Started, now_ms);
    while let Some(command) = commands.pop() {
        let event = match command {
            Command::Read { question, identifier, .. } => {
                let result = Ok(cloud.get(identifier.as_str()).map(|seen| seen.to_json()));
                Event::Read { question, result, began_at_ms: now_ms }
            }
            Command::Wake { at_ms } => {
                now_ms = now_ms.max(at_ms);
                Event::Woke { at_ms }
            }
            _ => return,
        };
        commands.extend(pass.step(event, now_ms));
    }
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
        now_ms: NOW_MS,
        desired,
        knows: &|_| true,
        sightings,
        destroy: false,
        authors,
        unread: Unread::Unknown,
        only: None,
        digest: None,
        account: None,
        digests: &agent_engine::digests::PLAIN,
    }
}

/// A cloud in which everything is as it was seen last, read.
fn read_all(recorded: &Recorded) -> LiveState {
    let all = recorded.resources.iter().flat_map(|(id, all)| all.iter().map(move |one| (id, one)));
    all.map(|(id, (generation, record))| {
        let live = Live::read(record.seen.to_json(), 10_000_000, Some(record.as_ref()));
        ((id.clone(), *generation), live)
    })
    .collect()
}
