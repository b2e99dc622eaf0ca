//! Extra memory stays under 1 % of the input.

use constinit_symmetry::{AxesSpec, ParamView, layers, twins};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn without_symmetry_and_with_nothing_but() {
    const LAYERS: usize = 16;
    const UNITS: usize = 1200;
    let names: Vec<String> = (0..LAYERS).map(|k| format!("l{k}.weight")).collect();
    let name = |k: usize| if k == 0 || k == LAYERS { String::new() } else { format!("h{k}") };
    let mut spec = AxesSpec::builder();
    for k in 0..LAYERS {
        if k > 0 {
            spec = spec.space(name(k), UNITS);
        }
        spec = spec.layer(layers::dense(&format!("l{k}"), name(k), name(k + 1)).without_bias());
    }
    let spec = spec.build(names.iter().map(|n| (n.as_str(), &[UNITS, UNITS][..]))).unwrap();
    let numbers = |k: usize, at: usize| (at * 7919 + k) as f32;
    for alike in [false, true] {
        let data: Vec<Vec<f32>> = (0..LAYERS)
            .map(|k| {
                (0..UNITS * UNITS).map(|at| if alike { 1.0 } else { numbers(k, at) }).collect()
            })
            .collect();
        let params: Vec<ParamView<'_>> = names
            .iter()
            .zip(&data)
            .map(|(name, data)| ParamView::new(name, &[UNITS, UNITS], data).unwrap())
            .collect();
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let found = twins(&spec, &params).unwrap();
        let extra = MEMORY.peak_usage() - before;
        let classes: usize = found.spaces().iter().map(|space| space.effective_width()).sum();
        assert_eq!(classes, if alike { LAYERS - 1 } else { (LAYERS - 1) * UNITS });
        let input = LAYERS * UNITS * UNITS * size_of::<f32>();
        assert!(100 * extra < input, "{extra} extra bytes for {input}");
    }
}
