//! What each initialiser is for one parameter, with everything checked.

use super::compose::first_of_class;
use super::form::{Form, Reason};
use super::layout::Layout;
use super::orthogonal::semi_orthogonal;
use super::scale::CUT_AT_TWO;
use super::{Distribution, Draw, Fan, Init, structured};
use burn::module::Initializer;

fn finite(names: &[(&str, f64)]) -> Result<(), Reason> {
    match names.iter().find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => Err(format!("its {name} is {value}")),
        None => Ok(()),
    }
}

fn spread(std: f64) -> Result<(), Reason> {
    finite(&[("std", std)])?;
    if std < 0.0 { Err(format!("its std is {std}")) } else { Ok(()) }
}

impl Init {
    /// What this is for a parameter, or why it cannot be.
    pub(super) fn form(&self, layout: &Layout, draw: &Draw) -> Result<Form<'_>, Reason> {
        let axis = |axis: Option<usize>, name: &str| {
            axis.filter(|axis| *axis < layout.shape.len()).ok_or(format!("it has no {name} axis"))
        };
        let input = || axis(layout.axes.input, "input");
        let output = || axis(layout.axes.output, "output");
        let matrix = || output().and(input()).map(|_| ());
        let ramp = |axis: usize, start: f64, step: f64| {
            let places = 0..layout.shape[axis];
            let values = places.map(|place| step.mul_add(place as f64, start)).collect();
            Form::Along { axis, values }
        };
        let explicit = |axis: usize, values: &[f64]| {
            let places = layout.shape[axis];
            if values.len() == places {
                return Ok(Form::Along { axis, values: values.to_vec() });
            }
            Err(format!("{} values for an axis of {places} places (axis {axis})", values.len()))
        };
        let owned = layout.clone();
        Ok(match self {
            Self::Constant { value } => Form::Everywhere(*value),
            Self::Zeros => Form::Everywhere(0.0),
            Self::Ones => Form::Everywhere(1.0),
            Self::InputRamp { start, step } => ramp(input()?, *start, *step),
            Self::OutputRamp { start, step } => ramp(output()?, *start, *step),
            Self::PerInput { values } => explicit(input()?, values)?,
            Self::PerOutput { values } => explicit(output()?, values)?,
            Self::BlockAverage { blocks, gain } => {
                matrix()?;
                at_most("blocks", *blocks, layout.outputs.min(layout.inputs))?;
                let (blocks, weights) =
                    (*blocks, structured::block_weights(layout, *blocks, *gain));
                Form::Entries(Box::new(move |[o, i, _]| {
                    let of_output = structured::block(o, owned.outputs, blocks);
                    let same = of_output == structured::block(i, owned.inputs, blocks);
                    if same { weights[of_output] } else { 0.0 }
                }))
            }
            Self::Identity { gain } => {
                matrix()?;
                let (outputs, inputs) = (layout.outputs, layout.inputs);
                if outputs != inputs {
                    return Err(format!("it is not square: {outputs} outputs, {inputs} inputs"));
                }
                Form::Points { offsets: structured::diagonal(layout).collect(), value: *gain }
            }
            Self::PartialIdentity { gain } => {
                matrix()?;
                Form::Points { offsets: structured::diagonal(layout).collect(), value: *gain }
            }
            Self::Dirac { groups } => {
                matrix()?;
                if *groups == 0 || !layout.outputs.is_multiple_of(*groups) {
                    let outputs = layout.outputs;
                    return Err(format!("{outputs} outputs are not {groups} groups of one size"));
                }
                let (size, centre) = (layout.outputs / groups, layout.centre());
                let channels = size.min(layout.inputs);
                let groups = (0..*groups).flat_map(|group| (0..channels).map(move |n| (group, n)));
                let offsets = groups.map(|(group, n)| layout.offset(group * size + n, n, centre));
                Form::Points { offsets: offsets.collect(), value: 1.0 }
            }
            Self::DeltaOrthogonal { gain } => {
                matrix()?;
                let (outputs, inputs) = (layout.outputs, layout.inputs);
                if outputs < inputs {
                    return Err(format!("it has fewer outputs ({outputs}) than inputs ({inputs})"));
                }
                let (q, centre) = (semi_orthogonal(outputs, inputs, draw), layout.centre());
                let mut entries = vec![0.0; layout.entries()];
                for (number, value) in q.into_iter().enumerate() {
                    let [o, i] = [number / inputs, number % inputs];
                    entries[layout.offset(o, i, centre)] = gain * value;
                }
                Form::Dense(entries)
            }
            Self::Orthogonal { gain } => {
                blocks_of(layout, draw, 1, 1, *gain).and_then(|f| matrix().map(|()| f))?
            }
            Self::BlockOrthogonal { output_blocks, input_blocks, gain } => {
                matrix()?;
                blocks_of(layout, draw, *output_blocks, *input_blocks, *gain)?
            }
            Self::Sparse { sparsity, std } => {
                matrix()?;
                spread(*std)?;
                if !(0.0..=1.0).contains(sparsity) {
                    return Err(format!("its sparsity is {sparsity}"));
                }
                let zeros = (sparsity * layout.outputs as f64).ceil() as usize;
                Form::Sparse { std: *std, zeros }
            }
            Self::Uniform { low, high } => {
                finite(&[("low", *low), ("high", *high)])?;
                if low > high {
                    return Err(format!("uniform from {low} to {high}"));
                }
                Form::Uniform([*low, *high])
            }
            Self::Normal { mean, std } => {
                finite(&[("mean", *mean)])?;
                spread(*std)?;
                Form::Normal { mean: *mean, std: *std }
            }
            Self::TruncatedNormal { mean, std, low, high } => {
                finite(&[("mean", *mean)])?;
                spread(*std)?;
                if low.is_nan()
                    || high.is_nan()
                    || low > high
                    || *std == 0.0 && !(low..=high).contains(&mean)
                {
                    return Err(format!(
                        "normal around {mean} with std {std}, cut to {low} .. {high}"
                    ));
                }
                if *std == 0.0 || low == high {
                    return Ok(Form::Everywhere(mean.clamp(*low, *high)));
                }
                Form::Truncated { moments: [*mean, *std], bounds: [*low, *high] }
            }
            Self::VarianceScaling { scale, fan, distribution } => {
                scaled(layout, *scale, *fan, *distribution)?
            }
            Self::Lecun { distribution } => scaled(layout, 1.0, Fan::FanIn, *distribution)?,
            Self::Xavier { gain, distribution } => {
                scaled(layout, gain * gain, Fan::FanAvg, *distribution)?
            }
            Self::Kaiming { nonlinearity, fan, distribution } => {
                scaled(layout, nonlinearity.gain().powi(2), *fan, *distribution)?
            }
            Self::Hadamard { gain } => {
                matrix()?;
                let order = structured::order(layout.outputs.max(layout.inputs));
                at_centre(owned, gain * 2.0_f64.powi(order).sqrt().recip())
            }
            Self::ZeroOne => {
                matrix()?;
                if layout.outputs <= layout.inputs {
                    return Ok(Form::Points {
                        offsets: structured::diagonal(layout).collect(),
                        value: 1.0,
                    });
                }
                let order = structured::order(layout.outputs);
                at_centre(owned, 2.0_f64.powf(-f64::from(order - 1) / 2.0))
            }
            Self::Sinusoidal => {
                matrix()?;
                if layout.entries() < 2 {
                    return Err("waves need more than one entry".into());
                }
                let scale = structured::wave_scale(layout);
                Form::Entries(Box::new(move |place| scale * structured::wave(&owned, place)))
            }
            Self::File { path, tensor, output_first } => {
                Form::Dense(super::file::read(path, tensor, *output_first, layout)?)
            }
            Self::Burn { initializer } => burn(initializer, layout)?,
            Self::Function(function) => Form::Entries(Box::new(|place| function.at(place))),
            Self::Scaled { gain, of } => match of.form(layout, draw)? {
                Form::Everywhere(value) => Form::Everywhere(gain * value),
                Form::Along { axis, values } => {
                    Form::Along { axis, values: values.into_iter().map(|v| gain * v).collect() }
                }
                Form::Points { offsets, value } => Form::Points { offsets, value: gain * value },
                Form::Normal { mean, std } => {
                    Form::Normal { mean: gain * mean, std: gain.abs() * std }
                }
                other => {
                    let mut entries = other.doubles(layout, draw)?;
                    entries.iter_mut().for_each(|entry| *entry *= gain);
                    Form::Dense(entries)
                }
            },
            Self::Sum { of } => {
                let mut sum = vec![0.0; layout.entries()];
                for (number, term) in of.iter().enumerate() {
                    let draw = draw.part(number);
                    let term = term.form(layout, &draw)?.doubles(layout, &draw)?;
                    sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += term);
                }
                Form::Dense(sum)
            }
            Self::Symmetrised { outputs, inputs, of } => {
                let whole = of.form(layout, draw)?.doubles(layout, draw)?;
                let counts =
                    [(outputs, layout.outputs, "outputs"), (inputs, layout.inputs, "inputs")];
                for (classes, units, what) in counts {
                    if let Some(classes) = classes {
                        at_most(&format!("classes of {what}"), *classes, units)?;
                    }
                }
                if outputs.is_some() {
                    output()?;
                }
                if inputs.is_some() {
                    input()?;
                }
                let entries = (0..whole.len()).map(|offset| {
                    let [o, i, k] = layout.place(offset);
                    let [o, i] = self.representative(layout, [o, i]);
                    whole[layout.offset(o, i, k)]
                });
                Form::Dense(entries.collect())
            }
        })
    }

    /// The output and the input of which the entry of an output and an input is a copy.
    pub(super) fn representative(&self, layout: &Layout, [o, i]: [usize; 2]) -> [usize; 2] {
        let Self::Symmetrised { outputs, inputs, .. } = self else { return [o, i] };
        [
            outputs.map_or(o, |classes| first_of_class(o, layout.outputs, classes)),
            inputs.map_or(i, |classes| first_of_class(i, layout.inputs, classes)),
        ]
    }
}

