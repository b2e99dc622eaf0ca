//! Charts: lines over steps, or over another quantity that is counted.

use crate::figure::{Entry, Figure, Size, Stroke, text_width};
use crate::markup::escaped;
use crate::number::{rounded, short};
use crate::scale::Scale;
use crate::ticks::{TickMark, ticks_below, ticks_left};
use serde_json::json;
use std::fmt::Write;

/// The height below the area of a figure in which lines are drawn.
pub(crate) const BELOW: f64 = 44.0;
/// Labels at the ends of lines are at least this far apart.
const LABEL_ROW: f64 = 15.0;

/// The edges of the area in which lines are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// The width of the whole figure.
    pub width: f64,
}

impl Area {
    /// An area with room for labels of `letters` letters to the right.
    pub fn of(size: Size, top: f64, letters: usize) -> Self {
        let width = size.width();
        match size {
            Size::Wide => Self { left: 76.0, right: width - 128.0, top, bottom: 280.0, width },
            Size::Small => {
                let beside = if letters == 0 { 14.0 } else { 22.0 + LETTER * letters as f64 };
                Self { left: 58.0, right: width - beside, top, bottom: 206.0, width }
            }
        }
    }

    /// The position of a step.
    pub fn x(&self, step: usize, across: &Scale) -> f64 {
        self.left + (self.right - self.left) * across.place(step as f64).unwrap_or(0.0)
    }

    /// The height of a place between the ends of an axis.
    pub fn height_of(&self, place: f64) -> f64 {
        self.bottom - place * (self.bottom - self.top)
    }

    /// The axis of steps, or of another quantity that is counted, below everything.
    pub fn axis(&self, svg: &mut String, across: &Scale, along: &str) {
        let Self { left, right, bottom, .. } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(svg, "<path class=\"axis\" d=\"M{left} {bottom}H{right}\"/>");
        let wanted = if right - left > 400.0 { 6 } else { 4 };
        ticks_below(svg, &across.whole_ticks(wanted), [*left, *right], *bottom);
        let _ = writeln!(
            svg,
            "<text class=\"q\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            (left + right) / 2.0,
            bottom + 36.0,
            escaped(along)
        );
    }
}

/// The width of a small letter.
const LETTER: f64 = 6.6;

/// A chart to draw.
pub(crate) struct Chart<'a> {
    pub name: String,
    pub title: String,
    pub description: String,
    pub notes: Vec<String>,
    pub size: Size,
    /// What the numbers are, above their axis.
    pub quantity: &'a str,
    pub scale: Scale,
    /// The axis below, of steps in most charts.
    pub across: Scale,
    /// What this axis counts.
    pub along: &'a str,
    /// The steps of all lines, or the counts in place of steps.
    pub steps: Vec<usize>,
    pub lines: Vec<Line>,
    /// The name of each group of lines that are shown and hidden together.
    pub groups: Vec<String>,
    /// A step that is marked, with its text.
    pub mark: Option<(usize, String)>,
}

/// One line of a chart.
pub(crate) struct Line {
    /// The number of its group.
    pub group: usize,
    /// The number of its colour in the palette.
    pub colour: usize,
    pub name: String,
    /// One for each step of the chart; a line has gaps where there is none.
    pub values: Vec<Option<f64>>,
    pub width: f64,
    /// The positions of its first and last step, if it does not cover all steps.
    pub span: Option<[usize; 2]>,
    /// The text at its end, if it has one.
    pub label: Option<String>,
    pub stroke: Stroke,
    /// The text of each point; empty if the numbers of the line have no marks.
    pub points: Vec<String>,
}

