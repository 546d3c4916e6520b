//! Applying: the steps of the checked plan, as parallel as their order and the limit allow, the longest way to go first.
//!
//! Plan decides, apply obeys: values that were not known when the plan was made are filled in, nothing else is chosen. An
//! update reads the resource once more; when what it is about to replace is not what the plan saw, the step is stale and the
//! next pass decides anew.

use std::collections::{BTreeMap, BTreeSet};

use agent_world::ReadError;
use schema_documents::approval::AwaitedStep;
use schema_documents::journal::{Act, Entry, Intent, token};
use schema_documents::plan::{Action, Reason, Step, StepKey};
use schema_documents::{Json, Millis, ResourceId};

use super::decide::{Deed, WAITING};
use super::flight::{Ending, Flight};
use super::{Pass, Purpose, Stage, Then, Turn, backoff};
use crate::check::Checked;
use crate::command::{Ended, FailedStep, SkippedStep};

/// The steps, and how far each is.
#[derive(Default)]
pub(super) struct Work {
    steps: BTreeMap<StepKey, Task>,
    running: usize,
}

struct Task {
    step: Step,
    state: TaskState,
    /// Steps on the longest way from here to an end.
    remaining: usize,
    tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskState {
    Waiting,
    Running,
    Succeeded,
    /// Failed, or never begun: what comes after it is not begun either.
    Lost,
}

impl Work {
    fn new(steps: &[Step]) -> Self {
        let task =
            |step: &Step| Task { step: step.clone(), state: TaskState::Waiting, remaining: 1, tries: 0 };
        let mut tasks: BTreeMap<StepKey, Task> =
            steps.iter().map(|step| (step.key.clone(), task(step))).collect();
        // The plan's order is one in which the steps could be done one by one: backwards, what follows comes first.
        for step in steps.iter().rev() {
            let remaining = tasks[&step.key].remaining + 1;
            for before in &step.after {
                if let Some(before) = tasks.get_mut(before) {
                    before.remaining = before.remaining.max(remaining);
                }
            }
        }
        Self { steps: tasks, running: 0 }
    }

    /// The waiting step that can begin and has the longest way to go.
    fn next(&self) -> Option<StepKey> {
        let waiting = self.steps.values().filter(|task| task.state == TaskState::Waiting);
        let ready = waiting.filter(|task| task.step.after.iter().all(|before| self.is_done(before)));
        let first =
            ready.min_by(|a, b| b.remaining.cmp(&a.remaining).then_with(|| a.step.key.cmp(&b.step.key)));
        first.map(|task| task.step.key.clone())
    }

    fn is_done(&self, key: &StepKey) -> bool {
        self.steps.get(key).is_none_or(|task| task.state == TaskState::Succeeded)
    }

    fn waiting(&self) -> Vec<StepKey> {
        let waiting = self.steps.values().filter(|task| task.state == TaskState::Waiting);
        waiting.map(|task| task.step.key.clone()).collect()
    }

    /// A waiting step that comes after one that is lost, and that one.
    fn cut_off(&self) -> Option<(StepKey, StepKey)> {
        let waiting = self.steps.values().filter(|task| task.state == TaskState::Waiting);
        waiting.into_iter().find_map(|task| {
            let lost =
                |key: &&StepKey| self.steps.get(*key).is_some_and(|task| task.state == TaskState::Lost);
            Some((task.step.key.clone(), task.step.after.iter().find(lost)?.clone()))
        })
    }

    fn set(&mut self, key: &StepKey, state: TaskState) {
        if let Some(task) = self.steps.get_mut(key) {
            self.running -= usize::from(task.state == TaskState::Running);
            self.running += usize::from(state == TaskState::Running);
            task.state = state;
        }
    }
}

impl Pass {
    pub(super) fn start_applying(&mut self) {
        self.stage = Stage::Applying;
        let Some(plan) = self.checked.take().map(Checked::into_plan) else { return };
        self.work = Work::new(&plan.steps);
        for AwaitedStep { step, changed } in plan.awaited.into_iter().flat_map(|awaited| awaited.steps) {
            let changed = changed.map(|changed| format!(" ({changed})")).unwrap_or_default();
            self.skip(&step, format!("it waits for a person's approval{changed}"));
        }
    }

