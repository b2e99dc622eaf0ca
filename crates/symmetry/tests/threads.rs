//! Results do not depend on the number of threads.

#![cfg(feature = "rayon")]

mod common;

use common::Rng;
use constinit_symmetry::{
    AxesSpec, EqualityPolicy, ParamView, Symmetry, equitable, forward_lumpable, layers, twins_with,
};

/// A network large enough for several tasks, with classes, near classes, NaN and a recurrence.
#[test]
fn one_two_three_and_eight_threads_agree() {
    let rng = &mut Rng(5);
    let (inputs, hidden) = (700, 900);
    let labels: Vec<usize> = (0..hidden).map(|_| rng.below(60)).collect();
    let mut first: Vec<f32> = (0..hidden * inputs)
        .map(|at| ((labels[at / inputs] * 13 + at % inputs) % 101) as f32)
        .collect();
    for _ in 0..40 {
        first[rng.below(hidden * inputs)] = [f32::NAN, 0.5][rng.below(2)];
    }
    let second: Vec<f32> = (0..hidden * hidden)
        .map(|at| (labels[at / hidden] * 7 + labels[at % hidden]) as f32)
        .collect();
    let third: Vec<f32> =
        (0..10 * hidden).map(|at| (labels[at % hidden] + at / hidden) as f32).collect();
    let recurrent: Vec<f32> =
        (0..hidden * hidden).map(|at| f32::from(at % (hidden + 1) == 0)).collect();
    let params = [
        ParamView::new("l1.weight", &[hidden, inputs], &first).unwrap(),
        ParamView::new("l2.weight", &[hidden, hidden], &second).unwrap(),
        ParamView::new("rnn.weight", &[hidden, hidden], &recurrent).unwrap(),
        ParamView::new("l3.weight", &[10, hidden], &third).unwrap(),
    ];
    let spec = AxesSpec::builder()
        .space("h1", hidden)
        .space("h2", hidden)
        .layer(layers::dense("l1", "", "h1").without_bias())
        .layer(layers::dense("l2", "h1", "h2").without_bias())
        .layer(layers::dense("rnn", "h2", "h2").without_bias())
        .layer(layers::dense("l3", "h2", "").without_bias())
        .build(params.iter().map(ParamView::signature))
        .unwrap();
    let search = || -> Vec<Symmetry> {
        let policies = [
            EqualityPolicy::bits(),
            EqualityPolicy::value(),
            EqualityPolicy::within(0.5).unwrap(),
            EqualityPolicy::bits().up_to_sign(),
        ];
        let mut all: Vec<Symmetry> =
            policies.iter().map(|policy| twins_with(&spec, &params, policy).unwrap()).collect();
        all.push(equitable(&spec, &params).unwrap());
        all.push(forward_lumpable(&spec, &params, &[]).unwrap());
        all
    };
    let on = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(search)
    };
    let alone = on(1);
    let widths: Vec<usize> =
        alone.iter().map(|found| found.effective_width("h1").unwrap()).collect();
    assert!(widths[0] > 60 && widths[0] < 120, "{widths:?}");
    assert_eq!(alone[0].effective_width("h2"), Some(60));
    for threads in [2, 3, 8] {
        assert!(on(threads) == alone, "{threads} threads");
    }
}
