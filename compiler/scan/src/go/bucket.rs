//! Object storage: buckets, and which service does what with them.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::{Bucket, BucketOperation, BucketUse};
use tree_sitter::Node;

use super::Found;
use super::declaration::{Config, Constructor, declared};
use super::resolve::{Code, Site};
use super::service::name_of;
use super::syntax::{File, Role, named_children, type_arguments};

const PACKAGE: &str = "encore.dev/storage/objects";

const NEW_BUCKET: Constructor = Constructor {
    package: PACKAGE,
    function: "NewBucket",
    usage: "objects.NewBucket(\"name\", objects.BucketConfig{})",
    arguments: 2,
};

/// How deep interfaces may embed each other.
const MAX_DEPTH: usize = 16;

/// Finds the buckets and what is done with them.
pub(super) fn scan(code: &Code<'_>, found: &mut Found) {
    let mut variables = Vec::new();
    for each in declared(code, &NEW_BUCKET, found) {
        let Some((name, at)) = each.name(0, found) else { continue };
        let config = Config::read(each.file, each.arguments[1], &["Public", "Versioned"], found);
        let (public, versioned) = (config.boolean("Public", found), config.boolean("Versioned", found));
        if let Some(service) = found.service_of(code, each.file) {
            service.binds.buckets.push(name.clone());
        }
        if let Some(key) = each.key().filter(|_| !each.is_nested) {
            variables.push((key, name.clone()));
        }
        found.manifest.buckets.push(Bucket { name, public, versioned, at });
    }
    for ((package, variable), bucket) in variables {
        for site in code.sites(&package, &variable) {
            match operations(code, site) {
                Some(operations) => note(code, site, &bucket, &operations, found),
                None => found.diagnostics.push(unclear(site, &bucket)),
            }
        }
    }
}

fn note(
    code: &Code<'_>,
    site: Site<'_, '_>,
    bucket: &str,
    operations: &[BucketOperation],
    found: &mut Found,
) {
    if operations.is_empty() {
        return;
    }
    let at = site.file.at(site.used.node);
    for service in found.services_of(code, site.file) {
        let known = service.buckets.iter().position(|known| known.bucket == bucket).unwrap_or_else(|| {
            service.buckets.push(BucketUse {
                bucket: bucket.to_owned(),
                operations: Vec::new(),
                at: at.clone(),
            });
            service.buckets.len() - 1
        });
        let known = &mut service.buckets[known];
        known.operations.extend(operations);
        known.operations.sort_unstable();
        known.operations.dedup();
        known.at = known.at.clone().min(at.clone());
    }
}

/// What one use does; absent when that cannot be seen.
fn operations(code: &Code<'_>, site: Site<'_, '_>) -> Option<Vec<BucketOperation>> {
    match site.used.role {
        Role::Method(method) => Some(of_method(method).into_iter().collect()),
        Role::Argument(call) if site.file.callee(call) == Some((PACKAGE, "BucketRef")) => {
            let arguments = type_arguments(call);
            let [permissions] = arguments.as_slice() else { return None };
            let operations = of_permissions(code, site.file, *permissions, 0);
            (!operations.is_empty()).then_some(operations)
        }
        _ => None,
    }
}

fn of_method(method: &str) -> Option<BucketOperation> {
    Some(match method {
        "Upload" => BucketOperation::WriteObject,
        "Download" => BucketOperation::ReadObjectContents,
        "List" => BucketOperation::ListObjects,
        "Remove" => BucketOperation::DeleteObject,
        "Attrs" | "Exists" => BucketOperation::GetObjectMetadata,
        "PublicURL" => BucketOperation::GetPublicUrl,
        "SignedUploadURL" => BucketOperation::SignedUploadUrl,
        "SignedDownloadURL" => BucketOperation::SignedDownloadUrl,
        _ => return None,
    })
}

