//! A backend that records operations instead of running them.
//!
//! Tensors of [`Capture`] have a shape and a type, but no data. Burn's router turns every operation of a module into an
//! [`OperationIr`]. The log of the device keeps it as the core's [`Operation`]. Each trace has a separate device.

use super::translate;
use burn::prelude::DeviceOps as Device;
use burn::tensor::backend::{DTypeUsage, DTypeUsageSet, DeviceId, DeviceOps, ExecutionError};
use burn::tensor::{DType, Shape, TensorData};
use burn_ir::{InitOperationIr, OperationIr, TensorId, TensorIr};
use burn_router::{BackendRouter, MultiBackendBridge, RouterTensor, RunnerChannel, RunnerClient};
use constinit_core::axes::{self as core, Operation, TensorRef};
use std::cell::Cell;
use std::collections::HashMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The recording backend: a model on it computes nothing, and [`trace`](super::trace) gets the operations that it would
/// compute.
///
/// Reading the data of its tensors is an error.
pub type Capture = BackendRouter<Channel>;

/// Connects the router with the log of a device.
#[derive(Clone, Debug)]
pub struct Channel;

/// The device of one trace; [`trace`](super::trace) gives it to its closure.
///
/// The default is the device of the trace that runs on this thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureDevice {
    index: u16,
}

/// The number outside of a trace. No trace has it, so operations on it are foreign to every trace.
const NOWHERE: u16 = 0;

thread_local! {
    static CURRENT: Cell<u16> = const { Cell::new(NOWHERE) };
}

impl Default for CaptureDevice {
    fn default() -> Self {
        Self { index: CURRENT.get() }
    }
}

impl Device for CaptureDevice {
    fn from_id(id: DeviceId) -> Self {
        Self { index: id.index_id }
    }

    fn to_id(&self) -> DeviceId {
        DeviceId { type_id: 0, index_id: self.index }
    }
}

impl DeviceOps for CaptureDevice {}

/// What a recording cannot show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The model read the data of a tensor of this shape.
    Read(Vec<usize>),
    /// A tensor of this shape came from or went to another device.
    Foreign(Vec<usize>),
}

/// What happened on a device.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) operations: Vec<Operation>,
    pub(super) failure: Option<Failure>,
    /// The tensors that were made on this device, during this trace.
    numbers: HashMap<TensorId, u64>,
}

impl Log {
    fn push(&mut self, operation: OperationIr) {
        // A tensor of an earlier trace may be dropped at any time.
        if matches!(operation, OperationIr::Drop(_)) {
            return;
        }
        let inputs: Result<Vec<TensorRef>, Failure> = operation
            .inputs()
            .map(|tensor| {
                self.tensor(tensor).ok_or_else(|| Failure::Foreign(tensor.shape.to_vec()))
            })
            .collect();
        let outputs = operation.outputs().map(|tensor| {
            let next = self.numbers.len() as u64;
            self.numbers.entry(tensor.id).or_insert(next);
            self.tensor(tensor)
        });
        let outputs = outputs.collect::<Vec<_>>().into_iter().flatten().collect();
        match inputs {
            Ok(inputs) => {
                let kind = translate::kind(&operation);
                self.operations.push(Operation { kind, inputs, outputs });
            }
            Err(failure) => self.fail(Some(failure)),
        }
    }

    fn fail(&mut self, failure: Option<Failure>) {
        if self.failure.is_none() {
            self.failure = failure;
        }
    }

    /// A tensor by its number in this trace; None if it was not made on this device, during this trace.
    pub(super) fn tensor(&self, tensor: &TensorIr) -> Option<TensorRef> {
        let id = core::TensorId(*self.numbers.get(&tensor.id)?);
        Some(TensorRef { id, shape: tensor.shape.to_vec() })
    }
}

/// Writes to the log of a device.
#[derive(Clone, Debug)]
pub struct Client {
    device: CaptureDevice,
    log: Arc<Mutex<Log>>,
}

impl Client {
    fn log(&self) -> MutexGuard<'_, Log> {
        // A panic while the log was held leaves it complete up to that operation.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunnerClient for Client {
    type Device = CaptureDevice;

