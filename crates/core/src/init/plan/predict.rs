//! Which units a plan will leave equal.
//!
//! Values that do not depend on the place along an axis make the units of that axis equal. Units that every parameter
//! makes equal in this way count as one unit. The rest of the network is small: the plan fills it, and the engine finds
//! its twins.

use super::dependence::{Along, Dependence};
use super::report::moments;
use super::{InitPlan, InitReport, InitRow, PlannedParameter, PredictedSpace, Prediction};
use crate::Error;
use crate::init::layout::Layout;
use crate::init::{ParameterAxes, Reason, RngKey};
use constinit_symmetry::{
    AxesSpec, Axis, NamedAxis, ParamView, Partition, RoleAxis, SpecParam, twins,
};
use std::collections::HashMap;

/// A parameter of the spec and where its values come from.
struct Filled<'a> {
    parameter: &'a PlannedParameter,
    source: Source,
    layout: Layout,
    key: RngKey,
    dependence: Dependence,
}

enum Source {
    /// The rule of this number.
    ByRule(usize),
    /// The module's present entries: no rule fills it.
    Module(Vec<f64>),
}

impl Filled<'_> {
    fn along(&self, axis: usize) -> Along {
        let ParameterAxes { input, output, .. } = self.layout.axes;
        match axis {
            axis if output == Some(axis) => self.dependence.output.clone(),
            axis if input == Some(axis) => self.dependence.input.clone(),
            _ if self.dependence.is_each() => Along::Each,
            _ => Along::Same,
        }
    }
}

/// The entries of one parameter at the kept places.
struct Gathered {
    entries: Vec<f32>,
    moments: [f64; 2],
    /// Whether all entries were made.
    whole: bool,
}

impl InitPlan {
    /// The classes that this plan will leave on the spaces of a spec, in single precision.
    ///
    /// The paths and the roles of axes are those of the spec; a rule that asks for a type of module is an error here
    /// (see [`InitPlan::predict_with`]). Nothing as large as the network is allocated if constants, ramps, given
    /// values, averages of blocks, and sums and multiples of these fill it: see [`Prediction::generated`] for other
    /// initialisers.
    ///
    /// # Errors
    ///
    /// Those of [`InitPlan::fill`]. A parameter that no rule matches is an error even if the plan allows it, since its
    /// values are not known.
    pub fn predict(&self, spec: &AxesSpec) -> Result<Prediction, Error> {
        let parameters = PlannedParameter::of_spec(spec);
        let mut filled = Vec::with_capacity(parameters.len());
        for (parameter, number) in parameters.iter().zip(self.assign_all(&parameters)?) {
            filled.push(self.by_rule(number, parameter)?);
        }
        self.predicted(spec, &filled)
    }

    /// Like [`InitPlan::predict`], for a module that the plan would fill: rules may ask for types of modules, axes are
    /// those of `parameters`, and parameters that the plan does not fill keep their values. `values` returns the
    /// entries of a parameter of the spec by its path and shape, running statistics of batch norms included; None if
    /// the module does not have the parameter.
    ///
    /// # Errors
    ///
    /// Those of [`InitPlan::fill`], and an error if the module has no parameter with the path and the shape in the
    /// spec.
    pub fn predict_with(
        &self,
        spec: &AxesSpec,
        parameters: &[PlannedParameter],
        values: impl Fn(&str, &[usize]) -> Option<Vec<f64>>,
    ) -> Result<Prediction, Error> {
        let assigned = self.assign(parameters)?;
        let mut first_of_tie = HashMap::new();
        for (place, parameter) in parameters.iter().enumerate() {
            first_of_tie.entry(parameter.tie).or_insert(place);
        }
        let of_spec = PlannedParameter::of_spec(spec);
        let mut filled = Vec::with_capacity(of_spec.len());
        for known in &of_spec {
            let Some(entries) = values(&known.path, &known.shape) else {
                let (path, shape) = (&known.path, &known.shape);
                let reason = format!("the module has no parameter {path} of shape {shape:?}");
                return Err(Error::Plan { reason });
            };
            let own = parameters.iter().position(|parameter| parameter.path == known.path);
            let own = own.map(|own| match parameters[own].tie {
                None => own,
                tie => first_of_tie[&tie],
            });
            filled.push(match own.and_then(|own| Some((own, assigned[own]?))) {
                Some((own, number)) => self.by_rule(number, &parameters[own])?,
                None => Filled {
                    parameter: own.map_or(known, |own| &parameters[own]),
                    source: Source::Module(entries),
                    layout: self.plain_layout(known)?,
                    key: self.key(known),
                    dependence: Dependence::EACH,
                },
            });
        }
        self.predicted(spec, &filled)
    }

