//! How long a scan takes, as multiples of what any scanner has to do: `just bench-scan`.
//!
//! The apps are made up (see `fixtures/generator`): a million lines, half Go and half TypeScript. With `EXAMPLES` set to a
//! checkout of the example apps, these are measured too. Nothing is asserted: times depend on the machine, and only the
//! ratios, which come from one run, say something: that of the medians of the time, that of the least times, and that of
//! all the time of processors, which other work on the machine disturbs least. `ONLY` measures what has that in its name.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run says why by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use compiler_scan::disk::{self, Options, yardstick};
use fixtures_generator::{App, Language, Part, Shape};

/// That of `manifestc`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs of each measurement, unless `RUNS` says so; the median counts.
const RUNS: usize = 15;

/// Lines of code in both apps together, unless `LINES` says so.
const LINES: usize = 1_000_000;

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The cache does not trust files that were touched just before they were read.
const SETTLING: Duration = Duration::from_millis(2_100);

fn main() {
    // Cargo asks for the list of benchmarks with `--list`, and runs them as tests without `--bench`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let threads = Options::default().threads;
    let (runs, lines) = (number("RUNS", RUNS), number("LINES", LINES));
    let run = Run { cache: place.path().join("cache"), threads, runs };
    println!("{threads} threads, {lines} lines, medians of {runs} runs\n");
    println!("{:<52} {:>9} {:>9} {:>7} {:>6} {:>6}", "", "yardstick", "scan", "ratio", "least", "CPU");
    let declaring = apps(&place.path().join("declaring"), lines, 0);
    let usual = apps(&place.path().join("usual"), lines, 30);
    std::thread::sleep(SETTLING);
    for (name, apps) in [("declaring or neither", &declaring), ("2 % declare, 30 % use", &usual)] {
        let [go, typescript] = apps.as_slice() else { unreachable!("BUG: there is one per language") };
        run.cold(&format!("{name}, Go"), std::slice::from_ref(go));
        run.cold(&format!("{name}, TypeScript"), std::slice::from_ref(typescript));
        run.cold(&format!("{name}, both"), apps);
    }
    for part in [Part::Other, Part::Uses, Part::Declares] {
        run.warm(&format!("a comment in one file: {part:?}, Go"), &usual[..1], part, append);
        run.warm(&format!("a comment in one file: {part:?}, TypeScript"), &usual[1..], part, append);
        run.warm(&format!("a comment in one file: {part:?}, both"), &usual, part, append);
    }
    for part in [Part::Other, Part::Uses, Part::Declares] {
        run.warm(&format!("all lines of one file move: {part:?}, both"), &usual, part, move_down);
    }
    for part in [Part::Other, Part::Uses, Part::Declares] {
        run.warm(&format!("one file declares more: {part:?}, both"), &usual, part, declare);
    }
    if let Some(examples) = std::env::var_os("EXAMPLES").map(PathBuf::from).filter(|path| path.is_dir()) {
        let examples = roots(&examples);
        run.cold(&format!("{} example apps", examples.len()), &examples);
    }
    println!("\npeak memory: {}", peak_memory());
}

/// An app on disk.
struct Root {
    folder: PathBuf,
    app: App,
}

fn apps(folder: &Path, lines: usize, using_percent: usize) -> Vec<Root> {
    let app = |language| {
        let shape = Shape { using_percent, ..Shape::usual(language, lines / 2) };
        let (mut app, folder) = (App::new(&shape), folder.join(format!("{language:?}")));
        app.write(&folder).unwrap();
        // What the generator needs is not what is measured.
        app.files = Vec::new();
        Root { folder, app }
    };
    [Language::Go, Language::Typescript].map(app).into()
}

/// The folders with an app of their own in a checkout.
fn roots(checkout: &Path) -> Vec<Root> {
    let mut found = Vec::new();
    let mut open = vec![checkout.to_owned()];
    while let Some(folder) = open.pop() {
        if folder.join("encore.app").is_file() {
            found.push(Root { folder, app: App::default() });
            continue;
        }
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
        open.extend(entries.filter(|entry| entry.file_type().unwrap().is_dir()).map(|entry| entry.path()));
    }
    found
}

struct Run {
    cache: PathBuf,
    threads: usize,
    runs: usize,
}

impl Run {
    fn scan(&self, roots: &[Root], cache: Option<&PathBuf>) {
        let options = Options { cache: cache.cloned(), threads: self.threads, ..Options::default() };
        for root in roots {
            disk::scan(&root.folder, &options).unwrap();
        }
    }

