//! Splits units: a wider network with the same function.
//!
//! If unit j becomes n copies, every copy has its entries on output axes (incoming weights, bias, gain). Its outgoing
//! entries are divided into shares, one for each copy:
//!
//! ```text
//! W'[i][(j, 1)] + … + W'[i][(j, n)] = W[i][j]
//! ```
//!
//! Copies of a unit are adjacent, in the order of the units. If a parameter reads several widened axes, an entry is
//! divided among all n₁ n₂ … combinations of copies.

use crate::axes::{AxesSpec, Role, nearest};
use crate::error::{SpecError, SurgeryError, SymmetryError};
use crate::layout::{LogicalAxis, logical_axes};
use crate::owned::{Number, OwnedParam};
use crate::parallel;
use crate::params::{ParamView, with_elements};
use crate::space::{SpaceId, UnitSpace};

/// How an outgoing entry is divided among copies.
///
/// *Exact* shares sum to the entry as real numbers, in every type and for every n, and differ from each other by at
/// most one ulp. *Equal* shares are all W/n, rounded: copies are twins bit for bit, and the sum is off by rounding (by
/// at most n times half an ulp of a share). Both are the same if n is a power of two and no share is subnormal, or if n
/// divides evenly. After exact shares, [`collapse`](crate::collapse()) returns the parameters bit for bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shares {
    /// Shares that sum to the entry exactly; the first ones may be larger by one ulp.
    #[default]
    Exact,
    /// One number for all copies, which are then twins: the entry divided by the number of copies, rounded.
    Equal,
}

/// A network with copies of units.
#[derive(Clone, Debug, PartialEq)]
pub struct Widened {
    spec: AxesSpec,
    params: Vec<OwnedParam>,
    origins: Vec<Vec<u32>>,
}

