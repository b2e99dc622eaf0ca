//! The entries that a swap of two units exchanges.
//!
//! ```text
//! linear1.weight [3, 2], units on the first axis, swap of 0 and 2:   entries 0 1 | . . | 4 5   0 <-> 4, 1 <-> 5
//! recurrent [3, 3], units on both axes, swap of 0 and 1:             0 <-> 4, 1 <-> 3, 2 <-> 5, 6 <-> 7
//! ```
//!
//! A difference between the two units is one number for each pair of entries, added to the first entry and subtracted
//! from the second. These differences are the *antisymmetric* directions of the swap. If the loss treats the units
//! equally and they are twins, its gradient has no component along these directions, and its second derivative does not
//! mix them with the symmetric ones.

use crate::axes::{AxesSpec, SpecParam};
use crate::error::{SurgeryError, SymmetryError};
use crate::layout::swapped_entry;
use crate::space::{ParamId, SpaceId, UnitIndex};

/// Two entries of one parameter that a swap of two units exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwappedEntries {
    /// The parameter.
    pub parameter: ParamId,
    /// The row-major numbers of the two entries: first that of the first unit, then that of the second. If the space is
    /// on several axes of the parameter, an entry belongs to the unit that it has on the first axis with either of the
    /// two.
    pub entries: [usize; 2],
}

impl AxesSpec {
    /// The pairs of entries that a swap of two units of a space exchanges, each pair once, sorted by parameter and by
    /// the number of the first unit's entry. Entries that stay in their place are in no pair.
    ///
    /// # Errors
    ///
    /// [`SurgeryError::NoPair`] if the space does not have two such units.
    ///
    /// # Complexity
    ///
    /// Proportional to the number of entries of one unit (times its logarithm for a parameter with the space on several
    /// axes).
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_symmetry::{AxesSpec, UnitIndex, layers};
    ///
    /// let spec = AxesSpec::builder()
    ///     .space("hidden", 3)
    ///     .layer(layers::dense("first", "", "hidden"))
    ///     .layer(layers::dense("last", "hidden", "").without_bias())
    ///     .build([("first.weight", &[3, 2][..]), ("first.bias", &[3]), ("last.weight", &[2, 3])])?;
    /// let units = [0, 2].map(|unit| UnitIndex::new(unit).unwrap());
    /// let swapped = spec.swapped_entries(spec.space_id("hidden").unwrap(), units)?;
    /// let entries: Vec<_> = swapped.iter().map(|s| (s.parameter.get(), s.entries)).collect();
    /// assert_eq!(entries, [(0, [0, 4]), (0, [1, 5]), (1, [0, 2]), (2, [0, 2]), (2, [3, 5])]);
    /// # Ok::<(), constinit_symmetry::SymmetryError>(())
    /// ```
    pub fn swapped_entries(
        &self,
        space: SpaceId,
        units: [UnitIndex; 2],
    ) -> Result<Vec<SwappedEntries>, SymmetryError> {
        let [u, v] = units.map(UnitIndex::get);
        let known = self.spaces().get(space.get());
        let count = known.map_or(0, |space| space.units());
        if u == v || u.max(v) >= count {
            let name = known.map_or_else(|| format!("number {space}"), |s| s.name().to_owned());
            return Err(SurgeryError::NoPair { space: name, units: count, pair: [u, v] }.into());
        }
        let mut found = Vec::new();
        for (number, param) in self.params().iter().enumerate() {
            let parameter = ParamId::at(number);
            let first = found.len();
            let leads = param.axes().iter().enumerate();
            let leads = leads.filter(|(_, axis)| axis.axis.space() == Some(&space));
            let leads: Vec<usize> = leads.map(|(axis, _)| axis).collect();
            for lead in &leads {
                for_each_led_by(self, param, space, [u, v], *lead, |entry| {
                    let image = swapped_entry(self, param, space, [u, v], entry);
                    found.push(SwappedEntries { parameter, entries: [entry, image] });
                });
            }
            if leads.len() > 1 {
                found[first..].sort_unstable();
            }
        }
        Ok(found)
    }
}

