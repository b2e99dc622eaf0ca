//! Findings in SARIF 2.1.0, the format of static analysis tools: one run, one result per finding.
//!
//! Checkpoints have no lines. The region is the first line, because code scanning needs one; the parameter or the space
//! is the logical location.

use super::finding::{FileFinding, FindingKind};
use super::text::{Sizes, plain, skipped};
use crate::args::Deny;
use constinit_checkpoint::FileInspection;
use serde_json::{Value, json};
use std::path::Path;

/// A log of all files.
#[derive(Default)]
pub struct Log {
    results: Vec<Value>,
    notifications: Vec<Value>,
    unread: bool,
}

impl Log {
    /// Adds the findings of one more file.
    pub fn add(
        &mut self,
        report: &FileInspection,
        findings: &[FileFinding],
        deny: &[Deny],
        sizes: Sizes,
    ) {
        let mut notify = |level: &str, message: String| {
            self.notifications.push(json!({
                "level": level,
                "message": {"text": message},
                "locations": [{"physicalLocation": physical(&report.file)}],
            }));
        };
        if let Some(error) = &report.error {
            self.unread = true;
            notify("error", format!("could not be read: {}", plain(error)));
        }
        skipped(report, sizes).into_iter().for_each(|note| notify("warning", note));
        for finding in findings {
            self.results.push(result(finding, deny));
        }
    }

    /// The whole log, on one line.
    pub fn json(self) -> String {
        let rule = |kind: &FindingKind| {
            json!({
                "id": kind.name(),
                "shortDescription": {"text": kind.title()},
                "fullDescription": {"text": kind.meaning()},
            })
        };
        let log = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "constinit",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": FindingKind::ALL.iter().map(rule).collect::<Vec<_>>(),
                }},
                "invocations": [{
                    "executionSuccessful": !self.unread,
                    "toolExecutionNotifications": self.notifications,
                }],
                "results": self.results,
            }],
        });
        format!("{log}\n")
    }
}

fn result(finding: &FileFinding, deny: &[Deny]) -> Value {
    let rule = FindingKind::ALL.iter().position(|kind| *kind == finding.kind);
    json!({
        "ruleId": finding.kind.name(),
        "ruleIndex": rule,
        "level": if finding.is_denied(deny) { "error" } else { "warning" },
        "message": {"text": finding.sentence()},
        "locations": [{
            "physicalLocation": physical(&finding.file),
            "logicalLocations": [{"fullyQualifiedName": plain(&finding.place)}],
        }],
    })
}

fn physical(file: &str) -> Value {
    json!({"artifactLocation": {"uri": uri(file)}, "region": {"startLine": 1}})
}

/// A path as a relative reference, or as a URI if it is absolute. Every byte with a meaning in URIs is escaped.
fn uri(file: &str) -> String {
    let path = if cfg!(windows) { file.replace('\\', "/") } else { file.to_owned() };
    let mut text = match (Path::new(file).is_absolute(), path.starts_with('/')) {
        (true, true) => "file://".to_owned(),
        (true, false) => "file:///".to_owned(),
        (false, _) => String::new(),
    };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::finding::findings;
    use constinit_checkpoint::{ParameterInspection, SkippedTensor};

    #[test]
    fn a_log_is_json_with_a_rule_for_every_result() {
        let all = FileInspection {
            file: "runs/a b%\n\u{e9}.safetensors".into(),
            parameters: vec![ParameterInspection {
                path: "w\"".into(),
                units: 3,
                classes: 2,
                alike: vec![vec![0, 1]],
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
        let mut log = Log::default();
        log.add(&all, &findings(&all, Sizes::default()), &[Deny::Zero], Sizes::default());
        let text = log.json();
        assert_eq!(text.lines().count(), 1);
        let log: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&log["version"], &log["runs"][1]), (&json!("2.1.0"), &Value::Null));
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        let levels: Vec<_> = results.iter().map(|r| (&r["ruleId"], &r["level"])).collect();
        assert_eq!(
            levels,
            [(&json!("zero"), &json!("error")), (&json!("duplicate-rows"), &json!("warning"))]
        );
        for result in results {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
        let place = &results[0]["locations"][0];
        assert_eq!(
            place["physicalLocation"]["artifactLocation"]["uri"],
            "runs/a%20b%25%0A%C3%A9.safetensors"
        );
        assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "w\"");
        assert_eq!(results[0]["message"]["text"], "w\": unit 2 is zero");
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], true);
        assert_eq!(
            invocation["toolExecutionNotifications"][0]["message"]["text"],
            "not inspected: s (F4): it is packed"
        );
    }

    #[test]
    fn a_file_that_could_not_be_read_is_a_notification() {
        let broken = FileInspection {
            file: "m".into(),
            error: Some("is a page".into()),
            ..FileInspection::default()
        };
        let mut log = Log::default();
        log.add(&broken, &[], &[], Sizes::default());
        let log: Value = serde_json::from_str(&log.json()).unwrap();
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
        assert_eq!(log["runs"][0]["results"], json!([]));
    }

    #[cfg(unix)]
    #[test]
    fn absolute_paths_are_uris() {
        assert_eq!(uri("/a/b:c"), "file:///a/b%3Ac");
        assert_eq!(uri("../a"), "../a");
    }
}
