//! Surgery in single precision. Burn keeps one default float type per device and process, so doubles are tested in
//! another binary.

use burn::tensor::TensorData;
use burn::tensor::backend::Backend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use constinit::params::from_values;
use constinit::params::{read_parameters, write_parameters};
use constinit::surgery::{Shares, SymmetryKind, break_symmetry, collapse, symmetry_of, widen};
use constinit::{Activation, ConstInit, ConstInitConfig};

fn wave(n: usize, phase: f64) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 1.731 + phase).sin()).collect()
}

fn values<B: Backend>(net: &ConstInit<B>) -> Vec<f64> {
    let x = from_values::<B, 2>(wave(21, 0.3), [7, 3], &Default::default());
    net.forward(x).into_data().iter::<f64>().collect()
}

fn assert_close(a: &[f64], b: &[f64], what: &str) {
    let scale = a.iter().fold(0.0_f64, |s, v| s.max(v.abs()));
    let off = a.iter().zip(b).fold(0.0_f64, |d, (a, b)| d.max((a - b).abs())) / scale;
    assert!(a.len() == b.len() && off < 1e-6, "{what}: off by {off:e}");
}

fn functions_are_kept<B: Backend>(activation: Activation) {
    let net = ConstInitConfig::new(vec![3, 6, 5, 2]).with_activation(activation);
    let net = net.init::<B>(&Default::default());
    let spec = net.axes().unwrap();
    let random = spec.params().iter().enumerate().map(|(number, param)| {
        let entries = wave(param.shape().iter().product(), number as f64);
        (param.path(), TensorData::new(entries, param.shape().to_vec()))
    });
    let net = write_parameters(net, random).unwrap();
    let before = values(&net);
    let parameters: Vec<_> = read_parameters(&net).into_iter().map(|p| p.data).collect();
    let copies = [("hidden1", &[1, 3, 2, 1, 7, 1][..]), ("hidden2", &[2, 1, 5, 1, 1][..])];
    for shares in [Shares::Exact, Shares::Equal] {
        let wide = widen(net.clone(), &spec, &copies, shares).unwrap();
        assert_close(&before, &values(&wide.module), "widened");
        let classes = symmetry_of(&wide.module, &wide.spec, SymmetryKind::ForwardLumpable).unwrap();
        assert_eq!(classes.effective_width("hidden1"), Some(6));
        let broken = break_symmetry(wide.module.clone(), &wide.spec, &classes, 0.1, 3).unwrap();
        assert_close(&before, &values(&broken.module), "broken");
        assert!(broken.separated > 0 && broken.largest_change > 0.0);
        let back = collapse(wide.module, &wide.spec, &classes).unwrap().module;
        assert_close(&before, &values(&back), "collapsed");
        if shares == Shares::Exact {
            let back = read_parameters(&back).into_iter().map(|p| p.data);
            assert!(back.eq(parameters.iter().cloned()), "bit for bit");
        }
    }
}

#[test]
fn functions_are_kept_to_single_precision() {
    for activation in Activation::ALL {
        functions_are_kept::<NdArray>(activation);
        functions_are_kept::<Flex>(activation);
    }
}
