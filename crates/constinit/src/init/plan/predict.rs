//! Which units a plan will leave alike.
//!
//! Values that do not depend on the place along an axis make the units of that axis alike. The units that are alike by
//! construction in every parameter are taken for one; what is left is small, is filled, and the engine finds its twins.

use super::{InitPlan, Subject, subject};
use crate::Error;
use crate::init::compose::first_of_class;
use crate::init::form::Form;
use crate::init::layout::Layout;
use crate::init::{Draw, Init, ParameterAxes};
use constinit_symmetry::{
    Answer, AxesSpec, Axis, Breaker, Decay, Keeper, NamedAxis, Optimizer, ParamView, Partition,
    RoleAxis, TrainingFacts, keeps, twins,
};
use std::collections::HashMap;
use std::fmt;

/// What a plan will leave.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Prediction {
    /// One for each space of the spec.
    pub spaces: Vec<PredictedSpace>,
    /// The paths of parameters whose values had to be made in full, since they are drawn or differ from place to place.
    pub generated: Vec<String>,
}

/// The twins of a space.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PredictedSpace {
    /// The name of the space.
    pub name: String,
    /// Which units will be the same unit, as twins.
    pub classes: Partition,
    kept: Option<(Optimizer, Decay, Answer, Vec<Breaker>)>,
}

impl PredictedSpace {
    /// Whether the training that [`Prediction::under`] was told of keeps the classes; None where it was told of none.
    pub fn is_kept(&self) -> Option<bool> {
        let (_, _, answer, breakers) = self.kept.as_ref()?;
        match answer {
            _ if !breakers.is_empty() => Some(false),
            Answer::Kept => Some(true),
            Answer::Broken => Some(false),
        }
    }
}

impl fmt::Display for PredictedSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, classes) = (self.classes.units(), self.classes.len());
        let s = |count: usize, one: &str, more: &str| {
            format!("{count} {}", if count == 1 { one } else { more })
        };
        write!(
            f,
            "{}: {}, {}",
            self.name,
            s(units, "unit", "units"),
            s(classes, "class", "classes")
        )?;
        let Some((optimizer, decay, answer, breakers)) = &self.kept else { return Ok(()) };
        if classes == units {
            return Ok(());
        }
        if !breakers.is_empty() {
            let names: Vec<String> = breakers.iter().map(ToString::to_string).collect();
            return write!(f, ", broken by {}", names.join(" and "));
        }
        let verb = match answer {
            Answer::Kept => "kept by",
            Answer::Broken => "broken by",
        };
        write!(f, ", {verb} {optimizer}")?;
        if *decay == Decay::None { Ok(()) } else { write!(f, " with {decay}") }
    }
}

impl Prediction {
    /// Says, too, what a training will keep.
    #[must_use]
    pub fn under(mut self, facts: &TrainingFacts) -> Self {
        let (optimizer, decay) = (facts.optimizer(), facts.decay());
        let answer = keeps(Keeper::Twins, optimizer, decay);
        for space in &mut self.spaces {
            space.kept = Some((optimizer, decay, answer, facts.breakers(&space.name)));
        }
        self
    }
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spaces.iter().try_for_each(|space| writeln!(f, "{space}"))
    }
}

/// How the entries depend on the place along an axis.
#[derive(Clone)]
enum Along {
    /// Not at all.
    Same,
    /// By these labels.
    By(Vec<u64>),
    /// They may differ everywhere.
    Each,
}

impl Along {
    fn label(&self, place: usize) -> u64 {
        match self {
            Self::Same => 0,
            Self::By(labels) => labels[place],
            Self::Each => place as u64,
        }
    }

    /// Alike where it is alike in both.
    fn and(self, other: Self, places: usize) -> Self {
        match (self, other) {
            (Self::Same, only) | (only, Self::Same) => only,
            (Self::Each, _) | (_, Self::Each) => Self::Each,
            (one, two) => {
                let mut numbers = HashMap::new();
                let labels = (0..places).map(|place| {
                    let next = numbers.len() as u64;
                    *numbers.entry((one.label(place), two.label(place))).or_insert(next)
                });
                Self::By(labels.collect())
            }
        }
    }
}

impl Init {
    /// How the entries depend on the output and on the input, known without making them.
    fn dependence(&self, layout: &Layout, draw: &Draw) -> [Along; 2] {
        match self {
            Self::Scaled { of, .. } => of.dependence(layout, draw),
            Self::Sum { of } => of.iter().fold([Along::Same, Along::Same], |[o, i], term| {
                let [output, input] = term.dependence(layout, draw);
                [o.and(output, layout.outputs), i.and(input, layout.inputs)]
            }),
            Self::Symmetrised { outputs, inputs, of } => {
                let sides = [(*outputs, layout.outputs), (*inputs, layout.inputs)];
                let mut found = of.dependence(layout, draw);
                for (along, (classes, places)) in found.iter_mut().zip(sides) {
                    let Some(classes) = classes.filter(|classes| (1..=places).contains(classes))
                    else {
                        continue;
                    };
                    let first = |place| first_of_class(place, places, classes);
                    let labels = (0..places).map(|place| along.label(first(place)));
                    *along = Along::By(labels.collect());
                }
                found
            }
            Self::Constant { .. }
            | Self::Zeros
            | Self::Ones
            | Self::InputRamp { .. }
            | Self::OutputRamp { .. }
            | Self::PerInput { .. }
            | Self::PerOutput { .. } => match self.form(layout, draw) {
                Ok(Form::Along { axis, values }) => {
                    let by = Along::By(values.iter().map(|value| value.to_bits()).collect());
                    if layout.axes.output == Some(axis) {
                        [by, Along::Same]
                    } else {
                        [Along::Same, by]
                    }
                }
                _ => [Along::Same, Along::Same],
            },
            _ => [Along::Each, Along::Each],
        }
    }
}

