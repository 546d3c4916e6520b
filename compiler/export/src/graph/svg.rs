//! Pictures as SVG, laid out in columns from the internet inwards. Nothing else is needed to draw them, and the same
//! picture is the same text.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Edge, Node, Picture, Tier, tiers};

/// Sizes in pixels.
const NODE_WIDTH: i32 = 170;
const NODE_HEIGHT: i32 = 42;
const GAP: i32 = 14;
/// Room within a tier, around its nodes; above them its title.
const PADDING: i32 = 14;
const TITLE: i32 = 26;
/// Between columns, where the lines are.
const ALLEY: i32 = 110;
/// Between two lines that would be one.
const BESIDE: i32 = 9;
const MARGIN: i32 = 20;
const HEADING: i32 = 30;

/// Characters of a name that fit into a node.
const FITTING: usize = 24;

/// The column of a tier.
fn column(tier: Tier) -> usize {
    match tier {
        Tier::Internet => 0,
        Tier::Gateways => 1,
        Tier::Processes => 2,
        Tier::Storage | Tier::Messages | Tier::Objects | Tier::Secrets | Tier::Others => 3,
    }
}

/// The picture as SVG.
pub fn svg(picture: &Picture) -> String {
    let layout = Layout::of(picture);
    let (width, height) = (layout.width, layout.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#57606a\"/></marker></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"{}\" font-size=\"16\" font-weight=\"bold\">{}</text>",
        MARGIN + 4,
        escaped(&picture.title)
    );
    for (tier, frame) in &layout.frames {
        let Frame { x, y, height } = frame;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"#57606a\">{}</text>",
            NODE_WIDTH + 2 * PADDING,
            colour(*tier),
            x + PADDING,
            y + 17,
            short_title(*tier)
        );
    }
    for edge in &picture.edges {
        out.push_str(&layout.line(*edge));
    }
    for (node, place) in picture.nodes.iter().zip(&layout.places) {
        out.push_str(&drawn(node, *place));
    }
    out.push_str("</svg>\n");
    out
}

/// Titles that fit over a column.
fn short_title(tier: Tier) -> &'static str {
    match tier {
        Tier::Gateways => "public subnets",
        Tier::Processes => "private subnets",
        Tier::Storage => "storage subnets",
        other => other.title(),
    }
}

fn colour(tier: Tier) -> &'static str {
    match tier {
        Tier::Internet => "#f6f8fa",
        Tier::Gateways => "#ddf4ff",
        Tier::Processes => "#dafbe1",
        Tier::Storage => "#fff8c5",
        Tier::Messages => "#fbefff",
        Tier::Objects => "#fff1e5",
        Tier::Secrets | Tier::Others => "#eaeef2",
    }
}

#[derive(Clone, Copy)]
struct Place {
    x: i32,
    y: i32,
    column: usize,
}

struct Frame {
    x: i32,
    y: i32,
    height: i32,
}

struct Layout {
    places: Vec<Place>,
    frames: BTreeMap<Tier, Frame>,
    width: i32,
    height: i32,
}

impl Layout {
    fn of(picture: &Picture) -> Self {
        let tiers = tiers(picture);
        let mut columns: Vec<usize> = tiers.keys().map(|tier| column(*tier)).collect();
        columns.dedup();
        let mut places = vec![Place { x: 0, y: 0, column: 0 }; picture.nodes.len()];
        let mut frames = BTreeMap::new();
        let mut below: BTreeMap<usize, i32> = BTreeMap::new();
        let mut x = MARGIN;
        for (index, nodes_column) in columns.iter().enumerate() {
            x = MARGIN + pixels(index) * (NODE_WIDTH + 2 * PADDING + ALLEY);
            for (tier, nodes) in tiers.iter().filter(|(tier, _)| column(**tier) == *nodes_column) {
                let y = below.get(&index).copied().unwrap_or(MARGIN + HEADING);
                for (at, (number, _)) in nodes.iter().enumerate() {
                    let y = y + TITLE + pixels(at) * (NODE_HEIGHT + GAP);
                    places[*number] = Place { x: x + PADDING, y, column: index };
                }
                let height = TITLE + pixels(nodes.len()) * (NODE_HEIGHT + GAP) - GAP + PADDING;
                frames.insert(*tier, Frame { x, y, height });
                below.insert(index, y + height + GAP);
            }
        }
        let width = x + NODE_WIDTH + 2 * PADDING + MARGIN;
        let height = below.values().max().copied().unwrap_or(MARGIN + HEADING) + MARGIN;
        Self { places, frames, width, height }
    }

    /// A line from one node to another. Within a column it goes around on the left, the wider the further it goes. What
    /// goes back, such as a message that is fetched, keeps a little below what goes there.
    fn line(&self, Edge { from, to, is_message }: Edge) -> String {
        let (from, to) = (self.places[from], self.places[to]);
        let below = if is_message { BESIDE } else { 0 };
        let middle = |place: Place| place.y + NODE_HEIGHT / 2 + below;
        let right = |place: Place| place.x + NODE_WIDTH;
        let (y, end_y) = (middle(from), middle(to));
        let (x, bend_x, end_bend_x, end_x) = match from.column.cmp(&to.column) {
            Ordering::Equal => {
                let out = from.x - (PADDING + (y - end_y).abs() / 5).min(ALLEY);
                (from.x, out, out, to.x)
            }
            Ordering::Less => {
                let half = (to.x - right(from)) / 2;
                (right(from), right(from) + half, to.x - half, to.x)
            }
            Ordering::Greater => {
                let half = (from.x - right(to)) / 2;
                (from.x, from.x - half, right(to) + half, right(to))
            }
        };
        let dashes = if is_message { " stroke-dasharray=\"5 4\"" } else { "" };
        format!(
            "<path d=\"M{x} {y}C{bend_x} {y} {end_bend_x} {end_y} {end_x} {end_y}\" fill=\"none\" stroke=\"#57606a\" \
             marker-end=\"url(#arrow)\"{dashes}/>\n"
        )
    }
}

fn drawn(node: &Node, Place { x, y, .. }: Place) -> String {
    let middle = x + NODE_WIDTH / 2;
    let name_y = if node.detail.is_empty() { y + 26 } else { y + 18 };
    let mut out = format!(
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{NODE_WIDTH}\" height=\"{NODE_HEIGHT}\" rx=\"5\" \
         fill=\"#ffffff\" stroke=\"#57606a\"/><text x=\"{middle}\" y=\"{name_y}\" text-anchor=\"middle\">{}</text>",
        escaped(&node.name),
        escaped(&fitting(&node.name))
    );
    if !node.detail.is_empty() {
        let _ = write!(
            out,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\" fill=\"#57606a\">{}</text>",
            y + 34,
            escaped(&fitting(&node.detail))
        );
    }
    out.push_str("</g>\n");
    out
}

fn fitting(text: &str) -> String {
    if text.chars().count() <= FITTING {
        return text.to_owned();
    }
    text.chars().take(FITTING - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Counts are small: a picture of more than two thousand million nodes is not drawn.
fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1_000)
}
