//! Pictures for Graphviz.

use std::fmt::Write as _;

use super::{Edge, Picture, tiers};

/// The picture as a directed graph.
pub fn dot(picture: &Picture) -> String {
    let mut out = format!(
        "digraph {} {{\n  rankdir=LR;\n  label={0};\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
        quoted(&picture.title)
    );
    for (tier, nodes) in tiers(picture) {
        let _ = writeln!(out, "  subgraph cluster_{} {{\n    label={};", tier as u8, quoted(tier.title()));
        for (number, node) in nodes {
            let label = if node.detail.is_empty() {
                node.name.clone()
            } else {
                format!("{}\n{}", node.name, node.detail)
            };
            let _ = writeln!(out, "    n{number} [label={}];", quoted(&label));
        }
        out.push_str("  }\n");
    }
    for Edge { from, to, is_message } in &picture.edges {
        let style = if *is_message { " [style=dashed]" } else { "" };
        let _ = writeln!(out, "  n{from} -> n{to}{style};");
    }
    out.push_str("}\n");
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
