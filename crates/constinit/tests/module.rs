//! `ConstInit` as a Burn module: shapes, records, configuration, text.

use burn::config::Config;
use burn::module::{AutodiffModule, Initializer, Module};
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use constinit::init::{Init, from_burn};
use constinit::{Activation, ConstInit, ConstInitConfig, Error, LayerInit};

fn forward_shapes<B: Backend>() {
    let device = Default::default();
    for bias in [true, false] {
        for dims in [vec![3, 4], vec![3, 2, 4], vec![1, 1, 1], vec![2, 5, 4, 3, 2]] {
            let config = ConstInitConfig::new(dims.clone()).with_bias(bias);
            let net = config.init::<B>(&device);
            let output = net.forward(Tensor::ones([7, dims[0]], &device));
            assert_eq!(output.dims(), [7, dims[dims.len() - 1]]);
            assert_eq!(net.parameter_names().len(), (dims.len() - 1) * if bias { 2 } else { 1 });
        }
    }
}

#[test]
fn runs_on_every_backend_with_and_without_autodiff() {
    forward_shapes::<NdArray>();
    forward_shapes::<Flex>();
    forward_shapes::<Autodiff<NdArray>>();
    forward_shapes::<Autodiff<Flex>>();
}

/// What the notebook shows of its network before training, with the same numbers.
#[test]
fn the_text_shows_what_the_notebook_shows() {
    let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
    assert_eq!(
        net.parameters_text(),
        "\
linear1.weight [2, 3]
  [[1.0000, 2.0000, 3.0000],
   [1.0000, 2.0000, 3.0000]]
linear1.bias [2]
  [0.5000, 0.5000]
linear2.weight [4, 2]
  [[1.0000, 1.0000],
   [1.0000, 1.0000],
   [1.0000, 1.0000],
   [1.0000, 1.0000]]
linear2.bias [4]
  [0.5000, 0.5000, 0.5000, 0.5000]
"
    );
}

#[test]
fn a_deep_network_computes_what_its_formula_says() {
    let device = Default::default();
    let config = ConstInitConfig::new(vec![2, 3, 2, 1]).with_activation(Activation::Identity);
    let net = config.with_init_w(2.0).with_init_b(-1.0).init::<NdArray>(&device);
    let output = net.forward(Tensor::from_data([[1.0, 10.0]], &device));
    // 2*1 + 3*10 - 1 = 31; 3*2*31 - 1 = 185; 2*2*185 - 1 = 739
    assert_eq!(output.into_data().to_vec::<f32>().unwrap(), [739.0]);
}

#[test]
fn records_restore_parameters_and_configurations_are_serde() {
    let device = Default::default();
    let config = ConstInitConfig::new(vec![3, 2, 4]).with_activation(Activation::Gelu);
    let read: ConstInitConfig =
        serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(read, config);
    let folder = tempfile::tempdir().unwrap();
    config.save(folder.path().join("config.json")).unwrap();
    assert_eq!(ConstInitConfig::load(folder.path().join("config.json")).unwrap(), config);

    let recorder = NamedMpkBytesRecorder::<FullPrecisionSettings>::default();
    let net = config.init::<NdArray>(&device);
    let bytes = recorder.record(net.clone().into_record(), ()).unwrap();
    let other = config.with_init_w(9.0).init::<NdArray>(&device);
    let restored = other.load_record(recorder.load(bytes, &device).unwrap());
    assert_eq!(restored.parameters_text(), net.parameters_text());
}

#[test]
fn it_displays_and_debugs_as_burn_modules_do() {
    let net = ConstInitConfig::new(vec![3, 2, 4]).init::<NdArray>(&Default::default());
    let text = format!("{net}");
    assert!(text.contains("ConstInit") && text.contains("params: 20"), "{text}");
    assert!(format!("{net:?}").contains("Linear"));
    assert_eq!(net.num_params(), 20);
}

#[test]
fn valid_and_clone_keep_every_number() {
    let net = ConstInitConfig::new(vec![3, 2, 4]).init::<Autodiff<NdArray>>(&Default::default());
    assert_eq!(net.valid().parameters_text(), net.parameters_text());
    assert_eq!(net.clone().parameters_text(), net.parameters_text());
    assert!(net.layers.iter().all(|layer| layer.weight.is_require_grad()));
}

#[test]
fn networks_that_cannot_be_are_refused() {
    let refuse = |dims: Vec<usize>| {
        ConstInitConfig::new(dims).try_init::<NdArray>(&Default::default()).unwrap_err()
    };
    assert_eq!(
        refuse(vec![3]).to_string(),
        "layer_dims [3] has fewer than 2 numbers; give the sizes of inputs and outputs, with those of hidden layers \
         between them"
    );
    assert_eq!(
        refuse(vec![3, 0, 4]).to_string(),
        "layer_dims [3, 0, 4]: size number 1, counted from 0, is 0"
    );
    for dims in [vec![3, usize::MAX, 4], vec![1 << 30, 1 << 30, 1], vec![1, 1 << 45, 1]] {
        assert!(matches!(refuse(dims), Error::TooLarge { .. }));
    }
    assert!(matches!(refuse(vec![]), Error::TooFewLayers { .. }));
}

#[test]
fn two_sizes_are_a_linear_model() {
    let device = Default::default();
    let net = ConstInitConfig::new(vec![2, 1]).init::<NdArray>(&device);
    // 1 * -3 + 2 * 0 + 0.5, through no activation.
    let outputs = net.forward(Tensor::from_data([[-3.0, 0.0]], &device));
    assert_eq!(outputs.into_data().to_vec::<f32>().unwrap(), [-2.5]);
    assert!(net.axes().unwrap().spaces().is_empty());
}

#[test]
#[should_panic(expected = "size number 1, counted from 0, is 0")]
fn init_panics_with_the_same_words() {
    ConstInitConfig::new(vec![3, 0, 4]).init::<NdArray>(&Default::default());
}

#[test]
fn other_initialisers_one_pair_a_layer() {
    let device = Default::default();
    let config = ConstInitConfig::new(vec![2, 2, 1]);
    let mut inits = config.constants();
    inits[0].weight = Init::PerOutput { values: vec![5.0, 7.0] };
    inits[1] = LayerInit { weight: from_burn(&Initializer::Ones), bias: Init::Zeros };
    let net: ConstInit<NdArray> = config.try_init_with(&inits, &device).unwrap();
    let text = net.parameters_text();
    assert!(text.contains("[[5.0000, 5.0000],\n   [7.0000, 7.0000]]"), "{text}");
    assert!(text.ends_with("linear2.bias [1]\n  [0.0000]\n"), "{text}");

    let error = config.try_init_with::<NdArray>(&inits[..1], &device).unwrap_err();
    assert_eq!(error.to_string(), "2 layers, but initialisers for 1");
    inits[1].bias = Init::InputRamp { start: 0.0, step: 1.0 };
    assert!(matches!(config.try_init_with::<NdArray>(&inits, &device), Err(Error::Init { .. })));
}