impl Chart<'_> {
    /// The figure.
    pub fn figure(self) -> Figure {
        let mut marks = String::new();
        let area = self.area();
        self.frame(&mut marks, &area);
        area.axis(&mut marks, &self.across, self.along);
        if let Some((step, text)) = &self.mark {
            mark_step(&mut marks, &area, area.x(*step, &self.across), text);
        }
        for line in &self.lines {
            self.line(&mut marks, &area, line);
            self.points(&mut marks, &area, line);
        }
        self.labels(&mut marks, &area);
        let groups = self.groups.iter().enumerate();
        let legend = groups.map(|(number, label)| {
            let line = self.lines.iter().find(|line| line.group == number);
            Entry {
                group: group_class(number),
                label: label.clone(),
                colour: line.map_or(0, |line| line.colour),
                stroke: line.map_or(Stroke::Plain, |line| line.stroke),
            }
        });
        let told = self.lines.iter().map(|line| {
            let rounded = |value: &Option<f64>| value.map(rounded);
            let values: Vec<Option<f64>> = line.values.iter().map(rounded).collect();
            let group = group_class(line.group);
            json!({"group": group, "name": line.name, "values": values, "span": line.span})
        });
        let readout = json!({
            "plot": [area.left, area.top, area.right, area.bottom],
            "last": self.across.end(),
            "scale": self.scale,
            "steps": self.steps,
            "lines": told.collect::<Vec<_>>(),
        });
        Figure {
            legend: legend.collect(),
            name: self.name,
            title: self.title,
            description: self.description,
            notes: self.notes,
            quantity: (self.size == Size::Small).then(|| self.quantity.to_owned()),
            width: area.width,
            height: area.bottom + BELOW,
            marks,
            readout,
        }
    }

    /// If a step is marked, the text of the mark needs room above the area of lines.
    fn area(&self) -> Area {
        let above = if self.size == Size::Small { 12.0 } else { 24.0 };
        let top = if self.mark.is_some() { above + 16.0 } else { above };
        let labels = self.lines.iter().filter_map(|line| line.label.as_ref());
        let letters = labels.map(|label| label.chars().count()).max().unwrap_or(0);
        Area::of(self.size, top, letters)
    }

    fn frame(&self, svg: &mut String, area: &Area) {
        let Area { left, right, top, bottom, .. } = *area;
        if self.size == Size::Wide {
            let quantity = escaped(self.quantity);
            let _ = writeln!(svg, "<text class=\"q\" x=\"12\" y=\"12\">{quantity}</text>");
        }
        ticks_left(svg, &self.scale.ticks(5), left, [top, bottom], TickMark::Grid(right));
    }

    fn line(&self, svg: &mut String, area: &Area, line: &Line) {
        let path = self.path(area, &line.values);
        if path.is_empty() {
            return;
        }
        let Line { group, colour, name, width, stroke, .. } = line;
        // A single number has no line: draw a dot.
        let alone = line.values.iter().flatten().count() == 1;
        let width = if alone { 7.0 } else { *width };
        let (class, attributes) = (group_class(*group), stroke.attributes(width));
        let _ = writeln!(
            svg,
            "<path class=\"line trace {class} c{colour}\" {attributes} d=\"{path}\"><title>{}</title></path>",
            escaped(name)
        );
    }

    /// A mark for each number of a line. Only lines of other colours have the same shape.
    fn points(&self, svg: &mut String, area: &Area, line: &Line) {
        let (class, colour) = (group_class(line.group), line.colour);
        for ((step, value), text) in self.steps.iter().zip(&line.values).zip(&line.points) {
            let Some(place) = value.and_then(|value| self.scale.place(value)) else { continue };
            let shape = match line.group % 4 {
                0 => "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
                1 => "m-4.5 -4.5h9v9h-9z",
                2 => "m0 -6l5.5 10h-11z",
                _ => "m0 -6l6 6l-6 6l-6 -6z",
            };
            let (x, y) = (area.x(*step, &self.across), area.height_of(place));
            let text = escaped(text);
            let _ = writeln!(
                svg,
                "<path class=\"mark {class} f{colour}\" role=\"img\" aria-label=\"{text}\" \
                 d=\"M{x:.1} {y:.1}{shape}\"><title>{text}</title></path>"
            );
        }
    }

    /// The path of a line, with gaps. A number between two gaps is a dot.
    fn path(&self, area: &Area, values: &[Option<f64>]) -> String {
        let mut path = String::new();
        let mut drawing = false;
        let mut alone = false;
        for (step, value) in self.steps.iter().zip(values) {
            let Some(place) = value.and_then(|value| self.scale.place(value)) else {
                if alone {
                    path.push_str("h0");
                }
                (drawing, alone) = (false, false);
                continue;
            };
            let (x, y) = (area.x(*step, &self.across), area.height_of(place));
            let _ = write!(path, "{}{x:.1} {y:.1}", if drawing { 'L' } else { 'M' });
            alone = !drawing;
            drawing = true;
        }
        if alone {
            path.push_str("h0");
        }
        path
    }

    /// Texts at the ends of lines, with enough distance that none covers another.
    fn labels(&self, svg: &mut String, area: &Area) {
        let end = |line: &Line| {
            let last = line.values.iter().rposition(Option::is_some)?;
            let place = self.scale.place(line.values[last]?)?;
            Some((area.height_of(place), area.x(self.steps[last], &self.across)))
        };
        let mut labels: Vec<(f64, f64, &Line, &str)> = self
            .lines
            .iter()
            .filter_map(|line| {
                let (y, x) = end(line)?;
                Some((y, x, line, line.label.as_deref()?))
            })
            .collect();
        labels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ideal: Vec<f64> = labels.iter().map(|label| label.0).collect();
        let placed = spread_out(&ideal, LABEL_ROW, [area.top, area.bottom]);
        for ((y, (_, x, line, text)), at) in placed.iter().zip(&labels).zip(&ideal) {
            let (class, colour) = (group_class(line.group), line.colour);
            let _ = writeln!(
                svg,
                "<g class=\"{class}\"><path class=\"line c{colour}\" d=\"M{:.1} {at:.1}L{:.1} {y:.1}\"/><text \
                 class=\"t small\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
                x + 3.0,
                x + 10.0,
                x + 14.0,
                y + 4.0,
                escaped(text)
            );
        }
    }
}

