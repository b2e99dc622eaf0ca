//! A module on the host: what an operation needs to know about it, and what the operation returns.

use super::{KnownAxes, ModuleLayers, refused};
use crate::module::{Binding, ModuleParameter};
use crate::{Entries, Error};
use constinit_symmetry::{
    OwnedElements, OwnedParam, ParamView, Symmetry, SymmetryKind, equitable, forward_lumpable,
    twins,
};
use std::collections::{HashMap, HashSet};

/// A module as a framework has read it: its axes, its layers, and the numbers of its float parameters.
///
/// The operations are methods. Each returns [`NewParameters`], which the framework writes into its module.
#[derive(Clone, Debug)]
pub struct HostModule<'a> {
    pub(super) known: KnownAxes<'a>,
    pub(super) parameters: Vec<ModuleParameter>,
    pub(super) bound: Binding,
    /// In the order of the spec.
    pub(super) views: Vec<ParamView<'a>>,
    pub(super) layers: ModuleLayers,
}

/// The parameters that an operation has changed, by [number](ModuleParameter::id).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewParameters {
    /// The new values of the changed parameters. Every other parameter stays as it is.
    pub values: HashMap<u64, NewParameter>,
    /// Parameters that have another shape and need a new number: the state that an optimizer keeps by number belongs to
    /// the old parameters, and could silently be broadcast to the new ones.
    pub renamed: HashSet<u64>,
}

/// A parameter as it is after an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct NewParameter {
    /// The shape, which may differ from the one before.
    pub shape: Vec<usize>,
    /// The entries, row-major. Those of half-precision parameters are doubles, which represent them exactly.
    pub entries: Entries,
}

impl NewParameter {
    /// Whether a tied parameter has the same bits in two places.
    fn is(&self, other: &Self) -> bool {
        let bits = |entries: &Entries| entries.doubles().into_iter().map(f64::to_bits);
        self.shape == other.shape && bits(&self.entries).eq(bits(&other.entries))
    }
}

impl From<OwnedParam> for NewParameter {
    fn from(param: OwnedParam) -> Self {
        let (shape, view) = (param.shape().to_vec(), param.view());
        let halves = match param.elements() {
            OwnedElements::F32(_) | OwnedElements::F64(_) => Vec::new(),
            _ => view.to_f64(),
        };
        let entries = match param.into_elements() {
            OwnedElements::F32(entries) => Entries::F32(entries),
            OwnedElements::F64(entries) => Entries::F64(entries),
            _ => Entries::F64(halves),
        };
        Self { shape, entries }
    }
}

impl<'a> HostModule<'a> {
    /// A module of these float parameters, in visiting order, and these layers. `bound` are the parameters of the spec
    /// among them, and `views` their numbers, in the order of the spec.
    pub fn new(
        known: KnownAxes<'a>,
        parameters: Vec<ModuleParameter>,
        bound: Binding,
        views: Vec<ParamView<'a>>,
        layers: ModuleLayers,
    ) -> Self {
        Self { known, parameters, bound, views, layers }
    }

    /// The classes of the module's units, in one sense.
    ///
    /// # Errors
    ///
    /// Errors of the engine: see [`twins`], [`equitable`](equitable()) and [`forward_lumpable`].
    pub fn symmetry(&self, kind: SymmetryKind) -> Result<Symmetry, Error> {
        let spec = self.known.spec;
        Ok(match kind {
            SymmetryKind::Twins => twins(spec, &self.views)?,
            SymmetryKind::Equitable => equitable(spec, &self.views)?,
            SymmetryKind::ForwardLumpable => forward_lumpable(spec, &self.views, &[])?,
        })
    }

    /// The number of a parameter of the spec.
    fn id(&self, parameter: usize) -> u64 {
        self.parameters[self.bound.numbers[parameter]].id
    }

    /// Parameters in the order of the spec, with their old numbers.
    pub(super) fn changed(&self, params: Vec<OwnedParam>) -> Result<NewParameters, Error> {
        let mut values: HashMap<u64, NewParameter> = HashMap::new();
        for (number, param) in params.into_iter().enumerate() {
            let path = param.path().to_owned();
            let new = NewParameter::from(param);
            if values.get(&self.id(number)).is_some_and(|old| !old.is(&new)) {
                let reason = "it is tied to a parameter that would get other values";
                return Err(refused(path, reason.to_owned()));
            }
            values.insert(self.id(number), new);
        }
        Ok(NewParameters { values, renamed: HashSet::new() })
    }

