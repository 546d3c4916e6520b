//! What a SQL text can do to the rows of a Postgres database.
//!
//! A service that only reads gets a role that only reads, so a wrong answer breaks the app in production. The answer is
//! therefore [`DatabaseAccess::Read`] only for texts of which every word is understood, and
//! [`DatabaseAccess::Write`] for all others. `Admin` is never derived: changes of the schema come as migrations, and a
//! text with `CREATE` in it is a text that is not understood.
//!
//! # Why the lists are closed
//!
//! Any function may write: `SELECT pay(7)` moves money, `SELECT nextval('ids')` needs the right to a sequence, and
//! `SELECT dblink(…)` does anything anywhere. Whether a function of the app does is not in the text. So a function that
//! is not in [`names::FUNCTIONS`], all of Postgres itself or of the extensions that come with it, counts as one
//! that writes. For the same reason a statement counts as one that writes unless its first word is in [`READS`]: a
//! statement that a later Postgres adds is not one that reads.
//!
//! What the text does not show cannot be seen: a view, an operator, a cast or a row security policy of the app that
//! calls a function which writes, and a function of a row that is written like a column (`row.function`).

mod names;
mod token;

use schema_documents::manifest::DatabaseAccess;

use token::{Token, tokens};

/// First words of the statements that read.
const READS: [&str; 6] = ["explain", "select", "show", "table", "values", "with"];

/// Words that make a write of the statement around them, wherever they stand: a part of a `WITH`, `SELECT … INTO`, or
/// `FOR UPDATE`.
const WRITES: [&str; 5] = ["delete", "insert", "into", "merge", "update"];

/// What the statements of a text can do. The text is constant: what is filled in later is a parameter (`$1`, `?`), never
/// a piece of SQL.
pub(crate) fn access(sql: &str) -> DatabaseAccess {
    let Some(tokens) = tokens(sql) else { return DatabaseAccess::Write };
    let mut statements =
        tokens.split(|token| token.is(';')).filter(|statement| !statement.is_empty()).peekable();
    // Nothing at all is more likely a text that was not found than one that reads.
    if statements.peek().is_some() && statements.all(reads) {
        DatabaseAccess::Read
    } else {
        DatabaseAccess::Write
    }
}

fn reads(statement: &[Token<'_>]) -> bool {
    let statement = explained(statement);
    let first = statement.iter().find(|token| !token.is('('));
    first.is_some_and(|token| READS.iter().any(|word| token.is_word(word) && *word != "explain"))
        && is_balanced(statement)
        && !statement.iter().any(|token| WRITES.iter().any(|word| token.is_word(word)))
        && !statement.windows(2).any(locks)
        && (0..statement.len()).all(|index| !statement[index].is('(') || opens_harmlessly(statement, index))
}

/// The statement behind `EXPLAIN`, which asks for the same rights whether it runs it or not.
fn explained<'s, 't>(statement: &'s [Token<'t>]) -> &'s [Token<'t>] {
    let Some(mut rest) = statement.strip_prefix_word("explain") else { return statement };
    if rest.first().is_some_and(|token| token.is('(')) {
        // `EXPLAIN (ANALYZE) SELECT …`, or the statement itself in parentheses.
        let is_statement =
            rest.get(1).is_some_and(|token| token.is('(') || READS.iter().any(|word| token.is_word(word)));
        let end = rest.iter().position(|token| token.is(')')).unwrap_or(0);
        return if is_statement { rest } else { &rest[end + usize::from(end > 0)..] };
    }
    while let Some(next) =
        ["analyze", "analyse", "verbose"].iter().find_map(|word| rest.strip_prefix_word(word))
    {
        rest = next;
    }
    rest
}

/// Whether two words begin `FOR SHARE`, `FOR KEY SHARE`, `FOR UPDATE` or `FOR NO KEY UPDATE`, which take locks that only
/// a role that may write gets.
fn locks(pair: &[Token<'_>]) -> bool {
    pair[0].is_word("for") && ["share", "key", "no", "update"].iter().any(|word| pair[1].is_word(word))
}

fn is_balanced(statement: &[Token<'_>]) -> bool {
    let depth = statement.iter().try_fold(0usize, |depth, token| match token {
        Token::Symbol('(') => Some(depth + 1),
        Token::Symbol(')') => depth.checked_sub(1),
        _ => Some(depth),
    });
    depth == Some(0)
}

/// Whether the parenthesis at an index is no call, or the call of a function that is known not to write.
fn opens_harmlessly(statement: &[Token<'_>], index: usize) -> bool {
    let before = |back: usize| index.checked_sub(back).map(|at| &statement[at]);
    let is_before = |back: usize, word: &str| before(back).is_some_and(|token| token.is_word(word));
    let name = match before(1) {
        Some(Token::Word(name)) => name.to_ascii_lowercase(),
        // Columns of an alias or of a part of a `WITH`; otherwise the call of a function with a name of its own.
        Some(Token::Quoted) => return ["as", "with", "recursive"].iter().any(|word| is_before(2, word)),
        _ => return true,
    };
    if before(2).is_some_and(|token| token.is('.')) {
        let is_qualified_once = !before(4).is_some_and(|token| token.is('.'));
        return is_before(3, "pg_catalog") && is_qualified_once && names::is_harmless(&name);
    }
    match name.as_str() {
        // These are words of the language here, and names of functions elsewhere.
        "by" => ["group", "order", "partition"].iter().any(|word| is_before(2, word)),
        "cube" | "rollup" => is_before(2, "by"),
        "filter" | "over" => before(2).is_some_and(|token| token.is(')')),
        "materialized" => is_before(2, "as") || (is_before(2, "not") && is_before(3, "as")),
        "sets" => is_before(2, "grouping"),
        "zone" => is_before(2, "time"),
        "join" => {
            let inner = statement.get(index + 1);
            inner.is_some_and(|token| READS.iter().any(|word| token.is_word(word)))
        }
        name if ["as", "with", "recursive"].iter().any(|word| is_before(2, word)) => !name.is_empty(),
        name => names::is_keyword(name) || names::is_harmless(name),
    }
}

/// Taking a word off the front of a statement.
trait StripWord<'t> {
    fn strip_prefix_word(&self, word: &str) -> Option<&[Token<'t>]>;
}

impl<'t> StripWord<'t> for [Token<'t>] {
    fn strip_prefix_word(&self, word: &str) -> Option<&[Token<'t>]> {
        let (first, rest) = self.split_first()?;
        first.is_word(word).then_some(rest)
    }
}

#[cfg(test)]
mod tests;
