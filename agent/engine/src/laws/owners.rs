//! Who may become the owner of a field, by what a pass decided of it. The book has the same table in words
//! (`book/src/concepts/reconciling.md`).

use schema_documents::recorded::Owner;

use crate::merge::Decision;

/// Where a field's ownership may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// To whoever wishes: the manifest or a setting.
    Wisher,
    /// To the console.
    Console,
    /// It stays where it is.
    Stays,
    /// Nobody remembers the field any more.
    Nobody,
}

/// What a pass decided, whether it wrote the field, and where ownership may go.
const TRANSITIONS: &[(Decision, bool, &[To])] = &[
    (Decision::InStep, false, &[To::Wisher, To::Nobody]),
    (Decision::Change, true, &[To::Wisher]),
    (Decision::Change, false, &[To::Stays, To::Console]),
    (Decision::Later, true, &[To::Wisher]),
    (Decision::Later, false, &[To::Stays]),
    (Decision::EnforcedDrift, true, &[To::Wisher]),
    (Decision::EnforcedDrift, false, &[To::Stays, To::Console]),
    (Decision::Drift, false, &[To::Console]),
    (Decision::NotedDefault, false, &[To::Console]),
    (Decision::Conflict, false, &[To::Console, To::Stays]),
    (Decision::Reset, true, &[To::Nobody]),
    (Decision::Reset, false, &[To::Stays]),
    (Decision::Released, false, &[To::Nobody]),
    (Decision::Known, false, &[To::Stays]),
    (Decision::Waiting, false, &[To::Stays]),
];

/// Whether the table allows this transition.
pub(super) fn allows(decision: Decision, written: bool, before: Option<Owner>, after: Option<Owner>) -> bool {
    let row = TRANSITIONS.iter().find(|(of, wrote, _)| *of == decision && *wrote == written);
    row.is_some_and(|(_, _, to)| {
        to.iter().any(|to| match to {
            To::Wisher => matches!(after, Some(Owner::Manifest | Owner::Setting)),
            To::Console => after == Some(Owner::Console),
            To::Stays => after == before,
            To::Nobody => after.is_none(),
        })
    })
}

#[test]
fn the_book_has_the_same_table() {
    let book = include_str!("../../../../book/src/concepts/reconciling.md");
    let (_, table) =
        book.split_once("| a pass finds | and writes it | it is then of |\n|---|---|---|\n").unwrap();
    let table: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(table, TRANSITIONS.iter().map(row).collect::<Vec<_>>());
}

fn row((decision, written, to): &(Decision, bool, &[To])) -> String {
    let found = match decision {
        Decision::Waiting => "waiting",
        Decision::Later => "known after a step",
        Decision::InStep => "in step",
        Decision::Known => "known",
        Decision::Drift => "drift",
        Decision::EnforcedDrift => "an enforced field was edited",
        Decision::Change => "change",
        Decision::NotedDefault => "a default moved below an edit",
        Decision::Conflict => "conflict",
        Decision::Released => "released",
        Decision::Reset => "goes back to its default",
    };
    let to: Vec<&str> = to
        .iter()
        .map(|to| match to {
            To::Wisher => "whoever wishes",
            To::Console => "the console",
            To::Stays => "whose it was",
            To::Nobody => "nobody",
        })
        .collect();
    format!("| {found} | {} | {} |", if *written { "yes" } else { "no" }, to.join(", or "))
}
