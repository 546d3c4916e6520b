//! How fast Go is parsed, compared with tree-sitter, over the Go installation's own sources.

#[allow(unused, reason = "only the parser is measured; its tests come along")]
#[path = "../src/go/parser/mod.rs"]
mod parser;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use bumpalo::Bump;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// What is parsed when there is no Go installation.
const SMALL: &str = include_str!("../src/go/parser/tests/whole.go.txt");

fn parsers(criterion: &mut Criterion) {
    let files = files();
    let bytes = files.iter().map(|file| file.len() as u64).sum();
    let mut group = criterion.benchmark_group("go");
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    group.bench_function("parser", |bencher| {
        let mut arena = Bump::new();
        bencher.iter(|| {
            for file in &files {
                arena.reset();
                black_box(parser::parse(&arena, file).declarations.len());
            }
        });
    });
    group.bench_function("tree-sitter", |bencher| {
        let mut parser = tree_sitter::Parser::new();
        parser
            .set_language(&tree_sitter_go::LANGUAGE.into())
            .expect("BUG: the grammar is of another version");
        bencher.iter(|| {
            for file in &files {
                black_box(parser.parse(file, None));
            }
        });
    });
    group.finish();
}

/// Some packages of the standard library: compiler, servers, tables.
fn files() -> Vec<String> {
    let root = Command::new("go").args(["env", "GOROOT"]).output().ok();
    let root = root.and_then(|output| String::from_utf8(output.stdout).ok());
    let sources = root.map(|root| PathBuf::from(root.trim()).join("src")).filter(|sources| sources.is_dir());
    let Some(sources) = sources else { return vec![SMALL.to_owned(); 100] };
    ["net/http", "go", "runtime", "encoding", "database", "text"]
        .iter()
        .flat_map(|package| files_below(&sources.join(package)))
        .collect()
}

fn files_below(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| match path.extension() {
            Some(ending) if ending == "go" => fs::read_to_string(path).into_iter().collect(),
            None => files_below(&path),
            Some(_) => Vec::new(),
        })
        .collect()
}

criterion_group!(benches, parsers);
criterion_main!(benches);
