//! The steps of a plan, how far each is, and what is left to do.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::Catalog;
use schema_documents::plan::{Action, Step, StepKey};

use crate::schedule::{Direction, Expected, Lane, Paths, Quotas};

/// What every step takes besides its operation: calls, questions and entries, in milliseconds.
const AROUND_MS: u64 = 1_000;

/// The steps, and how far each is.
#[derive(Default)]
pub(super) struct Work {
    tasks: BTreeMap<StepKey, Task>,
    paths: Paths,
    /// How many wait, and how many are between their beginning and their end.
    waiting: usize,
    running: usize,
    /// Waiting steps after which nothing else has to be done first, and that nobody was told of.
    ready: BTreeSet<StepKey>,
    /// Waiting steps, each with one before it that is lost.
    cut_off: Vec<(StepKey, StepKey)>,
    /// Requests that the rest takes at least.
    requests: BTreeMap<Lane, u64>,
}

pub(super) struct Task {
    pub(super) step: Step,
    pub(super) state: TaskState,
    pub(super) tries: u32,
    /// How often it failed because of what is not known yet.
    pub(super) waits: u32,
    /// Its number in the plan.
    node: usize,
    /// How many of those before it have not succeeded.
    missing: usize,
    followers: Vec<StepKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    Waiting,
    Running,
    Succeeded,
    /// Failed, or never begun: what comes after it is not begun either.
    Lost,
}

/// The handler of a kind that a step uses.
pub(super) fn handler(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "create",
        Action::Update { .. } | Action::Import { .. } => "update",
        Action::Delete { .. } => "delete",
    }
}

/// How long an operation takes by the catalogue, in milliseconds.
pub(super) fn typical_ms(catalog: &Catalog, kind: &str, handler: &str) -> u64 {
    let Some(kind) = catalog.kind(kind) else { return 0 };
    let typical = kind.overlay.typical_ms;
    match handler {
        "create" => typical.create,
        "update" => typical.update,
        _ => typical.delete,
    }
}

impl Work {
    /// The steps of a plan, in an order in which they could be done one by one.
    pub(super) fn new(steps: &[Step], catalog: &Catalog, expected: &Expected) -> Self {
        let numbers: BTreeMap<&StepKey, usize> =
            steps.iter().enumerate().map(|(node, step)| (&step.key, node)).collect();
        let before: Vec<Vec<usize>> = steps
            .iter()
            .map(|step| step.after.iter().filter_map(|before| numbers.get(before).copied()).collect())
            .collect();
        let mut followers: Vec<Vec<StepKey>> = vec![Vec::new(); steps.len()];
        for (step, before) in steps.iter().zip(&before) {
            for before in before {
                followers[*before].push(step.key.clone());
            }
        }
        let own_ms = steps.iter().map(|step| {
            let handler = handler(&step.action);
            AROUND_MS + expected.of(&step.kind, handler, typical_ms(catalog, &step.kind, handler))
        });
        let paths = Paths::new(own_ms.collect(), &before);
        let mut work = Self { paths, waiting: steps.len(), ..Self::default() };
        for (node, (step, followers)) in steps.iter().zip(followers).enumerate() {
            let (missing, state) = (before[node].len(), TaskState::Waiting);
            if missing == 0 {
                work.ready.insert(step.key.clone());
            }
            for (lane, count) in requests(step) {
                *work.requests.entry(lane).or_default() += count;
            }
            let task = Task { step: step.clone(), state, tries: 0, waits: 0, node, missing, followers };
            work.tasks.insert(step.key.clone(), task);
        }
        work
    }

    pub(super) fn task(&self, key: &StepKey) -> Option<&Task> {
        self.tasks.get(key)
    }

    pub(super) fn task_mut(&mut self, key: &StepKey) -> Option<&mut Task> {
        self.tasks.get_mut(key)
    }

