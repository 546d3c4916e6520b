//! Object storage buckets.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{self, BucketOperation, Language, Manifest};

use crate::cross::{self, Primitive};
use crate::{language, name};

/// An object storage bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Name, unique in the app.
    pub name: String,
    /// Whether its objects have public addresses.
    pub public: bool,
    /// Whether old versions of objects are kept.
    pub versioned: bool,
    /// The declaration.
    pub at: Position,
}

pub(crate) fn resolve(manifest: &Manifest, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Bucket> {
    let declared = manifest.buckets.iter().map(|bucket| (bucket.name.as_str(), &bucket.at, bucket));
    let mut buckets = BTreeMap::new();
    for (name, bucket) in cross::unique(Primitive::Bucket, None, declared, found) {
        name::check(
            language::of_declaration(manifest, &bucket.at),
            Primitive::Bucket,
            name,
            &bucket.at,
            found,
        );
        check_public_address(manifest, bucket, found);
        let at = bucket.at.clone();
        let bucket = Bucket { name: name.to_owned(), public: bucket.public, versioned: bucket.versioned, at };
        buckets.insert(name.to_owned(), bucket);
    }
    buckets
}

fn check_public_address(manifest: &Manifest, bucket: &manifest::Bucket, found: &mut Vec<Diagnostic>) {
    if bucket.public {
        return;
    }
    let uses = manifest.services.iter().flat_map(|service| &service.buckets);
    let asks = |used: &&manifest::BucketUse| {
        used.bucket == bucket.name && used.operations.contains(&BucketOperation::GetPublicUrl)
    };
    let setting = match language::of_declaration(manifest, &bucket.at) {
        Language::Go => "Public: true",
        Language::Typescript => "public: true",
        Language::Python => "public=True",
        Language::Rust => "public = true",
    };
    for used in uses.filter(asks) {
        let message = format!("bucket `{}` is private, so its objects have no public address", bucket.name);
        found.push(
            Diagnostic::error(Code::M0111, message)
                .at(&used.at)
                .label(&bucket.at, "the bucket is declared here")
                .help(format!("declare the bucket with `{setting}`, or sign an address for the download")),
        );
    }
}
