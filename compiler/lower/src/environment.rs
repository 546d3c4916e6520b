//! Reads an environment file with the place of every value.
//!
//! [`grammar`] says which keys there are and what they take, [`reader`] walks the file along it. What passes is
//! deserialised into the plain document, and what no grammar says is checked on that.

mod grammar;
mod reader;
pub mod reference;

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::environment::{
    Allocation, Approval, Cloud, EDITION, EDITIONS, Environment, EnvironmentType, GatewaySettings, VERSION,
};
use schema_documents::{Origin, Position};

use self::grammar::FILE;
use self::reader::{Node, Reader, listed, position};

/// An environment as its file has it, with the place of every setting.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvironmentFile {
    /// Name of the environment, such as `production` or `pr:72`.
    pub name: String,
    /// The file, relative to the app's root; absent where the defaults alone make the environment.
    pub file: Option<String>,
    /// The settings.
    pub environment: Environment,
    positions: BTreeMap<Vec<String>, Position>,
}

impl EnvironmentFile {
    /// Where the setting with these keys stands, if the file has it.
    pub fn position(&self, keys: &[&str]) -> Option<&Position> {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        self.positions.get(&keys)
    }

    /// The origin of what the setting with these keys asks for, if the file has it.
    pub fn origin(&self, keys: &[&str]) -> Option<Origin> {
        self.position(keys).map(|at| Origin::Setting { at: at.clone() })
    }

    /// The diagnostic, pointing at the setting with these keys if the file has it.
    pub(crate) fn point(&self, diagnostic: Diagnostic, keys: &[&str]) -> Diagnostic {
        match self.position(keys) {
            Some(at) => diagnostic.at(at),
            None => diagnostic,
        }
    }

    /// Whether EKS runs the processes, in place of Fargate.
    pub(crate) fn runs_on_eks(&self) -> bool {
        self.environment.providers.get("compute").is_some_and(|provider| provider == "eks")
    }

    /// How long a console edit rests before it is taken as meant, in seconds.
    pub fn settle_seconds(&self) -> u64 {
        seconds(&self.environment.settle).unwrap_or(60)
    }
}

/// The file that holds an environment, relative to the app's root. `pr:72` is `environments/pr-72.toml`.
pub fn environment_path(name: &str) -> String {
    format!("environments/{}.toml", name.replace(':', "-"))
}

/// Reads one environment. `file` is the path (relative to the app's root) and the text of its file; without one,
/// `production` and `development` are the defaults on AWS.
pub fn read_environment(
    name: &str,
    file: Option<(&str, &str)>,
) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
    let Some((path, text)) = file else { return without_file(name) };
    let document = match toml_edit::Document::parse(text) {
        Ok(document) => document,
        Err(error) => return (None, vec![not_toml(path, text, &error)]),
    };
    let mut reader = Reader { path, text, positions: BTreeMap::new(), found: Vec::new() };
    reader.walk(&mut Vec::new(), &FILE, Node::Table(document.as_table()), None);
    reader.required(document.as_table());
    if !reader.found.is_empty() {
        return (None, reader.found);
    }
    let environment = match toml::from_str::<Environment>(text) {
        Ok(environment) => environment,
        Err(error) => {
            reader.report(Code::E0003, error.span(), error.message().to_owned());
            return (None, reader.found);
        }
    };
    check(&mut reader, &environment);
    let Reader { positions, found, .. } = reader;
    let file = EnvironmentFile { name: name.to_owned(), file: Some(path.to_owned()), environment, positions };
    (found.is_empty().then_some(file), found)
}

fn without_file(name: &str) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
    let kind = match name {
        "production" => EnvironmentType::Production,
        "development" => EnvironmentType::Development,
        _ => {
            let message = format!("there is no environment `{name}`");
            let help = format!(
                "write `{}`; only `production` and `development` need no file",
                environment_path(name)
            );
            return (None, vec![Diagnostic::error(Code::E0005, message).help(help)]);
        }
    };
    let environment = Environment {
        version: VERSION,
        edition: EDITION.to_owned(),
        kind,
        cloud: Cloud::Aws,
        region: Some("eu-central-1".to_owned()),
        allocation: Allocation::All,
        approval: Approval::Automatic,
        settle: "60s".to_owned(),
        network: None,
        roles: None,
        providers: BTreeMap::new(),
        database: BTreeMap::new(),
        cache: BTreeMap::new(),
        process: BTreeMap::new(),
        gateway: BTreeMap::new(),
        bucket: BTreeMap::new(),
        resources: BTreeMap::new(),
        moved: Vec::new(),
    };
    let file = EnvironmentFile { name: name.to_owned(), file: None, environment, positions: BTreeMap::new() };
    (Some(file), Vec::new())
}

