//! What a page shows of a network, as JSON.

use crate::engine::Engine;
use crate::network::{four_properties, unit_means};
use constinit_core::Error;
use serde_json::{Value, json};

/// The state in full: sizes, numbers, classes, dead units, properties, verdict.
pub fn state(engine: &Engine) -> Result<Value, Error> {
    let network = engine.network()?;
    let layer =
        |number: usize| json!({"weight": network.weight(number), "bias": network.bias(number)});
    let layers: Vec<Value> = (0..network.layers()).map(layer).collect();
    let twins = engine.twins()?;
    let spaces = twins.spaces().iter().zip(engine.dead());
    let spaces = spaces.map(|(space, dead)| {
        let labels: Vec<usize> = space.partition().labels().iter().map(|c| c.get()).collect();
        json!({"name": space.name(), "classes": labels, "distinct": space.partition().len(), "dead": dead})
    });
    let spaces: Vec<Value> = spaces.collect();
    let properties = four_properties(&network)?;
    let properties = properties.iter().map(|(name, property)| {
        let holds = property.map(|deviation| deviation.holds());
        let apart = property.map(|property| property.deviation).filter(|apart| apart.is_finite());
        json!({"name": name, "holds": holds, "deviation": apart})
    });
    let properties: Vec<Value> = properties.collect();
    let end = engine.end()?;
    Ok(json!({
        "step": engine.step(),
        "loss": engine.loss().filter(|loss| loss.is_finite()),
        "dims": network.widths(),
        "layers": layers,
        "spaces": spaces,
        "properties": properties,
        "values": unit_means(&network),
        "trained": engine.trained(),
        "parameters": network.numbers().len(),
        "ended": engine.ended(),
        "verdict": end.verdict,
        "outcome": end.outcome,
        "sentences": end.sentences,
        "first_break": engine.tally().first_break(),
    }))
}
