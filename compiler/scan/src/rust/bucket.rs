//! Object storage buckets, and what is done with them.
//!
//! ```text
//! static FILES: Bucket = Bucket::new("files").public();
//! FILES.upload("name", data).await?;
//! save(&FILES.reference::<(perms::Uploader, perms::Lister)>()).await?;
//! ```

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::manifest::BucketOperation::{
    DeleteObject, GetObjectMetadata, GetPublicUrl, ListObjects, ReadObjectContents, SignedDownloadUrl,
    SignedUploadUrl, WriteObject,
};
use schema_documents::manifest::{Bucket, BucketOperation, BucketUse};

use super::found::{Found, Resource, Usage};
use super::resolve::{Names, Space, Target};
use super::site::Site;
use super::syntax::Method;
use super::value::Path;

/// All that `perms::ReadWriter` grants.
const READ_WRITE: [BucketOperation; 7] = [
    ListObjects,
    ReadObjectContents,
    WriteObject,
    GetObjectMetadata,
    DeleteObject,
    SignedUploadUrl,
    SignedDownloadUrl,
];

/// Types that stand for other types; more than any app has.
const MAX_TYPES: usize = 64;

/// Reads a bucket.
pub(super) fn declare(site: Site<'_>, found: &mut Found) {
    let Some(named) = site.name(0, &mut found.diagnostics) else { return };
    if !site.is_named {
        found.manifest.buckets.push(Bucket {
            name: named.name.clone(),
            public: site.has("public"),
            versioned: site.has("versioned"),
            at: named.at,
        });
    }
    if let Some(service) = site.service() {
        found.manifest.services[service].binds.buckets.push(named.name.clone());
    }
    found.hold(site, Resource::Bucket(named.name));
}

/// Notes what is done with a bucket.
pub(super) fn note_use(name: &str, usage: &Usage<'_>, found: &mut Found) {
    let operations: BTreeSet<BucketOperation> = match usage.methods.first() {
        None => {
            let help = "pass on `.reference::<perms::…>()` of it, which says what may be done";
            found.diagnostics.push(usage.passed_on("bucket", name, help));
            READ_WRITE.into()
        }
        Some(method) if method.name == "reference" => granted(name, method, usage, found),
        Some(method) => of_method(&method.name).into_iter().collect(),
    };
    if operations.is_empty() {
        return;
    }
    if usage.services().is_empty() {
        found.diagnostics.push(usage.outside(name));
    }
    for service in usage.services() {
        add(&mut found.manifest.services[*service].buckets, name, &operations, usage);
    }
}

fn add(uses: &mut Vec<BucketUse>, name: &str, operations: &BTreeSet<BucketOperation>, usage: &Usage<'_>) {
    if let Some(known) = uses.iter_mut().find(|one| one.bucket == name) {
        known.operations.extend(operations);
        known.operations.sort();
        known.operations.dedup();
    } else {
        let operations = operations.iter().copied().collect();
        uses.push(BucketUse { bucket: name.to_owned(), operations, at: usage.at() });
    }
}

/// What `reference::<…>()` asks for. Where that cannot be followed, everything is granted.
fn granted(name: &str, method: &Method, usage: &Usage<'_>, found: &mut Found) -> BTreeSet<BucketOperation> {
    let mut operations = BTreeSet::new();
    let types = method.types.as_deref().unwrap_or_default();
    let is_known = !types.is_empty() && permissions(usage.names, usage.types_in, types, &mut operations);
    if !is_known {
        found.diagnostics.push(
            Diagnostic::warning(
                Code::S0011,
                format!("what is done with bucket `{name}` here cannot be followed"),
            )
            .at(&usage.names.program().at(usage.types_in, method.at))
            .note("the permissions do not lead to types of `encore::objects::perms`, so all are granted")
            .help("write them in place: `.reference::<(perms::Uploader, perms::Lister)>()`"),
        );
        return READ_WRITE.into();
    }
    operations
}

