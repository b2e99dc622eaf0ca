//! One parameter of a quotient: its means, the number of entries that each represents, and lifting.

use crate::axes::{AxesSpec, Role, SpecParam};
use crate::blocks::Blocks;
use crate::element::Element;
use crate::error::{SurgeryError, SymmetryError};
use crate::owned::{Number, OwnedElements, OwnedParam, with_type};
use crate::params::{ElementType, Elements, ParamView, with_elements};
use crate::sum::{Range, Total, add, exact};

/// One parameter of a [`Quotient`](crate::Quotient).
#[derive(Clone, Debug, PartialEq)]
pub struct QuotientParam {
    path: String,
    shape: Vec<usize>,
    means: Vec<f64>,
    axes: Vec<QuotientAxis>,
    element_type: ElementType,
    /// The full parameter, if its blocks are not constant.
    original: Option<OwnedElements>,
}

/// The number of members of the full axis that each index of a quotient's axis represents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotientAxis {
    role: Role,
    sizes: Vec<usize>,
}

impl QuotientAxis {
    pub(super) fn new(role: Role, sizes: Vec<usize>) -> Self {
        Self { role, sizes }
    }

    /// The side of the parameter that the axis is on.
    pub fn role(&self) -> Role {
        self.role
    }

    /// For every index of the quotient's axis, the number of indices of the full axis that it represents: the size of
    /// the class, or 1 on an axis that is not over a space.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }
}

impl QuotientParam {
    pub(super) fn new(
        view: &ParamView<'_>,
        blocks: &Blocks<'_>,
        shape: &[usize],
        axes: Vec<QuotientAxis>,
    ) -> Result<Self, SymmetryError> {
        let (means, varies) = with_elements!(view.elements(), |data| means(data, view, blocks))?;
        Ok(Self {
            path: view.path().into(),
            shape: shape.into(),
            means,
            axes,
            element_type: view.elements().element_type(),
            original: varies.then(|| OwnedParam::from(view).into_elements()),
        })
    }

    /// The parameter's name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The size of every axis: the full shape with classes in place of units.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The block means, row-major.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// For each axis its role, and the number of members that each index represents.
    ///
    /// Let n be the product of the sizes over the input axes and m that over the output axes. Then an entry w of the
    /// quotient has the collapsed entry W' = n w, and the derivative of the loss with regard to W' is m times that with
    /// regard to one entry of the full network.
    pub fn axes(&self) -> &[QuotientAxis] {
        &self.axes
    }

    /// The product of the sizes over the axes of a role, at the entry of the quotient with this row-major number.
    ///
    /// # Panics
    ///
    /// If the quotient has no such entry.
    pub fn multiplicity(&self, role: Role, entry: usize) -> usize {
        assert!(entry < self.means.len(), "entry {entry} of {}", self.means.len());
        let mut rest = entry;
        let mut product = 1_usize;
        for (axis, &len) in self.axes.iter().zip(&self.shape).rev() {
            if axis.role == role {
                product = product.saturating_mul(axis.sizes[rest % len]);
            }
            rest /= len;
        }
        product
    }

    /// The type of the full parameter's numbers.
    pub fn element_type(&self) -> ElementType {
        self.element_type
    }

    /// Whether an entry differs from the mean of its block.
    pub fn has_deviations(&self) -> bool {
        self.original.is_some()
    }

