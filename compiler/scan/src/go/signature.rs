//! The signatures of functions that the framework calls.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::Position;

use super::Found;
use super::directive::{Api, Directed, Directive, path_parameters};
use super::facts::{Form, Parameter, Signature, Type, TypeForm};
use super::program::{File, Program};
use super::types::{Shape, is_integer, shape, written};

/// Checks the signatures of the functions with directives, and of those that set up services.
pub(super) fn check(program: &Program<'_>, directed: &[Directed<'_>], found: &mut Found) {
    for each in directed {
        if each.directive == Directive::Service {
            found.diagnostics.extend(service(program, each));
        } else if let Some(signature) = each.function().and_then(|function| function.signature.as_ref()) {
            let judge = Judge { program, each, signature };
            found.diagnostics.extend(match &each.directive {
                Directive::Api(api) if api.raw => judge.raw(),
                Directive::Api(api) => judge.endpoint(api),
                Directive::AuthHandler => judge.auth_handler(),
                Directive::Middleware(_) => judge.middleware(),
                Directive::Service => Vec::new(),
            });
        }
    }
}

const RAW: &str = "write `func(w http.ResponseWriter, req *http.Request)`";
const ENDPOINT: &str = "write `func(ctx context.Context, p *Params) (*Response, error)`; parameters of the path come first, and request and response may be left out";
const AUTH: &str = "write `func(ctx context.Context, token string) (auth.UID, *Data, error)`; the token may be a pointer to a struct, and the data may be left out";
const MIDDLEWARE: &str = "write `func(req middleware.Request, next middleware.Next) middleware.Response`";

/// What a type must be.
#[derive(Clone, Copy)]
enum Wanted {
    Foreign(&'static str, &'static str),
    Basic(&'static str),
    /// A pointer to one of a package.
    PointerTo(&'static str, &'static str),
    /// A pointer to a struct with a name.
    Struct,
}

/// Whether a type certainly is not what it must be. What cannot be seen is not judged.
fn misses(program: &Program<'_>, file: &File<'_>, ty: &Type, wanted: Wanted) -> bool {
    if let TypeForm::Pointer(inner) = &ty.form {
        return match (wanted, shape(program, file, inner)) {
            (Wanted::PointerTo(package, name), Shape::Foreign(of, found)) => (package, name) != (of, found),
            (Wanted::Struct, Shape::Foreign(..) | Shape::Struct(_)) | (_, Shape::Unknown) => false,
            _ => true,
        };
    }
    match (wanted, shape(program, file, ty)) {
        (Wanted::Foreign(package, name), Shape::Foreign(of, found)) => (package, name) != (of, found),
        (Wanted::Basic(name), Shape::Basic(found)) => name != found,
        (_, Shape::Unknown) => false,
        _ => true,
    }
}

fn wrong(message: impl Into<String>, at: &Position, help: &str) -> Diagnostic {
    Diagnostic::error(Number::S0023, message)
        .at(at)
        .note("the framework calls the function, and knows how from its directive")
        .help(help)
}

/// A function with a directive, and what is said of it.
struct Judge<'j> {
    program: &'j Program<'j>,
    each: &'j Directed<'j>,
    signature: &'j Signature,
}

