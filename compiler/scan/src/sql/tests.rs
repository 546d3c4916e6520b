use proptest::prelude::*;
use schema_documents::manifest::DatabaseAccess;

use super::access;

const READS: &[&str] = &[
    "SELECT 1",
    "select * from t where id = $1",
    "SELECT a, b FROM t WHERE x = ? AND y IN (1, 2);",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "((select 1))",
    "VALUES (1, 2), (3, 4)",
    "TABLE t",
    "SHOW server_version",
    "SELECT 1; SELECT 2;;",
    "SELECT count(*) FILTER (WHERE a) OVER (PARTITION BY (b) ORDER BY (c)) FROM t",
    "SELECT lower(name), COALESCE(a, 'x') FROM t GROUP BY (a), b HAVING (sum(c) > 1)",
    "SELECT pg_catalog.lower(x), \"Name\" FROM \"Insert\".\"Update\"",
    "WITH a AS (SELECT 1), b AS MATERIALIZED (SELECT 2), c AS NOT MATERIALIZED (SELECT 3) SELECT * FROM a, b, c",
    "WITH RECURSIVE tree(id, parent) AS (SELECT 1, 2 UNION SELECT id, parent FROM tree) SELECT * FROM tree",
    "SELECT * FROM (VALUES (1, 2)) AS pairs(a, b)",
    "SELECT * FROM (VALUES (1, 2)) AS \"Pairs\"(a, b)",
    "SELECT x::numeric(10, 2), CAST(y AS varchar(20)) FROM t",
    "SELECT 'insert into t; delete from t'",
    "SELECT 'it''s; update t'",
    "SELECT E'it\\'s; update t'",
    "SELECT '\\d+ \\\\' ~ x",
    "SELECT $$ delete from t; $$, $a$ drop $$ table $a$",
    "SELECT \"update\", \"a\"\"b; delete\" FROM t",
    "SELECT 1 -- delete from t\n, 2",
    "SELECT /* update /* t */ set */ 1",
    "SELECT updated_at, deleted, last_insert, merge_id FROM updates",
    "SELECT substring(name for 3), extract(epoch FROM now() AT TIME ZONE ('UTC')) FROM t",
    "SELECT DISTINCT ON (a) lower(b) FROM t ORDER BY a LIMIT (1) OFFSET ($2)",
    "SELECT ARRAY(SELECT 1), ROW(1, 2), EXISTS (SELECT 1), a = ANY ($1), 1e10, .5, 0x1f",
    "SELECT * FROM a LEFT JOIN (SELECT 1 AS id) b USING (id) CROSS JOIN LATERAL (SELECT 2) c",
    "SELECT a FROM t GROUP BY GROUPING SETS ((a), ()), b",
    "SELECT a FROM t GROUP BY ROLLUP (a, b)",
    "SELECT doc->>'a', doc @> $1, doc ? 'key', tags[1:2] FROM t",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE VERBOSE SELECT 1",
    "EXPLAIN (ANALYZE, FORMAT json) SELECT count(*) FROM t",
    "EXPLAIN (SELECT 1)",
    "SELECT été FROM größe",
    "SELECT * FROM json_to_recordset($1) AS x(a int, b text)",
];