/// The class of the elements of a group.
pub(crate) fn group_class(number: usize) -> String {
    format!("g{number}")
}

/// A vertical line with a text above it, on the side that has room for it.
fn mark_step(svg: &mut String, area: &Area, x: f64, text: &str) {
    let Area { top, bottom, width, .. } = area;
    let fits_right = x + text_width(text) < width - 10.0;
    let (at, anchor) = if fits_right { (x - 3.0, "start") } else { (x + 3.0, "end") };
    let _ = writeln!(
        svg,
        "<path class=\"alarm\" d=\"M{x:.1} {}V{bottom}\"/><text class=\"alarmed\" x=\"{at:.1}\" y=\"{}\" \
         text-anchor=\"{anchor}\">{}</text>",
        top - 5.0,
        top - 9.0,
        escaped(text)
    );
}

/// Heights at least `least` apart within bounds, near the wanted ones, which ascend.
fn spread_out(wanted: &[f64], least: f64, [top, bottom]: [f64; 2]) -> Vec<f64> {
    let mut placed = wanted.to_vec();
    for number in 1..placed.len() {
        placed[number] = placed[number].max(placed[number - 1] + least);
    }
    // Labels that were pushed below the bottom move up again, and push the labels above them.
    let mut limit = bottom;
    for y in placed.iter_mut().rev() {
        *y = y.min(limit);
        limit = *y - least;
    }
    let above = top - placed.first().copied().unwrap_or(top);
    placed.iter().map(|y| y + above.max(0.0)).collect()
}

/// The first and the last number of a line, in words.
pub(crate) fn from_to(values: &[Option<f64>]) -> String {
    let mut known = values.iter().flatten();
    match (known.next(), known.next_back()) {
        (Some(first), Some(last)) => format!("from {} to {}", short(*first), short(*last)),
        (Some(only), None) => format!("one number, {}", short(*only)),
        _ => "no finite number".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(steps: Vec<usize>, values: Vec<Option<f64>>) -> Chart<'static> {
        let line = Line {
            group: 0,
            colour: 0,
            span: None,
            name: "a <line>".into(),
            values,
            width: 2.0,
            label: Some("end".into()),
            stroke: Stroke::Plain,
            points: Vec::new(),
        };
        Chart {
            name: "test".into(),
            title: "A & B".into(),
            description: String::new(),
            notes: Vec::new(),
            size: Size::Wide,
            quantity: "loss",
            scale: Scale::Linear { low: 0.0, high: 10.0 },
            across: Scale::of_steps(10),
            along: "step",
            steps,
            lines: vec![line],
            groups: vec!["a".into()],
            mark: Some((3, "here".into())),
        }
    }

    #[test]
    fn gaps_are_gaps_and_lonely_numbers_dots() {
        let values = vec![Some(0.0), Some(10.0), None, Some(5.0), None, Some(f64::NAN)];
        let chart = chart(vec![0, 2, 3, 4, 5, 6], values);
        let area = chart.area();
        let path = chart.path(&area, &chart.lines[0].values);
        assert_eq!(path, "M76.0 280.0L187.2 40.0M298.4 160.0h0");
        assert_eq!(chart.path(&area, &[Some(0.0)]), "M76.0 280.0h0");
        assert_eq!(chart.path(&area, &[None]), "");
    }

    #[test]
    fn every_mark_is_labelled_once() {
        let figure = chart(vec![0, 10], vec![Some(1.0), Some(2.0)]).figure();
        let svg = figure.to_svg();
        assert_eq!(svg.matches("class=\"line trace").count(), 1);
        assert!(svg.contains("<title>a &lt;line&gt;</title>") && svg.contains(">here</text>"));
        assert!(svg.contains("A &amp; B</title>") && !svg.contains("A & B"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert_eq!(figure.readout["lines"][0]["values"], json!([1.0, 2.0]));
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        let bounds = [0.0, 100.0];
        assert_eq!(spread_out(&[10.0, 12.0, 90.0], 15.0, bounds), [10.0, 25.0, 90.0]);
        assert_eq!(spread_out(&[99.0, 99.0], 15.0, bounds), [85.0, 100.0]);
        assert_eq!(spread_out(&[], 15.0, bounds), [0.0; 0]);
        let many = spread_out(&[100.0; 9], 15.0, bounds);
        assert_eq!(many[0], 0.0, "what does not fit runs over below: {many:?}");
    }
}
