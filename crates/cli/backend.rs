//! The backends; the only file that names one.

use burn::tensor::backend::AutodiffBackend;
#[cfg(any(feature = "ndarray", feature = "flex", feature = "wgpu"))]
use burn_autodiff::Autodiff;
use constinit_cli::backend_name::{BackendName, Limits};
use constinit_cli::failure::Failure;

/// A backend that is compiled in, and what it found.
pub struct Found {
    pub name: BackendName,
    pub float: &'static str,
    /// Names of devices; empty if there is none.
    pub devices: Vec<String>,
}

/// Work that runs on a backend.
pub trait Job {
    type Output;

    fn run<B: AutodiffBackend>(self, backend: BackendName, device: &B::Device) -> Self::Output;
}

fn is_compiled_in(backend: BackendName) -> bool {
    match backend {
        BackendName::Wgpu => cfg!(feature = "wgpu"),
        BackendName::Flex => cfg!(feature = "flex"),
        BackendName::Ndarray => cfg!(feature = "ndarray"),
    }
}

/// The backends that are compiled in; the default comes first.
pub fn compiled_in() -> Vec<BackendName> {
    let order = [BackendName::Wgpu, BackendName::Flex, BackendName::Ndarray];
    order.into_iter().filter(|backend| is_compiled_in(*backend)).collect()
}

/// The backend to run on.
pub fn choose(asked: Option<BackendName>) -> Result<BackendName, Failure> {
    let known = compiled_in();
    match asked {
        Some(backend) if known.contains(&backend) => Ok(backend),
        Some(backend) => Err(not_compiled_in(backend)),
        None => known.first().copied().ok_or_else(|| {
            Failure::usage(
                "no backend is compiled in; build with `--features ndarray` or `--features wgpu`",
            )
        }),
    }
}

fn not_compiled_in(backend: BackendName) -> Failure {
    let known: Vec<&str> = compiled_in().into_iter().map(BackendName::as_str).collect();
    let others = if known.is_empty() {
        String::new()
    } else {
        format!(", or choose one of: {}", known.join(", "))
    };
    let name = backend.as_str();
    Failure::usage(format!(
        "backend {name} is not compiled in; build with `--features {name}`{others}"
    ))
}

/// Checks that a backend finds a device.
pub fn require(backend: BackendName) -> Result<(), Failure> {
    match backend {
        #[cfg(feature = "wgpu")]
        BackendName::Wgpu => require_adapter(),
        _ => Ok(()),
    }
}

/// What fits into the memory of a backend, which must have found a device, see [`require`].
pub fn limits(backend: BackendName) -> Limits {
    match backend {
        #[cfg(feature = "wgpu")]
        BackendName::Wgpu => {
            use burn::cubecl::Runtime;
            let client = burn_wgpu::WgpuRuntime::client(&Default::default());
            let largest_tensor = Some(client.properties().memory.max_page_size);
            // No interface tells how much memory a graphics card has.
            Limits { largest_tensor, memory: None }
        }
        _ => Limits { largest_tensor: None, memory: free_memory() },
    }
}

/// The free memory of the system, or of the container if that is less.
pub fn free_memory() -> Option<u64> {
    use sysinfo::{MemoryRefreshKind, RefreshKind, System};
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
    let system = System::new_with_specifics(kind);
    let free = system.available_memory().checked_add(system.free_swap())?;
    let container = system.cgroup_limits().map(|limits| limits.free_memory);
    // Systems that do not know report 0.
    (free > 0).then(|| container.map_or(free, |container| free.min(container)))
}

