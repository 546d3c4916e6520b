//! Build constraints: files that are left out when the app is built for Linux.

/// Systems whose names at the end of a file's name are a constraint.
const SYSTEMS: [&str; 16] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "ios",
    "js",
    "linux",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

/// Processors whose names at the end of a file's name are a constraint.
const PROCESSORS: [&str; 13] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64le", "riscv64",
    "s390x", "wasm",
];

/// Longer constraints than this are not understood, and hold.
const MAX_TOKENS: usize = 256;

/// The processors that clouds have.
const OF_CLOUDS: [&str; 2] = ["amd64", "arm64"];

/// Whether what a file says about where it is built holds on each of the processors that clouds have.
pub(super) fn holding(content: &[u8]) -> [bool; 2] {
    match constraint(content) {
        Some(line) => OF_CLOUDS.map(|processor| holds(line, processor)),
        None => [true; 2],
    }
}

/// Whether a file is part of a build for Linux, on either of the processors that clouds have, when what it says itself
/// is [`holding`] so. What is not understood is part of it.
pub(super) fn is_built(path: &str, holding: [bool; 2]) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".go").unwrap_or(name);
    // The framework looks at names that begin with either no more than `go build` does.
    let fits = |(processor, holds)| holds && name_fits(stem, processor);
    !stem.starts_with(['_', '.']) && OF_CLOUDS.into_iter().zip(holding).any(fits)
}

fn name_fits(stem: &str, processor: &str) -> bool {
    let mut parts = stem.rsplit('_').take(stem.matches('_').count());
    let (last, before) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if PROCESSORS.contains(&last) {
        return last == processor && (before == "linux" || !SYSTEMS.contains(&before));
    }
    last == "linux" || !SYSTEMS.contains(&last)
}

/// The `//go:build` line, which stands before the package clause.
fn constraint(content: &[u8]) -> Option<&str> {
    const START: &[u8] = b"//go:build ";
    for line in content.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if let Some(constraint) = line.strip_prefix(START) {
            return std::str::from_utf8(constraint).ok();
        }
        if line.starts_with(b"package ") {
            return None;
        }
    }
    None
}

fn holds(constraint: &str, processor: &str) -> bool {
    let tokens = tokens(constraint);
    if tokens.len() > MAX_TOKENS {
        return true;
    }
    let mut parser = Parser { tokens: &tokens, processor };
    let holds = parser.any();
    holds.filter(|_| parser.tokens.is_empty()).unwrap_or(true)
}

fn tokens(constraint: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = constraint.trim_start();
    while !rest.is_empty() {
        let length = if rest.starts_with("&&") || rest.starts_with("||") {
            2
        } else if rest.starts_with(['!', '(', ')']) {
            1
        } else {
            let is_end = |letter: char| letter.is_whitespace() || "!()&|".contains(letter);
            rest.find(is_end).unwrap_or(rest.len()).max(rest.chars().next().map_or(1, char::len_utf8))
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Reads `a || b && !(c)` as it computes it.
struct Parser<'t> {
    tokens: &'t [&'t str],
    processor: &'t str,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut holds = self.all()?;
        while self.take("||") {
            holds |= self.all()?;
        }
        Some(holds)
    }

    fn all(&mut self) -> Option<bool> {
        let mut holds = self.not()?;
        while self.take("&&") {
            holds &= self.not()?;
        }
        Some(holds)
    }

    fn not(&mut self) -> Option<bool> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        match *first {
            "!" => self.not().map(|holds| !holds),
            "(" => {
                let holds = self.any()?;
                self.take(")").then_some(holds)
            }
            tag => Some(self.has(tag)),
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let is_next = self.tokens.first() == Some(&token);
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn has(&self, tag: &str) -> bool {
        matches!(tag, "linux" | "unix" | "gc" | "cgo")
            || tag == self.processor
            || tag.starts_with("encore")
            || tag.starts_with("go1.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, content: &str, is_part: bool) {
        assert_eq!(is_built(path, holding(content.as_bytes())), is_part, "{path} {content}");
    }

    #[test]
    fn a_file_may_be_named_after_a_system() {
        for (path, is_part) in [
            ("a/a.go", true),
            ("a/windows.go", true),
            ("a/a_windows.go", false),
            ("a/a_linux.go", true),
            ("a/a_linux_arm64.go", true),
            ("a/a_darwin_arm64.go", false),
            ("a/a_arm.go", false),
            ("a/_a.go", false),
        ] {
            check(path, "package a\n", is_part);
        }
    }

    #[test]
    fn a_file_may_have_a_constraint() {
        for (constraint, is_part) in [
            ("linux", true),
            ("ignore", false),
            ("!windows && (linux || darwin)", true),
            ("integration || e2e", false),
            ("!(linux&&amd64)", true),
            ("go1.22 && encore", true),
            ("linux &&", true),
            ("(", true),
        ] {
            check("a/a.go", &format!("// Copyright\n\n//go:build {constraint}\n\npackage a\n"), is_part);
        }
        check("a/a.go", "package a\n//go:build ignore\n", true);
        check("a/a.go", &format!("//go:build {}\n\npackage a\n", "(".repeat(100_000)), true);
    }
}
