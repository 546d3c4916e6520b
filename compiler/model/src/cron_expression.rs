//! Cron expressions of five fields, as the app's runtime reads them.
//!
//! ```text
//! expression = minute hour day-of-month month day-of-week
//! field      = item { "," item }
//! item       = ( "*" | value [ "-" value ] ) [ "/" step ]
//! ```
//! Encore.go also reads `?` for `*` and, for months and days of the week, names of three letters.

use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{alphanumeric1, digit1};
use nom::combinator::{all_consuming, map, opt, value};
use nom::multi::separated_list1;
use nom::sequence::preceded;
use nom::{IResult, Parser};
use schema_documents::manifest::Language;

/// A valid expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression {
    /// The five fields with one blank between.
    pub(crate) text: String,
    days_of_month: u64,
    months: u64,
    any_day_of_week: bool,
}

/// Why a text is not an expression, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) message: String,
    pub(crate) help: String,
}

/// What a field may hold.
struct Field {
    name: &'static str,
    first: u32,
    last: u32,
    /// Names of the values, from `first` on.
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", first: 0, last: 59, names: &[] },
    Field { name: "hour", first: 0, last: 23, names: &[] },
    Field { name: "day of month", first: 1, last: 31, names: &[] },
    Field { name: "month", first: 1, last: 12, names: MONTHS },
    Field { name: "day of week", first: 0, last: 6, names: DAYS },
];

/// The most days that each month has.
const DAYS_IN_MONTH: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Reads an expression as the runtime of `language` does.
pub(crate) fn parse(language: Language, text: &str) -> Result<Expression, Invalid> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(wrong_count(text.trim(), fields.len()));
    }
    let mut sets = [0; FIELDS.len()];
    for ((set, field), text) in sets.iter_mut().zip(&FIELDS).zip(&fields) {
        *set = field.parse(language, text)?;
    }
    let [_, _, days_of_month, months, _] = sets;
    let any_day_of_week = fields[4].starts_with(['*', '?']);
    Ok(Expression { text: fields.join(" "), days_of_month, months, any_day_of_week })
}

fn wrong_count(text: &str, count: usize) -> Invalid {
    let usual = match text {
        "@hourly" => Some("0 * * * *"),
        "@daily" | "@midnight" => Some("0 0 * * *"),
        "@weekly" => Some("0 0 * * 0"),
        "@monthly" => Some("0 0 1 * *"),
        "@yearly" | "@annually" => Some("0 0 1 1 *"),
        _ => None,
    };
    let names = FIELDS.map(|field| field.name).join(", ");
    let help = match (usual, count) {
        (Some(usual), _) => format!("write `{usual}`"),
        (None, 6) => format!("write five fields, without seconds or years: {names}"),
        (None, _) => format!("write five fields: {names}"),
    };
    let fields = if count == 1 { "field" } else { "fields" };
    Invalid { message: format!("`{text}` has {count} {fields} instead of five"), help }
}

impl Expression {
    /// Whether some month has such a day.
    pub(crate) fn ever_runs(&self, language: Language) -> bool {
        // Encore.go runs on either of the two when the days of the week are restricted too.
        let by_day_of_week = language == Language::Go && !self.any_day_of_week;
        let has_such_a_day = |(month, days): (u32, u32)| {
            has(self.months, month) && (1..=days).any(|day| has(self.days_of_month, day))
        };
        by_day_of_week || (1..).zip(DAYS_IN_MONTH).any(has_such_a_day)
    }
}

fn has(set: u64, value: u32) -> bool {
    set >> value & 1 == 1
}

/// One item of a field, as written.
struct Item<'t> {
    range: Range<'t>,
    step: Option<&'t str>,
}

#[derive(Clone)]
enum Range<'t> {
    All,
    From(&'t str, Option<&'t str>),
}

fn list(any_mark: bool) -> impl for<'t> Fn(&'t str) -> IResult<&'t str, Vec<Item<'t>>> {
    move |text| all_consuming(separated_list1(tag(","), |text| item(text, any_mark))).parse(text)
}

fn item(text: &str, any_mark: bool) -> IResult<&str, Item<'_>> {
    let marks = if any_mark { ["*", "?"] } else { ["*", "*"] };
    let all = value(Range::All, alt((tag(marks[0]), tag(marks[1]))));
    let some =
        map((alphanumeric1, opt(preceded(tag("-"), alphanumeric1))), |(from, to)| Range::From(from, to));
    map((alt((all, some)), opt(preceded(tag("/"), digit1))), |(range, step)| Item { range, step }).parse(text)
}

impl Field {
    /// The values that a field stands for, as bits.
    fn parse(&self, language: Language, text: &str) -> Result<u64, Invalid> {
        let Ok((_, items)) = list(language == Language::Go)(text) else {
            return Err(Invalid {
                message: format!("`{text}` cannot be read as a {}", self.name),
                help: "write values, ranges `a-b` and steps `*/n`, with commas between".to_owned(),
            });
        };
        items.iter().try_fold(0, |set, item| Ok(set | self.item(language, item)?))
    }