/// A parameter of the spec with its initialiser.
struct Filled<'a> {
    subject: &'a Subject,
    number: usize,
    layout: Layout,
    draw: Draw,
    dependence: [Along; 2],
}

impl Filled<'_> {
    fn along(&self, axis: usize) -> Along {
        let ParameterAxes { input, output, .. } = self.layout.axes;
        match axis {
            axis if output == Some(axis) => self.dependence[0].clone(),
            axis if input == Some(axis) => self.dependence[1].clone(),
            // Kernel positions of constants are alike, those of others are not known to be.
            _ if matches!(self.dependence, [Along::Each, _] | [_, Along::Each]) => Along::Each,
            _ => Along::Same,
        }
    }
}

impl InitPlan {
    /// The classes that this plan will leave on the spaces of a spec, in single precision.
    ///
    /// Parameters are known by the paths and the roles of axes in the spec; a rule that asks for a kind of module is an
    /// error here. Nothing as large as the network is allocated where constants, ramps and given values fill it: see
    /// [`Prediction::generated`] for the rest.
    ///
    /// # Errors
    ///
    /// As [`InitPlan::apply`]; a parameter that no rule matches is an error whatever the plan allows, since its values
    /// are not known, and so are Burn's random initialisers.
    pub fn predict(&self, spec: &AxesSpec) -> Result<Prediction, Error> {
        let subjects = subject::of_spec(spec);
        let mut filled = Vec::with_capacity(subjects.len());
        for (subject, number) in subjects.iter().zip(self.assign(&subjects)?) {
            let Some(number) = number else {
                let reason = format!(
                    "no rule matches parameter {}, whose values are not known",
                    subject.path
                );
                return Err(Error::Plan { reason });
            };
            let (init, draw) = (self.init(number), self.draw(subject));
            let layout = self.layout(number, subject)?;
            let dependence = init.dependence(&layout, &draw);
            filled.push(Filled { subject, number, layout, draw, dependence });
        }
        let alike = alike_by_construction(spec, &filled);
        let kept: Vec<Vec<usize>> = alike.iter().map(|classes| two_of_each(classes)).collect();
        let mut generated = Vec::new();
        let mut small: Vec<(Vec<usize>, Vec<f32>)> = Vec::new();
        for (of, param) in filled.iter().zip(spec.params()) {
            let places: Vec<Vec<usize>> = param
                .axes()
                .iter()
                .zip(param.shape())
                .map(|(axis, size)| places(spec, &kept, axis, *size))
                .collect();
            let init = self.init(of.number);
            let form = init
                .form(&of.layout, &of.draw)
                .map_err(|reason| init.refuse(&of.subject.shape, &reason));
            let entries = match self.with_names(of.number, of.subject, form)? {
                Form::Everywhere(value) => gathered(&places, |_| value),
                Form::Along { axis, values } => gathered(&places, |place| values[place[axis]]),
                form => {
                    generated.push(of.subject.path.clone());
                    let all = form
                        .doubles(&of.layout, &of.draw)
                        .map_err(|reason| init.refuse(&of.subject.shape, &reason));
                    let all = self.with_names(of.number, of.subject, all)?;
                    gathered(&places, |place| {
                        all[place.iter().zip(param.shape()).fold(0, |n, (i, size)| n * size + i)]
                    })
                }
            };
            let shape = places.iter().map(Vec::len).collect();
            small.push((shape, entries));
        }
        let found = twins_of_the_small(spec, &kept, &small)?;
        let spaces = spec.spaces().iter().enumerate().map(|(number, space)| {
            // A unit is where the first of its kind is.
            let place = |unit: usize| {
                let first = alike[number].iter().position(|c| *c == alike[number][unit]);
                kept[number].iter().position(|kept| Some(*kept) == first).unwrap_or_default()
            };
            let labels: Vec<usize> =
                (0..space.units()).map(|unit| found[number][place(unit)]).collect();
            let classes = Partition::from_labels(&labels)?;
            Ok(PredictedSpace { name: space.name().to_owned(), classes, kept: None })
        });
        Ok(Prediction { spaces: spaces.collect::<Result<_, Error>>()?, generated })
    }
}

/// For every space, the number of the class of each unit by what is known without values.
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

/// The first two units of every class: two show what units of a class do to each other.
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
