//! Smaller, wider and quotient modules: symmetry put to use.
//!
//! Units that compute the same number can be merged, and units can be split, without changing the function. A module
//! whose units training keeps equal can be trained at the cost of its classes. All of it works on any Burn module whose
//! axes are known, from a spec or a [`trace`](crate::axes::trace) ([`KnownAxes`]), and whose forward pass takes its
//! sizes from its tensors, as that of Burn's layers does. With W stored as `[input, output]`, a class D of inputs and a
//! class C of outputs,
//!
//! ```text
//! collapse         W'[D][C] = sum over j in D of W[j][i], any i in C     fewer units, the same function
//! reduce           units that the activation does not need are gone    fewer units, the same function
//! widen            W'[(j, 1)][i] + ... + W'[(j, n)][i] = W[j][i]         more units, the same function
//! break_symmetry   W'[j][i] = W[j][i] + e[j], sum over D of e = 0        the same function, other gradients
//! quotient         W'[D][C] = n_D w, trained as w, lifted to W           the same training, fewer units
//! ```
//!
//! ```
//! use burn::tensor::{Distribution, Tensor};
//! use burn_ndarray::NdArray;
//! use constinit::ConstInitConfig;
//! use constinit::surgery::{SymmetryKind, collapse, symmetry_of};
//!
//! // Constant initialisation: the 512 hidden units are equal.
//! let device = Default::default();
//! let net = ConstInitConfig::new(vec![3, 512, 4]).with_init_w(0.5).init::<NdArray>(&device);
//! let spec = net.axes()?;
//! let x = Tensor::random([5, 3], Distribution::Default, &device);
//! let before = net.forward(x.clone());
//!
//! let classes = symmetry_of(&net, &spec, SymmetryKind::ForwardLumpable)?;
//! let merged = collapse(net, &spec, &classes)?;
//! assert_eq!(merged.to_string(), "hidden1: 512 -> 1 units; 4100 -> 12 parameters");
//! let after = merged.module.forward(x);
//! let off = ((after - before.clone()) / before).abs().max().into_scalar();
//! assert!(off < 512.0 * f32::EPSILON); // what adding 512 numbers may round
//! # Ok::<(), constinit::Error>(())
//! ```
//!
//! # What is refused
//!
//! An operation must not change the function. So it refuses a module that does more with the units of a space than
//! treat them one by one: a norm or a softmax over them, sums of products of them (attention), convolutions in groups,
//! reshapes that separate them. A trace shows all of these, whoever wrote the layer. With a spec alone, operations know
//! Burn's own layers by name. They refuse all other layers with parameters over changed spaces, and group, instance,
//! layer and RMS norms without parameters. A spec does not show what else the forward code does between layers, such as
//! a softmax or a mean over units or a `LocalResponseNorm`: with a spec, *the caller guarantees* that there is nothing
//! of this kind, while a trace shows it. Neither shows that a module computes with the *number* of units outside of
//! tensors, such as a factor of one over the width.
//!
//! A space that no parameter produces, or none reads, is an input or an output: declare it as fixed. An operation that
//! would change its size is refused.
//!
//! A trace also does not show where a reshape takes its size from: Burn's attention reshapes its heads to the width of
//! its input, and its forward pass panics if only the width of that stream was changed.
//!
//! # Batch norms
//!
//! Burn shares the running statistics of a batch norm among all clones of a module: [`collapse`], [`reduce`],
//! [`widen`] and [`break_symmetry`] change those of the clones, too. [`quotient`](quotient()) leaves the module as it is.

mod breaking;
mod collapse;
mod counts;
mod layers;
mod lifting;
mod optimizer;
mod quotient;
mod read;
mod reduce;
mod widen;

pub use breaking::break_symmetry;
pub use collapse::collapse;
pub use constinit_core::surgery::{
    BrokenModule, CollapsedModule, KnownAxes, ReducedModule, SpaceSizes, WidenedModule,
};
pub use constinit_symmetry::{Activations, ReduceOptions, Shares, SymmetryKind};
pub use lifting::{LiftedProbe, Lifting};
pub use optimizer::QuotientOptimizer;
pub use quotient::{QuotientModule, quotient};
pub use reduce::reduce;
pub use widen::widen;

pub(crate) use counts::Counts;

use crate::Error;
use burn::module::Module;
use burn::tensor::backend::Backend;
use constinit_symmetry::Symmetry;
use read::{host, read};

/// The classes of a module's units, in one sense. Of a trace, only the axes are used.
///
/// # Errors
///
/// [`Error::Axes`] if the spec does not cover the module, [`Error::ColumnLayout`] for a weight that is stored
/// transposed, and the engine's errors: see [`twins`](constinit_symmetry::twins()),
/// [`equitable`](constinit_symmetry::equitable()) and [`forward_lumpable`](constinit_symmetry::forward_lumpable()).
pub fn symmetry_of<'a, B: Backend, M: Module<B>>(
    module: &M,
    axes: impl Into<KnownAxes<'a>>,
    kind: SymmetryKind,
) -> Result<Symmetry, Error> {
    host(module, axes.into(), &read(module))?.symmetry(kind)
}
