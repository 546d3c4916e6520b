//! Directives: `//encore:api public method=GET path=/x/:id tag:foo`, above a function or a type.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic, closest};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, space0};
use nom::combinator::{all_consuming, map, recognize};
use nom::multi::{many0, separated_list1};
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser};
use schema_documents::manifest::Access;
use tree_sitter::Node;

use super::syntax::{Declaration, File, children};

const NAMES: [&str; 4] = ["api", "authhandler", "middleware", "service"];
const OPTIONS: [&str; 5] = ["public", "auth", "private", "raw", "sensitive"];

/// A directive, and what it stands above.
pub(super) struct Directed<'t> {
    pub(super) directive: Directive,
    pub(super) declaration: Node<'t>,
}

/// What a directive says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Api(Api),
    AuthHandler,
    Middleware(Target),
    Service,
}

/// The endpoints that a middleware runs before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    All,
    /// Those with any of these tags.
    Tags(Vec<String>),
}

impl Target {
    /// Whether an endpoint with these tags is one of them.
    pub(super) fn covers(&self, tags: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Tags(targets) => targets.iter().any(|target| tags.contains(target)),
        }
    }
}

/// What `//encore:api` says; what it leaves out is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Api {
    pub(super) access: Option<Access>,
    pub(super) raw: bool,
    pub(super) sensitive: bool,
    pub(super) methods: Vec<String>,
    pub(super) path: Option<String>,
    pub(super) tags: Vec<String>,
}

/// One word of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'d> {
    Option(&'d str),
    Field(&'d str, &'d str),
    Tag(&'d str),
}

impl<'d> Word<'d> {
    /// The text that no two words share.
    fn key(self) -> &'d str {
        let (Self::Option(key) | Self::Field(key, _) | Self::Tag(key)) = self;
        key
    }
}

/// Why a directive is not valid, and what to do.
struct Wrong {
    message: String,
    help: String,
}

fn wrong(message: impl Into<String>, help: impl Into<String>) -> Wrong {
    Wrong { message: message.into(), help: help.into() }
}

/// Reads the directives of a file.
pub(super) fn read<'t>(file: &File<'t>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Directed<'t>> {
    let mut found = Vec::new();
    let mut attached = BTreeSet::new();
    for declaration in file.declarations() {
        // What follows is broken, and said so elsewhere.
        if declaration.node.is_error() {
            attached.extend(declaration.comments.iter().map(Node::start_byte));
            continue;
        }
        let mut first: Option<Node<'t>> = None;
        for comment in &declaration.comments {
            attached.insert(comment.start_byte());
            let Some(text) = directive_text(file.slice(*comment)) else { continue };
            let invalid = |wrong: Wrong| invalid(file, *comment, wrong);
            if let Some(first) = first {
                let twice =
                    wrong("there is a second directive for the same declaration", "keep one of the two");
                diagnostics.push(invalid(twice).label(&file.at(first), "this is the first"));
                continue;
            }
            first = Some(*comment);
            match parse(text).and_then(|directive| fits(directive, &declaration)) {
                Ok(directive) => found.push(Directed { directive, declaration: declaration.node }),
                Err(wrong) => diagnostics.push(invalid(wrong)),
            }
        }
    }
    let alone = children(file.root).into_iter().filter(|node| {
        let is_attached = attached.contains(&node.start_byte());
        node.kind() == "comment" && !is_attached && directive_text(file.slice(*node)).is_some()
    });
    for comment in alone {
        let help = "move it to the line directly above the function or type it is about";
        diagnostics.push(invalid(file, comment, wrong("a directive stands above nothing", help)));
    }
    found
}

fn invalid(file: &File<'_>, comment: Node<'_>, wrong: Wrong) -> Diagnostic {
    Diagnostic::error(Code::S0014, wrong.message)
        .at(&file.at(comment))
        .note("a directive makes a function or a type part of the app's interface")
        .help(wrong.help)
}