/// What an interface allows: one of the framework's, or one of the app's that embeds them.
fn of_permissions<'t>(
    code: &Code<'t>,
    file: &File<'t>,
    node: Node<'t>,
    depth: usize,
) -> Vec<BucketOperation> {
    match file.qualified(node) {
        Some((PACKAGE, permission)) => of_permission(permission),
        Some((package, name)) if depth < MAX_DEPTH => {
            let Some((file, definition)) = definition(code, package, name) else { return Vec::new() };
            let parts = match definition.kind() {
                "interface_type" => named_children(definition),
                _ => vec![definition],
            };
            parts.into_iter().flat_map(|part| of_permissions(code, file, part, depth + 1)).collect()
        }
        _ => Vec::new(),
    }
}

fn of_permission(permission: &str) -> Vec<BucketOperation> {
    use BucketOperation as Op;
    match permission {
        "Uploader" => vec![Op::WriteObject],
        "SignedUploader" => vec![Op::SignedUploadUrl],
        "Downloader" => vec![Op::ReadObjectContents],
        "SignedDownloader" => vec![Op::SignedDownloadUrl],
        "Lister" => vec![Op::ListObjects],
        "Remover" => vec![Op::DeleteObject],
        "Attrser" => vec![Op::GetObjectMetadata],
        "PublicURLer" => vec![Op::GetPublicUrl],
        "ReadWriter" => vec![
            Op::ListObjects,
            Op::ReadObjectContents,
            Op::WriteObject,
            Op::UpdateObjectMetadata,
            Op::GetObjectMetadata,
            Op::DeleteObject,
        ],
        _ => Vec::new(),
    }
}

/// What a type is declared as.
fn definition<'c, 't>(code: &'c Code<'t>, package: &str, name: &str) -> Option<(&'c File<'t>, Node<'t>)> {
    let files = code.files.iter().filter(|file| file.import_path == package);
    for file in files {
        let types = file.declarations().into_iter().filter(|each| each.node.kind() == "type_declaration");
        for spec in types.flat_map(|each| named_children(each.node)) {
            if file.slice(name_of(spec)) == name {
                return Some((file, spec.child_by_field_name("type")?));
            }
        }
    }
    None
}

fn unclear(site: Site<'_, '_>, bucket: &str) -> Diagnostic {
    Diagnostic::error(Number::S0018, format!("the bucket `{bucket}` is passed on as a value"))
        .at(&site.file.at(site.used.node))
        .note("what is done with it cannot be seen from here, so no service would be allowed to do it")
        .help("pass on a reference that names the operations: `objects.BucketRef[objects.Uploader](bucket)`")
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_file;

    const BUCKET: &str =
        "var b = objects.NewBucket(\"b\", objects.BucketConfig{Public: true, Versioned: 1 < 2})\n";

    fn check(usage: &str, operations: &str) {
        let service = format!("service svc svc{operations} binds=svc,b");
        check_file(&format!("{BUCKET}{usage}\n"), &["bucket b public=true versioned=true", &service], &[]);
    }

    #[test]
    fn what_is_done_is_seen_from_calls() {
        check("", "");
        check(
            "func f() { b.Upload(); b.Attrs(); b.Exists(); b.Upload() }",
            " buckets=b[WriteObject, GetObjectMetadata]",
        );
        check("func f() { b.SignedUploadURL(); b.List() }", " buckets=b[ListObjects, SignedUploadUrl]");
    }

    #[test]
    fn what_is_done_is_seen_from_references() {
        check("var r = objects.BucketRef[objects.Downloader](b)", " buckets=b[ReadObjectContents]");
        let own = "type rw interface { objects.Uploader; other }\ntype other = objects.Lister\n";
        check(&format!("{own}var r = objects.BucketRef[rw](b)"), " buckets=b[ListObjects, WriteObject]");
    }

    #[test]
    fn what_cannot_be_seen_is_an_error() {
        let message = "the bucket `b` is passed on as a value";
        for (usage, column) in [("func f() { g(b) }", 14), ("var r = objects.BucketRef[loop](b)", 33)] {
            let body = format!("{BUCKET}{usage}\ntype loop interface {{ loop }}\n");
            let end = column + 1;
            check_file(&body, &[], &[&format!("S0018 svc/svc.go:17:{column}-17:{end} {message}")]);
        }
    }
}