/// Runs a job on a backend.
///
/// The backend must have found a device, see [`require`].
pub fn dispatch<J: Job>(backend: BackendName, job: J) -> Result<J::Output, Failure> {
    match backend {
        #[cfg(feature = "wgpu")]
        BackendName::Wgpu => {
            drivers_panic(|| job.run::<Autodiff<burn_wgpu::Wgpu>>(backend, &Default::default()))
        }
        #[cfg(feature = "flex")]
        BackendName::Flex => Ok(job.run::<Autodiff<burn_flex::Flex>>(backend, &Default::default())),
        #[cfg(feature = "ndarray")]
        BackendName::Ndarray => {
            Ok(job.run::<Autodiff<burn_ndarray::NdArray>>(backend, &Default::default()))
        }
        #[allow(unreachable_patterns, reason = "which patterns are left depends on the features")]
        other => {
            drop(job);
            Err(not_compiled_in(other))
        }
    }
}

/// Runs a job in double precision; None if no backend that has it is compiled in.
pub fn dispatch_doubles<J: Job>(job: J) -> Option<J::Output> {
    #[cfg(feature = "ndarray")]
    {
        type Doubles = Autodiff<burn_ndarray::NdArray<f64>>;
        Some(job.run::<Doubles>(BackendName::Ndarray, &Default::default()))
    }
    #[cfg(not(feature = "ndarray"))]
    {
        drop(job);
        None
    }
}

/// Does work on a backend that panics, perhaps in a separate thread, when memory is exhausted or a device is lost. It
/// reports these in no other way.
#[cfg(feature = "wgpu")]
fn drivers_panic<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    use std::panic;
    use std::sync::{Arc, Mutex, PoisonError};
    // The first panic is the cause of those that follow.
    let cause: Arc<Mutex<Option<String>>> = Arc::default();
    let keep = Arc::clone(&cause);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let mut cause = keep.lock().unwrap_or_else(PoisonError::into_inner);
        cause.get_or_insert_with(|| panic.to_string());
    }));
    let result = panic::catch_unwind(panic::AssertUnwindSafe(work));
    panic::set_hook(usual);
    result.map_err(|_| {
        let cause = cause.lock().unwrap_or_else(PoisonError::into_inner).take();
        Failure::usage(format!(
            "backend wgpu failed: {}\n  run on the CPU: --backend ndarray\n  or run a smaller network or batch",
            cause.unwrap_or_default()
        ))
    })
}

/// The backends that are compiled in and their devices.
pub fn find() -> Vec<Found> {
    compiled_in()
        .into_iter()
        .map(|name| Found {
            name,
            float: "f32",
            devices: match name {
                #[cfg(feature = "wgpu")]
                BackendName::Wgpu => adapter_names(),
                _ => vec!["CPU".to_owned()],
            },
        })
        .collect()
}

/// The adapters of the graphics API that the backend uses, without those of other APIs.
#[cfg(feature = "wgpu")]
fn adapters() -> Vec<wgpu::AdapterInfo> {
    use burn_wgpu::graphics::{AutoGraphicsApi, GraphicsApi};
    let backends = AutoGraphicsApi::backend().into();
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let adapters = burn::cubecl::future::block_on(instance.enumerate_adapters(backends));
    adapters.iter().map(wgpu::Adapter::get_info).collect()
}

#[cfg(feature = "wgpu")]
fn adapter_names() -> Vec<String> {
    let name = |info: &wgpu::AdapterInfo| {
        format!("{} ({:?}, {:?})", info.name, info.device_type, info.backend)
    };
    adapters().iter().map(name).collect()
}

/// Checked first: without an adapter, wgpu panics.
#[cfg(feature = "wgpu")]
fn require_adapter() -> Result<(), Failure> {
    if !adapters().is_empty() {
        return Ok(());
    }
    use burn_wgpu::graphics::{AutoGraphicsApi, GraphicsApi};
    Err(Failure::usage(format!(
        "backend wgpu: no adapter found (looked for {:?}, in hardware and software)\n  run on the CPU: --backend \
         ndarray\n  or install a driver; on Debian, `apt install mesa-vulkan-drivers` installs one that runs on the \
         CPU",
        AutoGraphicsApi::backend()
    )))
}
