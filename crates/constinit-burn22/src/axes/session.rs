//! One recording: a capture device for its duration, and what Burn recorded on it.

use crate::Error;
use burn::backend::ir::OperationIr;
use burn::tensor::{CaptureError, CapturedGraph, Device, DeviceConfig};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

/// Devices that no recording has now. Burn numbers capture devices with 16 bits and never uses a number twice, so
/// devices must be reused.
static FREE: Mutex<Vec<Device>> = Mutex::new(Vec::new());

/// A capture device, with the number types of another device if one is given.
fn capture_device(like: Option<&Device>) -> Device {
    let types = |device: &Device| {
        let settings = device.settings();
        (settings.float_dtype, settings.int_dtype, settings.bool_dtype)
    };
    let fits = |device: &Device| like.is_none_or(|like| types(device) == types(like));
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    match free.iter().rposition(fits) {
        Some(place) => free.swap_remove(place),
        None => Device::capture(),
    }
}

/// Runs a closure on a capture device with the number types of another device, and returns its result with the
/// recording.
///
/// # Errors
///
/// The errors of a trace that a panic of Burn or the recording shows.
///
/// # Panics
///
/// If the closure panics for another reason.
pub(super) fn recorded<T>(
    like: Option<&Device>,
    run: impl FnOnce(&Device) -> T,
) -> Result<(T, CapturedGraph), Error> {
    let mut run = Some(run);
    loop {
        let device = capture_device(like);
        let mut result = None;
        let captured = device.capture_scope(|scope| {
            // A panic would lose the recording, which shows what happened.
            result = run.take().map(|run| {
                catch_unwind(AssertUnwindSafe(|| {
                    configure(&device, like);
                    run(&device)
                }))
            });
            scope.complete([], [])
        });
        // A holder of the device of an earlier recording is recording on it.
        let Some(result) = result else { continue };
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(device);
        return finished(result, captured);
    }
}

/// Gives a device the number types of another one, unless it already has its own.
fn configure(device: &Device, like: Option<&Device>) {
    if let Some(like) = like {
        let settings = like.settings();
        let types = DeviceConfig::default()
            .float_dtype(settings.float_dtype)
            .int_dtype(settings.int_dtype)
            .bool_dtype(settings.bool_dtype);
        let _ = device.clone().configure(types);
    }
}

fn finished<T>(
    result: std::thread::Result<T>,
    captured: Result<CapturedGraph, CaptureError>,
) -> Result<(T, CapturedGraph), Error> {
    match result {
        // Nothing is declared to Burn, which then refuses nothing but tensors that no operation made.
        Ok(value) => match captured {
            Ok(graph) => Ok((value, graph)),
            Err(_) => Err(Error::TraceForeign { shape: None }),
        },
        Err(panic) => {
            let operations =
                captured.as_ref().map_or(&[][..], |graph| graph.graph.operations.as_slice());
            match refusal(panic.as_ref(), operations) {
                Some(error) => Err(error),
                None => resume_unwind(panic),
            }
        }
    }
}

/// Burn's message if a tensor is read that was not computed, up to the number of the tensor.
const READ: &str = "captured tensor TensorId(";

/// Burn's messages for tensors that are elsewhere.
const FOREIGN: [&str; 7] = [
    "not on the same device",
    "is on the wrong backend",
    "capture scope is already complete",
    "must run inside CaptureDevice::capture_scope",
    "Cannot move a tensor from a capture device",
    "Cannot move this autodiff tensor between",
    "has no initialized value",
];

/// Burn's messages for models that it does not record.
const REFUSED: [&str; 3] = [
    "Capture tensors do not support autodiff",
    "to a capture device with autodiff enabled",
    "seeding is not supported during graph capture",
];

/// The error for a panic of Burn with which a recording can end.
fn refusal(panic: &(dyn Any + Send), operations: &[OperationIr]) -> Option<Error> {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied())?;
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if let Some((_, number)) = message.split_once(READ) {
        let number: u64 = number.split(')').next()?.parse().ok()?;
        let mut made = operations.iter().flat_map(OperationIr::outputs);
        let read = made.find(|tensor| tensor.id.value() == number)?;
        Some(Error::TraceRead { shape: read.shape.to_vec() })
    } else if says(&FOREIGN) {
        Some(Error::TraceForeign { shape: None })
    } else {
        says(&REFUSED).then(|| Error::TraceRefused { reason: message.trim().to_owned() })
    }
}