    pub(super) fn running(&self) -> usize {
        self.running
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The steps that wait, in order.
    pub(super) fn all_waiting(&self) -> Vec<StepKey> {
        let waiting = self.tasks.values().filter(|task| task.state == TaskState::Waiting);
        waiting.map(|task| task.step.key.clone()).collect()
    }

    /// Steps that nothing keeps from beginning any more, each told once.
    pub(super) fn take_ready(&mut self) -> BTreeSet<StepKey> {
        std::mem::take(&mut self.ready)
    }

    /// A waiting step that comes after one that is lost, and that one.
    pub(super) fn next_cut_off(&mut self) -> Option<(StepKey, StepKey)> {
        while let Some((key, lost)) = self.cut_off.pop() {
            if self.tasks.get(&key).is_some_and(|task| task.state == TaskState::Waiting) {
                return Some((key, lost));
            }
        }
        None
    }

    /// How long the way is that hangs on a step, it counted, in milliseconds.
    pub(super) fn way_from_ms(&self, key: &StepKey) -> u64 {
        self.tasks.get(key).map_or(0, |task| self.paths.from_ms(task.node))
    }

    /// How long the way is that begins when a step is done, in milliseconds.
    pub(super) fn way_after_ms(&self, key: &StepKey) -> u64 {
        self.tasks.get(key).map_or(0, |task| self.paths.after_ms(task.node))
    }

    /// How long the rest takes at least: its longest way, or what its requests take where the limits are known, in
    /// milliseconds.
    pub(super) fn left_ms(&self, quotas: &Quotas) -> u64 {
        let drains_ms = self.requests.iter().filter_map(|(lane, count)| quotas.drain_ms(lane, *count)).max();
        self.paths.longest_ms().max(drains_ms.unwrap_or_default())
    }

    /// How many steps came to an end, and how many there are.
    pub(super) fn advanced(&self) -> (usize, usize) {
        (self.tasks.len() - self.waiting - self.running, self.tasks.len())
    }

    /// A step begins.
    pub(super) fn begin(&mut self, key: &StepKey) {
        if let Some(task) = self.tasks.get_mut(key)
            && task.state == TaskState::Waiting
        {
            task.state = TaskState::Running;
            self.waiting -= 1;
            self.running += 1;
            self.paths.began(task.node);
        }
    }

    /// A step has come to its end, or will never begin.
    pub(super) fn end(&mut self, key: &StepKey, succeeded: bool) {
        let Some(task) = self.tasks.get_mut(key) else { return };
        match task.state {
            TaskState::Waiting => self.waiting -= 1,
            TaskState::Running => self.running -= 1,
            TaskState::Succeeded | TaskState::Lost => return,
        }
        task.state = if succeeded { TaskState::Succeeded } else { TaskState::Lost };
        self.paths.ended(task.node);
        for (lane, count) in requests(&task.step) {
            if let Some(left) = self.requests.get_mut(&lane) {
                *left = left.saturating_sub(count);
            }
        }
        for follower in std::mem::take(&mut task.followers) {
            if succeeded {
                self.came_before(&follower);
            } else {
                self.cut_off.push((follower, key.clone()));
            }
        }
    }

    fn came_before(&mut self, follower: &StepKey) {
        let Some(task) = self.tasks.get_mut(follower) else { return };
        task.missing = task.missing.saturating_sub(1);
        if task.missing == 0 && task.state == TaskState::Waiting {
            self.ready.insert(follower.clone());
        }
    }
}

/// The requests that a step takes at least, by whose limit they meet: a call, a poll, and a read before or after it.
fn requests(step: &Step) -> [(Lane, u64); 4] {
    let reads = u64::from(!matches!(step.action, Action::Delete { .. }));
    [
        (Lane::interface(&step.kind, Direction::Mutating), 1),
        (Lane::service(&step.kind, Direction::Mutating), 1),
        (Lane::interface(&step.kind, Direction::Reading), 1 + reads),
        (Lane::service(&step.kind, Direction::Reading), reads),
    ]
}