/// Calls a function with each entry that has u on axis `lead` of the space, and neither u nor v on earlier axes of it.
/// Over all `lead`, this visits exactly one entry of each pair.
fn for_each_led_by(
    spec: &AxesSpec,
    param: &SpecParam,
    space: SpaceId,
    [u, v]: [usize; 2],
    lead: usize,
    mut entry_of_u: impl FnMut(usize),
) {
    let units = spec.space(space).units();
    let indices: Vec<Vec<usize>> = param
        .axes()
        .iter()
        .zip(param.shape())
        .enumerate()
        .map(|(number, (axis, &len))| {
            let unit = |index: &usize| index / axis.axis.inner().max(1) % units;
            let taken = |index: &usize| match axis.axis.space() {
                Some(own) if *own == space && number < lead => ![u, v].contains(&unit(index)),
                _ if number == lead => unit(index) == u,
                _ => true,
            };
            (0..len).filter(taken).collect()
        })
        .collect();
    if indices.iter().any(Vec::is_empty) {
        return;
    }
    let mut at = vec![0; indices.len()];
    loop {
        let place =
            |place: usize, axis: usize| place * param.shape()[axis] + indices[axis][at[axis]];
        entry_of_u((0..at.len()).fold(0, place));
        // The next index in row-major order.
        let Some(axis) = (0..at.len()).rev().find(|&axis| at[axis] + 1 < indices[axis].len())
        else {
            return;
        };
        at[axis] += 1;
        at[axis + 1..].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axes::{NamedAxis, RoleAxis, unknown_role};
    use proptest::prelude::*;

    /// The pairs by the definition: compares all pairs of entries, index by index.
    fn brute(
        shape: &[usize],
        axes: &[Option<usize>],
        units: usize,
        swap: [usize; 2],
    ) -> Vec<[usize; 2]> {
        let entries: usize = shape.iter().product();
        let index = |entry: usize| {
            let mut rest = entry;
            let mut index = vec![0; shape.len()];
            for axis in (0..shape.len()).rev() {
                index[axis] = rest % shape[axis];
                rest /= shape[axis];
            }
            index
        };
        // The block, unit and inner index of a place along an axis of the space.
        let cut = |place: usize, inner: usize| {
            [place / (inner * units), place / inner % units, place % inner]
        };
        let exchanged = |a: &[usize], b: &[usize]| {
            (0..shape.len()).all(|axis| match axes[axis] {
                None => a[axis] == b[axis],
                Some(inner) => {
                    let ([o, m, i], [p, n, j]) = (cut(a[axis], inner), cut(b[axis], inner));
                    let other = if m == swap[0] {
                        swap[1]
                    } else if m == swap[1] {
                        swap[0]
                    } else {
                        m
                    };
                    (o, other, i) == (p, n, j)
                }
            })
        };
        let mut pairs = Vec::new();
        for a in 0..entries {
            for b in a + 1..entries {
                if exchanged(&index(a), &index(b)) {
                    pairs.push([a, b]);
                }
            }
        }
        pairs
    }

    proptest! {
        #[test]
        fn all_pairs_of_exchanged_entries_are_found(
            units in 2..5_usize,
            axes in proptest::collection::vec((0..4_u8, 1..3_usize, 1..3_usize), 1..4),
            picks in (0..100_usize, 0..100_usize),
        ) {
            let u = picks.0 % units;
            let v = (u + 1 + picks.1 % (units - 1)) % units;
            // Kind 0 is a fixed axis, kind 1 is an axis of single units, and the others have blocks or an inner index.
            let shape: Vec<usize> = axes.iter().map(|&(kind, outer, inner)| match kind {
                0 => outer + inner,
                1 => units,
                _ => outer * units * inner,
            }).collect();
            let named = |&(kind, outer, inner): &(u8, usize, usize)| -> RoleAxis<String> {
                unknown_role(match kind {
                    0 => NamedAxis::Fixed,
                    1 => NamedAxis::from("h"),
                    _ => NamedAxis::Flattened { space: "h".into(), outer, inner },
                })
            };
            let spec = AxesSpec::builder()
                .space("h", units)
                .param("w", axes.iter().map(named))
                .param("b", [unknown_role("h")])
                .build([("w", &shape[..]), ("b", &[units])])
                .unwrap();
            let swap = [u, v].map(|unit| UnitIndex::new(unit).unwrap());
            let found = spec.swapped_entries(spec.space_id("h").unwrap(), swap).unwrap();
            let (bias, weight): (Vec<&SwappedEntries>, Vec<_>) =
                found.iter().partition(|pair| pair.parameter.get() == 1);
            prop_assert_eq!(bias.len(), 1);
            prop_assert_eq!(bias[0].entries, [u, v]);
            prop_assert!(weight.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once");
            let mut unordered: Vec<[usize; 2]> = weight
                .iter()
                .map(|pair| { let [a, b] = pair.entries; [a.min(b), a.max(b)] })
                .collect();
            unordered.sort_unstable();
            let inner: Vec<Option<usize>> = axes.iter().map(|&(kind, _, inner)| match kind {
                0 => None,
                1 => Some(1),
                _ => Some(inner),
            }).collect();
            prop_assert_eq!(unordered, brute(&shape, &inner, units, [u, v]));
            // The first entry of a pair has u on the first axis with either unit.
            for pair in weight {
                let mut rest = pair.entries[0];
                let mut stands = None;
                for (axis, inner) in inner.iter().enumerate().rev() {
                    let place = rest % shape[axis];
                    rest /= shape[axis];
                    let unit = inner.map(|inner| place / inner % units);
                    stands = unit.filter(|unit| [u, v].contains(unit)).or(stands);
                }
                prop_assert_eq!(stands, Some(u));
            }
        }
    }

    #[test]
    fn pairs_that_do_not_exist_are_refused() {
        let spec = AxesSpec::builder()
            .space("h", 3)
            .param("w", [unknown_role("h")])
            .build([("w", &[3][..])])
            .unwrap();
        let message = |space: usize, units: [usize; 2]| {
            let units = units.map(|unit| UnitIndex::new(unit).unwrap());
            spec.swapped_entries(SpaceId::new(space).unwrap(), units).unwrap_err().to_string()
        };
        assert_eq!(
            message(0, [1, 1]),
            "cannot swap units 1 and 1 of space `h`: it has 3 units, and the two must differ"
        );
        assert_eq!(
            message(0, [1, 3]),
            "cannot swap units 1 and 3 of space `h`: it has 3 units, and the two must differ"
        );
        assert_eq!(
            message(7, [0, 1]),
            "cannot swap units 0 and 1 of space `number 7`: it has 0 units, and the two must differ"
        );
    }
}
