//! Calls from one service to the endpoints of another.

use std::collections::BTreeMap;

use schema_documents::Position;
use schema_documents::manifest::Call;

use super::Found;
use super::program::Program;

/// Finds the calls. A reference to an endpoint counts, since whoever has it can call it.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    let mut calls: BTreeMap<(String, String), Position> = BTreeMap::new();
    for ((package, name), owner) in &found.endpoints {
        let services = &found.manifest.services;
        let to = format!("{}.{name}", services[*owner].name);
        for site in program.sites(package, name) {
            if found.named_only.contains(&(site.file.path.to_owned(), site.place())) {
                continue;
            }
            let at = site.at();
            for caller in program.services_of(&site).iter().filter(|caller| *caller != owner) {
                let key = (services[*caller].name.clone(), to.clone());
                calls
                    .entry(key)
                    .and_modify(|first| *first = first.clone().min(at.clone()))
                    .or_insert_with(|| at.clone());
            }
        }
    }
    let calls = calls.into_iter().map(|((from_service, to), at)| Call { from_service, to, at });
    found.manifest.calls.extend(calls);
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_call_of_another_services_endpoint_is_a_call() {
        let callee = "package a\n//encore:service\ntype S struct{}\n//encore:api private\nfunc (s *S) Do() {}\nfunc Helper() {}\n";
        let service = |body: &str| {
            format!("package b\nimport x \"example.com/app/a\"\n//encore:api public\nfunc B() {{ {body} }}\n")
        };
        check(&[("a/a.go", callee), ("b/b.go", &service("x.Do()"))], &["call b -> a.Do"], &[]);
        check(
            &[("a/a.go", callee), ("b/b.go", &service("run(x.Do)"))],
            &["call b -> a.Do"],
            &["S0022 b/b.go:4:16-4:20 the endpoint `Do` is named without being called"],
        );
    }

    #[test]
    fn calls_within_a_service_are_no_calls() {
        let text = "package a\n//encore:api private\nfunc A() { A() }\n";
        let files =
            [("a/a.go", text), ("a/b/b.go", "package b\nimport \"example.com/app/a\"\nfunc B() { a.A() }\n")];
        let (manifest, _) = super::super::tests::scan_files(&files);
        assert_eq!(manifest.calls, []);
    }
}
