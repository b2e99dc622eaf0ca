//! `constinit sweep`: many runs, one table.

use super::{print, progress_bar};
use crate::backend::{self, Job};
use burn::tensor::backend::AutodiffBackend;
use constinit_cli::args::SweepArgs;
use constinit_cli::backend_name::BackendName;
use constinit_cli::data::{DataFiles, Examples};
use constinit_cli::failure::Failure;
use constinit_cli::run::Interrupt;
use constinit_cli::shard::Shard;
use constinit_cli::sweep::{
    Points, Summary, SweepBackend, SweepConfig, SweepFolder, join_in_place,
};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The shortest time between two parts; later, it is a hundredth of the time since the beginning.
const PERIOD: Duration = Duration::from_secs(2);
/// The largest number of rows of a part.
const ROWS: usize = 1 << 16;

pub fn sweep(args: &SweepArgs) -> Result<(), Failure> {
    let backend = backend::choose(args.backend)?;
    let sweep = SweepConfig::read(&args.config)?;
    let variable = |name: &str| std::env::var(name).ok();
    let shard = args.shard.as_deref().map(|text| Shard::parse(text, variable)).transpose()?;
    let files = match sweep.varies("data.inputs") || sweep.varies("data.targets") {
        // Each run reads its own files.
        true => DataFiles::default(),
        false => Examples::read(&sweep.unchecked_config(0)?, sweep.folder())?.1,
    };
    let folder = SweepFolder::create(&args.out, &sweep, &files)?;
    // Held until the sweep ends.
    let _lock = folder.lock(shard)?;
    let done = folder.done()?;
    let interrupt = Interrupt::listen(false);
    let find = |name| backend::require(name).map(|()| backend::limits(name));
    let on = SweepBackend { name: backend, memory: backend::free_memory(), find };
    let keys = sweep.keys.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
    let points = Points::new(sweep, &folder, done, shard, on, interrupt.clone());
    if points.left() > 0 {
        let jobs = args.jobs.map(usize::from);
        backend::dispatch(backend, Work { points: &points, folder: &folder, jobs })??;
    }
    if let Some(failure) = points.without_backend() {
        return Err(failure);
    }
    if let Some(signal) = interrupt.signal() {
        let (done, all) = (folder.done()?.count(), folder.points());
        return Err(Failure::interrupted(
            signal,
            format!(
                "interrupted: {done} of {all} runs are done; the same command continues the sweep"
            ),
        ));
    }
    let complete = folder.done()?.count() == folder.points();
    if complete && shard.is_none() {
        join_in_place(&folder)?;
    }
    let summary = Summary::read(&folder, &keys)?;
    if args.json {
        let line = serde_json::to_string(&summary).map_err(Failure::usage)?;
        return print(&format!("{line}\n"));
    }
    let path = args.out.display();
    let last = match (complete, shard) {
        (true, None) => format!("{}", folder.results().display()),
        (true, Some(_)) => format!("all shares are done; join them: constinit merge {path}"),
        (false, _) => "this share is done; the other shares are not".to_owned(),
    };
    let mut text = summary.lines().join("\n");
    text.push_str(&format!("\n{last}\n"));
    print(&text)
}

/// The runs that are left.
struct Work<'a> {
    points: &'a Points,
    folder: &'a SweepFolder,
    jobs: Option<usize>,
}

impl Job for Work<'_> {
    type Output = Result<(), Failure>;

    fn run<B: AutodiffBackend>(self, _: BackendName, device: &B::Device) -> Self::Output {
        let left = self.points.left();
        // No more threads than runs.
        let jobs = self.jobs.unwrap_or_else(rayon::current_num_threads).min(left);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = pool.map_err(|error| Failure::usage(format!("--jobs {jobs}: {error}")))?;
        let (sender, rows) = channel();
        let bar = progress_bar(left, "runs");
        std::thread::scope(|scope| {
            // The thread of the pool takes the only sender, so the channel closes when the last worker ends. This scope
            // owns the receiver, so the workers end if it stops taking rows.
            let rows = rows;
            let points = self.points;
            scope.spawn(move || pool.broadcast(|_| points.work::<B>(device, &sender)));
            let (began, mut written, mut kept) = (Instant::now(), Instant::now(), Vec::new());
            loop {
                let ended = match rows.recv_timeout(Duration::from_millis(100)) {
                    Ok(rows) => {
                        bar.inc(rows.len() as u64);
                        kept.extend(rows);
                        false
                    }
                    Err(RecvTimeoutError::Timeout) => false,
                    Err(RecvTimeoutError::Disconnected) => true,
                };
                let due = written.elapsed() >= PERIOD.max(began.elapsed() / 100);
                if ended || kept.len() >= ROWS || (due && !kept.is_empty()) {
                    self.folder.keep(&mut kept)?;
                    written = Instant::now();
                }
                if ended {
                    bar.finish_and_clear();
                    return Ok(());
                }
            }
        })
    }
}
