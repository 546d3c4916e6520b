//! Object storage buckets, and what is done with them.
//!
//! ```ts
//! export const files = new Bucket("files", { public: true });
//! await files.upload("name", data);
//! const downloads = files.ref<Downloader>();
//! ```

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::BucketOperation::{
    DeleteObject, GetObjectMetadata, GetPublicUrl, ListObjects, ReadObjectContents, SignedDownloadUrl,
    SignedUploadUrl, WriteObject,
};
use schema_documents::manifest::{Bucket, BucketOperation, BucketUse};

use super::facts::Action;
use super::found::{Found, Resource, Usage};
use super::site::Site;

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
    let operations = match (usage.rest.first().map(String::as_str), usage.one.action) {
        (Some("ref"), Action::Called) => {
            usage.permissions().iter().flat_map(|permission| of_permission(permission)).copied().collect()
        }
        (Some(method), _) => of_method(method).into_iter().collect(),
        (None, _) => {
            found.diagnostics.push(
                Diagnostic::warning(
                    Code::S0011,
                    format!("what is done with bucket `{name}` here cannot be followed"),
                )
                .at(&usage.at())
                .note("each service is allowed to do with a bucket only what its code does")
                .help(
                    "pass on a reference such as `bucket.ref<Uploader & Downloader>()` instead of the bucket",
                ),
            );
            BTreeSet::new()
        }
    };
    if operations.is_empty() {
        return;
    }
    match usage.service {
        Some(service) => add(&mut found.services[service].buckets, name, operations, usage),
        None => found.diagnostics.push(usage.outside(name)),
    }
}

fn add(uses: &mut Vec<BucketUse>, name: &str, operations: BTreeSet<BucketOperation>, usage: &Usage<'_>) {
    if let Some(known) = uses.iter_mut().find(|one| one.bucket == name) {
        known.operations.extend(operations);
        known.operations.sort();
        known.operations.dedup();
    } else {
        uses.push(BucketUse {
            bucket: name.to_owned(),
            operations: operations.into_iter().collect(),
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
    fn a_bucket_that_is_passed_on_is_reported() {
        check(
            "import { Bucket } from 'encore.dev/storage/objects'; const b = Bucket.named('b'); f(b);",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"buckets": ["b"]}}"#,
                "S0011 svc/svc.ts:1:83-1:87 what is done with bucket `b` here cannot be followed",
            ],
        );
    }
}
