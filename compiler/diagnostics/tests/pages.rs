//! Every code has a page that says what it is about, shows code that produces it, and says what to do.

use compiler_diagnostics::{Code, code};

/// What is missing from a page.
fn defects(code: Code) -> Vec<String> {
    let page = code.page();
    let title = format!("# {}: {}", code.as_str(), code.title());
    let mut defects = Vec::new();
    if page.lines().next() != Some(&title) {
        defects.push(format!("the first line is not `{title}`"));
    }
    let introduction = page.lines().skip(1).take_while(|line| !line.starts_with("## "));
    if introduction.into_iter().all(|line| line.trim().is_empty()) {
        defects.push("nothing stands under the title".to_owned());
    }
    for heading in ["## Example", "## What to do"] {
        if section(page, heading).is_none_or(|text| text.trim().is_empty()) {
            defects.push(format!("there is no section `{heading}`"));
        }
    }
    if !section(page, "## Example").unwrap_or_default().contains("```") {
        defects.push("the example shows no code".to_owned());
    }
    defects
}

/// The text of a section, up to the next one.
fn section<'p>(page: &'p str, heading: &str) -> Option<&'p str> {
    let start = page.find(&format!("\n{heading}\n"))? + heading.len() + 2;
    let rest = &page[start..];
    Some(&rest[..rest.find("\n## ").unwrap_or(rest.len())])
}

#[test]
fn every_code_has_a_complete_page() {
    let all = code::ALL
        .iter()
        .flat_map(|code| defects(*code).into_iter().map(|defect| format!("{}: {defect}", code.as_str())));
    let all: Vec<String> = all.collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_code_is_found_by_its_name_in_any_case() {
    for code in code::ALL {
        assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(*code));
    }
    assert_eq!(Code::parse("X9999"), None);
}