    /// Begins what can begin, and gives up what cannot any more. Whether that was anything.
    pub(super) fn advance_applying(&mut self) -> bool {
        let waiting = self.work.waiting().len();
        while let Some((key, lost)) = self.work.cut_off() {
            self.turn(Turn::CutOff);
            self.skip(&key, format!("it comes after `{}`, which was not done", lost.0));
        }
        if self.stopping {
            for key in self.work.waiting() {
                self.skip(&key, "the pass was told to stop".to_owned());
            }
        }
        while self.work.running < self.limits.in_flight.max(1)
            && let Some(key) = self.work.next()
        {
            self.work.set(&key, TaskState::Running);
            self.begin(&key, self.now_ms);
        }
        let left = self.work.waiting().len();
        if self.work.running == 0 && left == 0 {
            self.end(if self.stopping { Ended::Stopped } else { Ended::Done });
        }
        left < waiting
    }

    fn skip(&mut self, key: &StepKey, why: String) {
        self.work.set(key, TaskState::Lost);
        self.skipped.push(SkippedStep { step: key.clone(), why });
    }

    fn begin(&mut self, key: &StepKey, not_before_ms: Millis) {
        let Some(task) = self.work.steps.get(key) else { return };
        let step = task.step.clone();
        match &step.action {
            Action::Create { .. } => self.begin_create(&step, not_before_ms),
            Action::Update { identifier, .. } => {
                self.ask_read(Purpose::Pin(key.clone()), &step.kind, identifier, not_before_ms);
            }
            Action::Delete { identifier, confirmed } => {
                let act = Act::Delete { identifier: identifier.clone(), confirmed: confirmed.clone() };
                self.intend(&step, Deed { act, settles: BTreeMap::new() }, not_before_ms);
            }
        }
    }

    fn begin_create(&mut self, step: &Step, not_before_ms: Millis) {
        let journal = self.recorded.journal.clone().unwrap_or_default();
        match self.creation(step, &journal) {
            Ok(deed) => self.intend(step, deed, not_before_ms),
            Err(why) => {
                self.turn(Turn::StillMissing);
                self.lose(&step.key, WAITING, &why);
            }
        }
    }

    /// The live state just before an update.
    pub(super) fn pinned(&mut self, key: &StepKey, result: Result<Option<Json>, ReadError>) {
        let (now_ms, most) = (self.now_ms, self.limits.attempts);
        let Some(task) = self.work.steps.get_mut(key) else { return };
        match result {
            Ok(Some(live)) => {
                let step = task.step.clone();
                self.begin_update(&step, &live);
            }
            Ok(None) => {
                self.turn(Turn::PinGone);
                self.skip(key, "it is gone since the plan was made".to_owned());
            }
            Err(error) => {
                task.tries += 1;
                let refused = matches!(error, ReadError::Refused { .. });
                if task.tries >= most || refused {
                    self.turn(Turn::PinGivenUp);
                    return self.lose(key, "NoAnswer", &format!("reading it before the update: {error}"));
                }
                let at = backoff::after_read_error(now_ms, &error, &key.0, task.tries);
                self.turn(Turn::PinAgain);
                self.begin(key, at);
            }
        }
    }

    fn begin_update(&mut self, step: &Step, live: &Json) {
        match self.update(step, live) {
            Ok(Some(deed)) => self.intend(step, deed, self.now_ms),
            Ok(None) => {
                self.turn(Turn::PinStale);
                self.skip(&step.key, "it changed since the plan was made".to_owned());
            }
            Err((code, why)) => {
                self.turns.extend((code == WAITING).then_some(Turn::StillMissing));
                self.lose(&step.key, code, &why);
            }
        }
    }

