//! The notebook's network: 3 inputs, 2 hidden units, 4 outputs, constant initialisation.
//!
//! `ConstInit(init_w=1.0, init_b=0.5, bias=True)` prints linear1.weight = [[1, 2, 3], [1, 2, 3]], linear1.bias = [0.5,
//! 0.5], linear2.weight all 1, linear2.bias all 0.5. After one step of SGD with rate 0.1 it prints rows [-0.2417,
//! 1.4247, 1.4839], bias -0.5802, weights -0.8702 and bias 0.2362.

use constinit_symmetry::{
    AxesSpec, Optimizer, ParamView, TrainingFacts, certificate, equitable, forward_lumpable,
    layers, twins,
};

fn check(row: [f32; 3], bias: f32, weight: f32, last: f32) {
    let weight1 = [row, row].concat();
    let (bias1, weight2, bias2) = ([bias; 2], [weight; 8], [last; 4]);
    let params = [
        ParamView::new("linear1.weight", &[2, 3], &weight1).unwrap(),
        ParamView::new("linear1.bias", &[2], &bias1).unwrap(),
        ParamView::new("linear2.weight", &[4, 2], &weight2).unwrap(),
        ParamView::new("linear2.bias", &[4], &bias2).unwrap(),
    ];
    let spec = AxesSpec::builder()
        .fixed_space("input", 3)
        .space("hidden1", 2)
        .space("output", 4)
        .layer(layers::dense("linear1", "input", "hidden1"))
        .layer(layers::dense("linear2", "hidden1", "output"))
        .build(params.iter().map(ParamView::signature))
        .unwrap();
    let twins = twins(&spec, &params).unwrap();
    for found in [
        &twins,
        &equitable(&spec, &params).unwrap(),
        &forward_lumpable(&spec, &params, &[]).unwrap(),
    ] {
        let hidden = found.space("hidden1").unwrap();
        assert_eq!((hidden.partition().units(), hidden.effective_width()), (2, 1));
        assert_eq!(hidden.largest_spread(), 0.0);
        assert!(hidden.nans().is_empty());
        assert_eq!(hidden.witnesses().len(), 0);
        assert_eq!(found.effective_width("output"), Some(1));
        assert_eq!(found.effective_width("input"), Some(3));
    }
    assert!(twins.spaces().iter().all(|space| space.findings().unwrap().is_empty()));

    // The notebook's targets are equal for all outputs. With unequal targets the hidden units stay twins.
    let facts = TrainingFacts::new(Optimizer::Sgd);
    assert!(certificate(&twins, &facts).holds());
    let unequal = certificate(&twins, &facts.with_unequal_targets("output"));
    assert_eq!(
        unequal.to_string(),
        "The 2 units of class 0 of hidden1 are twins, and SGD with no decay never separates them in exact \
         arithmetic.\n\
         The 4 units of class 0 of output are twins, but unequal targets of output can separate \
         them.\n"
    );
}

#[test]
fn before_training_and_after_one_step() {
    check([1.0, 2.0, 3.0], 0.5, 1.0, 0.5);
    check([-0.2417, 1.4247, 1.4839], -0.5802, -0.8702, 0.2362);
    check([-2.0083, -1.1648, -0.1156], -1.8569, 0.5360, 0.6030);
}
