//! Axes as products of factors, and which factors are permuted together.
//!
//! An axis of 48 features that is reshaped into 4 heads of 12 is the product of a factor of 4 and a factor of 12; its
//! entries are numbered with the first factor slowest. A factor may be *split* into two, which restricts the
//! permutations of its members to those that permute blocks and places in blocks. Two factors of one size may be
//! *united*: then they are permuted together. A *fixed* factor is not permuted. Each of the three only ever restricts
//! what may be permuted.

/// A factor, by its number.
pub type Factor = usize;

/// An axis: its factors, the slowest first. An axis of size 1 has none.
pub type Axis = Vec<Factor>;

#[derive(Clone, Debug)]
struct Node {
    size: usize,
    fixed: bool,
    /// The factor that it was united with.
    parent: Option<Factor>,
    /// The two factors that it was split into.
    parts: Option<[Factor; 2]>,
}

/// All factors of a trace.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    nodes: Vec<Node>,
}

impl Factors {
    /// An axis of one new factor.
    pub fn axis(&mut self, size: usize, fixed: bool) -> Axis {
        if size == 1 { Vec::new() } else { vec![self.factor(size, fixed)] }
    }

    fn factor(&mut self, size: usize, fixed: bool) -> Factor {
        self.nodes.push(Node { size, fixed, parent: None, parts: None });
        self.nodes.len() - 1
    }

    /// The factor that stands for all that are united with this one.
    pub fn root(&self, mut factor: Factor) -> Factor {
        while let Some(parent) = self.nodes[factor].parent {
            factor = parent;
        }
        factor
    }

    /// The size of a factor.
    pub fn size(&self, factor: Factor) -> usize {
        self.nodes[factor].size
    }

    /// Whether a factor is not permuted.
    pub fn is_fixed(&self, factor: Factor) -> bool {
        self.nodes[self.root(factor)].fixed
    }

    /// The unsplit factors of an axis, each by its root.
    pub fn leaves(&self, axis: &[Factor]) -> Vec<Factor> {
        let mut leaves = Vec::new();
        let mut open: Vec<Factor> = axis.iter().rev().copied().collect();
        while let Some(factor) = open.pop() {
            let root = self.root(factor);
            match self.nodes[root].parts {
                Some([outer, inner]) => open.extend([inner, outer]),
                None => leaves.push(root),
            }
        }
        leaves
    }

    /// The number of members of an axis.
    pub fn len(&self, axis: &[Factor]) -> usize {
        axis.iter().map(|factor| self.size(*factor)).product()
    }

    /// Fixes all factors of an axis.
    pub fn fix(&mut self, axis: &[Factor]) {
        for leaf in self.leaves(axis) {
            self.nodes[leaf].fixed = true;
        }
    }

    /// Splits a leaf into an outer and an inner factor.
    fn split(&mut self, leaf: Factor, outer: usize) {
        let Node { size, fixed, .. } = self.nodes[leaf];
        let parts = [self.factor(outer, fixed), self.factor(size / outer, fixed)];
        self.nodes[leaf].parts = Some(parts);
    }

    /// Cuts an axis so that its first factors have `outer` members together. None where no factor ends there and none
    /// can be split there.
    pub fn cut(&mut self, axis: &[Factor], outer: usize) -> Option<(Axis, Axis)> {
        let leaves = self.leaves(axis);
        let mut left = outer;
        for (number, leaf) in leaves.iter().enumerate() {
            if left == 1 {
                return Some((leaves[..number].to_vec(), leaves[number..].to_vec()));
            }
            let size = self.size(*leaf);
            if left.is_multiple_of(size) {
                left /= size;
            } else if size.is_multiple_of(left) {
                self.split(*leaf, left);
                return self.cut(&leaves, outer);
            } else {
                return None;
            }
        }
        (left == 1).then_some((leaves, Vec::new()))
    }

    /// Permutes two axes of one size together; fixes both where their factors cannot be brought together.
    pub fn unite(&mut self, a: &[Factor], b: &[Factor]) {
        let (mut a, mut b) = (self.leaves(a), self.leaves(b));
        while let (Some(x), Some(y)) = (a.first().copied(), b.first().copied()) {
            let (size_x, size_y) = (self.size(x), self.size(y));
            if size_x == size_y {
                self.unite_leaves(x, y);
                a.remove(0);
                b.remove(0);
            } else if size_x.is_multiple_of(size_y) {
                self.split(x, size_y);
            } else if size_y.is_multiple_of(size_x) {
                self.split(y, size_x);
            } else {
                break;
            }
            // Uniting or splitting one factor may have changed others of the same axis.
            (a, b) = (self.leaves(&a), self.leaves(&b));
        }
        self.fix(&a);
        self.fix(&b);
    }

    fn unite_leaves(&mut self, x: Factor, y: Factor) {
        if x != y {
            self.nodes[x].fixed |= self.nodes[y].fixed;
            self.nodes[y].parent = Some(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(factors: &Factors, axis: &[Factor]) -> Vec<usize> {
        factors.leaves(axis).into_iter().map(|leaf| factors.size(leaf)).collect()
    }

    #[test]
    fn uniting_splits_both_alike() {
        let mut factors = Factors::default();
        let (twelve, four) = (factors.axis(12, false), factors.axis(4, false));
        let three = factors.axis(3, true);
        let product: Axis = four.iter().chain(&three).copied().collect();
        factors.unite(&twelve, &product);
        assert_eq!(sizes(&factors, &twelve), [4, 3]);
        assert_eq!(factors.leaves(&twelve), factors.leaves(&product));
        let fixed: Vec<bool> =
            factors.leaves(&twelve).into_iter().map(|leaf| factors.is_fixed(leaf)).collect();
        assert_eq!(fixed, [false, true]);
    }

    #[test]
    fn a_cut_within_a_factor_splits_it_everywhere() {
        let mut factors = Factors::default();
        let (a, b) = (factors.axis(12, false), factors.axis(12, false));
        factors.unite(&a, &b);
        let (outer, inner) = factors.cut(&a, 4).unwrap();
        assert_eq!((factors.len(&outer), factors.len(&inner)), (4, 3));
        assert_eq!(sizes(&factors, &b), [4, 3]);
        assert!(factors.cut(&a, 5).is_none());
        assert!(factors.cut(&a, 6).is_none(), "4 x 3 has no 6 in front");
    }

    #[test]
    fn factors_that_do_not_fit_are_fixed() {
        let mut factors = Factors::default();
        let (four, three) = (factors.axis(4, false), factors.axis(3, false));
        let a: Axis = four.iter().chain(&three).copied().collect();
        let b: Axis = three.iter().chain(&four).copied().collect();
        factors.unite(&a, &b);
        assert!(factors.leaves(&a).into_iter().all(|leaf| factors.is_fixed(leaf)));
    }

    #[test]
    fn what_is_fixed_stays_fixed_when_it_is_split_or_united() {
        let mut factors = Factors::default();
        let (a, b) = (factors.axis(6, true), factors.axis(6, false));
        factors.cut(&b, 2).unwrap();
        factors.unite(&b, &a);
        assert!(factors.leaves(&b).into_iter().all(|leaf| factors.is_fixed(leaf)));
    }
}