/// Splits units: for each named space, `copies` has the number of copies (at least 1) of each unit.
///
/// Copies of a unit are adjacent, in the order of the units. Each has the incoming weights, bias and gain of its unit.
/// Outgoing entries are [divided](Shares): `W'[i][(j, 1)] + … + W'[i][(j, n)] = W[i][j]`.
///
/// # Errors
///
/// - As [`spreads`](crate::spreads), if `params` are not the parameters of the spec;
/// - [`SpecError::UnknownSpace`] for a name that is not in the spec, [`SurgeryError::FixedSpace`] for a fixed space,
///   [`SpecError::DuplicateSpace`] for a space that is named twice;
/// - [`SurgeryError::BadCopies`] if there is not one number, at least 1, for each unit;
/// - [`SymmetryError::UnknownRole`] if an axis over a named space has no known role;
/// - [`SymmetryError::TooManyUnits`], [`ParameterError::ShapeOverflow`](crate::ParameterError::ShapeOverflow) for more
///   than can be counted.
///
/// # Complexity
///
/// One pass over the entries of the wider network.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, OwnedElements, ParamView, Shares, layers, widen};
///
/// let params = [
///     ParamView::new("l1.weight", &[2, 1], &[1.0_f32, 2.0])?,
///     ParamView::new("l2.weight", &[1, 2], &[3.0_f32, 5.0])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden", 2)
///     .layer(layers::dense("l1", "", "hidden").without_bias())
///     .layer(layers::dense("l2", "hidden", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
///
/// let wide = widen(&spec, &params, &[("hidden", &[1, 2])], Shares::Exact)?;
/// assert_eq!(wide.params()[0].elements(), &OwnedElements::F32(vec![1.0, 2.0, 2.0]));
/// assert_eq!(wide.params()[1].elements(), &OwnedElements::F32(vec![3.0, 2.5, 2.5]));
/// assert_eq!(wide.origin("hidden"), Some(&[0, 1, 1][..]));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
///
/// # References
///
/// Chen, Goodfellow, Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer", 2016: widening by copies and
/// equal shares.
pub fn widen(
    spec: &AxesSpec,
    params: &[ParamView<'_>],
    copies: &[(&str, &[usize])],
    shares: Shares,
) -> Result<Widened, SymmetryError> {
    let views = spec.arrange(params)?;
    let copies = arrange(spec, copies)?;
    let units = |id: SpaceId| match copies[id.get()] {
        Some(of_units) => of_units.iter().fold(0_usize, |sum, &n| sum.saturating_add(n)),
        None => spec.space(id).units(),
    };
    let wider = spec.with_units(&spec.space_ids().map(units).collect::<Vec<_>>())?;
    for param in spec.params() {
        for (number, axis) in param.axes().iter().enumerate() {
            let widened = axis.axis.space().is_some_and(|id| copies[id.get()].is_some());
            if widened && axis.role == Role::Unknown {
                return Err(spec.missing_role(param, number, "splitting units"));
            }
        }
    }
    let widened = parallel::map(0..spec.params().len(), 1, |number| {
        let (param, view) = (&spec.params()[number], views[number]);
        let axes: Vec<Vec<Copy>> = logical_axes(spec, param, view)
            .iter()
            .map(|axis| copies_along(axis, axis.space.and_then(|id| copies[id.get()])))
            .collect();
        let entries = with_elements!(view.elements(), |data| {
            let mut wide = Vec::with_capacity(wider.params()[number].shape().iter().product());
            split(&axes, Copy { offset: 0, number: 0, of: 1 }, &mut |copy| {
                wide.push(share(data[copy.offset], copy, shares));
            });
            Number::wrap(wide)
        });
        OwnedParam::new(param.path(), wider.params()[number].shape(), entries)
    });
    let origin = |id: SpaceId| match copies[id.get()] {
        Some(of_units) => {
            (0..).zip(of_units).flat_map(|(u, &n)| std::iter::repeat_n(u, n)).collect()
        }
        None => (0..spec.space(id).units() as u32).collect(),
    };
    let origins = spec.space_ids().map(origin).collect();
    Ok(Widened { spec: wider, params: widened, origins })
}

/// The numbers of copies for every space of the spec; None for spaces that stay.
fn arrange<'c>(
    spec: &AxesSpec,
    copies: &[(&str, &'c [usize])],
) -> Result<Vec<Option<&'c [usize]>>, SymmetryError> {
    let mut arranged: Vec<Option<&[usize]>> = vec![None; spec.spaces().len()];
    let mut named: Vec<usize> = vec![0; spec.spaces().len()];
    for (position, &(name, of_units)) in copies.iter().enumerate() {
        let Some(id) = spec.space_id(name) else {
            return Err(SpecError::UnknownSpace {
                space: name.into(),
                place: "the list of spaces to widen".into(),
                nearest: nearest(name, spec.spaces().iter().map(UnitSpace::name)),
            }
            .into());
        };
        let space = spec.space(id);
        if space.is_fixed() {
            return Err(SurgeryError::FixedSpace { space: name.into(), refused: "split" }.into());
        }
        if of_units.len() != space.units() || of_units.contains(&0) {
            return Err(SurgeryError::BadCopies {
                space: name.into(),
                units: space.units(),
                found: of_units.len(),
                without: of_units.iter().position(|&n| n == 0),
            }
            .into());
        }
        if arranged[id.get()].replace(of_units).is_some() {
            let (space, first) = (name.into(), named[id.get()]);
            return Err(SpecError::DuplicateSpace { space, first, second: position }.into());
        }
        named[id.get()] = position;
    }
    Ok(arranged)
}

/// One of the copies of an entry: the offset of the entry, the number of this share, and the number of shares.
#[derive(Clone, Copy)]
struct Copy {
    offset: usize,
    number: usize,
    of: usize,
}

/// For every index of the widened axis, the entry that it is a copy of. Only entries on input axes are divided into
/// shares.
fn copies_along(axis: &LogicalAxis, copies: Option<&[usize]>) -> Vec<Copy> {
    let along = |member: usize| {
        let copies = copies.map_or(1, |copies| copies[member]);
        let shared = axis.role == Role::Input;
        let offset = member * axis.dim.stride;
        (0..copies).map(move |number| match shared {
            true => Copy { offset, number, of: copies },
            false => Copy { offset, number: 0, of: 1 },
        })
    };
    (0..axis.dim.len).flat_map(along).collect()
}

/// Calls `f` for every entry of the wider parameter, row-major.
fn split<F: FnMut(Copy)>(axes: &[Vec<Copy>], at: Copy, f: &mut F) {
    let Some((axis, rest)) = axes.split_first() else { return f(at) };
    for copy in axis {
        let next = Copy {
            offset: at.offset + copy.offset,
            number: at.number * copy.of + copy.number,
            of: at.of.saturating_mul(copy.of),
        };
        split(rest, next, f);
    }
}

/// A share of an entry. Write the entry as m times the last place of a share, and m = q n + r: then r shares are q + 1
/// and the others q. If n is large, this last place is finer than that of the entry.
fn share<T: Number>(entry: T, copy: Copy, shares: Shares) -> T {
    let (value, count) = (entry.value(), copy.of as f64);
    if copy.of == 1 || !value.is_finite() || value == 0.0 {
        return entry;
    }
    if shares == Shares::Equal {
        return T::rounded(value / count);
    }
    // The exponent of the last place of a share: from the type's precision, but not below the smallest number of the
    // type.
    let exponent = |x: f64| {
        let bits = (x.to_bits() >> 52 & 0x7ff) as i32;
        if bits > 0 { bits - 1023 } else { -1011 - x.to_bits().leading_zeros() as i32 }
    };
    let smallest = value.abs() / count;
    let low = (exponent(smallest) - (T::PRECISION - 1)).max(T::LOWEST);
    let total = scaled(value.abs(), -low) as u128;
    let (quotient, rest) = (total / copy.of as u128, total % copy.of as u128);
    let places = quotient + u128::from((copy.number as u128) < rest);
    T::rounded(scaled(places as f64, low).copysign(value))
}

/// `x 2^power`, in steps that overflow or lose bits only if the result does.
fn scaled(x: f64, power: i32) -> f64 {
    let half = power / 2;
    x * 2f64.powi(half) * 2f64.powi(power - half)
}

impl Widened {
    /// The axes of the wider network.
    pub fn spec(&self) -> &AxesSpec {
        &self.spec
    }

    /// The wider parameters, in the order of the spec and in their own types.
    pub fn params(&self) -> &[OwnedParam] {
        &self.params
    }

    /// The wider parameters.
    pub fn into_params(self) -> Vec<OwnedParam> {
        self.params
    }

    /// For every unit of a space in the wider network, the unit that it is a copy of.
    pub fn origin(&self, space: &str) -> Option<&[u32]> {
        self.spec.space_id(space).map(|id| self.origins[id.get()].as_slice())
    }
}
