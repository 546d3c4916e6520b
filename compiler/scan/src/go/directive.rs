//! Directives: `//encore:api public method=GET path=/x/:id tag:foo`, above a function or a type.

use std::collections::HashSet;
use std::ops::Range;

use compiler_diagnostics::{Code, Diagnostic, closest};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::char;
use nom::combinator::{all_consuming, map, recognize};
use nom::multi::{many0, separated_list1};
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser};
use schema_documents::Position;
use schema_documents::manifest::Access;

use super::facts::{Above, Declaration, Directive as Written, Form, Function};
use super::program::File;
use crate::text::Place;

const NAMES: [&str; 4] = ["api", "authhandler", "middleware", "service"];
const OPTIONS: [&str; 5] = ["public", "auth", "private", "raw", "sensitive"];

/// A directive, and what it stands above.
pub(super) struct Directed<'p> {
    pub(super) file: &'p File<'p>,
    /// Index of the file.
    pub(super) index: usize,
    pub(super) directive: Directive,
    /// Index of the declaration.
    pub(super) at: usize,
    pub(super) declaration: &'p Declaration,
    written: &'p Written,
}

impl<'p> Directed<'p> {
    /// The name of what it stands above.
    pub(super) fn name(&self) -> &'p str {
        self.declaration.name()
    }

    /// The position of that name.
    pub(super) fn at_name(&self) -> Position {
        self.file.at(self.declaration.names.first().map_or(self.declaration.at, |name| name.at))
    }

    /// The function that it stands above.
    pub(super) fn function(&self) -> Option<&'p Function> {
        match &self.declaration.form {
            Form::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The position of characters of its text.
    pub(super) fn at_word(&self, word: &Range<usize>) -> Position {
        self.file.at(within(self.written, word))
    }
}

/// What a directive says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Api(Api),
    AuthHandler,
    Middleware(Middleware),
    Service,
}

/// What `//encore:middleware` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Middleware {
    pub(super) is_global: bool,
    pub(super) target: Target,
}

/// The endpoints that a middleware runs before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    All,
    /// Those with any of these tags, with the characters at which each is written.
    Tags(Vec<(String, Range<usize>)>),
}

impl Target {
    /// Whether an endpoint with these tags is one of them.
    pub(super) fn covers(&self, tags: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Tags(targets) => targets.iter().any(|(target, _)| tags.contains(target)),
        }
    }
}

/// What `//encore:api` says; what it leaves out is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Api {
    pub(super) access: Option<Access>,
    /// The characters at which the access is written.
    pub(super) access_at: Range<usize>,
    pub(super) raw: bool,
    pub(super) sensitive: bool,
    pub(super) methods: Vec<String>,
    pub(super) path: Option<String>,
    /// The characters at which the path is written.
    pub(super) path_at: Range<usize>,
    pub(super) tags: Vec<String>,
}

/// One word of a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word<'d> {
    form: WordForm<'d>,
    /// The characters of the text.
    at: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WordForm<'d> {
    Option(&'d str),
    Field(&'d str, &'d str),
    Tag(&'d str),
}

impl<'d> WordForm<'d> {
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
    /// The characters of the text that are wrong; absent when it is all of it.
    at: Option<Range<usize>>,
}

impl Wrong {
    fn at(self, word: &Range<usize>) -> Self {
        Self { at: Some(word.clone()), ..self }
    }
}

fn wrong(message: impl Into<String>, help: impl Into<String>) -> Wrong {
    Wrong { message: message.into(), help: help.into(), at: None }
}

/// Reads the directives of a file.
pub(super) fn read<'p>(
    index: usize,
    file: &'p File<'p>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Directed<'p>> {
    let mut found: Vec<Directed<'p>> = Vec::new();
    let mut above: Option<(usize, &Written)> = None;
    for written in &file.facts.directives {
        let invalid = |wrong: Wrong| invalid(file, written, wrong);
        let at = match written.above {
            Above::Broken => continue,
            Above::Nothing => {
                let help = "move it to the line directly above the function or type it is about";
                diagnostics.push(invalid(wrong("a directive stands above nothing", help)));
                continue;
            }
            Above::Other => None,
            Above::Declaration(at) => Some(at),
        };
        if let (Some(at), Some((_, first))) = (at, above.filter(|(declaration, _)| Some(*declaration) == at))
        {
            let twice = wrong("there is a second directive for the same declaration", "keep one of the two");
            diagnostics.push(invalid(twice).label(&file.at(first.at), "this is the first"));
            above = Some((at, first));
            continue;
        }
        above = at.map(|at| (at, written));
        let declaration = at.map(|at| (at, &file.facts.declarations[at]));
        match parse(&written.text).and_then(|directive| fits(directive, declaration)) {
            Ok((directive, at, declaration)) => {
                found.push(Directed { file, index, directive, at, declaration, written });
            }
            Err(wrong) => diagnostics.push(invalid(wrong)),
        }
    }
    found
}