fn at_most(what: &str, count: usize, most: usize) -> Result<(), Reason> {
    if (1..=most).contains(&count) {
        Ok(())
    } else {
        Err(format!("{count} {what} where 1 to {most} fit"))
    }
}

fn at_centre(layout: Layout, scale: f64) -> Form<'static> {
    let centre = layout.centre();
    Form::Entries(Box::new(
        move |[o, i, k]| {
            if k == centre { scale * structured::hadamard(o, i) } else { 0.0 }
        },
    ))
}

fn scaled(
    layout: &Layout,
    scale: f64,
    fan: Fan,
    distribution: Distribution,
) -> Result<Form<'static>, Reason> {
    finite(&[("scale", scale)])?;
    if scale < 0.0 {
        return Err(format!("its scale is {scale}"));
    }
    let fan = fan.of(&layout.shape, layout.axes).filter(|fan| *fan > 0.0);
    let variance = scale / fan.ok_or("it has no fan-in and fan-out to scale by")?;
    let std = variance.sqrt();
    Ok(match distribution {
        _ if std == 0.0 => Form::Everywhere(0.0),
        Distribution::Normal => Form::Normal { mean: 0.0, std },
        Distribution::TruncatedNormal => {
            let wide = std / CUT_AT_TWO;
            Form::Truncated { moments: [0.0, wide], bounds: [-2.0 * wide, 2.0 * wide] }
        }
        Distribution::Uniform => {
            let bound = (3.0 * variance).sqrt();
            Form::Uniform([-bound, bound])
        }
    })
}

