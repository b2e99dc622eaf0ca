//! What a run of constants ends with: what the same network learns from a random start.

use super::table::{number, percent};
use constinit_records::ComparedRecord;

/// Two lines: the random start, and the way to see both.
pub fn beside(own: &ComparedRecord, random: &ComparedRecord) -> [String; 2] {
    let seeds = match random.seeds {
        1 => "one seed".to_owned(),
        seeds => format!("{seeds} seeds"),
    };
    let learned = |record: &ComparedRecord| {
        let outcome = &record.outcome;
        match (outcome.explained, outcome.loss) {
            _ if record.diverged == record.seeds => "diverges".to_owned(),
            (Some(explained), _) if outcome.accuracy.is_none() => {
                format!("explains {}", percent(explained, 4))
            }
            (_, Some(loss)) => format!("ends at loss {}", number(loss, 6)),
            (_, None) => "learns what was not measured".to_owned(),
        }
    };
    [
        format!(
            "from a random start ({seeds}) the same network {}, and from this one {}",
            learned(random),
            learned(own)
        ),
        "`constinit compare` shows both side by side".to_owned(),
    ]
}
