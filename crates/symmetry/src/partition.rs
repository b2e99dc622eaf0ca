//! Partitions of a space into classes, in one canonical form.
//!
//! Classes are numbered in the order of their smallest units and list their units in ascending order. So two partitions
//! have the same classes exactly if they are `==`:
//!
//! ```text
//! units    0 1 2 3 4          class 0 = {0, 2, 3}
//! labels   b a b b a    ->    class 1 = {1, 4}
//! ```

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use crate::error::SymmetryError;
use crate::space::{ClassId, UnitIndex};

/// A partition of the units `0..n` of one space into classes, in canonical form.
///
/// ```
/// use constinit_symmetry::Partition;
///
/// let p = Partition::from_labels(&['b', 'a', 'b', 'b', 'a'])?;
/// let classes: Vec<Vec<usize>> =
///     p.classes().map(|units| units.iter().map(|u| u.get()).collect()).collect();
/// assert_eq!(classes, [vec![0, 2, 3], vec![1, 4]]);
/// assert!(Partition::discrete(5)?.refines(&p));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Partition {
    units: usize,
    /// The class of each unit, and the units of each class. If every unit is alone, they are listed at the first
    /// request: a large network without symmetry has many such spaces, and callers need the lists of few.
    lists: OnceLock<Lists>,
    /// `members[starts[c]..starts[c + 1]]` are the units of class c. Empty if every unit is alone.
    starts: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Lists {
    class_of: Vec<ClassId>,
    members: Vec<UnitIndex>,
}

impl Partition {
    /// The partition in which units with equal labels share a class.
    ///
    /// # Errors
    ///
    /// [`SymmetryError::TooManyUnits`] past 2³² - 1 units.
    ///
    /// # Complexity
    ///
    /// O(n) expected.
    pub fn from_labels<T: Eq + Hash>(labels: &[T]) -> Result<Self, SymmetryError> {
        check_len(labels.len())?;
        let mut numbers = HashMap::new();
        let class_of = labels
            .iter()
            .map(|label| {
                let next = numbers.len();
                ClassId::at(*numbers.entry(label).or_insert(next))
            })
            .collect();
        Ok(Self::from_classes(class_of, numbers.len()))
    }

    /// Every unit alone.
    ///
    /// # Errors
    ///
    /// [`SymmetryError::TooManyUnits`] past 2³² - 1 units.
    pub fn discrete(units: usize) -> Result<Self, SymmetryError> {
        check_len(units)?;
        Ok(Self::all_alone(units))
    }

    /// All units in one class (no class if there are no units).
    ///
    /// # Errors
    ///
    /// [`SymmetryError::TooManyUnits`] past 2³² - 1 units.
    pub fn one_class(units: usize) -> Result<Self, SymmetryError> {
        check_len(units)?;
        Ok(Self::from_classes(vec![ClassId(0); units], usize::from(units > 0)))
    }

    pub(crate) fn all_alone(units: usize) -> Self {
        Self { units, lists: OnceLock::new(), starts: Vec::new() }
    }

    /// The partition with these representatives: for every unit the smallest unit of its class.
    pub(crate) fn from_representatives(representative: &[u32]) -> Self {
        let mut classes = 0;
        let mut class_of: Vec<ClassId> = Vec::with_capacity(representative.len());
        for (unit, &smallest) in representative.iter().enumerate() {
            debug_assert!(smallest as usize <= unit);
            if smallest as usize == unit {
                class_of.push(ClassId::at(classes));
                classes += 1;
            } else {
                class_of.push(class_of[smallest as usize]);
            }
        }
        Self::from_classes(class_of, classes)
    }

    fn from_classes(class_of: Vec<ClassId>, classes: usize) -> Self {
        if classes == class_of.len() {
            return Self::all_alone(classes);
        }
        let mut starts = vec![0u32; classes + 1];
        for class in &class_of {
            starts[class.get() + 1] += 1;
        }
        for c in 0..classes {
            starts[c + 1] += starts[c];
        }
        let mut members = vec![UnitIndex(0); class_of.len()];
        // Filling from the back moves `starts[c + 1]` to the start of class c, so this needs no second table.
        for (unit, class) in class_of.iter().enumerate().rev() {
            let end = &mut starts[class.get() + 1];
            *end -= 1;
            members[*end as usize] = UnitIndex::at(unit);
        }
        starts.remove(0);
        starts.push(class_of.len() as u32);
        Self { units: class_of.len(), lists: Lists { class_of, members }.into(), starts }
    }

    fn lists(&self) -> &Lists {
        self.lists.get_or_init(|| Lists {
            class_of: (0..self.units).map(ClassId::at).collect(),
            members: (0..self.units).map(UnitIndex::at).collect(),
        })
    }

    /// The number of units of the space.
    pub fn units(&self) -> usize {
        self.units
    }

    /// The number of classes.
    pub fn len(&self) -> usize {
        if self.is_discrete() { self.units } else { self.starts.len() - 1 }
    }

    /// Whether there is no class: only for a space without units.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every unit is alone.
    pub fn is_discrete(&self) -> bool {
        self.starts.is_empty()
    }

    /// The class of a unit, or `None` past the last unit.
    pub fn class_of(&self, unit: UnitIndex) -> Option<ClassId> {
        if self.is_discrete() {
            (unit.get() < self.units).then_some(ClassId(unit.0))
        } else {
            self.labels().get(unit.get()).copied()
        }
    }

    /// The class of every unit, in the order of the units.
    pub fn labels(&self) -> &[ClassId] {
        &self.lists().class_of
    }

    /// The units of a class in ascending order; empty past the last class.
    pub fn members(&self, class: ClassId) -> &[UnitIndex] {
        if class.get() < self.len() { self.class(class.get()) } else { &[] }
    }