impl Judge<'_> {
    fn whole(&self, message: impl Into<String>, help: &str) -> Vec<Diagnostic> {
        vec![wrong(message, &self.each.file.at(self.signature.at), help)]
    }

    /// Reports a parameter or result that is not what it must be.
    fn fits(&self, which: &str, parameter: &Parameter, wanted: Wanted, help: &str) -> Option<Diagnostic> {
        if !misses(self.program, self.each.file, &parameter.kind, wanted) {
            return None;
        }
        let what = match wanted {
            Wanted::Foreign(package, name) => {
                format!("`{}.{name}`", package.rsplit('/').next().unwrap_or(package))
            }
            Wanted::PointerTo(package, name) => {
                format!("`*{}.{name}`", package.rsplit('/').next().unwrap_or(package))
            }
            Wanted::Basic(name) => format!("`{name}`"),
            Wanted::Struct => "a pointer to a struct with a name".to_owned(),
        };
        let message =
            format!("the {which} of `{}` is `{}`, not {what}", self.each.name(), written(&parameter.kind));
        Some(wrong(message, &self.each.file.at(parameter.kind.at), help))
    }

    fn raw(&self) -> Vec<Diagnostic> {
        let name = self.each.name();
        let [writer, request] = self.signature.parameters.as_slice() else {
            return self.whole(format!("the raw endpoint `{name}` does not take two parameters"), RAW);
        };
        if !self.signature.results.is_empty() {
            return self.whole(format!("the raw endpoint `{name}` has results"), RAW);
        }
        let first = self.fits("first parameter", writer, Wanted::Foreign("net/http", "ResponseWriter"), RAW);
        let second = self.fits("second parameter", request, Wanted::PointerTo("net/http", "Request"), RAW);
        first.into_iter().chain(second).collect()
    }

    /// What an endpoint takes and gives is not the concern of infrastructure; that its path can be served is.
    fn endpoint(&self, api: &Api) -> Vec<Diagnostic> {
        let Some((context, own)) = self.signature.parameters.split_first() else { return Vec::new() };
        let context = self.fits("first parameter", context, Wanted::Foreign("context", "Context"), ENDPOINT);
        if let Some(wrong) = context {
            return vec![wrong];
        }
        let mut found = self.path_parameters(api, own);
        let names = path_parameters(api.path.as_deref()).count();
        if let Some(second) = own.get(names + 1) {
            let message = format!("the endpoint `{}` takes more than one request", self.each.name());
            found.push(wrong(message, &self.each.file.at(second.at), ENDPOINT));
        }
        if let Some(last) = self.signature.results.last() {
            found.extend(self.fits("last result", last, Wanted::Basic("error"), ENDPOINT));
        }
        found
    }

    /// Parameters of the path are those of the function, in the same order.
    fn path_parameters(&self, api: &Api, own: &[Parameter]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut given = own.iter();
        for (segment, at) in segments(api) {
            let at = self.each.at_word(&at);
            let Some(parameter) = given.next() else {
                let message = format!("the function does not take the path's `{segment}`");
                let help = "add a parameter of that name, after the context";
                found.push(wrong(message, &at, help));
                continue;
            };
            if parameter.name.as_deref() != Some(&segment[1..]) {
                let name = parameter.name.as_deref().unwrap_or("_");
                let message = format!("the path has `{segment}` where the function has `{name}`");
                found.push(wrong(message, &at, "give both the same name"));
            }
            if let Some(wanted) = self.misfit(segment, &parameter.kind) {
                let message = format!("`{}` cannot be taken from a path", written(&parameter.kind));
                found.push(wrong(message, &at, wanted));
            }
        }
        found
    }

    /// What the type of a path's parameter should be, if it is something else.
    fn misfit(&self, segment: &str, ty: &Type) -> Option<&'static str> {
        let is_text = match (&ty.form, shape(self.program, self.each.file, ty)) {
            (TypeForm::Pointer(_), _) | (_, Shape::Other | Shape::Struct(_)) => None,
            (_, Shape::Basic(name)) if is_integer(name) || name == "bool" => Some(false),
            (_, Shape::Basic("string") | Shape::Unknown) => Some(true),
            (_, Shape::Foreign("encore.dev/types/uuid", "UUID")) => Some(false),
            (_, Shape::Basic(_) | Shape::Foreign(..)) => None,
        };
        match is_text {
            None => Some("make it a string, a whole number, a truth value or a `uuid.UUID`"),
            Some(false) if !segment.starts_with(':') => Some("make it a `string`: it is the rest of a path"),
            Some(_) => None,
        }
    }

    fn auth_handler(&self) -> Vec<Diagnostic> {
        let name = self.each.name();
        let [context, token] = self.signature.parameters.as_slice() else {
            return self.whole(format!("the auth handler `{name}` does not take two parameters"), AUTH);
        };
        let (user, data) = match self.signature.results.as_slice() {
            [user, _] => (user, None),
            [user, data, _] => (user, Some(data)),
            _ => return self.whole(format!("the auth handler `{name}` has not two or three results"), AUTH),
        };
        let is_text = !misses(self.program, self.each.file, &token.kind, Wanted::Basic("string"));
        let wanted = [
            self.fits("first parameter", context, Wanted::Foreign("context", "Context"), AUTH),
            (!is_text).then(|| self.fits("second parameter", token, Wanted::Struct, AUTH)).flatten(),
            self.fits("first result", user, Wanted::Foreign("encore.dev/beta/auth", "UID"), AUTH),
            data.and_then(|data| self.fits("second result", data, Wanted::Struct, AUTH)),
        ];
        wanted.into_iter().flatten().collect()
    }

    fn middleware(&self) -> Vec<Diagnostic> {
        const PACKAGE: &str = "encore.dev/middleware";
        let ([request, next], [response]) =
            (self.signature.parameters.as_slice(), self.signature.results.as_slice())
        else {
            let message =
                format!("the middleware `{}` does not take two parameters with one result", self.each.name());
            return self.whole(message, MIDDLEWARE);
        };
        let wanted = [
            self.fits("first parameter", request, Wanted::Foreign(PACKAGE, "Request"), MIDDLEWARE),
            self.fits("second parameter", next, Wanted::Foreign(PACKAGE, "Next"), MIDDLEWARE),
            self.fits("result", response, Wanted::Foreign(PACKAGE, "Response"), MIDDLEWARE),
        ];
        wanted.into_iter().flatten().collect()
    }
}

