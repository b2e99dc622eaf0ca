//! Union-find over the axes of tensors, where a class may be a product of smaller classes.
//!
//! ```text
//! reshape [12] -> [3, 4]:   a(12)            a = p x q,  p(3) q(4)
//! reshape [4, 3] -> [2, 6]: a(4) b(3)        a = p x q,  p(2) q(2),  and q x b is the axis of 6
//! reshape [2, 3] -> [3, 2]: no product fits  both are fixed
//! ```
//!
//! A class that is not fixed represents all permutations of its members: the operations seen so far commute with them.
//! Uniting classes, splitting a class and fixing a class each leave fewer of these permutations, so an operation that
//! requires too much only loses symmetry.

use super::operation::Draws;

/// An axis of a tensor, or a factor of one. An axis with one member has no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part(usize);

/// Why a class is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A rule, the model's border or a constant distinguishes the members.
    Rule,
    /// An operation without a rule touches it.
    Unknown,
}

#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    by_rule: bool,
    by_unknown: bool,
    dropout: bool,
    noise: bool,
}

impl Marks {
    fn add(&mut self, other: Self) {
        self.by_rule |= other.by_rule;
        self.by_unknown |= other.by_unknown;
        self.dropout |= other.dropout;
        self.noise |= other.noise;
    }
}

#[derive(Debug)]
enum Node {
    /// Belongs to the class of another part.
    Child(Part),
    /// Represents its class.
    Root { size: usize, marks: Marks, split: Option<[Part; 2]> },
}

/// All parts of a trace.
#[derive(Debug, Default)]
pub(super) struct Parts {
    nodes: Vec<Node>,
}

impl Parts {
    /// A new class of interchangeable members.
    pub(super) fn free(&mut self, size: usize) -> Part {
        self.nodes.push(Node::Root { size, marks: Marks::default(), split: None });
        Part(self.nodes.len() - 1)
    }

    fn root(&mut self, mut part: Part) -> Part {
        let start = part;
        while let Node::Child(parent) = self.nodes[part.0] {
            part = parent;
        }
        if start != part {
            self.nodes[start.0] = Node::Child(part);
        }
        part
    }

    fn split_of(&self, root: Part) -> Option<[Part; 2]> {
        match self.nodes[root.0] {
            Node::Root { split, .. } => split,
            Node::Child(_) => unreachable!("a root"),
        }
    }

    fn marks_of(&self, root: Part) -> Marks {
        match self.nodes[root.0] {
            Node::Root { marks, .. } => marks,
            Node::Child(_) => unreachable!("a root"),
        }
    }

    /// How many members the part has.
    pub(super) fn size(&mut self, part: Part) -> usize {
        let root = self.root(part);
        match self.nodes[root.0] {
            Node::Root { size, .. } => size,
            Node::Child(_) => unreachable!("a root"),
        }
    }

    /// The unsplit factors of a part, outermost first, each by the root of its class.
    pub(super) fn factors(&mut self, part: Part) -> Vec<Part> {
        let mut todo = vec![part];
        let mut factors = Vec::new();
        while let Some(part) = todo.pop() {
            let root = self.root(part);
            match self.split_of(root) {
                Some([outer, inner]) => todo.extend([inner, outer]),
                None => factors.push(root),
            }
        }
        factors
    }

    /// Whether the members of the class are distinguished.
    pub(super) fn is_fixed(&mut self, part: Part) -> bool {
        self.is_fixed_by(part, Cause::Rule) || self.is_fixed_by(part, Cause::Unknown)
    }

    /// Whether the members of the class are distinguished for this reason.
    pub(super) fn is_fixed_by(&mut self, part: Part, cause: Cause) -> bool {
        let root = self.root(part);
        let marks = self.marks_of(root);
        match cause {
            Cause::Rule => marks.by_rule,
            Cause::Unknown => marks.by_unknown,
        }
    }

    /// Whether a random number is drawn for each member of the class.
    pub(super) fn is_disturbed_by(&mut self, part: Part, draws: Draws) -> bool {
        let root = self.root(part);
        let marks = self.marks_of(root);
        match draws {
            Draws::Dropout => marks.dropout,
            Draws::Noise => marks.noise,
        }
    }

    /// Distinguishes the members of the part.
    pub(super) fn fix(&mut self, part: Part, cause: Cause) {
        let mut added = Marks::default();
        match cause {
            Cause::Rule => added.by_rule = true,
            Cause::Unknown => added.by_unknown = true,
        }
        self.mark(part, added);
    }

    /// Records that a random number is drawn for each member of the part.
    pub(super) fn disturb(&mut self, part: Part, draws: Draws) {
        let mut added = Marks::default();
        match draws {
            Draws::Dropout => added.dropout = true,
            Draws::Noise => added.noise = true,
        }
        self.mark(part, added);
    }

    fn mark(&mut self, part: Part, added: Marks) {
        for factor in self.factors(part) {
            self.add_marks(factor, added);
        }
    }

    fn add_marks(&mut self, root: Part, added: Marks) {
        if let Node::Root { marks, .. } = &mut self.nodes[root.0] {
            marks.add(added);
        }
    }

    /// Makes the root of an unsplit class the product of an outer and an inner class.
    fn split(&mut self, root: Part, inner_size: usize) -> [Part; 2] {
        let outer_size = self.size(root) / inner_size;
        let inherited = self.marks_of(root);
        let children = [outer_size, inner_size].map(|size| {
            let child = self.free(size);
            self.add_marks(child, inherited);
            child
        });
        if let Node::Root { split, .. } = &mut self.nodes[root.0] {
            *split = Some(children);
        }
        children
    }