    fn by_rule<'a>(
        &self,
        number: usize,
        parameter: &'a PlannedParameter,
    ) -> Result<Filled<'a>, Error> {
        let (layout, key) = (self.layout(number, parameter)?, self.key(parameter));
        let dependence = Dependence::of(self.init(number), &layout, &key);
        Ok(Filled { parameter, source: Source::ByRule(number), layout, key, dependence })
    }

    fn predicted(&self, spec: &AxesSpec, filled: &[Filled<'_>]) -> Result<Prediction, Error> {
        let alike = alike_by_construction(spec, filled);
        let kept: Vec<Vec<usize>> = alike.iter().map(|classes| two_of_each(classes)).collect();
        let mut generated = Vec::new();
        let mut rows = Vec::with_capacity(filled.len());
        let mut small: Vec<(Vec<usize>, Vec<f32>)> = Vec::new();
        for (of, param) in filled.iter().zip(spec.params()) {
            let places: Vec<Vec<usize>> = param
                .axes()
                .iter()
                .zip(param.shape())
                .map(|(axis, size)| places(spec, &kept, axis, *size))
                .collect();
            let Gathered { entries, moments, whole } = self.gather(of, param, &places)?;
            rows.push(match &of.source {
                &Source::ByRule(number) => {
                    InitRow::filled(of.parameter, number, &self.rules[number], moments)
                }
                Source::Module(_) => {
                    let [mean, std] = moments;
                    InitRow { mean, std, ..InitRow::untouched(of.parameter, "kept".to_owned()) }
                }
            });
            if whole {
                generated.push(of.parameter.path.clone());
            }
            small.push((places.iter().map(Vec::len).collect(), entries));
        }
        let found = twins_of_the_small(spec, &kept, &small)?;
        let spaces = spec.spaces().iter().enumerate().map(|(number, space)| {
            let (own, kept) = (&alike[number], &kept[number]);
            // A unit is in the class of the first kept unit that equals it by construction.
            let mut first = HashMap::new();
            for (place, unit) in kept.iter().enumerate() {
                first.entry(own[*unit]).or_insert(place);
            }
            let labels: Vec<usize> = own.iter().map(|class| found[number][first[class]]).collect();
            let classes = Partition::from_labels(&labels)?;
            Ok(PredictedSpace { name: space.name().to_owned(), classes, kept: None })
        });
        let spaces = spaces.collect::<Result<_, Error>>()?;
        Ok(Prediction { spaces, parameters: InitReport { rows }, generated })
    }

    /// Makes the entries of a parameter at some places.
    fn gather(
        &self,
        of: &Filled<'_>,
        param: &SpecParam,
        places: &[Vec<usize>],
    ) -> Result<Gathered, Error> {
        let offset = |place: &[usize]| {
            place.iter().zip(param.shape()).fold(0, |offset, (at, size)| offset * size + at)
        };
        let whole = |all: &[f64], whole: bool| Gathered {
            entries: gathered(places, |place| all[offset(place)]),
            moments: moments(all.iter().map(|entry| (*entry, 1.0))),
            whole,
        };
        let number = match &of.source {
            Source::ByRule(number) => *number,
            Source::Module(entries) => return Ok(whole(entries, false)),
        };
        let refuse = |reason: Reason| self.refusal(number, of.parameter, reason);
        let form = self.init(number).form(&of.layout, &of.key);
        let found = match form.map_err(&refuse)?.pointwise(&of.layout) {
            Ok(function) => Gathered {
                entries: gathered(places, |place| function(of.layout.place(offset(place)))),
                moments: of.dependence.moments(&of.layout, &function),
                whole: of.dependence.is_each(),
            },
            Err(form) => {
                let all = form.doubles(&of.layout, &of.key).map_err(&refuse)?;
                whole(&all, true)
            }
        };
        match found.entries.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(refuse(Reason::NotFiniteInSingle { value: f64::from(*value) })),
            None => Ok(found),
        }
    }
}

