//! The spaces of a [`ConstInit`], and when two specs say the same.

use crate::params::parameter_paths;
use crate::{ConstInit, Error};
use burn::tensor::backend::Backend;
use constinit_symmetry::{AxesSpec, Axis, RoleAxis, SpaceId, input, output};
use std::collections::HashMap;

impl<B: Backend> ConstInit<B> {
    /// Which axes share a space: hidden layer `n`, from 1, is the space `hidden{n}`.
    ///
    /// Parameters go by the paths of [`parameter_paths`], weights are `[input, output]`.
    ///
    /// ```
    /// use burn_ndarray::NdArray;
    /// use constinit::ConstInitConfig;
    ///
    /// let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
    /// let axes = net.axes()?;
    /// assert_eq!(axes.spaces()[0].name(), "hidden1");
    /// # Ok::<(), constinit::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Symmetry`] where layers that were put together by hand do not fit each other.
    pub fn axes(&self) -> Result<AxesSpec, Error> {
        let mut builder = AxesSpec::builder();
        let mut shapes: Vec<Vec<usize>> = Vec::new();
        let paths = parameter_paths(self);
        let mut path = paths.iter();
        for (number, layer) in self.layers.iter().enumerate() {
            let hidden = |layer: usize| format!("hidden{layer}");
            let read = if number == 0 { String::new() } else { hidden(number) };
            let last = number + 1 == self.layers.len();
            let made = if last { String::new() } else { hidden(number + 1) };
            let weight = layer.weight.shape().to_vec();
            if !last {
                builder = builder.space(made.as_str(), weight[1]);
            }
            let axes = [input(read), output(made.as_str())];
            builder = builder.param(path.next().map_or("", String::as_str), axes);
            shapes.push(weight);
            if let Some(bias) = &layer.bias {
                let axes = [output(made)];
                builder = builder.param(path.next().map_or("", String::as_str), axes);
                shapes.push(bias.shape().to_vec());
            }
        }
        let shapes = paths.iter().zip(&shapes);
        Ok(builder.build(shapes.map(|(path, shape)| (path.as_str(), shape.as_slice())))?)
    }
}

/// Whether two specs say the same of the same parameters, whatever the spaces are called and
/// whichever comes first.
///
/// Roles are not compared. A space of one unit or of members that are never merged says nothing,
/// and is the same as a fixed axis.
///
/// ```
/// use constinit::axes::same_structure;
/// use constinit_symmetry::{AxesSpec, input, output};
///
/// let spec = |space: &str| {
///     AxesSpec::builder()
///         .space(space, 2)
///         .param("first.weight", [input(""), output(space)])
///         .param("last.weight", [input(space), output("")])
///         .build([("first.weight", &[3, 2][..]), ("last.weight", &[2, 4])])
/// };
/// assert!(same_structure(&spec("hidden1")?, &spec("first")?));
/// # Ok::<(), constinit_symmetry::SymmetryError>(())
/// ```
pub fn same_structure(a: &AxesSpec, b: &AxesSpec) -> bool {
    if a.params().len() != b.params().len() {
        return false;
    }
    let mut there: HashMap<SpaceId, SpaceId> = HashMap::new();
    let mut back: HashMap<SpaceId, SpaceId> = HashMap::new();
    a.params().iter().all(|left| {
        let Some(id) = b.param_id(left.path()) else { return false };
        let right = &b.params()[id.get()];
        left.shape() == right.shape()
            && left.axes().iter().zip(right.axes()).all(|(left, right)| {
                match [unit_axis(a, left), unit_axis(b, right)] {
                    [None, None] => true,
                    [Some((x, i)), Some((y, j))] => {
                        i == j
                            && *there.entry(x).or_insert(y) == y
                            && *back.entry(y).or_insert(x) == x
                    }
                    _ => false,
                }
            })
    })
}

/// The space of an axis and its inner size, where its units can be told from fixed members.
fn unit_axis(spec: &AxesSpec, axis: &RoleAxis) -> Option<(SpaceId, usize)> {
    let id = match axis.axis {
        Axis::Fixed => return None,
        Axis::Space(space) | Axis::Flattened { space, .. } => space,
    };
    let space = &spec.spaces()[id.get()];
    (space.units() > 1 && !space.is_fixed()).then(|| (id, axis.axis.inner()))
}
