//! What the tests of all primitives share, and tests of whole apps.

use std::fmt::Write;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::{Endpoint, Gateway, Manifest, Service, Subscription, Topic};

use crate::{SourceTree, scan};

/// Scans an app of these files, besides `encore.app` and `go.mod`. Each fact must be one of [`facts`]; the
/// diagnostics must be exactly those given, as [`said`] writes them.
pub(super) fn check(files: &[(&str, &str)], expected: &[&str], diagnostics: &[&str]) {
    let (manifest, found) = scan_files(files);
    let facts = facts(&manifest);
    for fact in expected {
        assert!(
            facts.lines().any(|line| line == *fact),
            "`{fact}` is not among\n{facts}\n{:?}",
            said(&found)
        );
    }
    assert_eq!(said(&found), diagnostics, "{facts}");
    assert!(found.iter().all(|each| each.help.is_some() && each.span.is_some()), "{found:?}");
}

/// Checks one file of a service, after its package clause and the imports of the framework.
pub(super) fn check_file(body: &str, expected: &[&str], diagnostics: &[&str]) {
    let text = format!("{HEAD}{body}");
    check(&[("svc/svc.go", &text), ("svc/migrations/1_a.up.sql", "")], expected, diagnostics);
}

/// Its last line is line 15, so that a body begins on line 16 at the earliest.
const HEAD: &str = r#"package svc

import (
	"context"
	"time"

	"encore.dev/cron"
	"encore.dev/metrics"
	"encore.dev/pubsub"
	"encore.dev/storage/cache"
	"encore.dev/storage/objects"
	"encore.dev/storage/sqldb"
)
//encore:api public
func Here(ctx context.Context) error { return nil }
"#;

pub(super) fn scan_files(files: &[(&str, &str)]) -> (Manifest, Vec<Diagnostic>) {
    let own = [("encore.app", "{\"id\": \"app\"}"), ("go.mod", "module example.com/app\n\ngo 1.26\n")];
    let (manifest, diagnostics) = scan(&SourceTree::from_files("app", own.iter().chain(files).copied()));
    (manifest.expect("there is an encore.app"), diagnostics)
}

/// `CODE file:line:column-end_line:end_column message`.
fn said(diagnostics: &[Diagnostic]) -> Vec<String> {
    let place = |each: &Diagnostic| {
        let span = each.span.as_ref().expect("scanners point at places");
        format!("{}:{}:{}-{}:{}", span.file, span.line, span.column, span.end_line, span.end_column)
    };
    diagnostics
        .iter()
        .map(|each| format!("{} {} {}", each.code.as_str(), place(each), each.message))
        .collect()
}

/// A manifest as lines, without positions.
fn facts(manifest: &Manifest) -> String {
    let mut lines = Vec::new();
    for service in &manifest.services {
        lines.push(service_fact(service));
        lines.extend(service.endpoints.iter().map(|endpoint| endpoint_fact(service, endpoint)));
    }
    for database in &manifest.databases {
        let files: Vec<_> =
            database.migrations.iter().map(|each| format!("{}={}", each.number, each.file)).collect();
        let path = database.migrations_path.as_deref().unwrap_or("-");
        lines.push(format!("database {} {path} {}", database.name, files.join(" ")).trim_end().to_owned());
    }
    for topic in &manifest.topics {
        lines.push(topic_fact(topic));
        lines.extend(topic.subscriptions.iter().map(|each| subscription_fact(topic, each)));
    }
    for bucket in &manifest.buckets {
        lines.push(format!("bucket {} public={} versioned={}", bucket.name, bucket.public, bucket.versioned));
    }
    for cache in &manifest.caches {
        lines.push(format!("cache {} {}", cache.name, cache.eviction_policy.as_deref().unwrap_or("-")));
        lines.extend(
            cache
                .keyspaces
                .iter()
                .map(|each| format!("keyspace {} {} {}", cache.name, each.pattern, each.service)),
        );
    }
    for job in &manifest.cron_jobs {
        let text = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
        lines.push(format!(
            "cron {} {:?} {} {}",
            job.id,
            text(&job.title),
            text(&job.schedule),
            text(&job.endpoint)
        ));
    }
    for secret in &manifest.secrets {
        lines.push(
            format!("secret {} {}", secret.name, secret.packages_or_services.join(" ")).trim_end().to_owned(),
        );
    }
    lines.extend(manifest.metrics.iter().map(|each| format!("metric {} {:?}", each.name, each.kind)));
    let handler =
        |each: &Gateway| each.auth_handler.as_ref().map_or("-".to_owned(), |each| each.name.clone());
    lines.extend(
        manifest
            .gateways
            .iter()
            .map(|each| format!("gateway {} {} {}", each.name, each.service, handler(each))),
    );
    lines.extend(manifest.auth_handler.iter().map(|each| format!("auth {} {}", each.name, each.service)));
    lines.extend(manifest.calls.iter().map(|each| format!("call {} -> {}", each.from_service, each.to)));
    lines.join("\n")
}