/// For every space, the class of each unit, as far as it is known without values.
fn alike_by_construction(spec: &AxesSpec, filled: &[Filled<'_>]) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = spec.spaces().iter().map(|s| vec![0; s.units()]).collect();
    for (of, param) in filled.iter().zip(spec.params()) {
        for (number, axis) in param.axes().iter().enumerate() {
            let Some(space) = axis.axis.space() else { continue };
            let (along, own) = (of.along(number), &mut classes[space.get()]);
            let (outer, inner, units) = (axis.axis.outer(), axis.axis.inner(), own.len());
            let mut numbers: HashMap<(usize, Vec<u64>), usize> = HashMap::new();
            for (unit, class) in own.iter_mut().enumerate() {
                let labels = match &along {
                    Along::Same => Vec::new(),
                    Along::Each => vec![unit as u64],
                    by => (0..outer * inner)
                        .map(|n| by.label((n / inner * units + unit) * inner + n % inner))
                        .collect(),
                };
                let next = numbers.len();
                *class = *numbers.entry((*class, labels)).or_insert(next);
            }
        }
    }
    classes
}

/// The first two units of every class: two are enough to show how units of a class affect each other.
fn two_of_each(classes: &[usize]) -> Vec<usize> {
    let mut seen: HashMap<usize, usize> = HashMap::new();
    let mut kept = Vec::new();
    for (unit, class) in classes.iter().enumerate() {
        let count = seen.entry(*class).or_default();
        *count += 1;
        if *count <= 2 {
            kept.push(unit);
        }
    }
    kept
}

/// The places along an axis that belong to units that are kept.
fn places(spec: &AxesSpec, kept: &[Vec<usize>], axis: &RoleAxis, size: usize) -> Vec<usize> {
    let Some(space) = axis.axis.space() else { return (0..size).collect() };
    let units = spec.spaces()[space.get()].units();
    let (outer, inner) = (axis.axis.outer(), axis.axis.inner());
    let of_block = |block: usize| {
        kept[space.get()].iter().flat_map(move |unit| {
            let first = (block * units + unit) * inner;
            first..first + inner
        })
    };
    (0..outer).flat_map(of_block).collect()
}

/// The entries at all combinations of places, row by row.
fn gathered(places: &[Vec<usize>], value: impl Fn(&[usize]) -> f64) -> Vec<f32> {
    let count: usize = places.iter().map(Vec::len).product();
    let mut place = vec![0; places.len()];
    let entry = |number: usize| {
        let mut rest = number;
        for (axis, along) in places.iter().enumerate().rev() {
            place[axis] = along[rest % along.len()];
            rest /= along.len();
        }
        value(&place) as f32
    };
    (0..count).map(entry).collect()
}

/// The class of each unit that was kept, for every space.
fn twins_of_the_small(
    spec: &AxesSpec,
    kept: &[Vec<usize>],
    small: &[(Vec<usize>, Vec<f32>)],
) -> Result<Vec<Vec<usize>>, Error> {
    let mut builder = AxesSpec::builder();
    for (space, kept) in spec.spaces().iter().zip(kept) {
        builder = if space.is_fixed() {
            builder.fixed_space(space.name(), kept.len())
        } else {
            builder.space(space.name(), kept.len())
        };
    }
    for param in spec.params() {
        let axes = param
            .axes()
            .iter()
            .map(|axis| RoleAxis { axis: owned(spec.named(&axis.axis)), role: axis.role });
        builder = builder.param(param.path(), axes);
    }
    let paths = spec.params().iter().map(|param| param.path());
    let views: Vec<ParamView<'_>> = paths
        .zip(small)
        .map(|(path, (shape, entries))| ParamView::new(path, shape, entries))
        .collect::<Result<_, _>>()?;
    let found = twins(&builder.build(views.iter().map(ParamView::signature))?, &views)?;
    let classes = found.spaces().iter().map(|space| space.partition().labels());
    Ok(classes.map(|labels| labels.iter().map(|class| class.get()).collect()).collect())
}

fn owned(axis: Axis<&str>) -> NamedAxis {
    match axis {
        Axis::Fixed => Axis::Fixed,
        Axis::Space(name) => Axis::Space(name.to_owned()),
        Axis::Flattened { space, outer, inner } => {
            Axis::Flattened { space: space.to_owned(), outer, inner }
        }
    }
}
