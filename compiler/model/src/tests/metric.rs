use super::{go, ts};

#[test]
fn a_metric_of_encore_is_in_snake_case_and_leaves_the_prefix_of_encore_alone() {
    let metrics = r#"
        metrics = [
            { name = "orders-total", kind = "counter", at = "m:1" },
            { name = "e_orders", kind = "counter", at = "m:2" },
            { name = "orders", kind = "gauge", at = "m:3" },
        ]
    "#;
    let expected = "
M0102 m:1 `orders-total` is not a valid metric name
  note: a metric name is 1 to 63 characters long: lower-case letters, digits and `_`, with a letter first and no `_` last
  help: try `orders_total`
M0102 m:2 `e_orders` is not a valid metric name
  note: a metric name that starts like this one is kept for Encore itself
  help: try `orders`
";
    go(metrics, expected);
    ts(metrics, expected);
}
