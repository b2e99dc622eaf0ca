//! A backend that records what a module does and computes nothing.
//!
//! Burn's router sends the operations of any module to a client; this one keeps them.

use burn::tensor::{DType, Shape, TensorData, TensorMetadata};
use burn_backend::backend::{DeviceId, DeviceOps, ExecutionError};
use burn_backend::{DTypeUsage, DTypeUsageSet, Device};
use burn_ir::{OperationIr, TensorId, TensorIr};
use burn_router::{BackendRouter, MultiBackendBridge, RouterTensor, RunnerChannel, RunnerClient};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A backend that records operations; its tensors have shapes and no numbers.
pub type Capture = BackendRouter<Channel>;

/// A device of [`Capture`]; each trace has one of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureDevice(u32);

impl CaptureDevice {
    /// A device that nobody has used.
    pub(super) fn fresh() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Device for CaptureDevice {
    fn from_id(id: DeviceId) -> Self {
        Self((u32::from(id.type_id) << 16) | u32::from(id.index_id))
    }

    fn to_id(&self) -> DeviceId {
        let (high, low) = (self.0 >> 16, self.0 & 0xffff);
        DeviceId { type_id: high as u16, index_id: low as u16 }
    }
}

impl DeviceOps for CaptureDevice {}

/// What a trace has seen, in order.
#[derive(Debug)]
pub(super) enum Event {
    /// An operation.
    Operation(Box<OperationIr>),
    /// The numbers of a tensor were asked for; it was told zeros.
    Read(TensorIr),
}

/// Records.
#[derive(Clone, Debug)]
pub struct CaptureClient {
    device: CaptureDevice,
    events: Arc<Mutex<Vec<Event>>>,
    next: Arc<AtomicU64>,
}

impl CaptureClient {
    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything so far; nothing is kept.
    pub(super) fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events())
    }
}

impl RunnerClient for CaptureClient {
    type Device = CaptureDevice;

    fn register_op(&self, op: OperationIr) {
        if !matches!(op, OperationIr::Drop(_)) {
            self.events().push(Event::Operation(Box::new(op)));
        }
    }

    fn read_tensor_async(
        &self,
        tensor: TensorIr,
    ) -> burn_std::future::DynFut<Result<TensorData, ExecutionError>> {
        let data = TensorData::zeros::<f32, _>(tensor.shape.clone()).convert_dtype(tensor.dtype);
        self.events().push(Event::Read(tensor));
        Box::pin(async move { Ok(data) })
    }

    fn sync(&self) -> Result<(), ExecutionError> {
        Ok(())
    }

    fn create_empty_handle(&self) -> TensorId {
        TensorId::new(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn register_tensor_data(&self, data: TensorData) -> RouterTensor<Self> {
        RouterTensor::new(self.create_empty_handle(), data.shape, data.dtype, self.clone())
    }

    fn device(&self) -> CaptureDevice {
        self.device.clone()
    }

    fn seed(&self, _: u64) {}

    fn dtype_usage(&self, _: DType) -> DTypeUsageSet {
        DTypeUsage::general()
    }
}

/// Leads to a [`CaptureClient`].
#[derive(Clone, Debug)]
pub struct Channel;

impl RunnerChannel for Channel {
    type Device = CaptureDevice;
    type Bridge = Bridge;
    type Client = CaptureClient;
    type FloatElem = f32;
    type IntElem = i32;
    type BoolElem = u32;

    fn name(_: &CaptureDevice) -> String {
        "capture".to_owned()
    }

    fn init_client(device: &CaptureDevice) -> CaptureClient {
        CaptureClient { device: device.clone(), events: Arc::default(), next: Arc::default() }
    }

    fn get_tensor_handle(_: &TensorIr, _: &CaptureClient) {}

    fn register_tensor(
        client: &CaptureClient,
        (): (),
        shape: Shape,
        dtype: DType,
    ) -> RouterTensor<CaptureClient> {
        RouterTensor::new(client.create_empty_handle(), shape, dtype, client.clone())
    }

    fn change_client_backend(
        tensor: RouterTensor<CaptureClient>,
        device: &CaptureDevice,
    ) -> RouterTensor<CaptureClient> {
        let client = burn_router::get_client::<Self>(device);
        Self::register_tensor(&client, (), tensor.shape(), tensor.dtype())
    }
}

/// There is nothing to carry from one device to another.
#[derive(Clone, Debug)]
pub struct Bridge;

impl MultiBackendBridge for Bridge {
    type TensorHandle = ();
    type Device = CaptureDevice;

    fn change_backend_float((): (), _: Shape, _: &CaptureDevice) {}

    fn change_backend_int((): (), _: Shape, _: &CaptureDevice) {}

    fn change_backend_bool((): (), _: Shape, _: &CaptureDevice) {}
}
