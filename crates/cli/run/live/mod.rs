//! `--tui`: a view of the run in the terminal while it runs.
//!
//! A thread draws the contents of [`LiveState`] at most 20 times a second, and reads the keys: in raw mode, Ctrl-C is a
//! key, not a signal. The view restores the terminal when it is dropped, before a panic is reported, and when a second
//! signal ends the program at once.

mod chart;
mod line;
mod state;
mod terminal;
mod view;

pub use state::LiveState;

use super::Interrupt;
use constinit_core::verdict::{Tally, What, differ};
use constinit_records::{FirstBreakRecord, ReadingRecord};
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use indicatif::ProgressBar;
use std::io;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use terminal::Shown;
use view::{Moment, view};

/// The time between two frames.
const FRAME: Duration = Duration::from_millis(50);
/// The name of the thread that draws.
const THREAD: &str = "live view";

/// A view that is shown. Dropping it restores the terminal.
pub struct Live {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// When the text of the verdict was last made.
    told: Option<Instant>,
    /// What the verdict names, except for the current step and the number of readings.
    what: LiveWhat,
}

/// What the verdict names, see [`What`].
pub struct LiveWhat {
    pub backend: &'static str,
    pub optimizer: &'static str,
    pub targets_alike: bool,
}

struct Shared {
    state: Mutex<LiveState>,
    /// Whether drawing has ended.
    done: AtomicBool,
    /// Whether the terminal was restored before a panic was reported. Restoring it twice would put the cursor over the
    /// message.
    given_back: AtomicBool,
    /// Held while a frame is drawn.
    drawing: Mutex<()>,
}

impl Live {
    /// Takes over the terminal. `progress` knows how many steps are done.
    pub fn start(
        state: LiveState,
        what: LiveWhat,
        progress: ProgressBar,
        interrupt: Interrupt,
    ) -> io::Result<Self> {
        terminal::take()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            done: AtomicBool::new(false),
            given_back: AtomicBool::new(false),
            drawing: Mutex::new(()),
        });
        let told = Arc::clone(&shared);
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            told.done.store(true, Ordering::Relaxed);
            // The current frame ends first, so that no frame follows the message.
            let _drawn = (thread::current().name() != Some(THREAD)).then(|| lock(&told.drawing));
            // The message belongs on the restored terminal.
            if !told.given_back.swap(true, Ordering::Relaxed) {
                terminal::give_back();
            }
            usual(panic);
        }));
        let drawn = Arc::clone(&shared);
        let show = move || show(&drawn, &progress, interrupt);
        let thread = thread::Builder::new().name(THREAD.to_owned()).spawn(show);
        let thread = thread.inspect_err(|_| terminal::give_back())?;
        Ok(Self { shared, thread: Some(thread), told: None, what })
    }

    /// Takes a reading into account.
    pub fn add(&mut self, reading: &ReadingRecord, tally: &Tally, number: usize) {
        let mut state = lock(&self.shared.state);
        state.add(reading);
        // Making the text takes longer than adding numbers, and no frame would show it more often.
        if self.told.is_some_and(|told| told.elapsed() < FRAME) {
            return;
        }
        self.told = Some(Instant::now());
        let LiveWhat { backend, optimizer, targets_alike } = self.what;
        let (step, readings) = (reading.step, number);
        let what = What { backend, optimizer, step, readings, targets_alike, finite: true };
        state.verdict = tally.sentences(&what);
        let told = |broken: &FirstBreakRecord| {
            format!("step {}, {}: {}", broken.step, broken.space, differ(broken))
        };
        state.broken = tally.last_break().map(told);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The panic of the thread was reported.
            let _ = thread.join();
        }
        if !self.shared.given_back.swap(true, Ordering::Relaxed) {
            terminal::give_back();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws, and reads keys, until the view is done.
fn show(shared: &Shared, progress: &ProgressBar, interrupt: Interrupt) {
    let mut shown = Shown::default();
    let began = Instant::now();
    // As no-color.org says, an empty value does not count.
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut frame = None;
    let mut signals = 0;
    let mut scroll = 0_usize;
    loop {
        let wait =
            frame.map_or(Duration::ZERO, |last: Instant| FRAME.saturating_sub(last.elapsed()));
        match event::poll(wait) {
            Ok(true) => match event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => {
                    let control = key.modifiers.contains(KeyModifiers::CONTROL);
                    match key.code {
                        KeyCode::Char('c') if control => interrupt.raise(),
                        KeyCode::Char('q') if interrupt.reason().is_none() => interrupt.stop(),
                        KeyCode::Up | KeyCode::Char('k') => scroll = scroll.saturating_sub(1),
                        KeyCode::Down | KeyCode::Char('j') => scroll += 1,
                        _ => {}
                    }
                }
                _ => {}
            },
            Ok(false) => {}
            // Without keys, signals still end the run.
            Err(_) => thread::sleep(wait),
        }
        signals += usize::from(interrupt.has_come());
        let asked = signals + usize::from(interrupt.is_stopped());
        if let Some(signal) = interrupt.signal().filter(|_| asked > 1) {
            terminal::give_back();
            std::process::exit(128 + i32::from(signal));
        }
        if frame.is_some_and(|last| last.elapsed() < FRAME) {
            continue;
        }
        frame = Some(Instant::now());
        let state = lock(&shared.state).clone();
        let step = progress.position() as usize;
        let ending = interrupt.reason().is_some();
        let moment = Moment { step, elapsed: began.elapsed(), ending, colours };
        let _drawing = lock(&shared.drawing);
        if shared.done.load(Ordering::Relaxed) {
            return;
        }
        // If the terminal is gone, a signal comes.
        let _ = shown.show(|size| view(&state, moment, &mut scroll, size));
    }
}
