//! What is printed, and when: each report as soon as it is made, or everything at the end, so that the headline and the
//! findings come first.

use super::finding::{FileFinding, findings};
use super::table::{self, FileSection};
use super::text::Sizes;
use super::{github, json, markdown, sarif, summary};
use crate::args::{OutputArgs, OutputFormat};
use constinit_checkpoint::{FileInspection, InspectionSummary, SummaryLine};

/// The output so far.
pub struct Output<'a> {
    args: &'a OutputArgs,
    summary: InspectionSummary,
    /// Findings that are printed after the headline.
    findings: Vec<FileFinding>,
    sections: Vec<FileSection>,
    text: String,
    log: sarif::Log,
}

impl<'a> Output<'a> {
    pub fn new(args: &'a OutputArgs) -> Self {
        Self {
            args,
            summary: summary::empty(),
            findings: Vec::new(),
            sections: Vec::new(),
            text: String::new(),
            log: sarif::Log::default(),
        }
    }

    /// Takes one more report. Returns the text that can be printed at once.
    pub fn take(&mut self, report: &FileInspection) -> String {
        let OutputArgs { deny, all, quiet, .. } = self.args;
        let sizes = if *all { Sizes::ALL } else { Sizes::default() };
        let found = findings(report, sizes);
        summary::add(&mut self.summary, report, &found);
        if *quiet {
            return String::new();
        }
        match self.args.format() {
            OutputFormat::Json => return json(report),
            OutputFormat::Github => return github::report(report, &found, deny, sizes),
            OutputFormat::Markdown => self.text += &markdown::report(report, &found, sizes),
            OutputFormat::Sarif => self.log.add(report, &found, deny, sizes),
            OutputFormat::Text => {
                self.sections.push(table::section(report, &found, *all));
                self.findings.extend(found);
            }
        }
        String::new()
    }

    /// The text that is printed at the end.
    pub fn end(self) -> String {
        let headline = summary::headline(&self.summary);
        if self.args.quiet {
            return format!("{headline}\n");
        }
        match self.args.format() {
            OutputFormat::Json => json(&SummaryLine { summary: self.summary }),
            OutputFormat::Github => github::headline(&headline),
            OutputFormat::Markdown if self.summary.files > 1 => {
                markdown::headline(&headline) + &self.text
            }
            OutputFormat::Markdown => self.text,
            OutputFormat::Sarif => self.log.json(),
            OutputFormat::Text => {
                let mut findings = self.findings;
                // The sort is stable: within a kind, files keep their order.
                findings.sort_by_key(|finding| finding.kind);
                table::whole(&headline, &findings, &self.sections, self.args.all)
            }
        }
    }
}