/// Semi-orthogonal blocks, outputs times everything else.
fn blocks_of(
    layout: &Layout,
    draw: &Draw,
    output_blocks: usize,
    input_blocks: usize,
    gain: f64,
) -> Result<Form<'static>, Reason> {
    finite(&[("gain", gain)])?;
    for (what, blocks, size) in
        [("outputs", output_blocks, layout.outputs), ("inputs", input_blocks, layout.inputs)]
    {
        if blocks == 0 || !size.is_multiple_of(blocks) {
            return Err(format!("{size} {what} are not {blocks} blocks of one size"));
        }
    }
    let [rows, inputs] = [layout.outputs / output_blocks, layout.inputs / input_blocks];
    let positions = layout.positions();
    let columns = inputs * positions;
    let mut entries = vec![0.0; layout.entries()];
    for number in 0..output_blocks * input_blocks {
        let [row, column] = [number / input_blocks * rows, number % input_blocks * inputs];
        let q = semi_orthogonal(rows, columns, &draw.part(number));
        for (place, value) in q.into_iter().enumerate() {
            let [o, rest] = [place / columns, place % columns];
            let [i, k] = [rest / positions, rest % positions];
            entries[layout.offset(row + o, column + i, k)] = gain * value;
        }
    }
    Ok(Form::Dense(entries))
}

fn burn<'a>(initializer: &'a Initializer, layout: &Layout) -> Result<Form<'a>, Reason> {
    match initializer {
        Initializer::Constant { value } => return Ok(Form::Everywhere(*value)),
        Initializer::Zeros => return Ok(Form::Everywhere(0.0)),
        Initializer::Ones => return Ok(Form::Everywhere(1.0)),
        // Burn panics on what the following arms refuse.
        Initializer::Uniform { min, max } if !(min.is_finite() && max.is_finite() && min < max) => {
            return Err(format!("uniform from {min} to {max}"));
        }
        Initializer::Normal { mean, std }
            if !(mean.is_finite() && *std >= 0.0 && std.is_finite()) =>
        {
            return Err(format!("normal with mean {mean}, deviation {std}"));
        }
        Initializer::Orthogonal { .. } if layout.shape.len() < 2 => {
            return Err("orthogonal needs at least 2 axes".into());
        }
        Initializer::KaimingUniform { .. }
        | Initializer::KaimingNormal { .. }
        | Initializer::XavierUniform { .. }
        | Initializer::XavierNormal { .. }
            if layout.axes.fans(&layout.shape).is_none_or(|fans| fans.contains(&0)) =>
        {
            return Err("it has no fan-in and fan-out to scale by".into());
        }
        _ => {}
    }
    Ok(Form::Burn(initializer))
}
