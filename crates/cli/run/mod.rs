//! One run: what is read, what is printed, what is kept.

mod batches;
mod directory;
mod events;
mod expected;
mod forecast;
mod live;
mod logs;
mod memory;
mod network;
mod readings;
mod screen;
mod table;
mod units;
mod verdict;
mod watch;

pub use batches::{batches, set};
pub use directory::{Lines, RunDirectory};
pub use events::EventFile;
pub use expected::ExpectedCheck;
pub use forecast::Forecasts;
pub use live::{Live, LiveState, LiveWhat};
pub use logs::{LogPaths, Logs};
pub use memory::check as check_memory;
pub use network::network;
pub use readings::{End, Names, Start, Trained, explain, write_line};
pub use screen::{Screen, ScreenMode};
pub use table::Table;
pub use units::{UnitsFile, schedule as units_schedule};
pub use verdict::{Tally, What};
pub use watch::{CheckpointDue, INTERRUPTED, Interrupt, Progress, Watch, in_readings};
