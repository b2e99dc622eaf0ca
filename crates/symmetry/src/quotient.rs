//! The quotient of a network by an equitable partition: one number for each block, and lifting back to all entries.
//!
//! For a parameter W, a class C on its output axis and a class D on its input axis (one class for each axis over a
//! space, one index for each other axis),
//!
//! ```text
//! w[C][D]      = mean of W[i][j] over i in C, j in D        the block mean
//! d[i][j]      = W[i][j] - w[C][D]                          the deviation; 0 everywhere for twins
//! z[C]         = Σ_D n[D] w[C][D] a[D] + b[C]               what every unit of class C computes
//! W[i][j] now  = w[C][D] now + factor · d[i][j]             lifting; factor = 1 unless training shrinks weights
//! ```

mod param;

use crate::axes::{AxesSpec, Role, RoleAxis, SpecParam};
use crate::blocks::Blocks;
use crate::error::SymmetryError;
use crate::owned::{OwnedElements, OwnedParam};
use crate::parallel;
use crate::params::{ParamView, strides};
use crate::partition::Partition;
use crate::symmetry::Symmetry;

pub use param::{QuotientAxis, QuotientParam};

/// A network of classes, with the data to lift it to the full network.
///
/// In an equitable partition the gradient is one number on each block, so it moves only block means and leaves
/// deviations as they are. A framework trains the *collapsed* parameters `W'[C][D] = n[D] w[C][D]`, with which the
/// network of classes is an ordinary network. Its derivative with regard to `W'[C][D]` is `n[C]` times that of one
/// entry of the block in the full network. Both factors are products over axes: [`QuotientParam::axes`].
///
/// **A space on two axes of one parameter** (a recurrent weight) may have one value on the diagonal of a block and
/// another off it, even for twins. Such a block still gets *one* number, the mean of all its entries. The reason: the
/// gradient of a recurrent weight is the sum over time of (slope of unit i) · (activation of unit j), which is equal on
/// and off the diagonal if slopes and activations are constant on classes. The difference on the diagonal is a
/// deviation, and stays. So such twins behave like equitable classes: their quotient does *not* take the full network's
/// path under a rule that scales a decay entry by entry (Adam with coupled decay). [`Quotient::has_deviations`] reports
/// deviations.
///
/// As for [`collapse`](crate::collapse()), a mean over the units of a space (a layer norm) weights classes equally in
/// the network of classes. If the classes have different sizes, that network computes another function.
#[derive(Clone, Debug, PartialEq)]
pub struct Quotient {
    classes: Symmetry,
    spec: AxesSpec,
    params: Vec<QuotientParam>,
}

