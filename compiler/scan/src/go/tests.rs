use crate::{SourceTree, scan};

#[test]
#[ignore = "by hand"]
fn try_examples() {
    for dir in std::env::var("APPS").unwrap().split(' ') {
        let tree = SourceTree::read(std::path::Path::new(dir)).unwrap();
        let start = std::time::Instant::now();
        let (manifest, diagnostics) = scan(&tree);
        println!("#### {dir} {:?}", start.elapsed());
        for d in &diagnostics {
            println!("{:?}", d);
        }
        let Some(manifest) = manifest else { continue };
        if std::env::var("FULL").is_ok() {
            println!("{}", toml::to_string(&manifest).unwrap());
        }
        let m = manifest;
        println!(
            "COUNT {} svc={} api={} raw={} auth={} db={} mig={} topic={} sub={} cron={} bucket={} secret={} metric={} calls={}",
            dir.rsplit('/').next().unwrap(),
            m.services.len(),
            m.services.iter().map(|s| s.endpoints.len()).sum::<usize>(),
            m.services.iter().flat_map(|s| &s.endpoints).filter(|e| e.raw).count(),
            m.auth_handler.iter().count(),
            m.databases.len(),
            m.databases.iter().map(|d| d.migrations.len()).sum::<usize>(),
            m.topics.len(),
            m.topics.iter().map(|t| t.subscriptions.len()).sum::<usize>(),
            m.cron_jobs.len(),
            m.buckets.len(),
            m.secrets.len(),
            m.metrics.len(),
            m.calls.len()
        );
    }
}
