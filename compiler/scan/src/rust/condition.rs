//! `#[cfg(test)]` and its like: what is not part of the app that runs.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use super::value::word;

/// Conditions within conditions that are looked at.
const MAX_DEPTH: usize = 8;

/// Whether an item is only there in tests.
pub(super) fn is_only_in_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last().map(|part| word(&part.ident));
        match last.as_deref() {
            Some("test" | "bench") => true,
            Some("cfg") => attribute
                .parse_args::<Meta>()
                .is_ok_and(|condition| holds(&condition, MAX_DEPTH) == Some(false)),
            _ => false,
        }
    })
}

/// Whether a condition holds outside of tests; absent where that depends on something else.
fn holds(condition: &Meta, depth: usize) -> Option<bool> {
    let depth = depth.checked_sub(1)?;
    match condition {
        Meta::Path(path) if path.is_ident("test") || path.is_ident("doctest") => Some(false),
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
            let mut parts = parts.iter().map(|part| holds(part, depth));
            if list.path.is_ident("not") {
                parts.next()?.map(|holds| !holds)
            } else if list.path.is_ident("all") {
                together(parts, false)
            } else if list.path.is_ident("any") {
                together(parts, true)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// One that is `decisive` decides; otherwise all have to be known.
fn together(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for part in parts {
        match part {
            Some(part) if part == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use syn::parse::Parser;

    use super::*;

    fn check(attribute: &str, only_in_tests: bool) {
        let attributes = Attribute::parse_outer.parse_str(attribute).unwrap();
        assert_eq!(is_only_in_tests(&attributes), only_in_tests, "{attribute}");
    }

    #[test]
    fn what_only_tests_have_is_known() {
        check("#[cfg(test)]", true);
        check("#[test]", true);
        check(r#"#[encore::test(flavor = "multi_thread")]"#, true);
        check(r#"#[cfg(all(test, feature = "x"))]"#, true);
        check(r#"#[cfg(any(test, feature = "x"))]"#, false);
        check("#[cfg(any(test, doctest))]", true);
        check("#[cfg(not(test))]", false);
        check("#[cfg(not(not(test)))]", true);
        check(r#"#[cfg(feature = "test")]"#, false);
        check("#[cfg_attr(test, x)]", false);
        check("#[cfg]", false);
    }
}
