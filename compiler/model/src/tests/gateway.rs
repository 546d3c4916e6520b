use super::{go, model, ts};

#[test]
fn a_declared_gateway_takes_the_place_of_the_implicit_one() {
    let app = model(
        "typescript",
        r#"
        [[gateways]]
        name = "api-gateway"
        service = "a"
        at = "g:1"
        auth_handler = { name = "auth", service = "a", at = "g:2" }
        "#,
    );
    let gateway = &app.gateways["api-gateway"];
    assert!(gateway.explicit());
    assert_eq!(gateway.auth_handler, app.auth_handler);
    assert_eq!(app.auth_handler.as_ref().map(|handler| handler.name.as_str()), Some("auth"));
}

#[test]
fn in_go_the_implicit_gateway_has_the_auth_handler_of_the_app() {
    let handler = r#"auth_handler = { name = "Auth", service = "", at = "x:1" }"#;
    let app = model("go", handler);
    let gateway = &app.gateways["api-gateway"];
    assert!(!gateway.explicit());
    assert_eq!(gateway.auth_handler.as_ref().map(|handler| handler.service.clone()), Some(None));
    assert!(model("typescript", handler).gateways["api-gateway"].auth_handler.is_none());
}

#[test]
fn gateways_and_auth_handlers_belong_to_services_that_exist() {
    ts(
        r#"
        gateways = [{ name = "g", service = "billing", at = "g:1" }]
        auth_handler = { name = "auth", service = "bilingual", at = "g:2" }
        "#,
        "
M0103 g:1 gateway `g` belongs to service `billing`, which is not declared
M0103 g:2 auth handler `auth` belongs to service `bilingual`, which is not declared
",
    );
}

#[test]
fn two_gateways_of_one_name_are_an_error() {
    go(
        r#"gateways = [{ name = "g", service = "a", at = "g:1" }, { name = "g", service = "a", at = "g:2" }]"#,
        "
M0101 g:2 gateway `g` is declared twice
  g:1 it is declared here first
  help: give one gateway another name, or remove it
",
    );
}
