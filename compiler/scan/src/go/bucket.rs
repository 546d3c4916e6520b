//! Object storage: buckets, and which service does what with them.

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::manifest::{Bucket, BucketOperation, BucketUse};

use super::Found;
use super::declaration::{Config, Constructor, declared};
use super::facts::Passed;
use super::program::{Doing, Program, Site};
use super::types::permissions;

const PACKAGE: &str = "encore.dev/storage/objects";

const NEW_BUCKET: Constructor = Constructor {
    package: PACKAGE,
    function: "NewBucket",
    usage: "objects.NewBucket(\"name\", objects.BucketConfig{})",
    types: 0..=0,
    arguments: 2,
};

/// Finds the buckets and what is done with them.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    let mut variables = Vec::new();
    for each in declared(program, &NEW_BUCKET, found) {
        let Some((name, at)) = each.name(0, found) else { continue };
        let config = Config::read(each.file, each.argument(1), &["Public", "Versioned"], found);
        let (public, versioned) = (config.boolean("Public", found), config.boolean("Versioned", found));
        if let Some(service) = found.service_of(program, each.file) {
            service.binds.buckets.push(name.clone());
        }
        if let Some(key) = each.key().filter(|_| !each.is_nested) {
            variables.push((key, name.clone()));
        }
        found.manifest.buckets.push(Bucket { name, public, versioned, at });
    }
    for ((package, variable), bucket) in variables {
        for site in program.sites(&package, &variable) {
            usage(program, &site, &bucket, found);
        }
    }
}

fn usage(program: &Program<'_>, site: &Site<'_>, bucket: &str, found: &mut Found) {
    let operations = match site.doing() {
        Doing::Typed => return,
        Doing::Method(method) => of_method(method).into_iter().collect(),
        Doing::Passed(passed) if site.is_passed_to(program, PACKAGE, "BucketRef") => {
            referred(program, site, bucket, passed, found)
        }
        Doing::Field(method) => {
            found.diagnostics.push(unclear(site, bucket));
            of_method(method).into_iter().collect()
        }
        Doing::Passed(_) if site.is_passed_to(program, "encore.dev/et", "Bucket") => return,
        Doing::Passed(_) | Doing::Called(_) | Doing::Valued => {
            found.diagnostics.push(unclear(site, bucket));
            return;
        }
    };
    if operations.is_empty() {
        return;
    }
    if program.is_outside(site) {
        found.diagnostics.push(site.outside(&format!("bucket `{bucket}`")));
    }
    note(program, site, bucket, &operations, found);
}

fn note(
    program: &Program<'_>,
    site: &Site<'_>,
    bucket: &str,
    operations: &[BucketOperation],
    found: &mut Found,
) {
    let at = site.at();
    for service in found.services_of(program, site) {
        let known = service.buckets.iter().position(|known| known.bucket == bucket).unwrap_or_else(|| {
            let (bucket, operations, at) = (bucket.to_owned(), Vec::new(), at.clone());
            service.buckets.push(BucketUse { bucket, operations, at });
            service.buckets.len() - 1
        });
        let known = &mut service.buckets[known];
        known.operations.extend(operations);
        known.operations.sort_unstable();
        known.operations.dedup();
        known.at = known.at.clone().min(at.clone());
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

/// What a reference allows: one of the framework's interfaces, or one of the app's that embeds them.
fn referred(
    program: &Program<'_>,
    site: &Site<'_>,
    bucket: &str,
    passed: &Passed,
    found: &mut Found,
) -> Vec<BucketOperation> {
    let mut operations = Vec::new();
    let mut is_clear = passed.types.len() == 1;
    for ty in &passed.types {
        let permissions = permissions(program, site.file, ty, PACKAGE);
        is_clear &= permissions.is_clear;
        for permission in permissions.names {
            let allowed = of_permission(permission);
            is_clear &= !allowed.is_empty();
            operations.extend(allowed);
        }
    }
    if !is_clear {
        found.diagnostics.push(unclear(site, bucket));
    }
    operations
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
            Op::SignedUploadUrl,
            Op::SignedDownloadUrl,
        ],
        _ => Vec::new(),
    }
}

fn unclear(site: &Site<'_>, bucket: &str) -> Diagnostic {
    Diagnostic::error(Number::S0018, format!("the bucket `{bucket}` is passed on as a value"))
        .at(&site.at())
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