    /// Journals the intent; the call is made when it is durable.
    fn intend(&mut self, step: &Step, deed: Deed, not_before_ms: Millis) {
        let Deed { act, settles } = deed;
        let Some(journal) = self.recorded.journal.clone() else {
            return self.lose(&step.key, "NoJournal", "the journal has no id yet: nothing can be recorded");
        };
        let number = self.recorded.next_intent;
        let attempt = self.attempt(step, &act);
        self.turn(intended(step));
        // The intent's number makes the token unlike that of any other intent: what is created again after its deletion,
        // or changed back and forth, has the same body in the same generation, and must not be answered from the past.
        let journal = format!("{journal}/{number}");
        let Step { resource, generation, kind, stateful, .. } = step;
        let intent = Intent {
            intent: number,
            resource: resource.clone(),
            generation: *generation,
            kind: kind.clone(),
            stateful: *stateful,
            attempt,
            token: token(&journal, resource, *generation, attempt, &act),
            act,
            reason: Some(step.reason.clone()),
            depends_on: self.dependencies(resource),
            settles,
        };
        self.flights.insert(number, Flight::begun(intent.clone(), self.now_ms, step.key.clone()));
        let then = Then::Call { intent: number, not_before_ms };
        self.append(vec![Entry::Intent(Box::new(intent))], then);
    }

    /// Which try it is, from 1.
    fn attempt(&self, step: &Step, act: &Act) -> u32 {
        let record = self.recorded.resources.get(&step.resource).and_then(|all| all.get(&step.generation));
        let tried = record.map_or(0, |record| match act {
            Act::Create { .. } => record.attempt,
            Act::Update { .. } | Act::Delete { .. } => {
                record.failure.as_ref().map_or(0, |failure| failure.times)
            }
        });
        tried + 1
    }

    fn dependencies(&self, id: &ResourceId) -> BTreeSet<ResourceId> {
        match self.desired.resources.get(id) {
            Some(resource) => resource.dependencies(),
            None => self.recorded.resources.get(id).into_iter().flatten().fold(
                BTreeSet::new(),
                |mut all, (_, record)| {
                    all.extend(record.depends_on.iter().cloned());
                    all
                },
            ),
        }
    }

    pub(super) fn step_ended(&mut self, key: &StepKey, ending: Ending) {
        match ending {
            Ending::Succeeded => {
                self.work.set(key, TaskState::Succeeded);
                self.succeeded.push(key.clone());
            }
            Ending::Failed { again: true, code, message } if !self.stopping => {
                self.try_again(key, &code, &message);
            }
            Ending::Failed { code, message, .. } | Ending::Open { code, message } => {
                self.lose(key, &code, &message);
            }
        }
    }

    /// A new attempt, with a new token: its predecessor came to a recorded end.
    fn try_again(&mut self, key: &StepKey, code: &str, message: &str) {
        let most = self.limits.attempts;
        let Some(task) = self.work.steps.get_mut(key) else { return };
        task.tries += 1;
        if task.tries >= most {
            self.turn(Turn::AttemptsUsedUp);
            return self.lose(key, code, message);
        }
        self.turns.push(Turn::AnotherAttempt);
        let not_before_ms = self.now_ms + backoff::pause_ms(&key.0, task.tries);
        self.begin(key, not_before_ms);
    }

    fn lose(&mut self, key: &StepKey, code: &str, message: &str) {
        let Some(task) = self.work.steps.get(key) else { return };
        let resource = task.step.resource.clone();
        self.work.set(key, TaskState::Lost);
        let (step, code, message) = (key.clone(), code.to_owned(), message.to_owned());
        self.failed.push(FailedStep { step, resource, code, message });
    }
}

fn intended(step: &Step) -> Turn {
    match (&step.action, &step.reason) {
        (Action::Create { .. }, Reason::Replaced { .. }) => Turn::ReplacementIntended,
        (Action::Create { .. }, Reason::Gone) => Turn::RestorationIntended,
        (Action::Create { .. }, _) => Turn::CreateIntended,
        (Action::Update { .. }, Reason::Revert) => Turn::RevertIntended,
        (Action::Update { .. }, _) => Turn::UpdateIntended,
        (Action::Delete { .. }, Reason::Superseded) => Turn::FormerDeleteIntended,
        (Action::Delete { .. }, _) => Turn::DeleteIntended,
    }
}
