//! In which services code runs.
//!
//! All code below a service's folder runs in that service. Code of other packages runs in it as far as it is reached from
//! there: a declaration reaches those that it names, a type reaches its methods, and a package that is loaded runs its
//! `init` functions and sets its variables. To run a method somebody has to have a value of its type, and so has named
//! it, or something that leads to it; so what is reached may be too much, but never too little.
//!
//! Endpoints of other services are called over the network, so nothing is reached through them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::{Declaration, Form};
use super::program::{File, Node, Program, ServiceId};

/// What is reached.
pub(super) struct Reached<'t> {
    /// The services in which a declaration's code runs.
    pub(super) runs: FxHashMap<Node, Vec<ServiceId>>,
    /// The services that load a package.
    pub(super) loads: BTreeMap<&'t str, Vec<ServiceId>>,
}

/// Finds out what is reached. `guests` run in services that do not name them; `endpoints` are not called from other
/// services as functions are.
pub(super) fn reach<'t>(
    program: &Program<'t>,
    guests: &[(Node, BTreeSet<ServiceId>)],
    endpoints: &BTreeSet<Node>,
) -> Reached<'t> {
    let graph = Graph::new(program);
    let mut reached = Reached { runs: FxHashMap::default(), loads: BTreeMap::new() };
    let services: BTreeSet<_> = graph.owners.iter().flatten().copied().collect();
    for service in services {
        let mut walk = Walk::new(&graph, endpoints, service);
        walk.start(guests);
        for node in walk.nodes {
            reached.runs.entry(node).or_default().push(service);
        }
        for package in walk.packages {
            reached.loads.entry(package).or_default().push(service);
        }
    }
    reached
}

/// What names what.
struct Graph<'t> {
    files: &'t [File<'t>],
    /// The service that each file is part of.
    owners: Vec<Option<ServiceId>>,
    /// The declarations that each one names, with the methods of types.
    names: FxHashMap<Node, FxHashSet<Node>>,
    /// The files of each package.
    packages: HashMap<&'t str, Vec<usize>>,
}

impl<'t> Graph<'t> {
    fn new(program: &Program<'t>) -> Self {
        let files = program.files;
        let mut packages: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            packages.entry(&file.import_path).or_default().push(index);
        }
        let owners = files.iter().map(|file| program.service_of(file.folder)).collect();
        Self { files, owners, names: names(program), packages }
    }

    fn declarations(&self, file: usize) -> impl Iterator<Item = (Node, &'t Declaration)> {
        self.files[file].facts.declarations.iter().enumerate().map(move |(at, each)| ((file, at), each))
    }
}

fn names(program: &Program<'_>) -> FxHashMap<Node, FxHashSet<Node>> {
    let methods = methods(program.files);
    let mut graph: FxHashMap<Node, FxHashSet<Node>> = FxHashMap::default();
    let mut add = |from: Node, package: &str, name: &str| {
        if !program.is_own(package) {
            return;
        }
        let named = program.declarations(package, name).iter();
        let methods = methods.get(&(package, name)).into_iter().flatten();
        graph.entry(from).or_default().extend(named.chain(methods));
    };
    for (index, file) in program.files.iter().enumerate() {
        for used in &file.facts.uses {
            if let Some(named) = program.resolve(file, &used.path) {
                add((index, used.within), named.package, named.name);
            }
        }
        for (at, declaration) in file.facts.declarations.iter().enumerate() {
            for name in &declaration.types {
                if let Some(named) = program.resolve_texts(file, std::slice::from_ref(name)) {
                    add((index, at), named.package, named.name);
                }
            }
        }
    }
    graph
}

/// The methods of each type, by package and name.
fn methods<'t>(files: &'t [File<'t>]) -> HashMap<(&'t str, &'t str), Vec<Node>> {
    let mut methods: HashMap<_, Vec<_>> = HashMap::new();
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
    endpoints: &'g BTreeSet<Node>,
    service: ServiceId,
    nodes: FxHashSet<Node>,
    packages: HashSet<&'t str>,
    open: Vec<Node>,
}

impl<'g, 't> Walk<'g, 't> {
    fn new(graph: &'g Graph<'t>, endpoints: &'g BTreeSet<Node>, service: ServiceId) -> Self {
        let (nodes, packages, open) = (FxHashSet::default(), HashSet::new(), Vec::new());
        Self { graph, endpoints, service, nodes, packages, open }
    }

    fn start(&mut self, guests: &[(Node, BTreeSet<ServiceId>)]) {
        for (package, files) in &self.graph.packages {
            if files.iter().any(|file| self.graph.owners[*file] == Some(self.service)) {
                self.load(package);
            }
        }
        for (guest, _) in guests.iter().filter(|(_, services)| services.contains(&self.service)) {
            self.open.push(*guest);
        }
        while let Some(node) = self.open.pop() {
            if !self.is_remote(node) && self.nodes.insert(node) {
                self.load(&self.graph.files[node.0].import_path);
                self.open.extend(self.graph.names.get(&node).into_iter().flatten());
            }
        }
    }

    /// Whether it is an endpoint of another service.
    fn is_remote(&self, node: Node) -> bool {
        self.endpoints.contains(&node) && self.graph.owners[node.0] != Some(self.service)
    }

    /// Loads a package and what it imports. Of a package of another service only what is named is reached: the
    /// framework loads it with that service alone.
    fn load(&mut self, package: &'t str) {
        let mut open = vec![package];
        while let Some(package) = open.pop() {
            let files = self.graph.packages.get(package).map(Vec::as_slice).unwrap_or_default();
            let owner = files.first().and_then(|file| self.graph.owners[*file]);
            if owner.is_some_and(|owner| owner != self.service) || !self.packages.insert(package) {
                continue;
            }
            for file in files {
                let runs = |declaration: &Declaration| owner.is_some() || runs_when_loaded(declaration);
                let declarations = self.graph.declarations(*file).filter(|(_, each)| runs(each));
                self.open.extend(declarations.map(|(node, _)| node));
                open.extend(self.graph.files[*file].facts.imports.iter().map(|import| import.path.as_str()));
            }
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