fn invalid(file: &File<'_>, written: &Written, wrong: Wrong) -> Diagnostic {
    let place = wrong.at.map_or(written.at, |word| within(written, &word));
    Diagnostic::error(Code::S0014, wrong.message)
        .at(&file.at(place))
        .note("a directive makes a function or a type part of the app's interface")
        .help(wrong.help)
}

/// The place of some characters of a directive, which is one line.
fn within(written: &Written, word: &Range<usize>) -> Place {
    let column = |at: usize| written.at.column + written.skipped + u32::try_from(at).unwrap_or_default();
    Place { column: column(word.start), end_column: column(word.end), ..written.at }
}

fn fits(
    directive: Directive,
    declaration: Option<(usize, &Declaration)>,
) -> Result<(Directive, usize, &Declaration), Wrong> {
    let (name, what) = match directive {
        Directive::Service => ("encore:service", "type"),
        Directive::Api(_) => ("encore:api", "function"),
        Directive::AuthHandler => ("encore:authhandler", "function"),
        Directive::Middleware(_) => ("encore:middleware", "function"),
    };
    match declaration {
        Some((at, declaration))
            if matches!(
                (&declaration.form, &directive),
                (Form::Type(_), Directive::Service)
                    | (
                        Form::Function(_),
                        Directive::Api(_) | Directive::AuthHandler | Directive::Middleware(_)
                    )
            ) =>
        {
            Ok((directive, at, declaration))
        }
        _ => {
            let message = format!("`{name}` does not stand above a {what}");
            Err(wrong(message, format!("move it to the line directly above the {what} it is about")))
        }
    }
}

