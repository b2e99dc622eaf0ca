//! A page: sections around figures, in one file that loads nothing else.
//!
//! This module knows pages in general. `run/page.rs` has the contents of a run's page, `sweep/page.rs` those of a
//! sweep's.

use crate::figure::{Entry, Figure};
use crate::markup::{escaped, script_json};
use crate::palette::{Medium, figure_style};
use std::fmt::Write;

/// Parts of a page, as HTML.
pub(crate) struct Page {
    pub title: String,
    /// The HTML below the title.
    pub head: String,
    pub sections: Vec<Section>,
    /// The style of this kind of page, in addition to the style of all pages.
    pub style: String,
    /// The script that makes the page interactive.
    pub script: &'static str,
}

/// A heading and the HTML under it.
pub(crate) struct Section {
    /// The name of the section in links.
    pub anchor: &'static str,
    pub heading: &'static str,
    pub content: String,
}

impl Page {
    /// The document. Its policy allows only the contents of the document itself.
    pub fn document(&self) -> String {
        let mut body = String::new();
        for Section { anchor, heading, content } in &self.sections {
            // Writing to a string cannot fail.
            let _ = write!(
                body,
                "<section aria-labelledby=\"{anchor}\">\n<h2 id=\"{anchor}\">{heading}</h2>\n{content}</section>\n"
            );
        }
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'; img-src data:\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>{}</title>\n<style>\n{}{}{}\n</style>\n</head>\n<body>\n<main>\n<header>\n{}</header>\n{body}</main>\n\
             <footer>Drawn by constinit-report {}. This page is one file: nothing in it is loaded from anywhere \
             else.</footer>\n<script>\n{}{}</script>\n</body>\n</html>\n",
            escaped(&self.title),
            include_str!("page.css"),
            figure_style(Medium::Page),
            self.style,
            self.head,
            env!("CARGO_PKG_VERSION"),
            self.script,
            include_str!("paper.js"),
        )
    }
}

/// A figure with its caption, buttons that hide traces, the numbers under the pointer, and notes.
pub(crate) fn figure(figure: &Figure) -> String {
    let Figure { name, title, notes, quantity, legend, readout, .. } = figure;
    let quantity = quantity.as_ref().map_or(String::new(), |quantity| {
        format!("<span class=\"quantity\">{}</span>", escaped(quantity))
    });
    let mut html = format!(
        "<figure id=\"{name}\">\n<figcaption>{}{quantity}</figcaption>\n<div class=\"plot\" tabindex=\"0\" role=\"group\" \
         aria-label=\"{}: arrow keys read its numbers\">\n{}\n</div>\n\
         <output class=\"readout\" aria-live=\"polite\">&nbsp;</output>\n",
        escaped(title),
        escaped(title),
        figure.element()
    );
    if legend.len() > 1 {
        html.push_str("<div class=\"legend\" role=\"group\" aria-label=\"traces to show\">\n");
        for Entry { group, label, colour, stroke } in legend {
            let drawn = stroke.attributes(3.0);
            // Writing to a string cannot fail.
            let _ = writeln!(
                html,
                "<button type=\"button\" aria-pressed=\"true\" data-group=\"{group}\"><svg viewBox=\"0 0 26 10\" \
                 aria-hidden=\"true\"><path class=\"line c{colour}\" {drawn} d=\"M5 5h16\"/></svg>{}</button>",
                escaped(label)
            );
        }
        html.push_str("</div>\n");
    }
    for note in notes {
        let _ = writeln!(html, "<p class=\"note\">{}</p>", escaped(note));
    }
    let _ = writeln!(
        html,
        "<script type=\"application/json\" class=\"numbers\">{}</script>\n</figure>",
        script_json(readout)
    );
    html
}

/// A table with a heading for each column; the first cell of a row is the row's heading. Cells are text.
pub(crate) fn table(caption: &str, columns: &[String], rows: &[Vec<String>]) -> String {
    let mut html = format!(
        "<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n<thead><tr>",
        escaped(caption)
    );
    for column in columns {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escaped(column));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (number, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _ = match number {
                0 => write!(html, "<th scope=\"row\">{cell}</th>"),
                _ => write!(html, "<td>{cell}</td>"),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
    html
}

/// Sentences, one below the other.
pub(crate) fn list(sentences: &[String]) -> String {
    let items: String =
        sentences.iter().map(|sentence| format!("<li>{}</li>\n", escaped(sentence))).collect();
    format!("<ul class=\"words\">\n{items}</ul>\n")
}

/// As [`details`], for numbers that are too long for paper. On paper, the name of their file replaces them.
pub(crate) fn details_on_screens(summary: &str, content: &str, file: &str) -> String {
    format!(
        "<details class=\"screens\">\n<summary>{}</summary>\n{content}</details>\n<p class=\"note paper\">The \
         folder's {} and the page's screen version have the readings.</p>\n",
        escaped(summary),
        escaped(file)
    )
}

/// A section that can be opened.
pub(crate) fn details(summary: &str, content: &str) -> String {
    format!("<details>\n<summary>{}</summary>\n{content}</details>\n", escaped(summary))
}
