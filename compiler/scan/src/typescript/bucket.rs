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

use super::found::{Found, Resource, Usage};
use super::site::Site;
use super::syntax::Action;

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