    /// The classes in canonical order, each with its units in ascending order.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &[UnitIndex]> + Clone {
        (0..self.len()).map(|number| self.class(number))
    }

    fn class(&self, number: usize) -> &[UnitIndex] {
        match self.starts.get(number..number + 2) {
            Some(&[start, end]) => &self.lists().members[start as usize..end as usize],
            _ => &self.lists().members[number..=number],
        }
    }

    /// The smallest unit of every class, ascending.
    pub fn representatives(&self) -> impl ExactSizeIterator<Item = UnitIndex> + Clone + '_ {
        (0..self.len()).map(|number| match self.starts.get(number) {
            Some(&start) => self.lists().members[start as usize],
            None => UnitIndex::at(number),
        })
    }

    /// Whether two units share a class; `false` if one of them does not exist.
    pub fn alike(&self, u: UnitIndex, v: UnitIndex) -> bool {
        self.class_of(u).is_some() && self.class_of(u) == self.class_of(v)
    }

    /// Whether every class of `self` lies within one class of `coarser`. `false` for different numbers of units.
    ///
    /// # Complexity
    ///
    /// O(n).
    pub fn refines(&self, coarser: &Partition) -> bool {
        self.units() == coarser.units()
            && (self.is_discrete()
                || self.classes().all(|units| {
                    let class = coarser.class_of(units[0]);
                    units.iter().all(|&unit| coarser.class_of(unit) == class)
                }))
    }

    /// The sizes of the classes, in canonical order.
    pub fn sizes(&self) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        (0..self.len()).map(|number| match self.starts.get(number..number + 2) {
            Some(&[start, end]) => (end - start) as usize,
            _ => 1,
        })
    }
}

/// Whether the same units share a class. Whether the lists exist makes no difference.
impl PartialEq for Partition {
    fn eq(&self, other: &Self) -> bool {
        self.units == other.units
            && self.starts == other.starts
            && (self.is_discrete() || self.labels() == other.labels())
    }
}

impl Eq for Partition {}

impl Hash for Partition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.units.hash(state);
        if !self.is_discrete() {
            self.labels().hash(state);
        }
    }
}

fn check_len(units: usize) -> Result<(), SymmetryError> {
    if u32::try_from(units).is_ok_and(|n| n < u32::MAX) {
        Ok(())
    } else {
        Err(SymmetryError::TooManyUnits { units })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(list: &[u32]) -> Vec<UnitIndex> {
        list.iter().copied().map(UnitIndex).collect()
    }

    #[test]
    fn canonical_whatever_the_labels() {
        let p = Partition::from_labels(&["z", "a", "z", "m", "a"]).unwrap();
        assert_eq!(p, Partition::from_labels(&[7, 3, 7, 0, 3]).unwrap());
        assert_eq!(p, Partition::from_representatives(&[0, 1, 0, 3, 1]));
        let classes: Vec<_> = p.classes().collect();
        assert_eq!(classes, [&units(&[0, 2])[..], &units(&[1, 4]), &units(&[3])]);
        assert_eq!(p.sizes().collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(p.representatives().collect::<Vec<_>>(), units(&[0, 1, 3]));
        assert_eq!(p.members(ClassId(1)), units(&[1, 4]));
        assert!(p.members(ClassId(3)).is_empty());
        assert!(p.members(ClassId(u32::MAX)).is_empty());
        assert!(p.alike(UnitIndex(0), UnitIndex(2)));
        assert!(!p.alike(UnitIndex(0), UnitIndex(1)));
        assert!(!p.alike(UnitIndex(9), UnitIndex(9)));
    }

    #[test]
    fn empty_and_single() {
        let none = Partition::one_class(0).unwrap();
        assert_eq!(
            (none.len(), none.units(), none.is_empty(), none.is_discrete()),
            (0, 0, true, true)
        );
        assert_eq!(none, Partition::discrete(0).unwrap());
        let one = Partition::one_class(1).unwrap();
        assert_eq!(one, Partition::discrete(1).unwrap());
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn lists_of_single_units_are_made_when_asked_for() {
        let [asked, other] = [3, 3].map(|units| Partition::discrete(units).unwrap());
        assert_eq!(asked.labels(), [0, 1, 2].map(ClassId));
        assert_eq!(
            asked.classes().map(<[UnitIndex]>::to_vec).collect::<Vec<_>>(),
            [units(&[0]), units(&[1]), units(&[2])]
        );
        assert_eq!(asked.members(ClassId(2)), units(&[2]));
        assert_eq!(
            (asked.class_of(UnitIndex(2)), asked.class_of(UnitIndex(3))),
            (Some(ClassId(2)), None)
        );
        assert_eq!(other.representatives().collect::<Vec<_>>(), units(&[0, 1, 2]));
        assert_eq!(other.sizes().collect::<Vec<_>>(), [1, 1, 1]);
        assert!(other.lists.get().is_none() && asked.lists.get().is_some());
        let hash = |p: &Partition| {
            let mut state = std::hash::DefaultHasher::new();
            p.hash(&mut state);
            state.finish()
        };
        assert_eq!((&asked, hash(&asked)), (&other, hash(&other)));
    }

    #[test]
    fn refinement_is_a_partial_order() {
        let fine = Partition::from_labels(&[0, 0, 1, 2]).unwrap();
        let coarse = Partition::from_labels(&[0, 0, 1, 1]).unwrap();
        let other = Partition::from_labels(&[0, 1, 1, 1]).unwrap();
        assert!(fine.refines(&coarse) && !coarse.refines(&fine));
        assert!(!fine.refines(&other) && !other.refines(&fine));
        assert!(fine.refines(&fine));
        assert!(!fine.refines(&Partition::one_class(5).unwrap()));
    }
}