const WRITES: &[&str] = &[
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING",
    "TRUNCATE t",
    "COPY t TO STDOUT",
    "CALL pay(1)",
    "DO $$ BEGIN END $$",
    "SET search_path = x",
    "RESET ALL",
    "LOCK t",
    "LISTEN c",
    "NOTIFY c",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "BEGIN",
    "COMMIT",
    "CREATE TABLE t (a int)",
    "CREATE TABLE t AS SELECT 1",
    "ALTER TABLE t ADD a int",
    "DROP TABLE t",
    "GRANT SELECT ON t TO r",
    "VACUUM",
    "ANALYZE t",
    "REFRESH MATERIALIZED VIEW v",
    "DECLARE c CURSOR FOR SELECT 1",
    "SELECT * INTO t FROM s",
    "SELECT 1 FROM t FOR UPDATE",
    "SELECT 1 FROM t FOR NO KEY UPDATE",
    "SELECT 1 FROM t FOR SHARE SKIP LOCKED",
    "SELECT 1 FROM t FOR /* x */ KEY SHARE",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM t FOR UPDATE)",
    "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
    "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
    "WITH a AS (SELECT 1) UPDATE t SET b = 1",
    "WITH t(a) AS (SELECT 1), u AS (MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE) SELECT 1",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN UPDATE t SET a = 1",
    "EXPLAIN (ANALYZE) INSERT INTO t VALUES (1)",
    "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
    "EXPLAIN EXECUTE p",
    "EXPLAIN",
    "EXPLAIN EXPLAIN SELECT 1",
    "SELECT nextval('ids')",
    "SELECT NextVal('ids')",
    "SELECT pg_catalog.nextval('ids')",
    "SELECT setval('ids', 1), 2",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "SELECT lo_create(0)",
    "SELECT set_config('a', 'b', false)",
    "SELECT * FROM dblink('…', 'delete from t') AS t(a int)",
    "SELECT pg_notify('c', 'p')",
    "SELECT query_to_xml('delete from t', true, true, '')",
    "SELECT pay(1)",
    "SELECT pay (1)",
    "SELECT pay/* */(1)",
    "SELECT app.lower(1)",
    "SELECT x.pg_catalog.lower(1)",
    "SELECT \"pay\"(1)",
    "SELECT \"lower\"(x)",
    "SELECT pg_catalog.\"lower\"(x)",
    "SELECT U&\"p\\0061y\"(1)",
    "SELECT 1 OPERATOR(app.+) 2",
    "SELECT rollup(1)",
    "SELECT join(1), filter(2)",
    "SELECT * FROM pay(1) AS t(a)",
    "SELECT * FROM ROWS FROM (pay(1))",
    "SELECT DISTINCT ON (a) pay(b) FROM t",
    "SELECT 1; DELETE FROM t",
    "SELECT $$ a $$; drop table t",
    "SELECT 'a\\'; delete from t; --'",
    "SELECT '\\', '; delete from t; --'",
    "SELECT E'a'\n'\\'; delete from t; --'",
    "SELECT 'open",
    "SELECT \"open",
    "SELECT $a$ open $b$",
    "SELECT /* /* open */",
    "SELECT (1",
    "SELECT 1)",
    "SELECT \u{0} 1",
    "SELECT 1into t",
    "FROM t",
    "1",
    "()",
    "",
    " -- nothing\n;;",
];

fn check(sql: &str, expected: DatabaseAccess) {
    assert_eq!(access(sql), expected, "{sql}");
}

#[test]
fn texts_that_only_read_are_read() {
    for sql in READS {
        check(sql, DatabaseAccess::Read);
    }
}

#[test]
fn all_other_texts_write() {
    for sql in WRITES {
        check(sql, DatabaseAccess::Write);
    }
}

#[test]
fn a_long_text_takes_linear_time() {
    for piece in ["(", "$a", "/*", "'\\", "a(", "--\r", "\"\"", "$$ ", "a."] {
        access(&format!("SELECT {}", piece.repeat(500_000)));
    }
    let long = format!("SELECT {} 1", "(".repeat(200_000));
    check(&long, DatabaseAccess::Write);
    check(&format!("{long}{}", ")".repeat(200_000)), DatabaseAccess::Read);
}

fn read() -> impl Strategy<Value = &'static str> {
    prop::sample::select(READS)
}

proptest! {
    #[test]
    fn a_write_among_reads_is_a_write(
        before in prop::collection::vec(read(), 0..4),
        write in prop::sample::select(&WRITES[..WRITES.len() - 14]),
        after in prop::collection::vec(read(), 0..4),
    ) {
        let all: Vec<_> = before.into_iter().chain([write]).chain(after).collect();
        prop_assert_eq!(access(&all.join("\n;\n")), DatabaseAccess::Write);
    }

    #[test]
    fn a_word_that_writes_makes_a_write_of_any_read(sql in read(), word in prop::sample::select(&["insert", "Update", "DELETE", "merge", "into"][..])) {
        let at = sql.trim_end_matches(';');
        prop_assert_eq!(access(&format!("{at} {word} t")), DatabaseAccess::Write);
    }

    #[test]
    fn reads_stay_reads_together_and_with_comments(all in prop::collection::vec(read(), 1..5), comment in "[a-z ;']{0,9}") {
        let text = all.join(&format!(" /* {comment} */ ; -- {comment}\n"));
        prop_assert_eq!(access(&text), DatabaseAccess::Read);
        // Keywords and functions are the same in any case.
        let is_plain = text.chars().all(|each| each != '"' && each != '\'' && each != '$');
        prop_assert!(!is_plain || access(&text.to_ascii_uppercase()) == DatabaseAccess::Read);
    }

    #[test]
    fn nothing_panics(text in "(?s).{0,200}", pieces in prop::collection::vec(prop::sample::select(
        &["select ", "'", "\"", "$$", "$a$", "E'", "\\", "/*", "*/", "--", "\n", "(", ")", ".", "é", ";", "explain ", "with ", "as "][..]), 0..60)) {
        access(&text);
        access(&pieces.concat());
    }
}
