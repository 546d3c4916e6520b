//! Progress on a terminal, none in a pipe; and how a person stops a pass.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use agent_driver::{Doing, Progress};
use agent_engine::options::Limits;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use schema_documents::desired::DesiredState;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::args::Reach;
use crate::telemetry::Telemetry;
use crate::wiring;

/// Shows what a pass tells, until it tells no more.
pub(crate) fn start(
    mut progress: mpsc::UnboundedReceiver<Progress>,
    telemetry: Option<Arc<Telemetry>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut shown = std::io::stderr().is_terminal().then(Shown::new);
        let mut told_of_lease = false;
        while let Some(progress) = progress.recv().await {
            if let Some(telemetry) = &telemetry {
                telemetry.hear(&progress);
            }
            if let Progress::LeaseHeld { holder, .. } = &progress
                && !told_of_lease
            {
                told_of_lease = true;
                anstream::eprintln!("waiting: {holder} holds the lease, or was killed with it");
            }
            if let Some(shown) = &mut shown {
                shown.take(progress);
            }
        }
        if let Some(shown) = shown {
            shown.bar.finish_and_clear();
        }
    })
}

/// Waits until everything was shown.
pub(crate) async fn finish(shown: JoinHandle<()>) {
    // The display failing is no failure of the pass.
    let _ = shown.await;
}

struct Shown {
    bar: ProgressBar,
    under_way: BTreeMap<u64, String>,
    /// How long the rest is expected to take.
    left_ms: u64,
}

impl Shown {
    fn new() -> Self {
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, under_way: BTreeMap::new(), left_ms: 0 }
    }

    fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Planned(plan) => self.bar.set_length(plan.steps.len() as u64),
            Progress::Observing { .. } => self.bar.set_message("reading what is live"),
            Progress::Started { intent, resource, doing, .. } => {
                let verb = match doing {
                    Doing::Creating => "creating",
                    Doing::Updating => "updating",
                    Doing::Deleting => "deleting",
                    Doing::Looking => "looking for",
                };
                self.under_way.insert(intent, format!("{verb} {resource}"));
            }
            Progress::NotYet { intent, words } => {
                if let Some(doing) = self.under_way.get_mut(&intent) {
                    let what = doing.split(": ").next().unwrap_or_default();
                    *doing = format!("{what}: {words}");
                }
            }
            Progress::Succeeded { intent, .. } | Progress::Failed { intent, .. } => {
                self.under_way.remove(&intent);
                self.bar.inc(1);
            }
            Progress::LeaseHeld { holder, .. } => self.bar.set_message(format!("waiting for {holder}")),
            Progress::Advanced { left_ms, .. } => self.left_ms = left_ms,
            Progress::Slowed { .. } | Progress::Retrying { .. } | Progress::UnderWay { .. } => {}
        }
        if let Some(longest) = self.under_way.values().next() {
            let more = self.under_way.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let left = match self.left_ms / 60_000 {
                0 => String::new(),
                minutes => format!(", about {} min to go", minutes + 1),
            };
            self.bar.set_message(format!("{longest}{more}{left}"));
        }
    }
}

/// Turns true when a person or the system asks to stop. A second request ends the program at once; the journal bears it.
pub(crate) fn stop_signal() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        asked_to_stop().await;
        sender.send_replace(true);
        asked_to_stop().await;
        std::process::exit(130);
    });
    receiver
}

async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The limits of a pass: the defaults, and what the environment says.
pub(crate) fn limits(desired: &DesiredState, reach: &Reach) -> Result<Limits> {
    let deploy = reach.deploy_timeout.map(|time| wiring::seconds(time, "--deploy-timeout")).transpose()?;
    Ok(Limits {
        deploy_ms: deploy.map(|time| u64::try_from(time.as_millis())).transpose()?,
        in_flight: reach.in_flight.max(1),
        settle_ms: desired.settle_seconds.saturating_mul(1_000),
        lag_percent: reach.read_lag,
        ..Limits::default()
    })
}
