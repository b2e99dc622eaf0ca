//! Machines without a desktop.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The variable with the path of a Wayland compositor. If the path is absolute, the folder of compositors is not
/// needed.
const COMPOSITOR: &str = "WAYLAND_DISPLAY";
/// The variable with the folder of compositors.
const SOCKETS: &str = "XDG_RUNTIME_DIR";
/// A path without a compositor.
const NOWHERE: &str = "/nonexistent";

/// Restarts the program in the same process, with a path at which there is no compositor.
///
/// Mesa's Vulkan layer that orders GPUs asks the compositor which GPU draws the desktop. Without a desktop, libwayland
/// then writes twice to standard error that `XDG_RUNTIME_DIR` is not set, whatever the program does. If a path is set,
/// libwayland writes nothing. A program can change its own environment only with unsafe code, so it restarts. If the
/// restart fails, the only harm is the two lines.
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
    // `exec` returns only if it fails.
    let _ = again.args(args).env(COMPOSITOR, NOWHERE).exec();
}
