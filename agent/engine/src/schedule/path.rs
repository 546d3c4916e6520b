//! Paths: how long the way is that hangs on each node of a graph.
//!
//! The length of a way is the sum of what its nodes are expected to take. Who always begins the node with the longest way
//! to go ends within a small factor of the best that is possible, and in practice within a few percent.

use std::collections::BTreeSet;

/// A graph of nodes, numbered so that each comes after all that it follows.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// The longest way from the beginning of a node to an end, the node itself counted, in milliseconds.
    whole_ms: Vec<u64>,
    own_ms: Vec<u64>,
    /// What is not done, by the way that is left of it at least.
    left: BTreeSet<(u64, usize)>,
}

impl Paths {
    /// The ways through nodes that are expected to take so long; `before` says what each follows, all of it with smaller
    /// numbers. Takes a time that grows with the number of nodes and of dependencies.
    pub fn new(own_ms: Vec<u64>, before: &[Vec<usize>]) -> Self {
        let mut after_ms = vec![0_u64; own_ms.len()];
        let mut whole_ms = vec![0_u64; own_ms.len()];
        for node in (0..own_ms.len()).rev() {
            whole_ms[node] = own_ms[node].saturating_add(after_ms[node]);
            for before in before.get(node).into_iter().flatten().copied().filter(|before| *before < node) {
                after_ms[before] = after_ms[before].max(whole_ms[node]);
            }
        }
        let left = whole_ms.iter().enumerate().map(|(node, whole)| (*whole, node)).collect();
        Self { whole_ms, own_ms, left }
    }

    /// The longest way from the beginning of a node, itself counted.
    pub fn from_ms(&self, node: usize) -> u64 {
        self.whole_ms.get(node).copied().unwrap_or_default()
    }

    /// The longest way that begins when a node is done.
    pub fn after_ms(&self, node: usize) -> u64 {
        self.from_ms(node) - self.own_ms.get(node).copied().unwrap_or_default()
    }

    /// A node has begun: only what comes after it is sure to be left of its way.
    pub fn began(&mut self, node: usize) {
        if self.left.remove(&(self.from_ms(node), node)) {
            self.left.insert((self.after_ms(node), node));
        }
    }

    /// A node is done, or will never be.
    pub fn ended(&mut self, node: usize) {
        self.left.remove(&(self.from_ms(node), node));
        self.left.remove(&(self.after_ms(node), node));
    }

    /// The longest way that is left anywhere.
    pub fn longest_ms(&self) -> u64 {
        self.left.last().map_or(0, |(left, _)| *left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A diamond: 0 before 1 and 2, both before 3; and 4 on its own.
    fn diamond() -> Paths {
        Paths::new(vec![10, 100, 20, 5, 50], &[vec![], vec![0], vec![0], vec![1, 2], vec![]])
    }

    #[test]
    fn the_longest_way_counts() {
        let paths = diamond();
        let ways: Vec<u64> = (0..5).map(|node| paths.from_ms(node)).collect();
        assert_eq!(ways, [115, 105, 25, 5, 50]);
        assert_eq!((paths.after_ms(0), paths.after_ms(3), paths.longest_ms()), (105, 0, 115));
    }

    #[test]
    fn what_is_left_shrinks_as_nodes_begin_and_end() {
        let mut paths = diamond();
        paths.began(0);
        assert_eq!(paths.longest_ms(), 105);
        paths.ended(0);
        paths.began(1);
        assert_eq!(paths.longest_ms(), 50);
        for node in 1..5 {
            paths.ended(node);
        }
        assert_eq!(paths.longest_ms(), 0);
    }
}