    /// The block means as a parameter.
    pub fn view(&self) -> ParamView<'_> {
        ParamView::contiguous(&self.path, &self.shape, Elements::F64(&self.means))
    }

    /// Returns an error if an axis that merges units has no known role.
    pub(super) fn check_roles(
        &self,
        spec: &AxesSpec,
        param: &SpecParam,
    ) -> Result<(), SymmetryError> {
        for (number, axis) in self.axes.iter().enumerate() {
            if axis.role == Role::Unknown && axis.sizes.iter().any(|&size| size > 1) {
                return Err(spec.missing_role(param, number, "a collapsed network"));
            }
        }
        Ok(())
    }

    /// n w for every mean w, rounded once.
    pub(super) fn collapsed(&self) -> Result<OwnedElements, SymmetryError> {
        fn scaled<T: Number>(param: &QuotientParam) -> Result<OwnedElements, SymmetryError> {
            let of_entry = |(entry, &mean): (usize, &f64)| {
                let product = times::<T>(mean, param.multiplicity(Role::Input, entry));
                match product.value().is_finite() || !mean.is_finite() {
                    true => Ok(product),
                    false => {
                        Err(SurgeryError::SumOverflows { parameter: param.path.clone(), entry }
                            .into())
                    }
                }
            };
            let entries = param.means.iter().enumerate().map(of_entry);
            Ok(T::wrap(entries.collect::<Result<_, SymmetryError>>()?))
        }
        with_type!(self.element_type, |T| scaled::<T>(self))
    }

    /// The full parameter with these means.
    pub(super) fn lift(&self, blocks: &Blocks<'_>, means: &[f64], factor: f64) -> OwnedElements {
        let moved = |old: f64, block: usize| {
            let (now, then) = (means[block], self.means[block]);
            old + (now - then) + (factor - 1.0) * (old - then)
        };
        fn all<T: Number>(blocks: &Blocks<'_>, entry: impl Fn(usize, usize) -> T) -> OwnedElements {
            let mut entries = Vec::new();
            blocks.each_entry(|step| entries.push(entry(step.place, step.block)));
            T::wrap(entries)
        }
        let unmoved =
            |block: usize| means[block].to_bits() == self.means[block].to_bits() && factor == 1.0;
        match &self.original {
            None => {
                with_type!(self.element_type, |T| all(blocks, |_, block| T::rounded(means[block])))
            }
            Some(original) => with_elements!(original.elements(), |data| {
                all(blocks, |place, block| match unmoved(block) {
                    true => data[place],
                    false => Number::rounded(moved(data[place].value(), block)),
                })
            }),
        }
    }
}

/// The mean of every block, and whether any block has different entries.
fn means<E: Element>(
    data: &[E],
    view: &ParamView<'_>,
    blocks: &Blocks<'_>,
) -> Result<(Vec<f64>, bool), SymmetryError> {
    let varying = blocks.varying(data);
    let mut means = Vec::with_capacity(blocks.count);
    blocks.each_block(|block| means.push(data[block.first].value()));
    for (block, mean) in means.iter_mut().enumerate().filter(|(block, _)| varying[*block]) {
        let classes = blocks.classes(block);
        let merging = blocks.merging(&classes);
        for &axis in &merging {
            blocks.check_sums(data, &classes, &[axis])?;
        }
        let (first, offsets) = (blocks.first(&classes), blocks.offsets(&classes, &merging));
        let entries = || offsets.iter().map(|by| data[first + by].value());
        if entries().any(|x| !x.is_finite()) {
            return Err(not_finite(data, view, blocks, block));
        }
        let count = offsets.len() as f64;
        let sum = |scale: f64| exact(E::RANGE, entries().map(|x| x * scale)).rounded(E::RANGE);
        *mean = sum(1.0) / count;
        if !mean.is_finite() {
            // The smaller scale rounds small terms, which does not matter compared with a sum that overflows.
            const SCALE: f64 = 1.0 / (1_u64 << 40) as f64;
            *mean = sum(SCALE) / count / SCALE;
        }
    }
    Ok((means, varying.contains(&true)))
}

fn not_finite<E: Element>(
    data: &[E],
    view: &ParamView<'_>,
    blocks: &Blocks<'_>,
    block: usize,
) -> SymmetryError {
    let mut found = (0, f64::NAN);
    blocks.each_entry(|step| {
        let value = data[step.offset].value();
        if step.block == block && !value.is_finite() && found.1.is_nan() {
            found = (step.place, value);
        }
    });
    SymmetryError::Surgery(SurgeryError::NotFinite {
        parameter: view.path().into(),
        entry: found.0,
        value: found.1,
    })
}

/// A mean times a count, rounded once.
fn times<T: Number>(mean: f64, count: usize) -> T {
    let product = mean * count as f64;
    if !product.is_finite() || mean.mul_add(count as f64, -product) == 0.0 {
        return T::rounded(product);
    }
    let mut digits = vec![0; Range::DOUBLE.digits];
    add(&mut digits, Range::DOUBLE, mean, count as u64);
    T::nearest(&Total::new(&mut digits, [0; 2], false), Range::DOUBLE)
}
