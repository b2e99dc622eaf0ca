//! Twenty configurations: every activation, loss, optimizer with a closed form, start and kind of batch, and what breaks
//! symmetry.

const ROWS: &str = "inputs = [[0.1, -0.7], [1.3, 0.4], [-0.5, 0.9], [0.8, 0.8]]\n\
                    targets = [[0.2, 0.8], [0.9, 0.1], [0.5, 0.5], [0.25, 0.75]]";

fn one(model: &str, data: &str, training: &str, rest: &str) -> String {
    format!("[model]\n{model}\n[data]\n{data}\n[training]\nsteps = 30\n{training}\n{rest}\n")
}

fn optimizer(settings: &str) -> String {
    format!("optimizer = {{ {settings} }}")
}

/// All of them.
pub fn all() -> Vec<String> {
    let rows = |more: &str| format!("{ROWS}\n{more}");
    let dims = "layer_dims = [2, 5, 2]";
    let deep = "layer_dims = [2, 4, 3, 2]";
    let model = |dims: &str, activation: &str, start: &str| {
        format!("{dims}\nactivation = \"{activation}\"\n{start}")
    };
    let constant = "start = \"constant\"\ninit_w = 0.3\ninit_b = 0.1";
    let ramp = "start = \"ramp\"\ninit_w = -0.2\ninit_b = 0.05";
    let random = "start = \"random\"";
    let sgd = optimizer("type = \"sgd\", learning_rate = 0.1");
    let with = |first: &str, settings: &str| format!("{first}\n{}", optimizer(settings));
    let noise = "[[break]]\nkind = \"noise\"\nstep = 10\nspace = \"hidden1\"\nstd = 0.1\nunits = [1]\nseed = 4";
    let zero_sum = "[[break]]\nkind = \"zero-sum\"\nstep = 5\nspace = \"hidden2\"\nscale = 0.125";
    let rule = "[[init]]\npath = \"linear1.weight\"\ninit = { type = \"orthogonal\" }\n\
                [[init]]\npath = \"linear2.weight\"\ninit = { type = \"kaiming\", nonlinearity = \"tanh\" }";
    vec![
        one(&model(dims, "relu", constant), &rows(""), &sgd, ""),
        one(&model(dims, "tanh", ramp), &rows("batch_size = 3"), &sgd, ""),
        one(&model(deep, "sigmoid", "start = \"zeros\""), &rows(""), &sgd, ""),
        one(
            &model(deep, "gelu", random),
            &rows("batch_size = 2\nshuffle_seed = 7"),
            &with("seed = 5", "type = \"adam\", learning_rate = 0.01"),
            "",
        ),
        one(
            &model(dims, "silu", constant),
            &rows("shift_per_step = 0.01"),
            &with("loss = \"huber\"", "type = \"adamw\", learning_rate = 0.02"),
            "",
        ),
        one(
            &model(dims, "softplus", random),
            &rows(""),
            &with(
                "loss = \"cross-entropy\"",
                "type = \"rmsprop\", learning_rate = 0.01, centered = true, momentum = 0.5",
            ),
            "",
        ),
        one(
            &model(dims, "leaky-relu", ramp),
            &rows(""),
            &with("loss = \"huber\"", "type = \"adagrad\", learning_rate = 0.1, lr_decay = 0.01"),
            "",
        ),
        one(
            &model(deep, "elu", random),
            &rows(""),
            &with("clip_norm = 0.2", "type = \"lion\", learning_rate = 0.01"),
            "",
        ),
        one(
            &model(dims, "identity", constant),
            &rows(""),
            &with("clip_value = 0.05", "type = \"sgd\", learning_rate = 0.1, momentum = 0.9"),
            "",
        ),
        one(
            &model(dims, "tanh", random),
            &rows(""),
            &with(
                "",
                "type = \"sgd\", learning_rate = 0.05, momentum = 0.8, nesterov = true, weight_decay = 0.01",
            ),
            "",
        ),
        one(
            &model(dims, "tanh", random),
            &rows(""),
            &with(
                "seed = 9007199254740993",
                "type = \"adam\", learning_rate = 0.01, amsgrad = true, weight_decay = 0.1",
            ),
            "",
        ),
        one(
            "layer_dims = [4, 6, 3]\nactivation = \"tanh\"\nstart = \"constant\"\ninit_w = 0.2",
            "dataset = \"iris\"",
            &with("loss = \"cross-entropy\"", "type = \"sgd\", learning_rate = 0.1"),
            "",
        ),
        one(
            "layer_dims = [10, 4, 1]\nactivation = \"relu\"\nstart = \"random\"",
            "dataset = \"diabetes\"\nbatch_size = 64\nshuffle_seed = 1",
            &with("loss = \"huber\"", "type = \"adam\", learning_rate = 0.01"),
            "",
        ),
        one(
            "layer_dims = [30, 3, 2]\nactivation = \"sigmoid\"\nstart = \"random\"",
            "dataset = \"breast-cancer\"\nbatch_size = 100",
            &with("loss = \"mse\"", "type = \"rmsprop\", learning_rate = 0.001"),
            "[probe]\nevery = 7",
        ),
        one(&model(dims, "tanh", &format!("{constant}\nbias = false")), &rows(""), &sgd, noise),
        one(&model(deep, "tanh", constant), &rows(""), &sgd, zero_sum),
        one(
            &model(dims, "silu", &format!("{constant}\ndropout = 0.3\ndropout_from = 4")),
            &rows(""),
            &sgd,
            "",
        ),
        one(&model(dims, "tanh", ""), &rows(""), &sgd, rule),
        one("layer_dims = [2, 2]", &rows(""), &sgd, ""),
        one(&model(deep, "tanh", constant), &rows(""), &sgd, "[probe]\nforecast = 10\nevery = 4"),
    ]
}