    fn item(&self, language: Language, item: &Item<'_>) -> Result<u64, Invalid> {
        let (from, to) = match item.range {
            Range::All => (self.first, self.last),
            Range::From(from, Some(to)) => (self.value(language, from)?, self.value(language, to)?),
            Range::From(from, None) => {
                let from = self.value(language, from)?;
                (from, if item.step.is_some() { self.last } else { from })
            }
        };
        if from > to {
            return Err(Invalid {
                message: format!("the range {from}-{to} of the {} runs backwards", self.name),
                help: format!("write two ranges, `{from}-{},{}-{to}`", self.last, self.first),
            });
        }
        let step = item.step.map_or(Ok(1), |step| self.step(step))?;
        Ok((from..=to).step_by(step).fold(0, |set, value| set | 1 << value))
    }

    fn step(&self, text: &str) -> Result<usize, Invalid> {
        text.parse().ok().filter(|step| (1..=60).contains(step)).ok_or_else(|| Invalid {
            message: format!("the {} has a step of {text}", self.name),
            help: format!("write a step from 1 to {}", self.last),
        })
    }

    fn value(&self, language: Language, text: &str) -> Result<u32, Invalid> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|index| u32::try_from(index).ok()).map(|index| index + self.first);
        // Encore.ts reads the names of days, and not those of months.
        let is_read = language != Language::Typescript || self.name == "day of week";
        match named {
            Some(value) if is_read => return Ok(value),
            Some(value) => {
                return Err(Invalid {
                    message: format!("the {} `{text}` is a name, which Encore.ts does not read", self.name),
                    help: format!("write {value}"),
                });
            }
            None => {}
        }
        let number = text.parse::<u32>().ok().filter(|number| (self.first..=self.last).contains(number));
        number.ok_or_else(|| Invalid {
            message: format!("the {} `{text}` is not between {} and {}", self.name, self.first, self.last),
            help: match (self.name, text) {
                ("day of week", "7") => "write 0 for Sunday".to_owned(),
                _ => format!("write a {} from {} to {}", self.name, self.first, self.last),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(language: Language, text: &str, expected: Result<&str, &str>) {
        let actual = parse(language, text).map(|expression| expression.text);
        let actual = actual.map_err(|Invalid { message, help }| format!("{message}; {help}"));
        assert_eq!(actual.as_deref().map_err(String::as_str), expected, "{text:?}");
    }

    #[test]
    fn lists_ranges_and_steps_are_read() {
        for language in [Language::Go, Language::Typescript] {
            check(language, "0 * * * *", Ok("0 * * * *"));
            check(language, "  */5   0-12/3 1,15 1-6,9 0-6  ", Ok("*/5 0-12/3 1,15 1-6,9 0-6"));
            check(language, "10/20 4 * * *", Ok("10/20 4 * * *"));
        }
    }

    #[test]
    fn typescript_reads_the_names_of_days_only() {
        check(Language::Go, "0 4 ? JAN-mar MON", Ok("0 4 ? JAN-mar MON"));
        check(Language::Typescript, "0 4 * * mon-FRI", Ok("0 4 * * mon-FRI"));
        let name = "the month `JAN` is a name, which Encore.ts does not read; write 1";
        check(Language::Typescript, "0 4 * JAN *", Err(name));
        let mark = "`?` cannot be read as a day of month; write values, ranges `a-b` and steps `*/n`, with commas between";
        check(Language::Typescript, "0 4 ? * 1", Err(mark));
    }

    #[test]
    fn a_mistake_is_told_with_its_field() {
        check(
            Language::Go,
            "0 24 * * *",
            Err("the hour `24` is not between 0 and 23; write a hour from 0 to 23"),
        );
        check(
            Language::Go,
            "0 0 * * 7",
            Err("the day of week `7` is not between 0 and 6; write 0 for Sunday"),
        );
        check(Language::Go, "*/0 * * * *", Err("the minute has a step of 0; write a step from 1 to 59"));
        let backwards = "the range 5-1 of the day of week runs backwards; write two ranges, `5-6,0-1`";
        check(Language::Go, "0 0 * * FRI-MON", Err(backwards));
    }

    #[test]
    fn five_fields_are_needed() {
        check(Language::Go, "@daily", Err("`@daily` has 1 field instead of five; write `0 0 * * *`"));
        let fields = "minute, hour, day of month, month, day of week";
        let six = format!(
            "`0 0 0 * * *` has 6 fields instead of five; write five fields, without seconds or years: {fields}"
        );
        check(Language::Typescript, "0 0 0 * * *", Err(&six));
        check(
            Language::Go,
            "",
            Err(&format!("`` has 0 fields instead of five; write five fields: {fields}")),
        );
    }

    #[test]
    fn a_day_that_no_month_has_never_comes() {
        let runs = |language, text| parse(language, text).unwrap().ever_runs(language);
        assert!(!runs(Language::Go, "0 0 31 2,4 *"));
        assert!(runs(Language::Go, "0 0 29 2 *"));
        assert!(runs(Language::Go, "0 0 31 2 1"));
        assert!(!runs(Language::Typescript, "0 0 31 2 1"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-*/,?0-9a-z ]{0,40}|\\PC{0,40}") {
            let _ = parse(Language::Go, &text);
            let _ = parse(Language::Typescript, &text);
        }

        #[test]
        fn what_was_read_is_read_again(text in "[*0-9/,-]{1,4} [*0-9/,-]{1,4} [*1-9/]{1,3} [*1-9/]{1,3} [*0-6/]{1,3}") {
            if let Ok(expression) = parse(Language::Go, &text) {
                prop_assert_eq!(parse(Language::Go, &expression.text), Ok(expression));
            }
        }
    }
}
