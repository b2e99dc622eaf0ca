//! A figure: one drawing, as a document of its own or as a part of a page.

use crate::markup::escaped;
use crate::palette::{Medium, figure_style, neutral_style};
use std::fmt::Write;

/// The width of every figure, so that axes stand below each other on a page.
pub(crate) const WIDTH: f64 = 760.0;
const HEAD: f64 = 34.0;
const LEGEND_ROW: f64 = 20.0;

/// How the names of a sweep's figures begin, which have marks for runs without a number.
pub(crate) const PHASE: &str = "phase-";

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// What was measured.
    Plain,
    /// What was only expected.
    Dashed,
    /// A broad, pale stroke behind other lines, which cannot be hidden by itself.
    Band,
}

impl Stroke {
    /// The attributes of a line of this width; a band has its own.
    pub fn attributes(self, width: f64) -> String {
        match self {
            Self::Plain => format!("stroke-width=\"{width}\""),
            Self::Dashed => format!("stroke-width=\"{width}\" stroke-dasharray=\"6 5\""),
            Self::Band => "stroke-width=\"9\" stroke-opacity=\"0.28\"".to_owned(),
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
    /// What can be seen, in words, for those who cannot see it.
    pub description: String,
    /// What was left out of the drawing, if anything was.
    pub notes: Vec<String>,
    pub(crate) height: f64,
    /// SVG elements.
    pub(crate) marks: String,
    pub(crate) legend: Vec<Entry>,
    /// What the script of a page tells under the pointer.
    pub(crate) readout: serde_json::Value,
}

/// Traces that are shown and hidden together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The class of their elements.
    pub group: String,
    pub label: String,
    pub colour: usize,
    pub stroke: Stroke,
}

impl Figure {
    /// The figure as an SVG document with title and legend. It has no scripts, asks for nothing from outside, and is
    /// dark where its reader's screen is.
    pub fn to_svg(&self) -> String {
        self.document(Medium::Page)
    }

    pub(crate) fn document(&self, medium: Medium) -> String {
        let (legend, below) = self.drawn_legend();
        let height = HEAD + self.height + below;
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n\
             <desc id=\"desc\">{description}</desc>\n<style>{}{}</style>\n\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
             <text class=\"t head\" x=\"12\" y=\"22\">{title}</text>\n\
             <g transform=\"translate(0 {HEAD})\">\n{}{legend}</g>\n</svg>\n",
            figure_style(medium),
            if self.name.starts_with(PHASE) { neutral_style(medium) } else { String::new() },
            self.marks,
        )
    }

    /// The figure as an element of a page, whose style it shares; its title and legend are the page's.
    pub(crate) fn element(&self) -> String {
        let Self { name, height, marks, .. } = self;
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{name}-t {name}-d\">\
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
            let beside = if *stroke == Stroke::Band { 27.0 } else { 22.0 };
            let stroke = stroke.attributes(3.0);
            let width = 38.0 + text_width(label);
            if x + width > WIDTH && x > 20.0 {
                (x, y) = (20.0, y + LEGEND_ROW);
            }
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<path class=\"line c{colour}\" {stroke} d=\"M{x} {y}h16\"/><text class=\"t\" x=\"{}\" \
                 y=\"{}\">{}</text>",
                x + beside,
                y + 4.0,
                escaped(label)
            );
            x += width;
        }
        (svg, y - self.height + LEGEND_ROW - 6.0)
    }
}

/// About how wide a text of the size of labels is.
pub(crate) fn text_width(text: &str) -> f64 {
    7.2 * text.chars().count() as f64
}
