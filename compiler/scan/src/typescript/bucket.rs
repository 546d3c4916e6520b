//! Object storage buckets, and what is done with them.
//!
//! ```ts
//! export const files = new Bucket("files", { public: true });
//! await files.upload("name", data);
//! const downloads = files.ref<Downloader>();
//! ```

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::manifest::BucketOperation::{
    DeleteObject, GetObjectMetadata, GetPublicUrl, ListObjects, ReadObjectContents, SignedDownloadUrl,
    SignedUploadUrl, WriteObject,
};
use schema_documents::manifest::{Bucket, BucketOperation, BucketUse};

use super::facts::Action;
use super::found::{Found, Resource};
use super::literal::list;
use super::site::Site;
use super::usage::Usage;

/// What a service may do with a bucket when its code does not show what it does.
const EVERYTHING: [BucketOperation; 7] = [
    ListObjects,
    ReadObjectContents,
    WriteObject,
    GetObjectMetadata,
    DeleteObject,
    SignedUploadUrl,
    SignedDownloadUrl,
];

const METHODS: [&str; 9] = [
    "attrs",
    "download",
    "exists",
    "list",
    "publicUrl",
    "remove",
    "signedDownloadUrl",
    "signedUploadUrl",
    "upload",
];

const PERMISSIONS: [&str; 9] = [
    "Attrser",
    "Downloader",
    "Lister",
    "PublicUrler",
    "ReadWriter",
    "Remover",
    "SignedDownloader",
    "SignedUploader",
    "Uploader",
];

/// Reads a bucket.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let config = site.config(1, &["public", "versioned"], out);
    let public = config.bool("public", out).unwrap_or(false);
    let versioned = config.bool("versioned", out).unwrap_or(false);
    let Some(named) = site.name(0, out) else { return };
    found.manifest.buckets.push(Bucket { name: named.name.clone(), public, versioned, at: named.at });
    bind(site, named.name, found);
}

/// Reads `Bucket.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    if let Some(named) = site.name(0, &mut found.diagnostics) {
        bind(site, named.name, found);
    }
}

fn bind(site: Site<'_>, name: String, found: &mut Found) {
    if let Some(service) = site.service() {
        found.services[service].binds.buckets.push(name.clone());
    }
    found.resources.insert(site.key, Resource::Bucket(name));
}

/// Notes what is done with a bucket.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    let operations = match usage.field() {
        Some("ref") if usage.is_reference() => of_reference(name, usage, &mut found.diagnostics),
        Some(method) => match of_method(method) {
            Some(operation) => BTreeSet::from([operation]),
            None => unknown_method(method, name, usage, &mut found.diagnostics),
        },
        None => {
            found.diagnostics.push(usage.passed_on(
                &format!("the bucket `{name}`"),
                "the service is allowed to do anything with its objects",
                "pass on a reference such as `bucket.ref<Uploader & Downloader>()` instead",
            ));
            EVERYTHING.into()
        }
    };
    if operations.is_empty() {
        return;
    }
    if usage.services.is_empty() {
        found.diagnostics.push(usage.outside(name));
    }
    for service in usage.services {
        add(&mut found.services[*service].buckets, name, &operations, usage);
    }
}

/// What a reference is for.
fn of_reference(name: &str, usage: &Usage<'_>, out: &mut Vec<Diagnostic>) -> BTreeSet<BucketOperation> {
    let permissions = usage.permissions();
    let operations: BTreeSet<_> =
        permissions.iter().flat_map(|permission| of_permission(permission)).copied().collect();
    if operations.is_empty() {
        out.push(
            Diagnostic::error(Code::S0027, format!("the reference to bucket `{name}` names no permission"))
                .at(&usage.at())
                .note("the type argument says what may be done through a reference")
                .help(guess(&permissions, &PERMISSIONS).unwrap_or_else(|| {
                    format!("write `ref<Uploader & Downloader>()`; permissions are {}", list(&PERMISSIONS))
                })),
        );
    }
    operations
}

/// A suggestion for a permission that is misspelt.
fn guess(written: &BTreeSet<String>, known: &[&str]) -> Option<String> {
    let guess = written.iter().find_map(|one| closest(one, known.iter().copied()))?;
    Some(format!("did you mean `{guess}`?"))
}

fn unknown_method(
    method: &str,
    name: &str,
    usage: &Usage<'_>,
    out: &mut Vec<Diagnostic>,
) -> BTreeSet<BucketOperation> {
    if usage.action == Action::Called {
        let guess = closest(method, METHODS).map(|guess| format!("did you mean `{guess}`?"));
        out.push(
            Diagnostic::error(Code::S0028, format!("bucket `{name}` has no operation `{method}`"))
                .at(&usage.at())
                .note("what a service may do with a bucket follows from the operations that its code calls")
                .help(guess.unwrap_or_else(|| format!("operations are {}", list(&METHODS)))),
        );
    }
    BTreeSet::new()
}

