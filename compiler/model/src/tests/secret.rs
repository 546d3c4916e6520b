use super::{model, ts};

#[test]
fn a_secret_is_needed_by_services_that_exist() {
    ts(
        r#"secrets = [{ name = "Key", packages_or_services = ["a", "bee"], at = "s:1" }]"#,
        "M0103 s:1 secret `Key` is needed by service `bee`, which is not declared",
    );
}

#[test]
fn a_secret_knows_its_services() {
    let app = model("go", r#"secrets = [{ name = "Key", packages_or_services = ["a"], at = "s:1" }]"#);
    assert!(app.secrets["Key"].services.contains("a") && app.services["a"].uses.secrets.contains_key("Key"));
}
