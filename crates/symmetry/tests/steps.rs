//! After the first step, training allocates nothing.

use constinit_symmetry::dynamics::{
    Activation, AdaGrad, Adam, DenseLayer, Lion, Loss, Perceptron, RmsProp, Sgd, Training,
    UpdateRule,
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Makes a boxed rule a rule.
struct Boxed(Box<dyn UpdateRule<f64>>);

impl UpdateRule<f64> for Boxed {
    fn step(&mut self, parameters: &mut [f64], gradients: &[f64]) {
        self.0.step(parameters, gradients);
    }
}

fn rules() -> [(&'static str, Boxed); 10] {
    let changed = |mut rule: Adam<f64>, change: fn(&mut Adam<f64>)| {
        change(&mut rule);
        Boxed(Box::new(rule))
    };
    [
        ("sgd", Boxed(Box::new(Sgd::new(0.01)))),
        ("sgd with momentum", Boxed(Box::new(Sgd::new(0.01).with_momentum(0.9).with_decay(0.01)))),
        ("nesterov", {
            let mut rule = Sgd::new(0.01).with_momentum(0.9);
            rule.nesterov = true;
            Boxed(Box::new(rule))
        }),
        ("adam", Boxed(Box::new(Adam::new(0.01)))),
        ("amsgrad", changed(Adam::new(0.01), |rule| rule.amsgrad = true)),
        ("adam with coupled decay", changed(Adam::new(0.01), |rule| rule.coupled = 0.01)),
        ("adamw", changed(Adam::new(0.01), |rule| rule.decoupled = 0.01)),
        ("rmsprop", Boxed(Box::new(RmsProp::new(0.01)))),
        ("adagrad", Boxed(Box::new(AdaGrad::new(0.01)))),
        ("lion", Boxed(Box::new(Lion::new(0.01)))),
    ]
}

/// The largest number of bytes in use during `f`, minus the number before it.
fn extra(mut f: impl FnMut()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    f();
    MEMORY.peak_usage() - before
}

#[test]
fn nothing_is_allocated_after_the_first_step() {
    assert!(extra(|| drop(std::hint::black_box(vec![1_u8; 1]))) > 0, "the counter does not count");
    for function in Activation::ALL {
        for loss in Loss::ALL {
            for (number, (name, _)) in rules().iter().enumerate() {
                // The thread of the test runner may allocate at any time, so only bytes in all of three trials count.
                let later = (0..3).map(|_| allocated_later(function, loss, number));
                assert_eq!(later.min(), Some(0), "{name}, {function:?}, {loss:?}");
            }
        }
    }
}

/// The number of bytes that steps after the first one allocate.
fn allocated_later(function: Activation, loss: Loss, rule: usize) -> usize {
    let (x, t) = ([0.5_f64; 12], [0.25_f64; 8]);
    let layer = |entries: usize, outputs: usize| DenseLayer {
        weight: vec![0.125; entries],
        bias: Some(vec![0.5; outputs]),
    };
    let layers = vec![layer(6, 2), layer(4, 2), layer(4, 2)];
    let network = Perceptron::new(&[3, 2, 2, 2], layers)
        .unwrap()
        .with_class_sizes(&[vec![3, 1], vec![1, 1], vec![2, 5]])
        .unwrap();
    let (_, rule) = rules().into_iter().nth(rule).unwrap();
    let mut training = Training::new(network, function, loss, rule);
    let first = extra(|| assert!(training.step(&x, &t).is_ok()));
    assert!(first > 0, "the first step allocates");
    extra(|| {
        // Also a smaller batch.
        training.step(&x, &t).unwrap();
        training.step(&x[..6], &t[..4]).unwrap();
        training.step(&x, &t).unwrap();
    })
}
