//! Machines without a desktop.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Where a Wayland compositor would be found; an absolute path, so that the folder of other ones is not needed.
const COMPOSITOR: &str = "WAYLAND_DISPLAY";
/// The folder of other compositors.
const SOCKETS: &str = "XDG_RUNTIME_DIR";
/// No compositor is there.
const NOWHERE: &str = "/nonexistent";

/// Starts the program again, as the same process, with the knowledge that there is no compositor.
///
/// Mesa's Vulkan layer that orders GPUs asks the compositor which one draws the desktop. Without a desktop, libwayland
/// then writes twice to standard error that `XDG_RUNTIME_DIR` is not set, whatever the program does. It writes nothing
/// where it knows a path. A program may change its own environment only with unsafe code, so it starts again. Where
/// that fails, the lines are all that is lost.
pub fn say_that_there_is_none() {
    let unset = |name: &str| env::var_os(name).is_none_or(|value| value.is_empty());
    if !unset(COMPOSITOR) || !unset(SOCKETS) {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut args = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = args.next() {
        again.arg0(name);
    }
    // Comes back only where it fails.
    let _ = again.args(args).env(COMPOSITOR, NOWHERE).exec();
}
