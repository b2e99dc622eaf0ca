//! Measured curves over a quantity that is counted, on two logarithmic axes.

use crate::chart::{Chart, Line};
use crate::figure::{Figure, Size, Stroke};
use crate::number::{count, short};
use crate::palette::COLOURS;
use crate::scale::Scale;

/// A figure of measurements over sizes, for example the same step of networks of several widths.
///
/// Both axes are logarithmic, so a power is a straight line, and a constant is a level one. Each curve has a colour, a
/// shape of its points and its name at its end. Each point has a text with its numbers.
///
/// # Examples
///
/// ```
/// use constinit_report::{Curve, Curves};
///
/// let curves = Curves {
///     name: "speed".into(),
///     title: "Time of a step".into(),
///     across: "units".into(),
///     quantity: "time in µs".into(),
///     at: vec![10, 1000],
///     curves: vec![
///         Curve { name: "one class".into(), values: vec![Some(2.0), Some(2.0)] },
///         Curve { name: "all units".into(), values: vec![Some(20.0), None] },
///     ],
/// };
/// let figure = curves.figure();
/// assert!(figure.description.contains("one class: 2 at 10, 2 at 1000; all units: 20 at 10."));
/// assert!(figure.to_svg().contains("<title>all units, units 10: 20</title>"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// A name for files: small letters, digits and hyphens.
    pub name: String,
    /// The title above the figure.
    pub title: String,
    /// What is counted. The text is below the axis.
    pub across: String,
    /// What was measured, with its unit. The text is above the axis.
    pub quantity: String,
    /// The count at each point, ascending.
    pub at: Vec<usize>,
    /// The curves, in the order of colours.
    pub curves: Vec<Curve>,
}

/// A curve of [`Curves`].
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The name at its end; about 18 letters have room there.
    pub name: String,
    /// A number for each of [`Curves::at`]; None if there is none. Numbers below 0, and those that are not finite,
    /// are gaps.
    pub values: Vec<Option<f64>>,
}

impl Curves {
    /// The figure.
    pub fn figure(&self) -> Figure {
        let values = || self.curves.iter().flat_map(|curve| curve.values.iter().flatten().copied());
        // All numbers, because readers who cannot see the figure have only this text.
        let told = self.curves.iter().map(|curve| {
            let known = self.at.iter().zip(&curve.values).filter_map(|(at, v)| Some((at, (*v)?)));
            let known = known.map(|(at, value)| format!("{} at {}", short(value), count(*at)));
            format!("{}: {}", curve.name, known.collect::<Vec<String>>().join(", "))
        });
        let told: Vec<String> = told.collect();
        let range = match self.at[..] {
            [first, .., last] => format!(" from {} to {}", count(first), count(last)),
            _ => String::new(),
        };
        let line = |(group, curve): (usize, &Curve)| Line {
            group,
            colour: group % COLOURS,
            span: None,
            name: curve.name.clone(),
            values: curve.values.clone(),
            width: 2.0,
            label: Some(curve.name.clone()),
            stroke: Stroke::Plain,
            points: self.texts(curve),
        };
        Chart {
            name: self.name.clone(),
            title: self.title.clone(),
            description: format!(
                "{} over {}{range}, both on logarithmic axes. {}.",
                self.quantity,
                self.across,
                told.join("; ")
            ),
            notes: Vec::new(),
            size: Size::Wide,
            quantity: &self.quantity,
            scale: Scale::log(values().collect::<Vec<f64>>()),
            across: Scale::log(self.at.iter().map(|at| *at as f64)),
            along: &self.across,
            steps: self.at.clone(),
            lines: self.curves.iter().enumerate().map(line).collect(),
            // The names at the ends of curves replace a legend.
            groups: Vec::new(),
            mark: None,
        }
        .figure()
    }

    /// The text of each point.
    fn texts(&self, curve: &Curve) -> Vec<String> {
        let text = |(at, value): (&usize, &Option<f64>)| {
            let value = value.map_or("nothing".to_owned(), short);
            format!("{}, {} {}: {value}", curve.name, self.across, count(*at))
        };
        self.at.iter().zip(&curve.values).map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_straight_and_points_have_shapes_and_texts() {
        let curve = |name: &str, values: [f64; 3]| Curve {
            name: name.into(),
            values: values.map(Some).to_vec(),
        };
        let svg = Curves {
            name: "test".into(),
            title: "a < b".into(),
            across: "units".into(),
            quantity: "time".into(),
            at: vec![1, 10, 100],
            curves: vec![
                curve("level & low", [1.0; 3]),
                curve("square", [1.0, 100.0, 1e4]),
                curve("wrong", [f64::NAN, -1.0, 5.0]),
            ],
        }
        .figure()
        .to_svg();
        // Plot from 76 to 632 and from 280 up to 24.
        assert!(svg.contains("d=\"M76.0 280.0L354.0 280.0L632.0 280.0\""), "{svg}");
        assert!(svg.contains("d=\"M76.0 280.0L354.0 152.0L632.0 24.0\""), "{svg}");
        assert_eq!(svg.matches("class=\"mark ").count(), 7, "what has no place has no mark");
        assert_eq!(svg.matches("a5 5 0 1 0 10 0").count(), 3);
        assert_eq!(svg.matches("h9v9h-9z").count(), 3);
        assert!(svg.contains("aria-label=\"level &amp; low, units 100: 1\""));
        assert!(svg.contains("class=\"t small\"") && svg.contains(">square</text>"));
    }
}