fn add(uses: &mut Vec<BucketUse>, name: &str, operations: &BTreeSet<BucketOperation>, usage: &Usage<'_>) {
    if let Some(known) = uses.iter_mut().find(|one| one.bucket == name) {
        known.operations.extend(operations);
        known.operations.sort();
        known.operations.dedup();
    } else {
        uses.push(BucketUse {
            bucket: name.to_owned(),
            operations: operations.iter().copied().collect(),
            at: usage.at(),
        });
    }
}

fn of_method(method: &str) -> Option<BucketOperation> {
    Some(match method {
        "list" => ListObjects,
        "upload" => WriteObject,
        "download" => ReadObjectContents,
        "remove" => DeleteObject,
        "attrs" | "exists" => GetObjectMetadata,
        "publicUrl" => GetPublicUrl,
        "signedUploadUrl" => SignedUploadUrl,
        "signedDownloadUrl" => SignedDownloadUrl,
        _ => return None,
    })
}

fn of_permission(permission: &str) -> &'static [BucketOperation] {
    match permission {
        "Lister" => &[ListObjects],
        "Uploader" => &[WriteObject],
        "Downloader" => &[ReadObjectContents],
        "Remover" => &[DeleteObject],
        "Attrser" => &[GetObjectMetadata],
        "PublicUrler" => &[GetPublicUrl],
        "SignedUploader" => &[SignedUploadUrl],
        "SignedDownloader" => &[SignedDownloadUrl],
        "ReadWriter" => &[ListObjects, ReadObjectContents, WriteObject, GetObjectMetadata, DeleteObject],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    fn check_operations(rest: &str, operations: &str) {
        let source = format!(
            "import {{ Bucket, Uploader, Downloader, ReadWriter }} from 'encore.dev/storage/objects';\nconst b = Bucket.named('b');\n{rest}"
        );
        let uses = match operations {
            "" => String::new(),
            operations => format!(r#", "buckets": [{{"bucket": "b", "operations": [{operations}]}}]"#),
        };
        check(
            &source,
            &[&format!(r#"services {{"name": "svc", "path": "svc", "binds": {{"buckets": ["b"]}}{uses}}}"#)],
        );
    }

    #[test]
    fn a_bucket_is_public_or_versioned_when_the_code_says_so() {
        check(
            "import { Bucket } from 'encore.dev/storage/objects'; new Bucket('a', { public: true }); new Bucket('b', { versioned: true });",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"buckets": ["a", "b"]}}"#,
                r#"buckets {"name": "a", "public": true}"#,
                r#"buckets {"name": "b", "versioned": true}"#,
            ],
        );
    }

    #[test]
    fn each_call_is_an_operation() {
        check_operations("", "");
        check_operations(
            "b.list({}); b.upload('x', y); b.upload('z', y);",
            r#""list_objects", "write_object""#,
        );
        check_operations(
            "b.attrs('x'); b.exists('x'); b.remove('x');",
            r#""get_object_metadata", "delete_object""#,
        );
        check_operations("b.publicUrl('x');", r#""get_public_url""#);
        check_operations(
            "b.signedUploadUrl('x'); b.signedDownloadUrl('x');",
            r#""signed_upload_url", "signed_download_url""#,
        );
        check_operations("b.download('x');", r#""read_object_contents""#);
    }

    #[test]
    fn a_reference_grants_what_it_names() {
        check_operations("f(b.ref<Uploader & Downloader>());", r#""read_object_contents", "write_object""#);
        check_operations(
            "export const r = b.ref<ReadWriter>();",
            r#""list_objects", "read_object_contents", "write_object", "get_object_metadata", "delete_object""#,
        );
        check_operations(
            "interface Both extends Uploader, Downloader {} b.ref<Both>();",
            r#""read_object_contents", "write_object""#,
        );
    }

    #[test]
    fn a_bucket_that_is_passed_on_may_be_used_for_anything_and_is_reported() {
        check(
            "import { Bucket } from 'encore.dev/storage/objects'; const b = Bucket.named('b'); f(b);",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"buckets": ["b"]}, "buckets": [{"bucket": "b", "operations": [
                    "list_objects", "read_object_contents", "write_object", "get_object_metadata", "delete_object",
                    "signed_upload_url", "signed_download_url"]}]}"#,
                "S0018 svc/svc.ts:1:83-1:87 the bucket `b` is passed on as a value",
            ],
        );
    }

    #[test]
    fn what_a_bucket_cannot_do_is_reported() {
        check(
            "import { Bucket, Uploder } from 'encore.dev/storage/objects'; const b = Bucket.named('b');
b.uplod('x', y); b.ref<Uploder>(); b.ref();",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"buckets": ["b"]}}"#,
                "S0028 svc/svc.ts:2:1-2:16 bucket `b` has no operation `uplod`",
                "S0027 svc/svc.ts:2:18-2:34 the reference to bucket `b` names no permission",
                "S0027 svc/svc.ts:2:36-2:43 the reference to bucket `b` names no permission",
            ],
        );
    }
}
