//! In which services code runs.
//!
//! All code below a service's folder runs in that service. Code of other packages runs in it as far as it is reached from
//! there: a declaration reaches those that it names, a type reaches its methods, and a package that is loaded runs its
//! `init` functions and sets its variables. To run a method somebody has to have a value of its type, and so has named
//! it, or something that leads to it; so what is reached may be too much, but never too little.
//!
//! Endpoints of other services are called over the network, so nothing is reached through them.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::facts::{Declaration, Extent, Form};
use super::program::{File, Node, Program, ServiceId};
use crate::parallel;

/// What is reached.
#[derive(Default)]
pub(super) struct Reached<'t> {
    rows: Rows,
    /// Which of `sets` the services are in which each declaration's code runs.
    runs: Vec<u32>,
    sets: Vec<Vec<ServiceId>>,
    /// The services that load a package.
    pub(super) loads: BTreeMap<&'t str, Vec<ServiceId>>,
}

impl Reached<'_> {
    /// The services in which a declaration's code runs.
    pub(super) fn runs(&self, node: Node) -> &[ServiceId] {
        let number = self.rows.number(node).and_then(|number| self.runs.get(number as usize));
        number.map(|set| self.sets[*set as usize].as_slice()).unwrap_or_default()
    }

    /// Adds a service to those in which some code runs. Much code runs in the same ones.
    fn add(&mut self, service: ServiceId, nodes: &[u32]) {
        let mut with: HashMap<u32, u32> = HashMap::default();
        for node in nodes {
            let set = self.runs[*node as usize];
            self.runs[*node as usize] = *with.entry(set).or_insert_with(|| {
                let mut services = self.sets[set as usize].clone();
                services.push(service);
                self.sets.push(services);
                u32::try_from(self.sets.len() - 1).expect("BUG: there are fewer sets than declarations")
            });
        }
    }
}

/// The declarations of all files in one row.
#[derive(Default)]
struct Rows {
    /// The number of each file's first one, and at last that of all.
    first: Vec<u32>,
}

impl Rows {
    fn new(files: &[File<'_>]) -> Self {
        let mut first = vec![0];
        for file in files {
            let all = first[first.len() - 1] as usize + file.facts.declarations.len();
            first.push(u32::try_from(all).expect("BUG: source is limited to fewer bytes than that"));
        }
        Self { first }
    }

    fn number(&self, (file, at): Node) -> Option<u32> {
        let (first, end) = (*self.first.get(file)?, *self.first.get(file + 1)?);
        u32::try_from(at).ok().filter(|at| *at < end - first).map(|at| first + at)
    }

    fn file(&self, number: u32) -> usize {
        self.first.partition_point(|first| *first <= number) - 1
    }

    fn all(&self) -> usize {
        self.first.last().copied().unwrap_or(0) as usize
    }
}

/// Finds out what is reached. `guests` run in services that do not name them; `endpoints` are not called from other
/// services as functions are. Gives the files as well of which bodies were left out that run in other services than theirs:
/// what these do is not known.
pub(super) fn reach<'t>(
    program: &Program<'t>,
    guests: &[(Node, BTreeSet<ServiceId>)],
    endpoints: &BTreeSet<Node>,
    threads: usize,
) -> (Reached<'t>, BTreeSet<usize>) {
    let graph = Graph::new(program, endpoints, threads);
    let services: BTreeSet<_> = graph.owners.iter().flatten().copied().collect();
    let services: Vec<ServiceId> = services.into_iter().collect();
    let walks = parallel::map(&services, threads, |service| Walk::new(&graph, *service).walk(guests));
    let (runs, loads) = (vec![0; graph.rows.all()], BTreeMap::new());
    let mut reached = Reached { rows: Rows::default(), runs, sets: vec![Vec::new()], loads };
    let mut unfinished = BTreeSet::new();
    for (service, walked) in services.iter().zip(walks) {
        reached.add(*service, &walked.reached);
        unfinished.extend(walked.unfinished);
        for package in walked.loaded {
            reached.loads.entry(graph.packages[package].path).or_default().push(*service);
        }
    }
    reached.rows = graph.rows;
    (reached, unfinished)
}