fn service_fact(service: &Service) -> String {
    let mut line = format!("service {} {}", service.name, service.path);
    let mut list = |word: &str, names: Vec<String>| {
        if !names.is_empty() {
            write!(line, " {word}={}", names.join(",")).expect("writing to a string");
        }
    };
    list("databases", service.databases.iter().map(|each| each.database.clone()).collect());
    list(
        "buckets",
        service.buckets.iter().map(|each| format!("{}{:?}", each.bucket, each.operations)).collect(),
    );
    list("caches", service.caches.iter().map(|each| each.cache.clone()).collect());
    list("metrics", service.metrics.clone());
    let binds = &service.binds;
    list(
        "binds",
        [&binds.databases, &binds.topics, &binds.buckets, &binds.caches]
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
    );
    line
}

fn endpoint_fact(service: &Service, endpoint: &Endpoint) -> String {
    let access = endpoint.access.map_or("-".to_owned(), |access| format!("{access:?}"));
    let path = endpoint.path.as_deref().unwrap_or("-");
    let mut line = format!("endpoint {}.{} {access} {path}", service.name, endpoint.name);
    let words = endpoint.methods.iter().cloned().chain(endpoint.tags.iter().map(|tag| format!("tag:{tag}")));
    let flags =
        [("raw", endpoint.raw), ("sensitive", endpoint.sensitive), ("request", endpoint.takes_request)];
    let flags = flags.into_iter().filter(|(_, is_so)| *is_so).map(|(flag, _)| flag.to_owned());
    for word in words.chain(flags) {
        line.extend([" ", &word]);
    }
    line
}

fn topic_fact(topic: &Topic) -> String {
    let delivery = topic.delivery.map_or("-".to_owned(), |delivery| format!("{delivery:?}"));
    let order = topic.ordering_attribute.as_deref().unwrap_or("-");
    format!("topic {} {delivery} {order} {}", topic.name, topic.publishers.join(" ")).trim_end().to_owned()
}

fn subscription_fact(topic: &Topic, each: &Subscription) -> String {
    let values = [
        ("ack", each.ack_deadline_ns),
        ("retention", each.message_retention_ns),
        ("min", each.min_backoff_ns),
        ("max", each.max_backoff_ns),
        ("retries", each.max_retries),
        ("concurrency", each.max_concurrency),
    ];
    let values = values.iter().filter_map(|(name, value)| Some(format!(" {name}={}", (*value)?)));
    format!("subscription {}/{} {}{}", topic.name, each.name, each.service, values.collect::<String>())
}

const SITE: &str = r#"// Package site keeps the sites.
package site

import (
	"context"

	"encore.dev/pubsub"
	db "encore.dev/storage/sqldb"
)

type Site struct{ ID int }

//encore:service
type Service struct{}

func initService() (*Service, error) {
	sites, err := open(sites.Stdlib())
	return &Service{}, err
}

// Get gets a site.
//
//encore:api public method=GET path=/site/:id
func (s *Service) Get(ctx context.Context, id int) (*Site, error) { return nil, nil }

//encore:api auth method=POST,PUT path=/site tag:write
func (s *Service) Add(ctx context.Context, p *Site) (*Site, error) {
	_, err := Added.Publish(ctx, p)
	return p, err
}

var Added = pubsub.NewTopic[*Site]("added", pubsub.TopicConfig{DeliveryGuarantee: pubsub.AtLeastOnce})