    /// Merges two unsplit classes of equal size.
    fn merge(&mut self, a: Part, b: Part) {
        if a != b {
            let marks = self.marks_of(b);
            self.add_marks(a, marks);
            self.nodes[b.0] = Node::Child(a);
        }
    }

    /// Records that two products of parts, outermost part first, number the same members in row-major order. Fixes the
    /// parts that have no common factors, and all parts if the sizes differ.
    pub(super) fn unite(&mut self, a: &[Part], b: &[Part]) {
        let members =
            [a, b].map(|parts| -> usize { parts.iter().map(|p| self.size(*p)).product() });
        if members[0] != members[1] {
            a.iter().chain(b).for_each(|part| self.fix(*part, Cause::Rule));
            return;
        }
        let mut stacks = [a.to_vec(), b.to_vec()];
        loop {
            let [a, b] = [self.innermost(&mut stacks[0]), self.innermost(&mut stacks[1])];
            let (Some(a), Some(b)) = (a, b) else {
                // Only products without members reach this line.
                for part in [a, b].into_iter().flatten().chain(stacks.concat()) {
                    self.fix(part, Cause::Rule);
                }
                return;
            };
            let (sizes, parts) = ([self.size(a), self.size(b)], [a, b]);
            let large = usize::from(sizes[1] > sizes[0]);
            let [small_size, large_size] = [sizes[1 - large], sizes[large]];
            if sizes[0] == sizes[1] {
                self.merge(a, b);
            } else if small_size > 0 && large_size.is_multiple_of(small_size) {
                let [outer, inner] = self.split(parts[large], small_size);
                self.merge(inner, parts[1 - large]);
                stacks[large].push(outer);
            } else {
                self.fix_misfit(parts, &mut stacks);
            }
            if stacks.iter().all(Vec::is_empty) {
                return;
            }
        }
    }

    /// Fixes parts from the innermost on, until both products agree in size.
    fn fix_misfit(&mut self, parts: [Part; 2], stacks: &mut [Vec<Part>; 2]) {
        let mut sizes = parts.map(|part| self.size(part));
        parts.into_iter().for_each(|part| self.fix(part, Cause::Rule));
        while sizes[0] != sizes[1] {
            let small = usize::from(sizes[1] < sizes[0]);
            // If nothing is left on the smaller side, the sizes differ: fix the other side, too.
            let side = if stacks[small].is_empty() { 1 - small } else { small };
            let Some(part) = self.innermost(&mut stacks[side]) else { return };
            sizes[side] = sizes[side].saturating_mul(self.size(part));
            self.fix(part, Cause::Rule);
        }
    }

    /// Takes the innermost unsplit part from a product.
    fn innermost(&mut self, stack: &mut Vec<Part>) -> Option<Part> {
        loop {
            let part = stack.pop()?;
            let root = self.root(part);
            match self.split_of(root) {
                Some(children) => stack.extend(children),
                None => return Some(root),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(parts: &mut Parts, part: Part) -> Vec<usize> {
        parts.factors(part).into_iter().map(|factor| parts.size(factor)).collect()
    }

    #[test]
    fn a_split_reaches_every_member_of_the_class() {
        let mut parts = Parts::default();
        let [a, b] = [parts.free(12), parts.free(12)];
        parts.unite(&[a], &[b]);
        let [p, q] = [parts.free(3), parts.free(4)];
        parts.unite(&[a], &[p, q]);
        assert_eq!(sizes(&mut parts, b), [3, 4]);
        parts.fix(q, Cause::Rule);
        let factors = parts.factors(b);
        assert!(!parts.is_fixed(factors[0]));
        assert!(parts.is_fixed(factors[1]));
    }

    #[test]
    fn common_factors_are_found() {
        let mut parts = Parts::default();
        let [a, b, c, d] = [4, 3, 2, 6].map(|size| parts.free(size));
        parts.unite(&[a, b], &[c, d]);
        assert_eq!(sizes(&mut parts, a), [2, 2]);
        assert_eq!(sizes(&mut parts, d), [2, 3]);
        assert_eq!(parts.factors(d)[1], parts.factors(b)[0]);
        assert!([a, b, c, d].into_iter().all(|part| {
            let factors = parts.factors(part);
            factors.into_iter().all(|factor| !parts.is_fixed(factor))
        }));
    }

    #[test]
    fn what_has_no_common_factors_is_fixed_and_no_more() {
        let mut parts = Parts::default();
        let [n, a, b, m, c, d] = [5, 2, 3, 5, 3, 2].map(|size| parts.free(size));
        parts.unite(&[n, a, b], &[m, c, d]);
        assert!([a, b, c, d].into_iter().all(|part| parts.is_fixed(part)));
        assert_eq!(parts.factors(n), parts.factors(m));
        assert!(!parts.is_fixed(n));
    }

    #[test]
    fn products_of_other_sizes_are_fixed() {
        let mut parts = Parts::default();
        for (left, right) in [(vec![4, 3], vec![3]), (vec![2, 5], vec![4, 5]), (vec![0], vec![3])] {
            let left: Vec<Part> = left.into_iter().map(|size| parts.free(size)).collect();
            let right: Vec<Part> = right.into_iter().map(|size| parts.free(size)).collect();
            parts.unite(&left, &right);
            assert!(parts.is_fixed(left[0]));
        }
    }

    #[test]
    fn a_class_may_meet_itself_in_a_product() {
        let mut parts = Parts::default();
        let [a, b] = [parts.free(4), parts.free(4)];
        let square = parts.free(16);
        parts.unite(&[a, a], &[square]);
        parts.unite(&[square], &[b, a]);
        assert_eq!(parts.factors(a), parts.factors(b));
        assert_eq!(sizes(&mut parts, square), [4, 4]);
    }
}