fn not_toml(path: &str, text: &str, error: &toml_edit::TomlError) -> Diagnostic {
    let at = position(path, text, &error.span().unwrap_or(0..0));
    let mut lines = error.message().lines();
    let message = lines.next().unwrap_or("not valid").trim_end_matches('.').to_owned();
    let diagnostic = Diagnostic::error(Code::E0001, format!("not valid TOML: {message}")).at(&at);
    lines.fold(diagnostic, |diagnostic, line| diagnostic.note(line.to_owned()))
}

/// What the grammar cannot say.
fn check(reader: &mut Reader<'_>, environment: &Environment) {
    if environment.version != VERSION {
        let message = format!("version {} of the format is not known, only {VERSION}", environment.version);
        reader.at_key(Diagnostic::error(Code::E0003, message), &["version"]);
    }
    if !EDITIONS.contains(&environment.edition.as_str()) {
        let message = format!("there is no edition `{}`", environment.edition);
        let help = format!("the editions are {}", listed(EDITIONS));
        reader.at_key(Diagnostic::error(Code::E0006, message).help(help), &["edition"]);
    }
    if seconds(&environment.settle).is_none() {
        let message = format!("`{}` is not a duration", environment.settle);
        reader.at_key(
            Diagnostic::error(Code::E0003, message).help("write for instance `60s` or `5m`"),
            &["settle"],
        );
    }
    if environment.cloud == Cloud::Aws
        && environment.region.as_deref().is_none_or(|region| !is_region(region))
    {
        let message = environment.region.as_deref().map_or_else(
            || "`region` is missing".to_owned(),
            |region| format!("`{region}` is not a region of AWS"),
        );
        let help = "write for instance `region = \"eu-central-1\"`";
        reader.at_key(Diagnostic::error(Code::E0003, message).help(help), &["region"]);
    }
    if let Some(cidr) = environment.network.as_ref().and_then(|network| network.cidr.as_deref())
        && network_prefix(cidr).is_none()
    {
        let message = format!("`{cidr}` is not a private network of /16");
        let diagnostic = Diagnostic::error(Code::E0003, message).help("write for instance `10.0.0.0/16`");
        reader.at_key(diagnostic, &["network", "cidr"]);
    }
    if let Some(count) = environment.network.as_ref().and_then(|network| network.nat_gateways)
        && !(1..=2).contains(&count)
    {
        let diagnostic =
            Diagnostic::error(Code::E0003, format!("a network has 1 or 2 NAT gateways, not {count}"));
        let diagnostic = diagnostic.help("write 1 for all zones, or 2 for one in each");
        reader.at_key(diagnostic, &["network", "nat_gateways"]);
    }
    if let Some(arn) = environment.roles.as_ref().and_then(|roles| roles.permissions_boundary.as_deref())
        && !is_policy(arn)
    {
        let diagnostic =
            Diagnostic::error(Code::E0003, format!("`{arn}` is not the ARN of a managed policy"));
        let diagnostic = diagnostic.help("write for instance `arn:aws:iam::123456789012:policy/boundary`");
        reader.at_key(diagnostic, &["roles", "permissions_boundary"]);
    }
    for (name, gateway) in &environment.gateway {
        domain(reader, name, gateway);
    }
}

/// `arn:aws:iam::123456789012:policy/name`; of policies of AWS itself the account is `aws`.
fn is_policy(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, name] = parts.as_slice() else { return false };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    partition.starts_with("aws")
        && (is_account || *account == "aws")
        && name
            .strip_prefix("policy/")
            .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// A domain needs a certificate, and that somebody to vouch for the domain.
fn domain(reader: &mut Reader<'_>, name: &str, gateway: &GatewaySettings) {
    let vouched = [("hosted_zone", &gateway.hosted_zone), ("certificate", &gateway.certificate)];
    let given: Vec<&str> = vouched.iter().filter(|(_, value)| value.is_some()).map(|(key, _)| *key).collect();
    let (key, message, help) = match (gateway.domain.as_deref(), given.as_slice()) {
        (Some(domain), _) if !is_domain(domain) => {
            ("domain", format!("`{domain}` is not a domain"), "write for instance `api.example.com`")
        }
        (Some(domain), []) => (
            "domain",
            format!("nobody vouches for `{domain}`"),
            "add `hosted_zone`, the id of its zone in Route 53, or `certificate`, the ARN of a certificate for it",
        ),
        (Some(_), [_, _]) => (
            "certificate",
            format!("gateway `{name}` has a certificate, and a zone to make one in"),
            "keep `hosted_zone`, or `certificate`",
        ),
        (None, [first, ..]) => {
            (*first, format!("gateway `{name}` has `{first}` and no domain"), "add `domain`")
        }
        _ => return,
    };
    reader.at_key(Diagnostic::error(Code::E0003, message).help(help), &["gateway", name, key]);
}