    /// Like [`HostModule::changed`], with new numbers for parameters whose shapes change.
    pub(super) fn reshaped(&self, params: Vec<OwnedParam>) -> Result<NewParameters, Error> {
        let pairs = params.iter().zip(&self.views).enumerate();
        let other = pairs.filter(|(_, (new, old))| new.shape() != old.shape());
        let renamed = other.map(|(number, _)| self.id(number)).collect();
        Ok(NewParameters { renamed, ..self.changed(params)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FloatType;
    use crate::module::tied_paths;
    use constinit_symmetry::{
        Activation, Activations, AxesSpec, ReduceOptions, Shares, layers::dense,
    };

    /// `a` of 1 input and 2 units, `b` of 2 units and 1 output; `number` is that of the weight of `b`.
    struct Small {
        spec: AxesSpec,
        parameters: Vec<ModuleParameter>,
        numbers: [Vec<f32>; 2],
    }

    impl Small {
        fn new(number: u64, numbers: [Vec<f32>; 2]) -> Self {
            let shapes: [&[usize]; 2] = [&[1, 2], &[2, 1]];
            let paths = ["a.weight", "b.weight"];
            let layers = [dense("a", "", "hidden"), dense("b", "hidden", "")];
            let builder = AxesSpec::builder().space("hidden", 2);
            let spec = layers
                .into_iter()
                .fold(builder, |spec, layer| spec.layer(layer.without_bias().input_first()))
                .build(paths.into_iter().zip(shapes))
                .unwrap();
            let of = |((path, shape), id): ((&str, &[usize]), u64)| ModuleParameter {
                path: path.into(),
                id,
                layer: "Linear".into(),
                shape: shape.to_vec(),
                float: FloatType::F32,
                is_statistic: false,
            };
            let parameters = paths.into_iter().zip(shapes).zip([7, number]).map(of).collect();
            Self { spec, parameters, numbers }
        }

        fn host(&self) -> HostModule<'_> {
            let bound = Binding::new(&self.parameters, &self.spec, true).unwrap();
            let pairs = self.spec.params().iter().zip(&self.numbers);
            let views = pairs.map(|(param, numbers)| {
                ParamView::new(param.path(), param.shape(), &numbers[..]).unwrap()
            });
            let mut layers = ModuleLayers::default();
            for parameter in &self.parameters {
                layers.add_parameter(parameter.path.clone(), vec!["Linear".into()]);
            }
            let views = views.collect();
            HostModule::new((&self.spec).into(), self.parameters.clone(), bound, views, layers)
        }
    }

    #[test]
    fn a_parameter_of_another_shape_is_renamed() {
        let small = Small::new(8, [vec![1.0, 1.0], vec![2.0, 3.0]]);
        let host = small.host();
        let twins = host.symmetry(SymmetryKind::ForwardLumpable).unwrap();
        let merged = host.collapse(&twins).unwrap();
        assert_eq!(merged.to_string(), "hidden: 2 -> 1 units; 4 -> 2 parameters");
        assert_eq!(merged.module.renamed, HashSet::from([7, 8]));
        let sum = NewParameter { shape: vec![1, 1], entries: Entries::F32(vec![5.0]) };
        assert_eq!(merged.module.values[&8], sum);
        let broken = host.break_symmetry(&twins, 0.5, 1).unwrap();
        assert!(broken.module.renamed.is_empty(), "no shape changes");
    }

    #[test]
    fn a_unit_that_is_another_with_its_sign_goes() {
        let small = Small::new(8, [vec![1.0, -1.0], vec![2.0, 3.0]]);
        let options = ReduceOptions::default();
        let reduced = small.host().reduce(&Activation::Tanh.into(), &options).unwrap();
        assert_eq!(reduced.to_string(), "hidden: 2 -> 1 units; 4 -> 2 parameters");
        assert_eq!(reduced.module.renamed, HashSet::from([7, 8]));
        let left = NewParameter { shape: vec![1, 1], entries: Entries::F32(vec![-1.0]) };
        assert_eq!(reduced.module.values[&8], left);
        assert_eq!(reduced.reductions[0].kept().len(), 1);
        let careful = small.host().reduce(&Activations::none(), &options).unwrap();
        assert!(careful.is_identity());
        assert_eq!(careful.module, NewParameters::default());
    }

    #[test]
    fn without_classes_nothing_is_written() {
        let small = Small::new(8, [vec![1.0, 4.0], vec![2.0, 3.0]]);
        let host = small.host();
        let classes = host.symmetry(SymmetryKind::ForwardLumpable).unwrap();
        let merged = host.collapse(&classes).unwrap();
        assert!(merged.is_identity());
        assert_eq!(merged.module, NewParameters::default());
    }

    /// One tensor is both weights: merging the outputs of one sums the inputs of the other.
    #[test]
    fn a_tied_parameter_that_would_part_is_refused() {
        let small = Small::new(7, [vec![1.0, 1.0], vec![1.0, 1.0]]);
        assert_eq!(tied_paths(&small.parameters), [["a.weight", "b.weight"]]);
        let host = small.host();
        let classes = host.symmetry(SymmetryKind::Twins).unwrap();
        let error = host.collapse(&classes).unwrap_err().to_string();
        assert_eq!(error, "b.weight: it is tied to a parameter that would get other values");
    }

    /// NaN is not equal to itself.
    #[test]
    fn a_tied_parameter_of_no_numbers_stays_tied() {
        let nan = |shape: [usize; 2]| {
            let view = [f32::NAN; 2];
            OwnedParam::from(&ParamView::new("w", &shape, &view).unwrap())
        };
        let small = Small::new(7, [vec![f32::NAN; 2], vec![f32::NAN; 2]]);
        let host = small.host();
        assert_eq!(host.changed(vec![nan([1, 2]), nan([1, 2])]).unwrap().values.len(), 1);
        assert!(host.changed(vec![nan([1, 2]), nan([2, 1])]).is_err(), "another shape");
    }

    #[test]
    fn halves_are_written_as_doubles() {
        let halves = [half::f16::from_f32(0.1)];
        let view = ParamView::new("w", &[1], &halves).unwrap();
        let new = NewParameter::from(OwnedParam::from(&view));
        assert_eq!(new.entries, Entries::F64(vec![halves[0].to_f64()]));
    }

    #[test]
    fn units_are_split_in_their_own_order() {
        let small = Small::new(8, [vec![1.0, 4.0], vec![2.0, 3.0]]);
        let wide = small.host().widen(&[("hidden", &[1, 2])], Shares::Equal).unwrap();
        assert_eq!(wide.origins, [[0, 1, 1]]);
        let copies = NewParameter { shape: vec![1, 3], entries: Entries::F32(vec![1.0, 4.0, 4.0]) };
        assert_eq!(wide.module.values[&7], copies);
        assert_eq!(wide.parameters, [4, 6]);
    }
}
