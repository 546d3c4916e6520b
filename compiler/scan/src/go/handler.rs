//! Handlers of subscriptions: a function of the same service, or a method of its service struct.

use compiler_diagnostics::{Code as Number, Diagnostic};

use super::Found;
use super::declaration::{Declared, named};
use super::facts::{Value, ValueForm, Word};
use super::program::Program;
use crate::text::Place;

/// Checks the handler of a subscription.
pub(super) fn check(program: &Program<'_>, each: &Declared<'_>, handler: &Value, found: &mut Found) {
    match &handler.form {
        ValueForm::Path(path) => {
            found.named_only.insert((each.file.path.to_owned(), place(path)));
            if let Some((package, name)) = named(program, each.file, handler) {
                function(program, each, handler, &package, &name, found);
            }
        }
        ValueForm::Call(function, arguments) if is_method_handler(program, each, function) => {
            method(program, each, handler, arguments, found);
        }
        ValueForm::Text(_) | ValueForm::Constant(_) => {
            let help = "name a function, or write one in place";
            found.diagnostics.push(wrong(each, handler, "the handler is not a function", help));
        }
        ValueForm::Function
        | ValueForm::Literal(_)
        | ValueForm::Call(..)
        | ValueForm::Unknown(..)
        | ValueForm::Broken => {}
    }
}

/// Where a path stands.
pub(super) fn place(path: &[Word]) -> Place {
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return Place::default() };
    Place { end_line: last.at.end_line, end_column: last.at.end_column, ..first.at }
}

fn is_method_handler(program: &Program<'_>, each: &Declared<'_>, function: &[String]) -> bool {
    let named = program.resolve_texts(each.file, function);
    named.is_some_and(|named| (named.package, named.name) == ("encore.dev/pubsub", "MethodHandler"))
}

fn function(
    program: &Program<'_>,
    each: &Declared<'_>,
    handler: &Value,
    package: &str,
    name: &str,
    found: &mut Found,
) {
    let own = program.service_of(each.file.folder);
    let folder = program.folder_of(package);
    let owner = folder.and_then(|folder| program.service_of(folder));
    if owner.is_some() && owner == own {
        return;
    }
    let message = match owner.map(|owner| &found.manifest.services[owner].name) {
        Some(service) => format!("the handler `{name}` is in the service `{service}`"),
        None => format!("the handler `{name}` is in no service"),
    };
    let mut diagnostic =
        wrong(each, handler, &message, "name a function of this service, which may call the other one");
    if let Some((file, declaration)) = program.declaration(package, name) {
        diagnostic = diagnostic.label(&file.at(declaration.at), "it is declared here");
    }
    found.diagnostics.push(diagnostic);
}

/// `pubsub.MethodHandler(Service.Method)`, or `((*Service).Method)`.
fn method(
    program: &Program<'_>,
    each: &Declared<'_>,
    handler: &Value,
    arguments: &[Value],
    found: &mut Found,
) {
    let service = match arguments {
        [Value { form: ValueForm::Path(path), .. }] if path.len() > 1 => {
            program.resolve(each.file, path).filter(|named| named.words + 1 == path.len())
        }
        _ => None,
    };
    let help = "write `pubsub.MethodHandler((*Service).Method)`, with the service struct of this package";
    let Some(service) = service else {
        found.diagnostics.push(wrong(each, handler, "the method that handles messages is not named", help));
        return;
    };
    let is_struct = found.structs.contains_key(&(service.package.to_owned(), service.name.to_owned()));
    let message = if !is_struct {
        format!("`{}` is not a service struct", service.name)
    } else if service.package != each.file.import_path {
        format!("`{}` is the service struct of another package", service.name)
    } else {
        return;
    };
    found.diagnostics.push(wrong(each, handler, &message, help));
}

fn wrong(each: &Declared<'_>, handler: &Value, message: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Number::S0021, message)
        .at(&each.file.at(handler.at))
        .note("messages are handled by the service that subscribes, in a process of its own")
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_file;

    fn check(handler: &str, diagnostics: &[&str]) {
        let body = format!(
            "//encore:service\ntype Service struct{{}}\nvar t = pubsub.NewTopic[*M](\"t\", pubsub.TopicConfig{{DeliveryGuarantee: 1}})\nvar _ = pubsub.NewSubscription(t, \"s\", pubsub.SubscriptionConfig[*M]{{Handler: {handler}}})\n"
        );
        check_file(&body, &["subscription t/s svc"], diagnostics);
    }

    #[test]
    fn a_handler_is_a_function_of_its_service() {
        for handler in
            ["Here", "func() {}", "pubsub.MethodHandler(Service.H)", "pubsub.MethodHandler((*Service).H)"]
        {
            check(handler, &[]);
        }
        check("cron.Run", &["S0021 svc/svc.go:19:79-19:87 the handler `Run` is in no service"]);
        check("7", &["S0021 svc/svc.go:19:79-19:80 the handler is not a function"]);
        check("pubsub.MethodHandler(M.H)", &["S0021 svc/svc.go:19:79-19:104 `M` is not a service struct"]);
        check(
            "pubsub.MethodHandler(f())",
            &["S0021 svc/svc.go:19:79-19:104 the method that handles messages is not named"],
        );
    }
}