    fn register_op(&self, operation: OperationIr) {
        self.log().push(operation);
    }

    fn read_tensor_async(
        &self,
        tensor: TensorIr,
    ) -> Pin<Box<dyn Future<Output = Result<TensorData, ExecutionError>> + Send>> {
        let shape = tensor.shape.to_vec();
        let reason = format!("a tensor of shape {shape:?} of a recorded model has no data");
        self.log().fail(Some(Failure::Read(shape)));
        Box::pin(ready(Err(ExecutionError::WithContext { reason })))
    }

    fn sync(&self) -> Result<(), ExecutionError> {
        Ok(())
    }

    fn create_empty_handle(&self) -> TensorId {
        // One count for all devices, so that no tensor of another trace is mistaken for one of this trace.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        TensorId::new(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn register_tensor_data(&self, data: TensorData) -> RouterTensor<Self> {
        let (shape, dtype) = (data.shape.clone(), data.dtype);
        let id = self.create_empty_handle();
        let out = TensorIr::uninit(id, shape.clone(), dtype);
        self.log().push(OperationIr::Init(InitOperationIr { out }));
        RouterTensor::new(id, shape, dtype, self.clone())
    }

    fn device(&self) -> Self::Device {
        self.device.clone()
    }

    fn seed(&self, _seed: u64) {}

    fn dtype_usage(&self, _dtype: DType) -> DTypeUsageSet {
        DTypeUsage::general()
    }
}

/// Tensors do not leave the device of their trace.
#[derive(Debug)]
pub struct Bridge;

impl MultiBackendBridge for Bridge {
    type TensorHandle = ();
    type Device = CaptureDevice;

    fn change_backend_float(_: (), _: Shape, _: &CaptureDevice) {}

    fn change_backend_int(_: (), _: Shape, _: &CaptureDevice) {}

    fn change_backend_bool(_: (), _: Shape, _: &CaptureDevice) {}
}

impl RunnerChannel for Channel {
    type Device = CaptureDevice;
    type Bridge = Bridge;
    type Client = Client;
    type FloatElem = f32;
    type IntElem = i32;
    type BoolElem = bool;

    fn name(_: &CaptureDevice) -> String {
        "capture".into()
    }

    fn init_client(device: &CaptureDevice) -> Client {
        Client { device: device.clone(), log: Arc::default() }
    }

    fn get_tensor_handle(tensor: &TensorIr, client: &Client) {
        client.log().fail(Some(Failure::Foreign(tensor.shape.to_vec())));
    }

    fn register_tensor(client: &Client, _: (), shape: Shape, dtype: DType) -> RouterTensor<Client> {
        // The other device's log does not know the tensor, so using it there is a failure, too.
        RouterTensor::new(client.create_empty_handle(), shape, dtype, client.clone())
    }
}

/// A device for one trace; its number is free again once this is dropped.
pub(super) struct Session {
    device: CaptureDevice,
    outer: u16,
}

/// Numbers that were used and are free again. The router keeps the client of a device forever, so the numbers, which
/// have 16 bits, must be reused.
static FREE: Mutex<(Vec<u16>, u16)> = Mutex::new((Vec::new(), NOWHERE));

impl Session {
    /// Starts a recording on this thread; None if 65535 recordings are running.
    pub(super) fn start() -> Option<Self> {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match free.0.pop() {
            Some(index) => index,
            None => {
                free.1 = free.1.checked_add(1)?;
                free.1
            }
        };
        let session = Self { device: CaptureDevice { index }, outer: CURRENT.replace(index) };
        // A model that outlived an earlier trace may have used this device since. This trace must not contain its
        // operations.
        session.take();
        Some(session)
    }

    /// The device to record on.
    pub(super) fn device(&self) -> &CaptureDevice {
        &self.device
    }

    /// What was recorded.
    pub(super) fn take(&self) -> Log {
        let client = burn_router::get_client::<Channel>(&self.device);
        std::mem::take(&mut *client.log())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
        self.take();
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.0.push(self.device.index);
    }
}
