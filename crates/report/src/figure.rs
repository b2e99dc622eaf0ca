//! A figure: one drawing, as a document or inside a page.

use crate::markup::escaped;
use crate::palette::{Medium, figure_style, neutral_style};
use std::fmt::Write;

/// The width of a single figure.
pub(crate) const WIDTH: f64 = 760.0;
/// The width of a figure beside others, which fits the screen of a phone.
const SMALL_WIDTH: f64 = 400.0;
const HEAD: f64 = 34.0;
const LEGEND_ROW: f64 = 20.0;
const NOTE_ROW: f64 = 15.0;
/// The margins left and right of a note.
const MARGIN: f64 = 12.0;

/// The beginning of the names of a sweep's figures. They have marks for runs without a number.
pub(crate) const PHASE: &str = "phase-";

/// The size of a figure. Letters have the same size in all figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// A single figure, as a file.
    Wide,
    /// One of several figures of a page. Its caption says what its numbers are.
    Small,
}

impl Size {
    pub fn width(self) -> f64 {
        match self {
            Self::Wide => WIDTH,
            Self::Small => SMALL_WIDTH,
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// Measured numbers.
    Plain,
    /// Expected numbers.
    Dashed,
}

impl Stroke {
    /// The attributes of a line of this width.
    pub fn attributes(self, width: f64) -> String {
        match self {
            Self::Plain => format!("stroke-width=\"{width}\""),
            Self::Dashed => format!("stroke-width=\"{width}\" stroke-dasharray=\"6 5\""),
        }
    }
}

/// One drawing with what people need to read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// A name for files: small letters, digits and hyphens.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The contents in words, for readers who cannot see the figure.
    pub description: String,
    /// What was left out of the drawing; empty if nothing was.
    pub notes: Vec<String>,
    /// What its numbers are, if the drawing does not say it.
    pub(crate) quantity: Option<String>,
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// SVG elements.
    pub(crate) marks: String,
    pub(crate) legend: Vec<Entry>,
    /// The numbers that the script of a page shows under the pointer.
    pub(crate) readout: serde_json::Value,
}

/// Traces that are shown and hidden together, in one colour.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The class of their elements.
    pub group: String,
    pub label: String,
    pub colour: usize,
    pub stroke: Stroke,
}

impl Figure {
    /// The figure as an SVG document with title, legend and notes. It has no scripts and loads nothing. It is dark if
    /// the reader's screen is.
    pub fn to_svg(&self) -> String {
        self.document(Medium::Page)
    }

    pub(crate) fn document(&self, medium: Medium) -> String {
        let (legend, below) = self.drawn_legend();
        let (notes, under) = self.drawn_notes(self.height + below);
        let (width, height) = (self.width, HEAD + self.height + below + under);
        let title = escaped(&self.title);
        let told = [std::slice::from_ref(&self.description), self.notes.as_slice()].concat();
        let description = escaped(&told.join(" "));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n\
             <desc id=\"desc\">{description}</desc>\n<style>{}{}</style>\n\
             <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n\
             <text class=\"t head\" x=\"12\" y=\"22\">{title}</text>\n\
             <g transform=\"translate(0 {HEAD})\">\n{}{legend}{notes}</g>\n</svg>\n",
            figure_style(medium),
            if self.name.starts_with(PHASE) { neutral_style(medium) } else { String::new() },
            self.marks,
        )
    }

    /// The figure as an element of a page. The page has the style, the title and the legend.
    pub(crate) fn element(&self) -> String {
        let Self { name, width, height, marks, .. } = self;
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{name}-t {name}-d\">\
             <title id=\"{name}-t\">{title}</title><desc id=\"{name}-d\">{description}</desc>\n{marks}</svg>",
        )
    }

    fn drawn_legend(&self) -> (String, f64) {
        if self.legend.len() < 2 {
            return (String::new(), 0.0);
        }
        let (mut x, mut y) = (20.0, self.height + 12.0);
        let mut svg = String::new();
        for Entry { label, colour, stroke, .. } in &self.legend {
            let stroke = stroke.attributes(3.0);
            let width = 38.0 + text_width(label);
            if x + width > self.width && x > 20.0 {
                (x, y) = (20.0, y + LEGEND_ROW);
            }
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<path class=\"line c{colour}\" {stroke} d=\"M{x} {y}h16\"/><text class=\"t\" x=\"{}\" \
                 y=\"{}\">{}</text>",
                x + 22.0,
                y + 4.0,
                escaped(label)
            );
            x += width;
        }
        (svg, y - self.height + LEGEND_ROW - 6.0)
    }

    /// The notes, drawn from a height on, and the height that they take.
    fn drawn_notes(&self, from: f64) -> (String, f64) {
        let lines = self.notes.iter().flat_map(|note| wrapped(note, self.width - 2.0 * MARGIN));
        let (mut svg, mut y) = (String::new(), from);
        for line in lines {
            y += NOTE_ROW;
            let text = escaped(&line);
            let _ = writeln!(
                svg,
                "<text class=\"q small note\" x=\"{MARGIN}\" y=\"{y}\">{text}</text>"
            );
        }
        let under = if svg.is_empty() { 0.0 } else { y - from + 10.0 };
        (svg, under)
    }
}

/// The lines of a text that are at most about this wide; longer words are cut.
fn wrapped(text: &str, width: f64) -> Vec<String> {
    let most = (width / text_width("m")) as usize;
    let mut lines = vec![String::new()];
    // Narrow spaces inside numbers do not break lines.
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        for (n, piece) in letters.chunks(most).enumerate() {
            let last = lines.len() - 1;
            let line = &mut lines[last];
            let taken = line.chars().count();
            if taken > 0 && (n > 0 || taken + 1 + piece.len() > most) {
                lines.push(piece.iter().collect());
            } else {
                if taken > 0 {
                    line.push(' ');
                }
                line.extend(piece);
            }
        }
    }
    lines
}

/// The approximate width of a text in the size of labels.
pub(crate) fn text_width(text: &str) -> f64 {
    7.2 * text.chars().count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_wrapped_under_the_figure() {
        assert_eq!(wrapped("a bb ccc", 7.2 * 4.5), ["a bb", "ccc"]);
        assert_eq!(wrapped("abcdef g", 7.2 * 4.5), ["abcd", "ef g"]);
        assert_eq!(wrapped("", 100.0), [""]);
        let bare = Figure {
            name: "test".into(),
            title: "a".into(),
            description: "What is seen.".into(),
            notes: Vec::new(),
            quantity: None,
            width: WIDTH,
            height: 100.0,
            marks: String::new(),
            legend: Vec::new(),
            readout: serde_json::Value::Null,
        };
        let notes = vec!["A note with <letters>.".to_owned(), "long ".repeat(60)];
        let noted = Figure { notes, ..bare.clone() };
        assert!(bare.to_svg().contains("viewBox=\"0 0 760 134\""));
        let svg = noted.to_svg();
        // One line, and three lines of at most 102 letters.
        assert!(svg.contains("viewBox=\"0 0 760 204\""), "{svg}");
        assert!(svg.contains("y=\"115\">A note with &lt;letters&gt;.</text>"), "{svg}");
        assert!(svg.contains("What is seen. A note with &lt;letters&gt;. long"));
        let lines = svg.split("class=\"q small note\"").skip(1);
        let longest = lines.map(|line| line.find("</text>").unwrap_or(0)).max();
        assert!(longest.is_some_and(|letters| letters < 130), "{longest:?}");
    }
}