/// The parameters in a path, with their signs, and the characters of the directive at which each is written.
fn segments(api: &Api) -> Vec<(&str, std::ops::Range<usize>)> {
    let mut at = api.path_at.start;
    let mut segments = Vec::new();
    for segment in api.path.iter().flat_map(|path| path.split('/')) {
        let end = at + segment.chars().count();
        if segment.starts_with([':', '*', '!']) {
            segments.push((segment, at..end));
        }
        at = end + 1;
    }
    segments
}

/// A service struct, and the function that sets it up.
fn service(program: &Program<'_>, each: &Directed<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut wrong = |message: String, at: &Position, help: &str| {
        found.push(
            Diagnostic::error(Number::S0023, message)
                .at(at)
                .note("the framework makes one value of the struct when the service starts")
                .help(help),
        );
    };
    if let Form::Type(spec) = &each.declaration.form
        && let Some(parameter) = spec.parameters.first()
    {
        let message = format!("the service struct `{}` has type parameters", each.name());
        wrong(message, &each.file.at(parameter.at), "remove them");
    }
    let init = format!("init{}", each.name());
    let Some((file, declaration)) = program.declaration(&each.file.import_path, &init) else { return found };
    let Form::Function(function) = &declaration.form else { return found };
    let help = format!("write `func {init}() (*{}, error)`", each.name());
    if let Some(generic) = function.generic {
        wrong(format!("`{init}` has type parameters"), &file.at(generic), &help);
    }
    let Some(signature) = &function.signature else { return found };
    if let Some(parameter) = signature.parameters.first() {
        wrong(format!("`{init}` takes parameters"), &file.at(parameter.at), &help);
    }
    let makes_one = match signature.results.as_slice() {
        [made, error] => {
            let is_pointer = matches!(&made.kind.form, TypeForm::Pointer(inner)
                if program.resolve_type(file, inner).is_some_and(|named| named.name == each.name()));
            is_pointer && !misses(program, file, &error.kind, Wanted::Basic("error"))
        }
        _ => false,
    };
    if !makes_one {
        let message = format!("`{init}` does not make a `{}`", each.name());
        wrong(message, &file.at(signature.at), &help);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    fn check_function(directive: &str, function: &str, diagnostics: &[&str]) {
        let text = format!(
            "package a\nimport (\"context\"; \"net/http\"; \"encore.dev/beta/auth\"; \"encore.dev/middleware\"; \"example.com/x\")\n//encore:{directive}\nfunc F{function}\ntype P struct{{}}\ntype N int\n"
        );
        check(&[("a/a.go", &text)], &[], diagnostics);
    }

    #[test]
    fn an_endpoint_takes_what_is_in_its_path() {
        let path = "api public path=/:id/*rest";
        check_function(path, "(ctx context.Context, id int, rest string, p *P) error", &[]);
        check_function(
            path,
            "(ctx context.Context, id x.ID, rest string) error",
            &["S0023 a/a.go:3:27-3:30 `x.ID` cannot be taken from a path"],
        );
        check_function(
            path,
            "(ctx context.Context, key int, rest string) error",
            &["S0023 a/a.go:3:27-3:30 the path has `:id` where the function has `key`"],
        );
        check_function(
            path,
            "(ctx context.Context, id int) error",
            &["S0023 a/a.go:3:31-3:36 the function does not take the path's `*rest`"],
        );
        check_function(
            "api public",
            "(p *P) error",
            &["S0023 a/a.go:4:10-4:12 the first parameter of `F` is `*P`, not `context.Context`"],
        );
        check_function(
            "api public",
            "(ctx context.Context, a, b *P) error",
            &["S0023 a/a.go:4:29-4:36 the endpoint `F` takes more than one request"],
        );
    }

    #[test]
    fn a_raw_endpoint_takes_a_request_as_it_came() {
        check_function("api public raw", "(w http.ResponseWriter, r *http.Request)", &[]);
        check_function(
            "api public raw",
            "(w http.ResponseWriter, r http.Request)",
            &["S0023 a/a.go:4:33-4:45 the second parameter of `F` is `http.Request`, not `*http.Request`"],
        );
        check_function(
            "api public raw",
            "(ctx context.Context)",
            &["S0023 a/a.go:4:7-4:28 the raw endpoint `F` does not take two parameters"],
        );
    }

    #[test]
    fn an_auth_handler_takes_a_token_and_gives_a_user() {
        for function in [
            "(ctx context.Context, token string) (auth.UID, error)",
            "(ctx context.Context, p *P) (auth.UID, *P, error)",
            "(ctx context.Context, p *missing.P) (auth.UID, error)",
        ] {
            check_function("authhandler", function, &[]);
        }
        check_function(
            "authhandler",
            "(ctx context.Context, token N) (auth.UID, error)",
            &[
                "S0023 a/a.go:4:35-4:36 the second parameter of `F` is `N`, not a pointer to a struct with a name",
            ],
        );
        check_function(
            "authhandler",
            "(ctx context.Context, token string) (string, error)",
            &["S0023 a/a.go:4:44-4:50 the first result of `F` is `string`, not `auth.UID`"],
        );
    }

    #[test]
    fn middleware_passes_requests_on() {
        check_function("api public", "(ctx context.Context) error", &[]);
        check_function(
            "middleware target=all",
            "(r middleware.Request, n middleware.Next) error",
            &[
                "S0024 a/a.go:4:6-4:7 a middleware is declared outside of all services",
                "S0023 a/a.go:4:49-4:54 the result of `F` is `error`, not `middleware.Response`",
            ],
        );
    }

    #[test]
    fn a_service_struct_is_set_up_by_its_own_function() {
        let service = |init: &str| {
            format!(
                "package a\n//encore:service\ntype S struct{{}}\nfunc initS{init} {{ return nil, nil }}\n"
            )
        };
        check(&[("a/a.go", &service("() (*S, error)"))], &["service a a"], &[]);
        check(
            &[("a/a.go", &service("(n int) (*S, error)"))],
            &[],
            &["S0023 a/a.go:4:12-4:17 `initS` takes parameters"],
        );
        check(
            &[("a/a.go", &service("() (S, error)"))],
            &[],
            &["S0023 a/a.go:4:11-4:24 `initS` does not make a `S`"],
        );
    }
}