var sites = db.NewDatabase("site", db.DatabaseConfig{Migrations: "./migrations"})
// var gone = db.NewDatabase("gone", db.DatabaseConfig{Migrations: "./gone"})
"#;

const MONITOR: &str = r#"package monitor

import (
	"context"

	"encore.dev/cron"
	"encore.dev/pubsub"
	"example.com/app/site"
)

//encore:api private
func CheckAll(ctx context.Context) error {
	site, err := site.Get(ctx, 1)
	site.Add(ctx, nil)
	return err
}

var _ = cron.NewJob("check-all", cron.JobConfig{Title: "Check", Every: 10 * cron.Minute, Endpoint: CheckAll})

var _ = pubsub.NewSubscription(site.Added, "check", pubsub.SubscriptionConfig[*site.Site]{
	Handler: func(ctx context.Context, s *site.Site) error { return nil },
})
"#;

#[test]
fn a_whole_app_is_read() {
    let files = [
        ("site/site.go", SITE),
        ("monitor/monitor.go", MONITOR),
        ("monitor/monitor_test.go", "package monitor\nvar secrets struct { Test string }\n"),
        ("site/migrations/1_create.up.sql", ""),
        ("site/migrations/1_create.down.sql", ""),
        ("site/migrations/README.md", ""),
    ];
    let (manifest, found) = scan_files(&files);
    let unmet =
        "M0110 site/site.go:26:14-26:18 endpoint `site.Add` needs an auth handler, and the app has none";
    assert_eq!(said(&found), [unmet]);
    let expected = "service monitor monitor
endpoint monitor.CheckAll Private -
service site site databases=site binds=site,added
endpoint site.Add Auth /site POST PUT tag:write request
endpoint site.Get Public /site/:id GET
database site site/migrations 1=1_create.up.sql
topic added AtLeastOnce - site
subscription added/check monitor
cron check-all \"Check\" every:10 monitor.CheckAll
call monitor -> site.Get";
    assert_eq!(facts(&manifest), expected);
    assert_eq!(manifest.databases[0].at.to_string(), "site/site.go:34:28-34:34");
    assert_eq!(manifest.services[1].databases[0].at.to_string(), "site/site.go:17:21-17:26");
    assert_eq!(manifest.calls[0].at.to_string(), "monitor/monitor.go:13:15-13:23");
}

#[test]
fn the_example_on_each_page_produces_its_code() {
    for code in compiler_diagnostics::code::ALL.iter().filter(|code| code.as_str().starts_with('S')) {
        // What their examples show is no source: a file without permission, no app.
        if matches!(code, Code::S0002 | Code::S0003 | Code::S0004) {
            continue;
        }
        // Others are of other languages.
        let example = code.page().split("```go\n").nth(1).and_then(|rest| rest.split("```").next());
        let Some(example) = example else { continue };
        let text =
            if example.starts_with("package") { example.to_owned() } else { format!("{HEAD}{example}") };
        let migration =
            if *code == Code::S0012 { "svc/migrations/add_index.sql" } else { "svc/migrations/2.up.sql" };
        let files = [("svc/svc.go", text.as_str()), ("svc/migrations/1_create.up.sql", ""), (migration, "")];
        let (_, found) = scan_files(&files);
        assert!(found.iter().any(|each| each.code == *code), "{} {:?}", code.as_str(), said(&found));
    }
}

proptest::proptest! {
    #[test]
    fn a_damaged_file_is_survived_and_every_position_lies_within_it(
        start in 0..SITE.len(),
        length in 0_usize..200,
        put in "[(){}\\[\\]\"`/*:,.\n a-zé]{0,6}",
    ) {
        let end = (start + length).min(SITE.len());
        let damaged = format!("{}{put}{}", &SITE[..start], &SITE[end..]);
        let files = [("site/site.go", damaged.as_str()), ("monitor/monitor.go", MONITOR)];
        let (manifest, found) = scan_files(&files);
        proptest::prop_assert!(manifest.services.iter().any(|service| service.name == "monitor"));
        for span in found.iter().filter_map(|each| each.span.as_ref()) {
            let text = files.iter().find(|(path, _)| *path == span.file).map_or("", |(_, text)| text);
            proptest::prop_assert!(span.end_line as usize <= text.split('\n').count(), "{span:?}");
            proptest::prop_assert!((span.line, span.column) <= (span.end_line, span.end_column), "{span:?}");
        }
    }
}

