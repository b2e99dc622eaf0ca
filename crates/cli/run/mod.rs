//! One run: what is read, what is printed, what is saved.

mod batches;
mod begin;
mod changes;
mod dead;
mod directory;
mod events;
mod expected;
mod finish;
mod forecast;
mod live;
mod logs;
mod memory;
mod network;
mod outcome;
mod readings;
mod request;
mod resume;
mod screen;
mod session;
mod table;
mod units;
mod watch;
mod wrapped;

pub use batches::{batches, set};
pub use changes::{readings_schedule, train_configured};
pub use constinit_core::verdict::{Tally, What};
pub use dead::SharedDeadWatch;
pub use directory::{Lines, RunDirectory};
pub use events::EventFile;
pub use expected::ExpectedCheck;
pub use finish::in_full;
pub use forecast::Forecasts;
pub use live::{Live, LiveState, LiveWhat};
pub use logs::{LogPaths, Logs};
pub use memory::check as check_memory;
pub use network::network;
pub use outcome::outcome as run_outcome;
pub use readings::{
    Names, end_record, explain, line_of, quotient_record, start_record, write_line,
};
pub use request::{RunRequest, ValidatedRun};
pub use resume::CheckpointNote;
pub use screen::{Screen, ScreenMode};
pub use session::{
    RunProbes, RunSession, RunState, SmallNetwork, allowed_quotient, quotient_of, quotient_state,
};
pub use table::ReadingTable;
pub use units::{UnitsFile, schedule as units_schedule, state as units_state};
pub use watch::{CheckpointDue, INTERRUPTED, Interrupt, Progress, STOPPED, Watch, in_readings};