/// What names what.
struct Graph<'t> {
    files: &'t [File<'t>],
    rows: Rows,
    /// The service that each file is part of.
    owners: Vec<Option<ServiceId>>,
    /// The declarations that each one names, with the methods of types: by file, sorted, those that name first.
    names: Vec<Vec<[u32; 2]>>,
    /// Whether each declaration is called over the network from other services.
    is_endpoint: Vec<bool>,
    packages: Vec<Package<'t>>,
    /// The package of each file.
    package_of: Vec<usize>,
}

/// A package with files that are read.
struct Package<'t> {
    path: &'t str,
    files: Vec<usize>,
    /// Those that it imports.
    imports: Vec<usize>,
}

impl<'t> Graph<'t> {
    fn new(program: &Program<'t>, endpoints: &BTreeSet<Node>, threads: usize) -> Self {
        let files = program.files;
        let rows = Rows::new(files);
        let owners = files.iter().map(|file| program.service_of(file.folder)).collect();
        let mut is_endpoint = vec![false; rows.all()];
        for number in endpoints.iter().filter_map(|node| rows.number(*node)) {
            is_endpoint[number as usize] = true;
        }
        let methods = methods(files);
        let all: Vec<usize> = (0..files.len()).collect();
        let names = parallel::map(&all, threads, |file| names(program, &rows, &methods, *file));
        let (packages, package_of) = packages(files);
        Self { files, rows, owners, names, is_endpoint, packages, package_of }
    }

    /// Whether it is not known what a declaration of a file does.
    fn is_left_out(&self, file: usize, number: u32) -> bool {
        let facts = &self.files[file].facts;
        facts.extent == Extent::WithoutBodies
            && matches!(
                &facts.declarations[(number - self.rows.first[file]) as usize].form,
                Form::Function(function) if function.is_left_out
            )
    }

    /// What a declaration of a file names.
    fn named_by(&self, file: usize, number: u32) -> impl Iterator<Item = u32> {
        let names = &self.names[file];
        let rest = &names[names.partition_point(|[from, _]| *from < number)..];
        rest.iter().take_while(move |[from, _]| *from == number).map(|[_, to]| *to)
    }
}

