//! The engine of the playground: a page that shows how units of a network stay equal, and how they diverge.
//!
//! It trains the network of [`perceptron_axes`](constinit_core::perceptron_axes) in closed form and in double
//! precision, reads it as the program's runs do, and reports its findings in the same words. The page calls it through
//! three functions of a small C interface ([`abi`]), with JSON in and out; [`run()`] takes a run configuration and
//! needs no page.
//!
//! ```
//! let toml = "[model]\nlayer_dims = [1, 2, 1]\nactivation = \"identity\"\nstart = \"constant\"\nbias = false\n\
//!             [data]\ninputs = [[1.0]]\ntargets = [[1.0]]\n[training]\nsteps = 1\n\
//!             optimizer = { type = \"sgd\", learning_rate = 0.125 }\n";
//! let found: serde_json::Value = serde_json::from_str(&constinit_playground::run(toml))?;
//! // Two units of weights 1 give 2, whose loss is 1 and whose slope is 2: every weight moves by 0.25.
//! assert_eq!(found["losses"], serde_json::json!([1.0]));
//! assert_eq!(found["readings"][1]["parameters"]["linear1.weight"], serde_json::json!([[0.75], [0.75]]));
//! assert_eq!(found["verdict"], "held");
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod abi;

mod breaks;
mod engine;
mod forecast;
mod network;
mod request;
mod run;
mod session;
mod surgery;
mod view;
mod watched;

pub use run::run;
pub use session::Session;
