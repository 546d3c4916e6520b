//! Object storage buckets, and what is done with them.
//!
//! ```python
//! files = objects.Bucket("files", public=True)
//! await files.upload("name", data)
//! ```

use schema_documents::manifest::BucketOperation::{
    DeleteObject, GetObjectMetadata, GetPublicUrl, ListObjects, ReadObjectContents, SignedDownloadUrl,
    SignedUploadUrl, WriteObject,
};
use schema_documents::manifest::{Bucket, BucketOperation, BucketUse};

use super::found::{Found, Resource, Usage};
use super::site::{Signature, Site};

/// Reads a bucket.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &["versioned", "public"] }, out);
    let (versioned, public) = (given.bool("versioned", out), given.bool("public", out));
    let Some(named) = given.name("name", out) else { return };
    found.manifest.buckets.push(Bucket { name: named.name.clone(), public, versioned, at: named.at });
    bind(site, named.name, found);
}

/// Reads `Bucket.named`.
pub(super) fn declare_named(site: Site<'_>, found: &mut Found) {
    let out = &mut found.diagnostics;
    let given = site.arguments(Signature { positional: &["name"], named: &[] }, out);
    if let Some(named) = given.name("name", out) {
        bind(site, named.name, found);
    }
}

fn bind(site: Site<'_>, name: String, found: &mut Found) {
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.buckets.push(name.clone());
    }
    found.resources.insert(site.key, Resource::Bucket(name));
}

/// Notes what is done with a bucket.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    let operation = match usage.member() {
        None if usage.is_harmless(None) => return,
        None => {
            let help = "call the method here and pass on its result, or a function that calls it";
            found.diagnostics.push(usage.passed_on("bucket", name, help));
            return;
        }
        Some(method) => of_method(method),
    };
    let Some(operation) = operation else { return };
    for service in usage.services_or_report(name, &mut found.diagnostics) {
        let uses = &mut found.manifest.services[*service].buckets;
        match uses.iter_mut().find(|one| one.bucket == name) {
            Some(known) => {
                known.operations.push(operation);
                known.operations.sort();
                known.operations.dedup();
            }
            None => {
                uses.push(BucketUse { bucket: name.to_owned(), operations: vec![operation], at: usage.at() })
            }
        }
    }
}

fn of_method(method: &str) -> Option<BucketOperation> {
    Some(match method {
        "list" => ListObjects,
        "upload" | "upload_stream" => WriteObject,
        "download" | "download_stream" => ReadObjectContents,
        "remove" => DeleteObject,
        "attrs" | "exists" => GetObjectMetadata,
        "public_url" => GetPublicUrl,
        "signed_upload_url" => SignedUploadUrl,
        "signed_download_url" => SignedDownloadUrl,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_uses};

    fn check_operations(rest: &str, operations: &str) {
        let expected = match operations {
            "" => "null".to_owned(),
            operations => format!(r#"[{{"bucket": "b", "operations": [{operations}]}}]"#),
        };
        check_uses("objects.Bucket('b')", rest, "buckets", &expected);
    }

    #[test]
    fn a_bucket_is_public_or_versioned_when_the_code_says_so() {
        check(
            "from encore.storage.objects import Bucket\na = Bucket('a', public=True)\nb = Bucket('b', versioned=True)",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"buckets": ["a", "b"]}}"#,
                r#"buckets {"name": "a", "public": true}"#,
                r#"buckets {"name": "b", "versioned": true}"#,
            ],
        );
    }

    #[test]
    fn each_call_is_an_operation() {
        check_operations("r.name", "");
        check_operations(
            "r.upload('x', y); r.list(); r.upload_stream('z', y)",
            r#""list_objects", "write_object""#,
        );
        check_operations(
            "r.attrs('x'); r.exists('x'); r.remove('x')",
            r#""get_object_metadata", "delete_object""#,
        );
        check_operations(
            "async def f():\n    async with aclosing(r.download_stream('x')) as c: ...",
            r#""read_object_contents""#,
        );
        check_operations("r.download('x')", r#""read_object_contents""#);
        check_operations("r.public_url('x')", r#""get_public_url""#);
        check_operations(
            "r.signed_upload_url('x'); r.signed_download_url('x')",
            r#""signed_upload_url", "signed_download_url""#,
        );
    }

    #[test]
    fn a_bucket_that_is_passed_on_is_reported() {
        check(
            "from encore.storage import objects\nb = objects.Bucket.named('b')\nf(b)",
            &[
                r#"services {"name": "svc", "path": "svc", "binds": {"buckets": ["b"]}}"#,
                "S0018 svc/svc.py:3:3-3:4 the bucket `b` is passed on as a value",
            ],
        );
    }
}