fn packages<'t>(files: &'t [File<'t>]) -> (Vec<Package<'t>>, Vec<usize>) {
    let (mut packages, mut package_of) = (Vec::<Package<'_>>::new(), Vec::with_capacity(files.len()));
    let mut by_path: HashMap<&str, usize> = HashMap::default();
    for (index, file) in files.iter().enumerate() {
        let path = file.import_path.as_str();
        let package = *by_path.entry(path).or_insert_with(|| {
            packages.push(Package { path, files: Vec::new(), imports: Vec::new() });
            packages.len() - 1
        });
        packages[package].files.push(index);
        package_of.push(package);
    }
    for package in &mut packages {
        let imports = package.files.iter().flat_map(|file| &files[*file].facts.imports);
        let found: BTreeSet<usize> =
            imports.filter_map(|import| by_path.get(import.path.as_str()).copied()).collect();
        package.imports = found.into_iter().collect();
    }
    (packages, package_of)
}

/// The methods of each type, by package and name.
type Methods<'t> = HashMap<(&'t str, &'t str), Vec<Node>>;

/// What the declarations of a file name.
fn names(program: &Program<'_>, rows: &Rows, methods: &Methods<'_>, index: usize) -> Vec<[u32; 2]> {
    let file = &program.files[index];
    let mut pairs = Vec::new();
    let mut add = |at: usize, package: &str, name: &str| {
        let Some(from) = rows.number((index, at)).filter(|_| program.is_own(package)) else { return };
        let named = program.declarations(package, name).iter();
        let all = named.chain(methods.get(&(package, name)).into_iter().flatten());
        pairs.extend(all.filter_map(|node| Some([from, rows.number(*node)?])));
    };
    for used in &file.facts.uses {
        if let Some(named) = program.resolve(file, &used.path) {
            add(used.within, named.package, named.name);
        }
    }
    for (at, declaration) in file.facts.declarations.iter().enumerate() {
        for name in &declaration.types {
            if let Some(named) = program.resolve_texts(file, std::slice::from_ref(name)) {
                add(at, named.package, named.name);
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn methods<'t>(files: &'t [File<'t>]) -> Methods<'t> {
    let mut methods = Methods::default();
    for (index, file) in files.iter().enumerate() {
        for (at, declaration) in file.facts.declarations.iter().enumerate() {
            if let Form::Function(function) = &declaration.form
                && let Some(receiver) = &function.receiver
            {
                let key = (file.import_path.as_str(), receiver.name.text.as_str());
                methods.entry(key).or_default().push((index, at));
            }
        }
    }
    methods
}

/// The walk from the code of one service.
struct Walk<'g, 't> {
    graph: &'g Graph<'t>,
    service: ServiceId,
    is_reached: Vec<bool>,
    reached: Vec<u32>,
    loaded: HashSet<usize>,
    /// Files of which bodies were left out that are reached and not the service's own.
    unfinished: BTreeSet<usize>,
    open: Vec<u32>,
}

impl<'g, 't> Walk<'g, 't> {
    fn new(graph: &'g Graph<'t>, service: ServiceId) -> Self {
        let (is_reached, reached) = (vec![false; graph.rows.all()], Vec::new());
        let (loaded, unfinished) = (HashSet::default(), BTreeSet::new());
        Self { graph, service, is_reached, reached, loaded, unfinished, open: Vec::new() }
    }

    /// Goes to all that runs in the service.
    fn walk(mut self, guests: &[(Node, BTreeSet<ServiceId>)]) -> Self {
        let graph = self.graph;
        for (package, of_package) in graph.packages.iter().enumerate() {
            if of_package.files.iter().any(|file| graph.owners[*file] == Some(self.service)) {
                self.load(package);
            }
        }
        let guests = guests.iter().filter(|(_, services)| services.contains(&self.service));
        self.open.extend(guests.filter_map(|(guest, _)| graph.rows.number(*guest)));
        while let Some(number) = self.open.pop() {
            let file = graph.rows.file(number);
            let is_own = graph.owners[file] == Some(self.service);
            let is_remote = graph.is_endpoint[number as usize] && !is_own;
            if !is_remote && !std::mem::replace(&mut self.is_reached[number as usize], true) {
                self.reached.push(number);
                if !is_own && graph.is_left_out(file, number) {
                    self.unfinished.insert(file);
                }
                self.load(graph.package_of[file]);
                self.open.extend(graph.named_by(file, number));
            }
        }
        self
    }

    /// Loads a package and what it imports. Of a package of another service only what is named is reached: the
    /// framework loads it with that service alone.
    fn load(&mut self, package: usize) {
        let graph = self.graph;
        let mut open = vec![package];
        while let Some(index) = open.pop() {
            let package = &graph.packages[index];
            let owner = package.files.first().and_then(|file| graph.owners[*file]);
            if owner.is_some_and(|owner| owner != self.service) || !self.loaded.insert(index) {
                continue;
            }
            for file in &package.files {
                let declarations = graph.files[*file].facts.declarations.iter().enumerate();
                let run = declarations.filter(|(_, each)| owner.is_some() || runs_when_loaded(each));
                self.open.extend(run.filter_map(|(at, _)| graph.rows.number((*file, at))));
            }
            open.extend(&package.imports);
        }
    }
}

fn runs_when_loaded(declaration: &Declaration) -> bool {
    match &declaration.form {
        Form::Variable(_) => true,
        Form::Function(function) => function.receiver.is_none() && declaration.name() == "init",
        Form::Constant | Form::Type(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    /// A shared package with three buckets, and a service with this code.
    fn check_reached(code: &str, buckets: &str) {
        let shared = "package shared
import \"encore.dev/storage/objects\"
var a = objects.NewBucket(\"a\", objects.BucketConfig{})
var b = objects.NewBucket(\"b\", objects.BucketConfig{})
var c = objects.NewBucket(\"c\", objects.BucketConfig{})
func A() { a.List() }
type B struct { inner inner }
type inner struct{}
func (inner) Do() { b.List() }
func New() any { return &hidden{} }
type hidden struct{}
func (h *hidden) Do() { c.List() }
func init() { setUp() }
";
        let more = "package shared\nfunc setUp() {}\nfunc Both() { A(); New() }\n";
        let service = format!(
            "package svc\nimport s \"example.com/app/shared\"\n//encore:api private\nfunc E() {{}}\n{code}\n"
        );
        let expected = format!("service svc svc{buckets}");
        let files =
            [("shared/shared.go", shared), ("shared/more.go", more), ("svc/svc.go", service.as_str())];
        check(&files, &[&expected], &[]);
    }

    #[test]
    fn of_a_shared_package_runs_what_is_reached() {
        check_reached("var _ = s.Nothing", "");
        check_reached("func f() { s.A() }", " buckets=a[ListObjects]");
        check_reached("var x s.B", " buckets=b[ListObjects]");
        check_reached("func f(s s) { s.A() }", "");
        check_reached("func f() { s.New() }", " buckets=c[ListObjects]");
        check_reached("func f() { s.Both() }", " buckets=a[ListObjects],c[ListObjects]");
    }

    #[test]
    fn what_runs_when_a_package_is_loaded_runs_in_all_that_load_it() {
        let shared = "package shared\nimport \"encore.dev/storage/objects\"\nvar a = objects.NewBucket(\"a\", objects.BucketConfig{})\nfunc init() { fill() }\nfunc fill() { a.Upload() }\n";
        let service = "package svc\nimport _ \"example.com/app/shared\"\n//encore:api private\nfunc E() {}\n";
        check(
            &[("shared/shared.go", shared), ("svc/svc.go", service)],
            &["service svc svc buckets=a[WriteObject]"],
            &[],
        );
    }

    #[test]
    fn a_function_of_another_service_runs_here_and_its_endpoints_do_not() {
        let other = "package a\nimport \"encore.dev/storage/objects\"\nvar b = objects.NewBucket(\"b\", objects.BucketConfig{})\n//encore:api private\nfunc E() { b.Upload() }\nfunc Read() { b.Download() }\n";
        let service =
            "package svc\nimport \"example.com/app/a\"\n//encore:api private\nfunc S() { a.E(); a.Read() }\n";
        check(
            &[("a/a.go", other), ("svc/svc.go", service)],
            &[
                "service a a buckets=b[ReadObjectContents, WriteObject] binds=b",
                "service svc svc buckets=b[ReadObjectContents]",
                "call svc -> a.E",
            ],
            &[],
        );
    }

    #[test]
    fn of_another_service_is_read_what_is_called() {
        let files = [
            (
                "a/a.go",
                "package a\nimport \"encore.dev/storage/objects\"\nvar b = objects.NewBucket(\"b\", objects.BucketConfig{})\n//encore:api private\nfunc E() {}\nfunc low() { b.Download() }\n",
            ),
            ("a/more.go", "package a\nfunc Read() { low() }\n"),
            (
                "svc/svc.go",
                "package svc\nimport \"example.com/app/a\"\n//encore:api private\nfunc S() { a.Read() }\n",
            ),
        ];
        check(&files, &["service svc svc buckets=b[ReadObjectContents]"], &[]);
    }
}