    /// From nothing: with `--no-cache`, and with the cache that is written for the next time.
    fn cold(&self, name: &str, roots: &[Root]) {
        self.cold_with(name, roots, None);
        self.cold_with(&format!("{name}, cache written"), roots, Some(&self.cache));
    }

    fn cold_with(&self, name: &str, roots: &[Root], cache: Option<&PathBuf>) {
        if is_left_out(name) {
            return;
        }
        let yardstick = || {
            for root in roots {
                yardstick::walk_read_and_search(&root.folder, self.threads);
            }
        };
        let prepare = || drop(fs::remove_dir_all(&self.cache));
        self.compare(name, yardstick, prepare, || self.scan(roots, cache));
    }

    /// With a cache, after one file was changed.
    fn warm(&self, name: &str, roots: &[Root], part: Part, change: fn(&Path)) {
        if is_left_out(name) {
            return;
        }
        let _ = fs::remove_dir_all(&self.cache);
        self.scan(roots, Some(&self.cache));
        let yardstick = || {
            for root in roots {
                yardstick::walk_and_stat(&root.folder, self.threads);
            }
        };
        let prepare = || {
            for root in roots {
                change(&root.folder.join(root.app.one(part)));
            }
        };
        self.compare(name, yardstick, prepare, || self.scan(roots, Some(&self.cache)));
    }

    /// Measures both in turns, so that what else the machine does hits both. What is done before a scan is not measured.
    fn compare(&self, name: &str, yardstick: impl Fn(), prepare: impl Fn(), scan: impl Fn()) {
        let (mut of_yardstick, mut of_scan) = (Spent::default(), Spent::default());
        for run in 0..=self.runs {
            let first = Spent::by(&yardstick);
            prepare();
            let second = Spent::by(&scan);
            // The first finds the disk's cache cold.
            if run > 0 {
                of_yardstick.add(first);
                of_scan.add(second);
            }
        }
        let [yardstick, scan] = [of_yardstick.median(), of_scan.median()];
        println!(
            "{name:<52} {:>6.1} ms {:>6.1} ms {:>7.2} {:>6.2} {:>6.2}",
            yardstick * 1e3,
            scan * 1e3,
            scan / yardstick,
            of_scan.least() / of_yardstick.least(),
            of_scan.processors / of_yardstick.processors
        );
    }
}

/// What some runs took, in seconds.
#[derive(Default)]
struct Spent {
    times: Vec<f64>,
    /// Of all processors together.
    processors: f64,
}

impl Spent {
    fn by(work: impl Fn()) -> Self {
        let (start, before) = (Instant::now(), processor_seconds());
        work();
        Self { times: vec![start.elapsed().as_secs_f64()], processors: processor_seconds() - before }
    }

    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.times.sort_by(f64::total_cmp);
        self.processors += other.processors;
    }

    fn median(&self) -> f64 {
        self.times[self.times.len() / 2]
    }

    fn least(&self) -> f64 {
        self.times[0]
    }
}

/// The time of processors that this process has spent, in seconds; not a number where the system does not say so.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses; in hundredths of a second.
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .map(|rest| rest.split_ascii_whitespace().map(|field| field.parse().unwrap_or(f64::NAN)).collect())
        .unwrap_or_default();
    fields.get(11).zip(fields.get(12)).map_or(f64::NAN, |(own, system)| (own + system) / 100.0)
}

/// Whether something else was asked for.
fn is_left_out(name: &str) -> bool {
    std::env::var("ONLY").is_ok_and(|only| !name.contains(&only))
}

/// Changes a file, and nothing that a scan asks of it.
fn append(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text + "// one more\n").unwrap();
}

/// Changes where everything in a file stands.
fn move_down(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, format!("// one more\n{text}")).unwrap();
}

/// Declares something more in a file.
fn declare(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    // As a file grows, so does this number.
    let number = text.len();
    let more = if path.extension().is_some_and(|ending| ending == "ts") {
        format!(
            "import {{ secret as secret{number} }} from \"encore.dev/config\";\nconst more{number} = secret{number}(\"More{number}\");\n"
        )
    } else {
        format!("\n//encore:api private\nfunc More{number}() {{}}\n")
    };
    fs::write(path, text + &more).unwrap();
}

/// The most memory that this process ever had, where the system says so.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}