#[test]
fn the_order_of_files_does_not_show() {
    let files = [
        ("b/b.go", "package b\n//encore:api public\nfunc B() {}\n"),
        ("a/a.go", "package a\n//encore:api public\nfunc A() {}\n"),
        ("a/z.go", "package a\n//encore:api public\nfunc Z() {}\n"),
    ];
    let mut backwards = files;
    backwards.reverse();
    assert_eq!(scan_files(&files), scan_files(&backwards));
}

#[test]
fn folders_that_are_not_the_apps_are_not_read() {
    let other = "package x\n//encore:api public\nfunc X() {}\n";
    let files = [
        ("node_modules/x/x.go", other),
        (".cache/x.go", other),
        ("vendor/x/x.go", other),
        ("tool/go.mod", "module other\n"),
        ("tool/x.go", other),
        ("cmd/main.go", "package main\n//encore:api public\nfunc X() {}\n"),
        ("x/x_test.go", other),
    ];
    assert_eq!(facts(&scan_files(&files).0), "");
}

#[test]
fn an_error_in_one_file_does_not_hide_another() {
    check(
        &[
            ("a/a.go", "package a\n//encore:api public\nfunc A( {\n"),
            ("b/b.go", "package b\n//encore:api public\nfunc B() {}\n"),
        ],
        &["service b b", "endpoint b.B Public -"],
        &["S0001 a/a.go:3:9-3:10 expected a type, found `{`"],
    );
}

#[test]
fn new_with_a_value_is_no_syntax_error() {
    let body = "func f() *int { db := new(g(1) + 2); _ = new([]int); return new(42) }\nvar secrets struct { A string }\n";
    check_file(body, &["secret A svc"], &[]);
}

#[test]
fn a_syntax_error_is_a_warning_where_nothing_is_declared() {
    let a = "package a\n//encore:api public\nfunc A() {}\n";
    let (_, found) =
        scan_files(&[("a/a.go", a), ("b/b.go", "package b\nimport \"example.com/app/a\"\nfunc {\n")]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, compiler_diagnostics::Severity::Warning);
}

#[test]
fn bytes_that_are_no_text_are_an_error() {
    let tree = SourceTree::from_files(
        "app",
        [
            ("encore.app", b"{}".as_slice()),
            ("a/a.go", b"package a\n//encore:api public\nfunc A() {}\n// \xff\xfe"),
        ],
    );
    let (manifest, found) = scan(&tree);
    assert_eq!(said(&found), ["S0001 a/a.go:4:4-4:5 the file is not UTF-8"]);
    assert_eq!(manifest.unwrap().services[0].endpoints.len(), 1);
}

#[test]
fn hostile_files_are_survived() {
    let depth = 10_000;
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!(
            "package a\nimport \"encore.dev/cron\"\nvar x = cron.NewJob(\"a\", cron.JobConfig{{Every: {open}1{close}}})\n"
        )
    };
    let bodies = [
        nested("(", ")"),
        nested("-", ""),
        nested("f(", ")"),
        nested("[]T{", "}"),
        nested("func() int { return ", "}"),
        nested("1 + ", ""),
        nested("&", ""),
        nested("x.", ""),
        nested("x[", "]"),
        format!("package a\n//encore:api public\nfunc A() {{ {} }}", "{".repeat(depth)),
        format!("package a\n//encore:api public\nfunc A() {}", "{ if x ".repeat(depth)),
        format!("package a\ntype T {}int // encore:api", "[]".repeat(depth)),
        format!("package a\n//encore:api public {}\nfunc A() {{}}", "tag:x ".repeat(depth)),
        format!("package a\n//encore:api public path={}\nfunc A() {{}}", "/a".repeat(depth)),
        "package".to_owned(),
        "//encore:api".to_owned(),
        "\u{feff}package a\n//encore:api public\nfunc A() {}".to_owned(),
        String::new(),
    ];
    for body in &bodies {
        scan_files(&[("a/a.go", body)]);
    }
}
