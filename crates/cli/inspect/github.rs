//! Findings as workflow commands of GitHub Actions, which shows them next to a pull request:
//!
//! ```text
//! ::error file=model.safetensors,title=constinit zero units::fc.weight: unit 50 is zero
//! ```

use super::finding::FileFinding;
use super::text::{Sizes, plain, skipped};
use crate::args::Deny;
use constinit_checkpoint::FileInspection;

/// One command per finding: an error if it is denied, otherwise a warning. A tensor that was not inspected is a notice.
pub fn report(
    report: &FileInspection,
    findings: &[FileFinding],
    deny: &[Deny],
    sizes: Sizes,
) -> String {
    let mut text = String::new();
    if let Some(error) = &report.error {
        text += &command("error", &report.file, "could not be read", &plain(error));
    }
    for finding in findings {
        let level = if finding.is_denied(deny) { "error" } else { "warning" };
        text += &command(level, &finding.file, finding.kind.title(), &finding.sentence());
    }
    for note in skipped(report, sizes) {
        text += &command("notice", &report.file, "not inspected", &note);
    }
    text
}

/// The headline, as a notice without a file.
pub fn headline(text: &str) -> String {
    format!("::notice title=constinit::{}\n", data(text))
}

fn command(level: &str, file: &str, title: &str, message: &str) -> String {
    let (file, title) = (property(file), property(&format!("constinit: {title}")));
    format!("::{level} file={file},title={title}::{}\n", data(message))
}

/// A message, escaped for the runner.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, escaped so that it has no comma and no colon, which would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::finding::findings;
    use constinit_checkpoint::{ParameterInspection, SkippedTensor};

    #[test]
    fn names_cannot_end_a_command_or_begin_another() {
        let all = FileInspection {
            file: "a,b:100%\r\n::error::x".into(),
            parameters: vec![ParameterInspection {
                path: "w,%\n::warning::y".into(),
                units: 3,
                classes: 3,
                zero_units: 1,
                zero: vec![2],
                ..ParameterInspection::default()
            }],
            skipped: vec![SkippedTensor {
                path: "s".into(),
                dtype: "F4".into(),
                why: "it is packed".into(),
                findings: vec![],
            }],
            ..FileInspection::default()
        };
        let text =
            |deny: &[Deny]| report(&all, &findings(&all, Sizes::default()), deny, Sizes::default());
        let file = "a%2Cb%3A100%25%0D%0A%3A%3Aerror%3A%3Ax";
        let expected = [
            format!(
                "::warning file={file},title=constinit%3A zero units::w,%25\\n::warning::y: unit 2 is zero"
            ),
            format!(
                "::notice file={file},title=constinit%3A not inspected::not inspected: s (F4): it is packed"
            ),
        ];
        assert_eq!(text(&[Deny::Twins]).lines().collect::<Vec<_>>(), expected);
        assert!(text(&[Deny::Zero]).starts_with("::error file="));
        let broken = FileInspection {
            file: "m".into(),
            error: Some("50% of\nit".into()),
            ..FileInspection::default()
        };
        assert_eq!(
            report(&broken, &[], &[], Sizes::default()),
            "::error file=m,title=constinit%3A could not be read::50%25 of\\nit\n"
        );
        assert_eq!(headline("1 file\n"), "::notice title=constinit::1 file%0A\n");
    }
}