/// The directive in a comment: `//encore:…`, or `// encore:api` as it was written once.
fn directive_text(comment: &str) -> Option<&str> {
    let comment = comment.strip_prefix("//")?;
    if let Some(directive) = comment.strip_prefix("encore:") {
        return Some(directive.trim_end());
    }
    let directive = comment.trim_start_matches([' ', '\t']).strip_prefix("encore:")?;
    directive.starts_with("api").then_some(directive.trim_end())
}

fn fits(directive: Directive, declaration: &Declaration<'_>) -> Result<Directive, Wrong> {
    let kind = declaration.node.kind();
    let fits = match directive {
        Directive::Service => kind == "type_declaration",
        _ => matches!(kind, "function_declaration" | "method_declaration"),
    };
    let (name, what) = match directive {
        Directive::Service => ("encore:service", "type"),
        Directive::Api(_) => ("encore:api", "function"),
        Directive::AuthHandler => ("encore:authhandler", "function"),
        Directive::Middleware(_) => ("encore:middleware", "function"),
    };
    if fits {
        Ok(directive)
    } else {
        let message = format!("`{name}` does not stand above a {what}");
        Err(wrong(message, format!("move it to the line directly above the {what} it is about")))
    }
}

fn parse(text: &str) -> Result<Directive, Wrong> {
    let (name, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let words = words(rest)?;
    check_unique(&words)?;
    let without_words = |directive| match words.first() {
        None => Ok(directive),
        Some(word) => Err(wrong(
            format!("`encore:{name}` does not take `{}`", word.key()),
            format!("write `//encore:{name}` alone"),
        )),
    };
    match name {
        "api" => api(&words).map(Directive::Api),
        "authhandler" => without_words(Directive::AuthHandler),
        "service" => without_words(Directive::Service),
        "middleware" => middleware(&words),
        _ => Err(wrong(
            format!("there is no directive `encore:{name}`"),
            did_you_mean(name, &NAMES, "the directives are"),
        )),
    }
}

fn did_you_mean(written: &str, known: &[&str], lead: &str) -> String {
    match closest(written, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => {
            format!("{lead} {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

fn words(text: &str) -> Result<Vec<Word<'_>>, Wrong> {
    text.split_ascii_whitespace().map(|word| match all_consuming(self::word).parse(word) {
        Ok((_, word)) => Ok(word),
        Err(_) => Err(wrong(
            format!("`{word}` in a directive cannot be understood"),
            "write options such as `public`, fields such as `path=/x` without spaces, and tags such as `tag:foo`",
        )),
    }).collect()
}

fn word(text: &str) -> IResult<&str, Word<'_>> {
    let name = || take_while1(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
    let value = take_while1(|letter: char| !letter.is_whitespace());
    let tag_name = recognize((take_while1(|c: char| c.is_ascii_lowercase()), many0(name())));
    let (rest, _) = space0(text)?;
    alt((
        map(preceded(tag("tag:"), tag_name), Word::Tag),
        map(separated_pair(name(), char('='), value), |(key, value)| Word::Field(key, value)),
        map(name(), Word::Option),
    ))
    .parse(rest)
}

fn check_unique(words: &[Word<'_>]) -> Result<(), Wrong> {
    for (index, word) in words.iter().enumerate() {
        let same = |other: &&Word<'_>| {
            std::mem::discriminant(*other) == std::mem::discriminant(word) && other.key() == word.key()
        };
        if words[..index].iter().find(same).is_some() {
            let message = format!("`{}` is given twice in a directive", word.key());
            return Err(wrong(message, "keep one of the two"));
        }
    }
    Ok(())
}

fn api(words: &[Word<'_>]) -> Result<Api, Wrong> {
    let mut api = Api::default();
    for word in words {
        match *word {
            Word::Option("raw") => api.raw = true,
            Word::Option("sensitive") => api.sensitive = true,
            Word::Option(option) => {
                let access = access(option)?;
                if api.access.is_some() {
                    let message = "an endpoint has more than one access level";
                    return Err(wrong(message, "keep one of `public`, `auth` and `private`"));
                }
                api.access = Some(access);
            }
            Word::Field("method", value) => api.methods = methods(value)?,
            Word::Field("path", value) => api.path = Some(path(value)?),
            Word::Field(field, _) => {
                let message = format!("`encore:api` has no field `{field}`");
                return Err(wrong(message, did_you_mean(field, &["method", "path"], "the fields are")));
            }
            Word::Tag(tag) => api.tags.push(tag.to_owned()),
        }
    }
    if api.raw && api.access == Some(Access::Private) {
        return Err(wrong("a raw endpoint cannot be private", "remove `raw`, or write `public` or `auth`"));
    }
    api.tags.sort();
    Ok(api)
}

fn access(option: &str) -> Result<Access, Wrong> {
    match option {
        "public" => Ok(Access::Public),
        "auth" => Ok(Access::Auth),
        "private" => Ok(Access::Private),
        _ => Err(wrong(
            format!("`encore:api` has no option `{option}`"),
            did_you_mean(option, &OPTIONS, "the options are"),
        )),
    }
}

fn methods(value: &str) -> Result<Vec<String>, Wrong> {
    let method = take_while1(|letter: char| letter.is_ascii_uppercase());
    let mut list = all_consuming(alt((map(tag("*"), |all| vec![all]), separated_list1(char(','), method))));
    let parsed: IResult<&str, Vec<&str>> = list.parse(value);
    let Ok((_, methods)) = parsed else {
        let message = format!("`{value}` is not a list of HTTP methods");
        return Err(wrong(message, "write them in capitals with commas between, such as `method=GET,POST`"));
    };
    let mut methods: Vec<_> = methods.into_iter().map(str::to_owned).collect();
    methods.sort();
    methods.dedup();
    Ok(methods)
}

/// Checks the form of a path; whether two paths are in each other's way is not asked here.
fn path(value: &str) -> Result<String, Wrong> {
    let problem = |why: &str, help: &str| Err(wrong(format!("the path `{value}` {why}"), help));
    let Some(rest) = value.strip_prefix('/') else {
        return problem("does not start with `/`", "write it from the root, such as `path=/users/:id`");
    };
    if value.contains('?') {
        return problem("contains a query", "take query parameters as fields of the request");
    }
    let segments: Vec<_> = rest.split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        if segment.is_empty() && !rest.is_empty() {
            return problem("has an empty part", "remove the `/` that is too much");
        }
        let Some(name) = segment.strip_prefix([':', '*', '!']) else { continue };
        if !is_identifier(name) {
            return problem("has a parameter without a valid name", "name it like a variable, such as `:id`");
        }
        if !segment.starts_with(':') && !is_last {
            return problem("goes on after a wildcard", "a `*wildcard` or `!fallback` comes last");
        }
    }
    Ok(value.to_owned())
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|letter| letter.is_alphabetic() || letter == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn middleware(words: &[Word<'_>]) -> Result<Directive, Wrong> {
    const HELP: &str = "write `target=all` or `target=tag:a,tag:b`";
    let mut target = None;
    for word in words {
        match *word {
            Word::Option("global") => {}
            Word::Field("target", "all") => target = Some(Target::All),
            Word::Field("target", value) => {
                let tags: Option<Vec<_>> =
                    value.split(',').map(|tag| tag.strip_prefix("tag:").map(str::to_owned)).collect();
                let wrong = || wrong(format!("`{value}` is not a target of middleware"), HELP);
                target = Some(Target::Tags(tags.ok_or_else(wrong)?));
            }
            _ => return Err(wrong(format!("`encore:middleware` does not take `{}`", word.key()), HELP)),
        }
    }
    let target = target.ok_or_else(|| wrong("`encore:middleware` has no `target`", HELP))?;
    Ok(Directive::Middleware(target))
}

/// The number of parameters in a path.
pub(super) fn path_parameters(path: Option<&str>) -> usize {
    path.map_or(0, |path| path.split('/').filter(|segment| segment.starts_with([':', '*', '!'])).count())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_file};

    fn check_directive(directive: &str, expected: &str) {
        check_file(
            &format!("{directive}\nfunc F(ctx context.Context) error {{ return nil }}\n"),
            &[expected],
            &[],
        );
    }

    fn check_wrong(directive: &str, message: &str) {
        let end = directive.chars().count() + 1;
        let text = format!("{directive}\nfunc F() {{}}\n");
        check(
            &[("a/a.go", &format!("package a\n{text}"))],
            &[],
            &[&format!("S0014 a/a.go:2:1-2:{end} {message}")],
        );
    }

    #[test]
    fn a_directive_says_how_an_endpoint_is_called() {
        check_directive("//encore:api public", "endpoint svc.F Public -");
        check_directive("//encore:api", "endpoint svc.F - -");
        check_directive("// encore:api private", "endpoint svc.F Private -");
        check_directive(
            "//encore:api auth sensitive tag:b tag:a-1",
            "endpoint svc.F Auth - tag:a-1 tag:b sensitive",
        );
        check_directive("//encore:api public method=PUT,GET path=/", "endpoint svc.F Public / GET PUT");
        check_directive("//encore:api  path=/!rest  public\tmethod=*", "endpoint svc.F Public /!rest *");
        check_directive("//encore:api public\n//go:noinline\n// More words.", "endpoint svc.F Public -");
    }

    #[test]
    fn a_directive_that_cannot_be_understood_is_explained() {
        check_wrong("//encore:apii public", "there is no directive `encore:apii`");
        check_wrong("//encore:api pubic", "`encore:api` has no option `pubic`");
        check_wrong("//encore:api public private", "an endpoint has more than one access level");
        check_wrong("//encore:api public public", "`public` is given twice in a directive");
        check_wrong("//encore:api public mehtod=GET", "`encore:api` has no field `mehtod`");
        check_wrong("//encore:api public method=get", "`get` is not a list of HTTP methods");
        check_wrong("//encore:api public path=x", "the path `x` does not start with `/`");
        check_wrong("//encore:api public path=/x/", "the path `/x/` has an empty part");
        check_wrong("//encore:api public path=/x?a=b", "the path `/x?a=b` contains a query");
        check_wrong("//encore:api public path=/*x/y", "the path `/*x/y` goes on after a wildcard");
        check_wrong("//encore:api public path=/:", "the path `/:` has a parameter without a valid name");
        check_wrong("//encore:api public tag:Foo", "`tag:Foo` in a directive cannot be understood");
        check_wrong("//encore:api public, raw", "`public,` in a directive cannot be understood");
        check_wrong("//encore:api raw private", "a raw endpoint cannot be private");
        check_wrong("//encore:authhandler public", "`encore:authhandler` does not take `public`");
        check_wrong("//encore:service", "`encore:service` does not stand above a type");
        check_wrong("//encore:middleware", "`encore:middleware` has no `target`");
        check_wrong("//encore:middleware target=x", "`x` is not a target of middleware");
    }

    #[test]
    fn a_directive_stands_directly_above_what_it_is_about() {
        check(
            &[(
                "a/a.go",
                "package a\n\n//encore:api public\n\nfunc F() {}\n\n//encore:api auth\nvar x = 1\n",
            )],
            &[],
            &[
                "S0014 a/a.go:3:1-3:20 a directive stands above nothing",
                "S0014 a/a.go:7:1-7:18 `encore:api` does not stand above a function",
            ],
        );
        check(
            &[("a/a.go", "package a\n//encore:api public\n//encore:authhandler\nfunc F() {}\n")],
            &["endpoint a.F Public -"],
            &["S0014 a/a.go:3:1-3:21 there is a second directive for the same declaration"],
        );
    }
}
