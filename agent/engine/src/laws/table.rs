//! The table of the semantics (§1), as data: what is known of a field, and the first rule that fits it. The book has the
//! same table in words (`book/src/concepts/reconciling.md`).

use schema_documents::desired::Class;
use schema_documents::origin::Rank;

use crate::merge::Decision;

/// All that a rule may look at.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a table has as many columns as it has")]
pub(super) struct Facts {
    /// The live side was read, and the read proves something.
    pub(super) read: bool,
    /// The document says something of the field.
    pub(super) mentioned: bool,
    /// The wish needs an output that is not known.
    pub(super) waits: bool,
    /// The record remembers the field.
    pub(super) remembered: bool,
    /// The resource was found and not made, and this is its first comparison.
    pub(super) found: bool,
    /// The wish is what is live.
    pub(super) in_step: bool,
    /// Another value, a higher origin, or it newly names the live value.
    pub(super) wish_moved: bool,
    /// Another value than was asked last.
    pub(super) other_value: bool,
    /// Live is neither what was seen nor what was asked last.
    pub(super) live_moved: bool,
    /// A console edit is open, and nobody has taken it back.
    pub(super) edited: bool,
    /// The wish names the live value in `over`.
    pub(super) over: bool,
    /// The edit was there when the resource was found.
    pub(super) was_found: bool,
    /// Live is again, or still, what an edit of an enforced field made of it.
    pub(super) back: bool,
    pub(super) rank: Rank,
    pub(super) class: Class,
    /// Only the cloud decides it.
    pub(super) provider: bool,
    /// A read never shows it.
    pub(super) write_only: bool,
    /// Somebody in the console set it, and the document never mentioned it.
    pub(super) never_asked: bool,
    /// There is a live value, and not only the default.
    pub(super) is_there: bool,
    /// A console edit is open, taken back or not.
    pub(super) open: bool,
    /// Of a field that left: it was ours, and nobody has edited it.
    pub(super) still_ours: bool,
    /// Of a field that left: what it goes back to is known, and is not what is live.
    pub(super) can_go_back: bool,
}

/// A rule: the first one that fits decides.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) when: fn(&Facts) -> bool,
    pub(super) then: Decision,
}

const fn when(name: &'static str, when: fn(&Facts) -> bool, then: Decision) -> Rule {
    Rule { name, when, then }
}

fn touched(facts: &Facts) -> bool {
    facts.live_moved || facts.edited
}

fn enforced(facts: &Facts) -> bool {
    facts.class == Class::Enforced && !facts.was_found
}

/// In their order.
pub(super) const RULES: &[Rule] = &[
    when("0 not read", |f| !f.read, Decision::Waiting),
    when("left: never remembered", |f| !f.mentioned && !f.remembered, Decision::Released),
    when("beside: taken back", |f| !f.mentioned && f.never_asked && !f.is_there, Decision::Released),
    when(
        "beside: adopted and edited",
        |f| !f.mentioned && f.never_asked && f.open && f.live_moved,
        Decision::Drift,
    ),
    when("beside: kept", |f| !f.mentioned && f.never_asked, Decision::Known),
    when("left: edited, foreign or unreadable", |f| !f.mentioned && !f.still_ours, Decision::Released),
    when("left: goes back", |f| !f.mentioned && f.can_go_back, Decision::Reset),
    when("left: stays", |f| !f.mentioned, Decision::Released),
    when("0 waits below an edit", |f| f.waits && (touched(f) || f.found), Decision::Waiting),
    when("0 waits for a step", |f| f.waits, Decision::Later),
    when("unreadable: found", |f| f.write_only && f.found, Decision::InStep),
    when("unreadable: another value", |f| f.write_only && f.wish_moved && f.other_value, Decision::Change),
    when("unreadable: asked for already", |f| f.write_only, Decision::InStep),
    when("1 in step", |f| f.in_step, Decision::InStep),
    when("1 the cloud's own", |f| f.provider && !f.wish_moved, Decision::InStep),
    when("found: a setting differs", |f| f.found && f.rank == Rank::Setting, Decision::Conflict),
    when("found: it differs", |f| f.found, Decision::Drift),
    when("5 over is live", |f| touched(f) && f.over, Decision::Change),
    when("4b enforced", |f| touched(f) && enforced(f), Decision::EnforcedDrift),
    when("4b enforced again", |f| f.back && enforced(f), Decision::EnforcedDrift),
    when(
        "5 default below an edit",
        |f| touched(f) && f.wish_moved && f.rank == Rank::Default,
        Decision::NotedDefault,
    ),
    when("5 conflict", |f| touched(f) && f.wish_moved, Decision::Conflict),
    when("4 change", |f| f.wish_moved, Decision::Change),
    when("3 drift", |f| f.live_moved, Decision::Drift),
    when("2 known", |_| true, Decision::Known),
];

/// The first rule that fits.
pub(super) fn rule(facts: &Facts) -> &'static Rule {
    RULES.iter().find(|rule| (rule.when)(facts)).expect("BUG: the last rule fits everything")
}