/// Adds what types grant; whether all of them are known.
fn permissions(
    names: &Names<'_, '_>,
    module: usize,
    types: &[Path],
    operations: &mut BTreeSet<BucketOperation>,
) -> bool {
    let mut waiting: Vec<(usize, &Path)> = types.iter().map(|path| (module, path)).collect();
    let mut seen = 0;
    while let Some((module, path)) = waiting.pop() {
        seen += 1;
        match names.resolve(module, path, Space::Types) {
            _ if seen > MAX_TYPES => return false,
            Some(Target::Sdk(path)) => match of_permission(&path) {
                Some(granted) => operations.extend(granted),
                None => return false,
            },
            Some(Target::Type(module, index)) => {
                let found = &names.program().scope(module).types[index];
                if !found.is_alias {
                    return false;
                }
                waiting.extend(found.parts.iter().map(|path| (module, path)));
            }
            _ => return false,
        }
    }
    true
}

fn of_method(method: &str) -> Option<BucketOperation> {
    Some(match method {
        "list" => ListObjects,
        "upload" | "upload_with" | "upload_stream" | "upload_chunks" => WriteObject,
        "download" | "download_with" | "download_stream" => ReadObjectContents,
        "remove" | "remove_with" => DeleteObject,
        "attrs" | "attrs_with" | "exists" | "exists_with" => GetObjectMetadata,
        "public_url" => GetPublicUrl,
        "signed_upload_url" | "signed_upload_url_with" => SignedUploadUrl,
        "signed_download_url" | "signed_download_url_with" => SignedDownloadUrl,
        _ => return None,
    })
}

fn of_permission(path: &[String]) -> Option<&'static [BucketOperation]> {
    let [objects, perms, permission] = path else { return None };
    if objects != "objects" || perms != "perms" {
        return None;
    }
    Some(match permission.as_str() {
        "Lister" => &[ListObjects],
        "Uploader" => &[WriteObject],
        "Downloader" => &[ReadObjectContents],
        "Remover" => &[DeleteObject],
        "Attrser" => &[GetObjectMetadata],
        "PublicUrler" => &[GetPublicUrl],
        "SignedUploader" => &[SignedUploadUrl],
        "SignedDownloader" => &[SignedDownloadUrl],
        "ReadWriter" => &READ_WRITE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[track_caller]
    fn check_use(body: &str, operations: &str, others: &[&str]) {
        let source = format!(
            "use encore::objects::{{Bucket, perms, perms::Lister as L}}; static B: Bucket = Bucket::new(\"b\").public(); type P = (perms::Uploader, L);\nasync fn f() {{ {body} }}"
        );
        let used = format!(
            r#"services {{"name": "svc", "path": "svc", "binds": {{"buckets": ["b"]}}, "buckets": [{{"bucket": "b", "operations": [{operations}]}}]}}"#
        );
        check(&source, &[&[r#"buckets {"name": "b", "public": true}"#, used.as_str()], others].concat());
    }

    #[test]
    fn methods_are_operations() {
        check_use("B.upload(k, v); B.upload_chunks(k, v, o);", r#""write_object""#, &[]);
        check_use("B.download_stream(k, o).await?.bytes();", r#""read_object_contents""#, &[]);
        check_use("B.exists(k); B.remove_with(k, o);", r#""get_object_metadata", "delete_object""#, &[]);
        check_use("B.public_url(k); B.list(o);", r#""list_objects", "get_public_url""#, &[]);
        check_use(
            "B.signed_upload_url(k); B.signed_download_url_with(k, o);",
            r#""signed_upload_url", "signed_download_url""#,
            &[],
        );
    }

    #[test]
    fn references_say_what_they_are_for() {
        check_use("B.reference::<perms::Downloader>();", r#""read_object_contents""#, &[]);
        check_use("g(&B.reference::<(perms::Remover, L)>());", r#""list_objects", "delete_object""#, &[]);
        check_use("B.reference::<P>().upload(k, v);", r#""list_objects", "write_object""#, &[]);
        check_use(
            "B.reference::<perms::ReadWriter>();",
            r#""list_objects", "read_object_contents", "write_object", "get_object_metadata", "delete_object", "signed_upload_url", "signed_download_url""#,
            &[],
        );
    }

    #[test]
    fn what_cannot_be_followed_is_granted_and_reported() {
        let all = r#""list_objects", "read_object_contents", "write_object", "get_object_metadata", "delete_object", "signed_upload_url", "signed_download_url""#;
        check_use(
            "B.reference::<T>();",
            all,
            &["S0011 svc/src/main.rs:2:18-2:27 what is done with bucket `b` here cannot be followed"],
        );
        check_use(
            "let b = &B;",
            all,
            &["S0018 svc/src/main.rs:2:25-2:26 the bucket `b` is passed on as a value"],
        );
    }
}
