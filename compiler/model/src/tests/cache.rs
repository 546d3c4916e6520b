use super::{go, model, ts};
use crate::EvictionPolicy;

#[test]
fn an_eviction_policy_is_one_of_eight() {
    ts(
        r#"caches = [{ name = "c", eviction_policy = "allkeys-lur", at = "c:1" }]"#,
        "
M0113 c:1 cache `c` has the eviction policy `allkeys-lur`, which does not exist
  help: did you mean `allkeys-lru`?
",
    );
    ts(
        r#"caches = [{ name = "c", eviction_policy = "first-in-first-out", at = "c:1" }]"#,
        "
M0113 c:1 cache `c` has the eviction policy `first-in-first-out`, which does not exist
  help: write `allkeys-lru`, `allkeys-lfu`, `allkeys-random`, `volatile-lru`, `volatile-lfu`, `volatile-ttl`, \
         `volatile-random` or `noeviction`
",
    );
}

#[test]
fn the_eviction_policy_is_allkeys_lru_unless_it_says_otherwise() {
    let app = model(
        "go",
        r#"caches = [{ name = "c", at = "c:1" }, { name = "d", eviction_policy = "volatile-ttl", at = "c:2" }]"#,
    );
    assert_eq!(app.caches["c"].eviction_policy, EvictionPolicy::AllKeysLru);
    assert_eq!(app.caches["d"].eviction_policy, EvictionPolicy::VolatileTtl);
}

#[test]
fn every_policy_is_read_by_its_name() {
    for policy in EvictionPolicy::ALL {
        assert_eq!(EvictionPolicy::parse(policy.as_str()), Some(policy));
    }
}

#[test]
fn a_keyspace_belongs_to_a_service_that_exists() {
    ts(
        r#"caches = [{ name = "c", at = "c:1", keyspaces = [{ pattern = "p", service = "bb", at = "c:2" }] }]"#,
        "M0103 c:2 a keyspace of cache `c` belongs to service `bb`, which is not declared",
    );
}

#[test]
fn keyspaces_have_no_keys_in_common() {
    let two = |first: &str, second: &str| {
        format!(
            r#"caches = [{{ name = "c", at = "c:1", keyspaces = [
                {{ pattern = "{first}", service = "a", at = "c:2" }}, {{ pattern = "{second}", service = "a", at = "c:3" }}] }}]"#
        )
    };
    for (first, second) in
        [("a/:x", "a/b"), ("a/b", "a/:x"), ("a/:x", "a/:y"), ("a", "a"), (":x", "a"), ("a/:x/y", "a/b/z")]
    {
        let expected = format!(
            "M0116 c:3 keyspaces `{first}` and `{second}` of cache `c` have keys in common
  c:2 this one has the pattern `{first}`
  note: a key in both holds the value of whoever wrote last, of whatever type
  help: begin each pattern with a word of its own, or use another cache"
        );
        go(&two(first, second), &expected);
        ts(&two(first, second), &format!("warning {expected}"));
    }
    for (first, second) in [("a/:x", "b/:x"), ("a/:x", "a"), ("a/:x/b", "a/:y/c")] {
        go(&two(first, second), "");
    }
}