/// Labels of letters, digits and inner hyphens, two at least, with dots between.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// The seconds that `60s`, `5m`, `2h` or `1d` stand for.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(unit)
}

/// `eu-central-1`: letters, letters, a digit, with hyphens between.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let words = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    matches!(parts.split_last(), Some((last, front))
        if front.len() >= 2 && front.iter().all(words) && last.parse::<u8>().is_ok())
}

/// The first two numbers of a private /16 network.
pub(crate) fn network_prefix(cidr: &str) -> Option<(u8, u8)> {
    let mut parts = cidr.strip_suffix(".0.0/16")?.split('.').map(str::parse::<u8>);
    let (first, second) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let private =
        first == 10 || (first == 172 && (16..32).contains(&second)) || (first, second) == (192, 168);
    (private && parts.next().is_none()).then_some((first, second))
}

#[cfg(test)]
mod tests {
    use super::grammar::Shape;
    use super::*;

    const HEAD: &str = "version = 1\nedition = \"2026.1\"\ntype = \"production\"\ncloud = \"aws\"\nregion = \"eu-central-1\"\n";

    fn read(text: &str) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
        read_environment("production", Some(("environments/production.toml", text)))
    }

    /// The file `HEAD` and `text` have this one finding, at this line and column.
    #[track_caller]
    fn check(text: &str, code: Code, line: u32, column: u32, words: &str) {
        let (file, found) = read(&format!("{HEAD}{text}"));
        assert!(file.is_none());
        assert_eq!(found.len(), 1, "{found:?}");
        let span = found[0].span.as_ref().unwrap();
        assert_eq!((found[0].code, span.line, span.column), (code, line, column), "{found:?}");
        let said = format!("{} {}", found[0].message, found[0].help.as_deref().unwrap_or_default());
        assert!(said.contains(words), "{said}");
    }

    /// The keys of a file, as the reference names them, each with what it takes.
    fn keys(shape: &Shape, at: &str, found: &mut Vec<(String, &'static str)>) {
        let below = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
        let takes = match shape {
            Shape::Record(members) => {
                return members.iter().for_each(|(key, shape)| keys(shape, &below(key), found));
            }
            Shape::Named(shape) => return keys(shape, &below("<name>"), found),
            // Of resources and moves the book has sections of their own.
            Shape::PerResource(_) | Shape::Records(_) => return,
            Shape::Truth => "`true`, `false`",
            Shape::Word(words) => words[0],
            Shape::Text | Shape::Count | Shape::Allocation | Shape::Texts | Shape::Paths | Shape::PerPath => {
                ""
            }
        };
        found.push((at.to_owned(), takes));
    }

    #[test]
    fn every_setting_is_in_the_reference_with_what_it_takes_and_what_a_change_of_it_does() {
        let mut settings = Vec::new();
        keys(&FILE, "", &mut settings);
        let rows: Vec<reference::SettingReference> = reference::settings().collect();
        let named = |key: &str| rows.iter().find(|row| row.key == key);
        for (key, takes) in &settings {
            let row = named(key).unwrap_or_else(|| panic!("`{key}` has no row"));
            assert!(row.takes.contains(takes), "`{key}` takes {takes}: {row:?}");
            assert!(row.meaning.len() > 20 && !row.default.is_empty(), "{row:?}");
        }
        assert_eq!(rows.len(), settings.len(), "each row is about a setting");
    }

    #[test]
    fn every_finding_has_its_code_its_place_and_its_advice() {
        check("setle = \"5m\"\n", Code::E0002, 6, 1, "did you mean `settle`?");
        check("[database.orders]\ninstanceclass = \"x\"\n", Code::E0002, 7, 1, "`instance_class`");
        check("[database.orders]\nstorage_gib = \"x\"\n", Code::E0003, 7, 15, "a whole number");
        check("[bucket.files]\nversioned = 1\n", Code::E0003, 7, 13, "`true` or `false`");
        check("allocation = \"per-servce\"\n", Code::E0003, 6, 14, "did you mean `per-service`?");
        check("allocation = { groups = { web = [1] } }\n", Code::E0003, 6, 34, "a text is expected");
        check("settle = \"soon\"\n", Code::E0003, 6, 1, "duration");
        check("[network]\ncidr = \"10.0.0.0/24\"\n", Code::E0003, 7, 1, "/16");
        check("[network]\nnat_gateways = 3\n", Code::E0003, 7, 1, "1 or 2");
        check(
            "[gateway.api]\ndomain = \"localhost\"\nhosted_zone = \"Z1\"\n",
            Code::E0003,
            7,
            1,
            "not a domain",
        );
        check(
            "[roles]\npermissions_boundary = \"arn:aws:iam::1:role/x\"\n",
            Code::E0003,
            7,
            1,
            "managed policy",
        );
        check("[gateway.api]\ndomain = \"a.example\"\n", Code::E0003, 7, 1, "add `hosted_zone`");
        check("[gateway.api]\nhosted_zone = \"Z1\"\n", Code::E0003, 7, 1, "add `domain`");
        let both = "[gateway.api]\ndomain = \"a.example\"\nhosted_zone = \"Z1\"\ncertificate = \"arn\"\n";
        check(both, Code::E0003, 9, 1, "keep `hosted_zone`, or `certificate`");
        check("[resources.\"x\"]\nabsent = true\n", Code::E0003, 6, 12, "not a resource id");
        check("[resources.\"a/b\".properties]\nX = 1\n", Code::E0003, 7, 1, "starts with `/`");
        check("[[moved]]\nfrom = 1\nto = \"a/b\"\n", Code::E0003, 7, 8, "a text is expected");
        check("[database\n", Code::E0001, 6, 10, "not valid TOML");
    }

    #[test]
    fn a_missing_key_and_an_unknown_edition_are_said() {
        let (_, found) = read(
            "version = 1\nedition = \"1999.9\"\ntype = \"production\"\ncloud = \"aws\"\nregion = \"eu-central-1\"\n",
        );
        assert_eq!(found[0].code, Code::E0006);
        let (_, found) = read("version = 1\n");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn without_a_file_there_are_two_environments() {
        assert_eq!(
            read_environment("production", None).0.unwrap().environment.kind,
            EnvironmentType::Production
        );
        assert_eq!(
            read_environment("development", None).0.unwrap().environment.kind,
            EnvironmentType::Development
        );
        let (file, found) = read_environment("pr:72", None);
        assert!(file.is_none());
        assert!(found[0].help.as_deref().unwrap().contains("environments/pr-72.toml"));
    }

    #[test]
    fn every_setting_has_its_place() {
        let text = format!(
            "{HEAD}[database.shared]\ninstance_class = \"db.m5.large\"\n\
             [resources.\"database/shared/instance\".properties]\n\"/X\" = {{ a = 1 }}\n"
        );
        let (file, found) = read(&text);
        assert_eq!(found, vec![]);
        let file = file.unwrap();
        let at = file.position(&["database", "shared", "instance_class"]).unwrap();
        assert_eq!(at.to_string(), "environments/production.toml:7:1-7:31");
        let at = file.position(&["resources", "database/shared/instance", "properties", "/X"]).unwrap();
        assert_eq!(at.line, 9);
    }

    #[test]
    fn nothing_makes_the_reader_panic() {
        for text in [
            "",
            "=",
            "\u{0}",
            "é = 'é",
            "a.b.c = 1",
            "[[resources]]",
            "[moved]\na=1",
            "type.x = 1",
            "\u{feff}version = 1",
        ] {
            assert!(read(text).0.is_none(), "{text:?}");
        }
    }

    #[test]
    fn what_is_nested_without_end_is_an_error() {
        let deep = format!("version = {}", "[".repeat(10_000));
        assert_eq!(read(&deep).1[0].code, Code::E0001);
        let dotted = format!("{} = 1", vec!["a"; 10_000].join("."));
        assert!(read(&dotted).0.is_none());
        let header = format!("[{}]", vec!["a"; 10_000].join("."));
        assert!(read(&header).0.is_none());
    }

    proptest::proptest! {
        #[test]
        fn half_a_file_is_never_a_panic(cut in 0_usize..400, noise in "[\\[\\]{}=\"'a-z0-9./\n é]{0,20}") {
            let whole = format!(
                "{HEAD}allocation = {{ groups = {{ web = [\"a\"] }} }}\n[database.shared]\nmulti_az = true\n\
                 [resources.\"a/b\".properties]\n\"/X\" = {{ a = 1 }}\n[[moved]]\nfrom = \"a/b\"\nto = \"a/c\"\n"
            );
            let kept: String = whole.chars().take(cut).collect();
            let (file, found) = read(&format!("{kept}{noise}"));
            proptest::prop_assert_eq!(file.is_none(), !found.is_empty());
        }
    }
}
