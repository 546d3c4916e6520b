use super::{go, model, ts};

fn asking(public: bool) -> String {
    format!(
        r#"
        buckets = [{{ name = "avatars", public = {public}, at = "u:1" }}]
        [[services]]
        name = "b"
        path = "b"
        at = "b:1"
        buckets = [{{ bucket = "avatars", operations = ["get_public_url"], at = "b:7" }}]
        "#
    )
}

#[test]
fn a_public_address_needs_a_public_bucket() {
    let expected = |setting: &str| {
        format!(
            "M0111 b:7 bucket `avatars` is private, so its objects have no public address
  u:1 the bucket is declared here
  help: declare the bucket with `{setting}`, or sign an address for the download"
        )
    };
    go(&asking(false), &expected("Public: true"));
    ts(&asking(false), &expected("public: true"));
    go(&asking(true), "");
}

#[test]
fn a_bucket_is_private_and_keeps_one_version_unless_it_says_otherwise() {
    let app = model(
        "go",
        r#"buckets = [{ name = "x", at = "x:1" }, { name = "y", versioned = true, at = "x:2" }]"#,
    );
    assert!(!app.buckets["x"].public && !app.buckets["x"].versioned && app.buckets["y"].versioned);
}

#[test]
fn a_go_bucket_is_in_kebab_case() {
    go(
        r#"buckets = [{ name = "my_files", at = "x:1" }]"#,
        "
M0102 x:1 `my_files` is not a valid bucket name
  note: a bucket name is 1 to 63 characters long: lower-case letters, digits and `-`, with a letter first and no `-` last
  help: try `my-files`
",
    );
}

#[test]
fn a_bucket_is_in_kebab_case_in_typescript_too() {
    let expected = "
M0102 u:1 `userFiles` is not a valid bucket name
  note: a bucket name is 1 to 63 characters long: lower-case letters, digits and `-`, with a letter first and no `-` last
  help: try `user-files`
";
    let buckets = r#"buckets = [{ name = "userFiles", at = "u:1" }]"#;
    go(buckets, expected);
    ts(buckets, expected);
}
