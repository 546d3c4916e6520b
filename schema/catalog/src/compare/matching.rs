//! Which declared element of a set is which live one.

use std::collections::VecDeque;

use schema_documents::Json;
use schema_documents::path::element_text;

/// A one-to-one matching of declared elements with live ones, grown along alternating paths.
pub(super) struct Matching {
    /// For each declared element the live one that it is matched with.
    pub(super) of_declared: Vec<Option<usize>>,
    of_live: Vec<Option<usize>>,
}

impl Matching {
    /// Elements that are equal to the letter belong together.
    pub(super) fn exact(declared: &[Json], live: &[Json]) -> Self {
        let mut of_live = vec![None; live.len()];
        let texts: Vec<String> = live.iter().map(element_text).collect();
        let of_declared = declared.iter().enumerate().map(|(index, item)| {
            let text = element_text(item);
            let free = (0..live.len())
                .find(|at| of_live[*at].is_none() && texts[*at] == text && live[*at] == *item)?;
            of_live[free] = Some(index);
            Some(free)
        });
        Self { of_declared: of_declared.collect(), of_live }
    }

    /// Matches what is left, by the live elements that each declared one could be.
    pub(super) fn complete(&mut self, candidates: &[Vec<usize>]) {
        for declared in 0..candidates.len() {
            if self.of_declared[declared].is_none() {
                self.augment(declared, candidates);
            }
        }
    }

    /// Finds a free live element for a declared one, moving others over to their alternatives (breadth first, so that
    /// long lists need no deep stack).
    fn augment(&mut self, start: usize, candidates: &[Vec<usize>]) {
        let mut reached_from: Vec<Option<usize>> = vec![None; self.of_live.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(declared) = queue.pop_front() {
            for &live in &candidates[declared] {
                if reached_from[live].is_some() {
                    continue;
                }
                reached_from[live] = Some(declared);
                match self.of_live[live] {
                    Some(next) => queue.push_back(next),
                    None => return self.flip(live, &reached_from),
                }
            }
        }
    }

    fn flip(&mut self, free: usize, reached_from: &[Option<usize>]) {
        let mut live = Some(free);
        while let Some(at) = live {
            let Some(declared) = reached_from[at] else { return };
            live = self.of_declared[declared].replace(at);
            self.of_live[at] = Some(declared);
        }
    }
}
