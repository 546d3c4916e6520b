//! Pictures for Mermaid, which many websites draw from text.

use std::fmt::Write as _;

use super::{Edge, Picture, Tier, tiers};

/// The picture as a flowchart.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = format!("---\ntitle: {:?}\n---\nflowchart LR\n", picture.title);
    for (tier, nodes) in tiers(picture) {
        let _ = writeln!(out, "  subgraph tier{}[\"{}\"]", tier as u8, tier.title());
        for (number, node) in nodes {
            let (open, close) = shape(tier);
            let _ = writeln!(out, "    n{number}{open}\"{}\"{close}", label(&node.name, &node.detail));
        }
        out.push_str("  end\n");
    }
    for Edge { from, to, is_message } in &picture.edges {
        let arrow = if *is_message { "-.->" } else { "-->" };
        let _ = writeln!(out, "  n{from} {arrow} n{to}");
    }
    out
}

fn shape(tier: Tier) -> (&'static str, &'static str) {
    match tier {
        Tier::Internet => ("((", "))"),
        Tier::Storage => ("[(", ")]"),
        Tier::Messages => ("([", "])"),
        _ => ("[", "]"),
    }
}

fn label(name: &str, detail: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    if detail.is_empty() { escaped(name) } else { format!("{}<br/>{}", escaped(name), escaped(detail)) }
}