fn parse(text: &str) -> Result<Directive, Wrong> {
    let (name, rest) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
    let words = words(rest, name.chars().count())?;
    check_unique(&words)?;
    let without_words = |directive| match words.first() {
        None => Ok(directive),
        Some(word) => Err(wrong(
            format!("`encore:{name}` does not take `{}`", word.form.key()),
            format!("write `//encore:{name}` alone"),
        )
        .at(&word.at)),
    };
    match name {
        "api" => api(&words).map(Directive::Api),
        "authhandler" => without_words(Directive::AuthHandler),
        "service" => without_words(Directive::Service),
        "middleware" => middleware(&words),
        _ => Err(wrong(
            format!("there is no directive `encore:{name}`"),
            did_you_mean(name, &NAMES, "the directives are"),
        )
        .at(&(0..name.chars().count()))),
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

/// The words of a text of which so many characters come before.
fn words(text: &str, before: usize) -> Result<Vec<Word<'_>>, Wrong> {
    let mut words = Vec::new();
    let mut at = before;
    for word in text.split([' ', '\t', '\r', '\u{c}']) {
        let length = word.chars().count();
        let place = at..at + length;
        at = place.end + 1;
        if word.is_empty() {
            continue;
        }
        let Ok((_, form)) = all_consuming(self::word).parse(word) else {
            let message = format!("`{word}` in a directive cannot be understood");
            let help = "write options such as `public`, fields such as `path=/x` without spaces, and tags such as `tag:foo`";
            return Err(wrong(message, help).at(&place));
        };
        words.push(Word { form, at: place });
    }
    Ok(words)
}

fn word(text: &str) -> IResult<&str, WordForm<'_>> {
    let name = || take_while1(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
    let value = take_while1(|letter: char| !letter.is_whitespace());
    let tag_name = recognize((take_while1(|c: char| c.is_ascii_lowercase()), many0(name())));
    alt((
        map(preceded(tag("tag:"), tag_name), WordForm::Tag),
        map(separated_pair(name(), char('='), value), |(key, value)| WordForm::Field(key, value)),
        map(name(), WordForm::Option),
    ))
    .parse(text)
}

fn check_unique(words: &[Word<'_>]) -> Result<(), Wrong> {
    let mut seen = HashSet::new();
    for word in words {
        if !seen.insert((std::mem::discriminant(&word.form), word.form.key())) {
            let message = format!("`{}` is given twice in a directive", word.form.key());
            return Err(wrong(message, "keep one of the two").at(&word.at));
        }
    }
    Ok(())
}

fn api(words: &[Word<'_>]) -> Result<Api, Wrong> {
    let mut api = Api::default();
    let mut raw_at = None;
    for word in words {
        let at = |wrong: Wrong| wrong.at(&word.at);
        match word.form {
            WordForm::Option("raw") => {
                api.raw = true;
                raw_at = Some(&word.at);
            }
            WordForm::Option("sensitive") => api.sensitive = true,
            WordForm::Option(option) => {
                let access = access(option).map_err(at)?;
                if api.access.is_some() {
                    let message = "an endpoint has more than one access level";
                    return Err(at(wrong(message, "keep one of `public`, `auth` and `private`")));
                }
                api.access = Some(access);
                api.access_at = word.at.clone();
            }
            WordForm::Field("method", value) => api.methods = methods(value).map_err(at)?,
            WordForm::Field("path", value) => {
                api.path = Some(path(value).map_err(at)?);
                api.path_at = word.at.start + "path=".len()..word.at.end;
            }
            WordForm::Field(field, _) => {
                let message = format!("`encore:api` has no field `{field}`");
                let help = did_you_mean(field, &["method", "path"], "the fields are");
                return Err(at(wrong(message, help)));
            }
            WordForm::Tag(tag) => api.tags.push(tag.to_owned()),
        }
    }
    if let Some(raw_at) = raw_at.filter(|_| matches!(api.access, None | Some(Access::Private))) {
        let help = "remove `raw`, or write `public` or `auth`";
        return Err(wrong("a raw endpoint cannot be private", help).at(raw_at));
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
    let (mut target, mut is_global) = (None, false);
    for word in words {
        match word.form {
            WordForm::Option("global") => is_global = true,
            WordForm::Field("target", "all") => target = Some(Target::All),
            WordForm::Field("target", value) => {
                let start = word.at.start + "target=".len();
                target = Some(Target::Tags(target_tags(value, start).ok_or_else(|| {
                    wrong(format!("`{value}` is not a target of middleware"), HELP).at(&word.at)
                })?));
            }
            form => {
                let message = format!("`encore:middleware` does not take `{}`", form.key());
                return Err(wrong(message, HELP).at(&word.at));
            }
        }
    }
    let target = target.ok_or_else(|| wrong("`encore:middleware` has no `target`", HELP))?;
    Ok(Directive::Middleware(Middleware { is_global, target }))
}

/// `tag:a,tag:b`, written from a character on.
fn target_tags(value: &str, start: usize) -> Option<Vec<(String, Range<usize>)>> {
    let mut at = start;
    let tags = value.split(',').map(|tag| {
        let place = at..at + tag.chars().count();
        at = place.end + 1;
        Some((tag.strip_prefix("tag:")?.to_owned(), place))
    });
    tags.collect()
}

/// The names of the parameters in a path, with the signs before them.
pub(super) fn path_parameters(path: Option<&str>) -> impl Iterator<Item = &str> {
    let segments = path.into_iter().flat_map(|path| path.split('/'));
    segments.filter(|segment| segment.starts_with([':', '*', '!']))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_file};

    fn check_directive(directive: &str, expected: &str) {
        let function = if directive.contains("/!rest") {
            "func F(ctx context.Context, rest string) error { return nil }"
        } else {
            "func F(ctx context.Context) error { return nil }"
        };
        let unmet =
            "M0110 svc/svc.go:16:14-16:18 endpoint `svc.F` needs an auth handler, and the app has none";
        let unmet = if directive.contains(" auth ") { vec![unmet] } else { Vec::new() };
        check_file(&format!("{directive}\n{function}\n"), &[expected], &unmet);
    }

    /// The words are those that are pointed at.
    fn check_wrong(directive: &str, words: &str, message: &str) {
        let before = directive.rfind(words).expect("the words are in the directive");
        let start = directive[..before].chars().count() + 1;
        let end = start + words.chars().count();
        let text = format!("{directive}\nfunc F() {{}}\n");
        check(
            &[("a/a.go", &format!("package a\n{text}"))],
            &[],
            &[&format!("S0014 a/a.go:2:{start}-2:{end} {message}")],
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
        check_wrong("//encore:apii public", "apii", "there is no directive `encore:apii`");
        check_wrong("//encore:api pubic", "pubic", "`encore:api` has no option `pubic`");
        check_wrong("//encore:api public private", "private", "an endpoint has more than one access level");
        check_wrong("//encore:api public public", "public", "`public` is given twice in a directive");
        check_wrong("//encore:api public mehtod=GET", "mehtod=GET", "`encore:api` has no field `mehtod`");
        check_wrong("//encore:api public method=get", "method=get", "`get` is not a list of HTTP methods");
        check_wrong("//encore:api public path=x", "path=x", "the path `x` does not start with `/`");
        check_wrong("//encore:api public path=/x/", "path=/x/", "the path `/x/` has an empty part");
        check_wrong("//encore:api public path=/x?a=b", "path=/x?a=b", "the path `/x?a=b` contains a query");
        check_wrong(
            "//encore:api public path=/*x/y",
            "path=/*x/y",
            "the path `/*x/y` goes on after a wildcard",
        );
        check_wrong(
            "//encore:api public path=/:",
            "path=/:",
            "the path `/:` has a parameter without a valid name",
        );
        check_wrong(
            "//encore:api public tag:Foo",
            "tag:Foo",
            "`tag:Foo` in a directive cannot be understood",
        );
        check_wrong("//encore:api public, raw", "public,", "`public,` in a directive cannot be understood");
        check_wrong("//encore:api raw private", "raw", "a raw endpoint cannot be private");
        check_wrong("//encore:authhandler public", "public", "`encore:authhandler` does not take `public`");
        check_wrong("//encore:service", "//encore:service", "`encore:service` does not stand above a type");
        check_wrong("//encore:middleware", "//encore:middleware", "`encore:middleware` has no `target`");
        check_wrong("//encore:middleware target=x", "target=x", "`x` is not a target of middleware");
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