/// The quotient of a network by its classes: `w[C][D]` = mean of `W[i][j]` over i in C and j in D.
///
/// `classes` come from [`twins`](crate::twins()) or [`equitable`](crate::equitable()), in these parameters or in others
/// of the same spec. Whatever their [kind](Symmetry::kind), `quotient` checks exactly that they are equitable in
/// *these* parameters. A block whose entries are bitwise equal has that entry as its mean. Other means are the exact
/// sum, rounded to f64, divided by the number of entries.
///
/// # Errors
///
/// - As [`spreads`](crate::spreads), if `params` are not the parameters of the spec of `classes`;
/// - [`SurgeryError::SumsDiffer`](crate::SurgeryError::SumsDiffer) if the partition is not equitable, with the
///   parameter, two units of one class, and the block on which their sums differ;
/// - [`SurgeryError::NotFinite`](crate::SurgeryError::NotFinite) for a block with different entries, one of which is
///   infinite.
///
/// # Complexity
///
/// One pass over the entries, and exact sums for every axis over the blocks that are not constant. Memory: the means,
/// and a copy of every parameter with deviations.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::{AxesSpec, OwnedElements, ParamView, layers, quotient, twins};
///
/// // 3 inputs, 2 equal hidden units, 1 output.
/// let params = [
///     ParamView::new("l1.weight", &[2, 3], &[1.0_f32, 2.0, 3.0, 1.0, 2.0, 3.0])?,
///     ParamView::new("l1.bias", &[2], &[0.5_f32, 0.5])?,
///     ParamView::new("l2.weight", &[1, 2], &[0.25_f32, 0.25])?,
/// ];
/// let spec = AxesSpec::builder()
///     .space("hidden", 2)
///     .layer(layers::dense("l1", "", "hidden"))
///     .layer(layers::dense("l2", "hidden", "").without_bias())
///     .build(params.iter().map(ParamView::signature))?;
///
/// let small = quotient(&twins(&spec, &params)?, &params)?;
/// assert_eq!(small.spec().spaces()[0].units(), 1);
/// assert_eq!(small.params()[0].means(), [1.0, 2.0, 3.0]);
/// let collapsed = small.collapsed()?; // what a framework trains: 2 · 0.25
/// assert_eq!(collapsed[2].elements(), &OwnedElements::F32(vec![0.5]));
///
/// // Change one mean, and lift everything back to its full shape.
/// let mut means: Vec<Vec<f64>> = small.params().iter().map(|p| p.means().to_vec()).collect();
/// means[2][0] = 0.125;
/// let views: Vec<ParamView<'_>> = small
///     .params()
///     .iter()
///     .zip(&means)
///     .map(|(param, means)| ParamView::new(param.path(), param.shape(), means))
///     .collect::<Result<_, _>>()?;
/// let full = small.lift(&views)?;
/// assert_eq!(full[2].elements(), &OwnedElements::F32(vec![0.125, 0.125]));
/// assert_eq!(full[0].view().to_f64(), params[0].to_f64());
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn quotient(classes: &Symmetry, params: &[ParamView<'_>]) -> Result<Quotient, SymmetryError> {
    let full = classes.spec();
    let views = full.arrange(params)?;
    let partitions = classes.partitions();
    let spec = classes.spec_of_classes()?;
    let of_param = |number: usize| {
        let (param, view) = (&full.params()[number], views[number]);
        let blocks = Blocks::new(full, param, view.strides(), &partitions);
        let shape = spec.params()[number].shape();
        QuotientParam::new(view, &blocks, shape, axes(param, &partitions))
    };
    let params = parallel::map(0..full.params().len(), 1, of_param);
    let params = params.into_iter().collect::<Result<_, SymmetryError>>()?;
    Ok(Quotient { classes: classes.clone(), spec, params })
}

/// For every axis of a parameter, the number of members that each index of the quotient represents.
fn axes(param: &SpecParam, partitions: &[&Partition]) -> Vec<QuotientAxis> {
    let of_axis = |(axis, &len): (&RoleAxis, &usize)| {
        let sizes = match axis.axis.space() {
            None => vec![1; len],
            Some(id) => {
                let inner = axis.axis.inner();
                let partition = partitions[id.get()];
                let block = partition.sizes().flat_map(|size| std::iter::repeat_n(size, inner));
                (0..axis.axis.outer()).flat_map(|_| block.clone()).collect()
            }
        };
        QuotientAxis::new(axis.role, sizes)
    };
    param.axes().iter().zip(param.shape()).map(of_axis).collect()
}

impl Quotient {
    /// The classes.
    pub fn classes(&self) -> &Symmetry {
        &self.classes
    }

    /// The axes of the quotient: the same spaces, each with one unit per class.
    pub fn spec(&self) -> &AxesSpec {
        &self.spec
    }

    /// The parameters, in the order of the spec.
    pub fn params(&self) -> &[QuotientParam] {
        &self.params
    }

    /// Whether an entry of the full network differs from the mean of its block. Then the quotient does not take the
    /// full network's path under rules that scale a decay entry by entry, as Adam does with a coupled decay.
    pub fn has_deviations(&self) -> bool {
        self.params.iter().any(QuotientParam::has_deviations)
    }

    /// The collapsed parameters W' = n w, each rounded once to the full parameter's type: an ordinary, smaller network
    /// with the full network's function.
    ///
    /// # Errors
    ///
    /// [`SymmetryError::UnknownRole`] if an axis over a space with a class of several units has no known role, and
    /// [`SurgeryError::SumOverflows`](crate::SurgeryError::SumOverflows) if n w is infinite in the full parameter's
    /// type.
    pub fn collapsed(&self) -> Result<Vec<OwnedParam>, SymmetryError> {
        let collapse = |(of_spec, param): (&SpecParam, &QuotientParam)| {
            param.check_roles(&self.spec, of_spec)?;
            Ok(OwnedParam::new(param.path(), param.shape(), param.collapsed()?))
        };
        self.spec.params().iter().zip(&self.params).map(collapse).collect()
    }

    /// The block means w = W' / n of collapsed parameters, as f64.
    ///
    /// # Errors
    ///
    /// [`SymmetryError::UnknownRole`] as for [`collapsed`](Self::collapsed), and an error if `collapsed` are not the
    /// parameters of the quotient's [spec](Self::spec).
    pub fn means_of(&self, collapsed: &[ParamView<'_>]) -> Result<Vec<OwnedParam>, SymmetryError> {
        let views = self.spec.arrange(collapsed)?;
        let means = |((of_spec, param), view): ((&SpecParam, &QuotientParam), &&ParamView<'_>)| {
            param.check_roles(&self.spec, of_spec)?;
            let mut means = view.to_f64();
            for (entry, mean) in means.iter_mut().enumerate() {
                *mean /= param.multiplicity(Role::Input, entry) as f64;
            }
            Ok(OwnedParam::new(param.path(), param.shape(), OwnedElements::F64(means)))
        };
        self.spec.params().iter().zip(&self.params).zip(&views).map(means).collect()
    }

    /// The full parameters with these block means, in the order of the spec and in their own types: W = w + deviation.
    /// If a mean has not changed, its block has the same bits as before.
    ///
    /// # Errors
    ///
    /// If `means` are not the parameters of the quotient's [spec](Self::spec).
    pub fn lift(&self, means: &[ParamView<'_>]) -> Result<Vec<OwnedParam>, SymmetryError> {
        self.lift_scaled(means, |_| 1.0)
    }

    /// The same, with deviations times a factor for each path: the share of them that remains if training shrinks
    /// weights. To compute the factor, apply the rule to the number 1 with gradients of 0. For gradient descent and
    /// AdamW it is (1 - rate · decay) to the power of the number of steps.
    ///
    /// # Errors
    ///
    /// As [`lift`](Self::lift).
    pub fn lift_scaled(
        &self,
        means: &[ParamView<'_>],
        factor: impl Fn(&str) -> f64,
    ) -> Result<Vec<OwnedParam>, SymmetryError> {
        let views = self.spec.arrange(means)?;
        let full = self.classes.spec();
        let partitions = self.classes.partitions();
        let lifted =
            self.params.iter().zip(full.params()).zip(&views).map(|((old, param), view)| {
                let blocks = Blocks::new(full, param, &strides(param.shape()), &partitions);
                let lifted = old.lift(&blocks, &view.to_f64(), factor(old.path()));
                OwnedParam::new(old.path(), param.shape(), lifted)
            });
        Ok(lifted.collect())
    }

    /// The size of every class of a space, in canonical order.
    pub fn class_sizes(&self, space: &str) -> Option<Vec<usize>> {
        self.classes.space(space).map(|space| space.partition().sizes().collect())
    }
}
