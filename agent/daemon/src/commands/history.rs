//! `manifest-agent history`: who did what, when and why, from the journal.

mod text;

use std::collections::VecDeque;

use agent_driver::{LeaseTerms, read_all};
use agent_engine::history::{Event, History as Reader, What};
use anyhow::{Context as _, Result};
use schema_documents::{Millis, ResourceId, canonical};
use serde_json::json;

use crate::args::{Format, History};
use crate::output::{self, Verdict};
use crate::wiring::Environment;

pub(crate) async fn run(args: History) -> Result<Verdict> {
    let since_ms = args.since.as_deref().map(since).transpose()?.unwrap_or(0);
    let environment = Environment::find(&args.place).await?;
    let mut newest = Newest { args: &args, since_ms, events: VecDeque::new(), earlier: 0 };
    let mut reader = Reader::default();
    let driver = environment.driver_without_cloud(LeaseTerms::default());
    read_all(&driver, |batch| newest.take(reader.read(batch))).await?;
    newest.take(reader.under_way());
    let Newest { events, earlier, .. } = newest;
    match args.format {
        Format::Text => output::data(&text::of(&events))?,
        Format::Json => output::data(&canonical::to_pretty(&json!({
            "app": environment.app,
            "environment": environment.name,
            "events": events,
            "earlier": earlier,
        })))?,
    }
    if earlier > 0 && args.format == Format::Text {
        anstream::eprintln!("{earlier} earlier events are not shown (`--limit` shows more)");
    }
    Ok(Verdict::Clean)
}

/// The newest events that were asked for.
struct Newest<'a> {
    args: &'a History,
    since_ms: Millis,
    events: VecDeque<Event>,
    /// Those that were asked for and are too many.
    earlier: u64,
}

impl Newest<'_> {
    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            if event.at_ms < self.since_ms
                || !self.args.resource.as_ref().is_none_or(|id| is_about(&event, id))
            {
                continue;
            }
            self.events.push_back(event);
            if self.events.len() > self.args.limit {
                self.events.pop_front();
                self.earlier += 1;
            }
        }
    }
}

fn is_about(event: &Event, id: &ResourceId) -> bool {
    let moved_here = matches!(&event.what, What::Moved { to } if to == id);
    event.resource.as_ref() == Some(id) || moved_here
}

/// A time that was typed: a point in time, a day, or how long ago.
fn since(typed: &str) -> Result<Millis> {
    let point = typed.parse::<jiff::Timestamp>().ok();
    let day = || {
        let day = typed.parse::<jiff::civil::Date>().ok()?;
        Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let ago = || {
        let ago = typed.parse::<jiff::Span>().ok()?;
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        Some(now.checked_sub(ago.abs()).ok()?.timestamp())
    };
    let since = point.or_else(day).or_else(ago).with_context(|| {
        format!("`{typed}` is no time: give one such as `2026-11-26T08:00:00Z`, `2026-11-26` or `36h`")
    })?;
    Ok(Millis::try_from(since.as_millisecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_point_a_day_or_how_long_ago() {
        assert_eq!(since("1970-01-02T00:00:01Z").unwrap(), 86_401_000);
        assert_eq!(since("1970-01-02").unwrap(), 86_400_000);
        let now_ms = jiff::Timestamp::now().as_millisecond();
        for (typed, hours) in [("36h", 36), ("2d", 48), ("1w", 168)] {
            let ago_ms = now_ms - i64::try_from(since(typed).unwrap()).unwrap();
            assert!((ago_ms - hours * 3_600_000).abs() < 60_000, "{typed}: {ago_ms}");
        }
        for wrong in ["", "yesterday", "2026-13-01", "h"] {
            assert!(since(wrong).unwrap_err().to_string().contains("is no time"), "{wrong}");
        }
    }
}
