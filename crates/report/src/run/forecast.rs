//! Forecasts for equal units, compared with what happened.

use super::Run;
use crate::markup::escaped;
use crate::number::{count, short};
use crate::page::list;
use crate::thin::spaced;
use constinit_records::{ForecastPair, ForecastRecord, OutlookWord};

/// A difference relative to the size of the unit that counts as an escape.
const ESCAPED: f64 = 1e-2;
/// The largest number of forecasts on a page.
const SHOWN: usize = 12;

/// The section of the page; None if there is no forecast.
pub fn section(run: &Run) -> Option<String> {
    let forecasts = &run.readings.forecasts;
    let shown = spaced(forecasts.len(), SHOWN, &[]);
    let told = |place: &usize| {
        let forecast = &forecasts[*place];
        forecast.spaces.iter().map(move |space| {
            let (name, step) = (&space.name, count(forecast.step));
            let foretold = foretold(forecast, space);
            format!(
                "{name}, after step {step}: {foretold} What happened: {}",
                happened(run, forecast, space)
            )
        })
    };
    let sentences: Vec<String> = shown.iter().flat_map(told).collect();
    if sentences.is_empty() {
        return None;
    }
    let about = "How fast a rounding error between two equal units would grow, forecast from the curvature of the \
                 loss along their difference, and what happened to them. An escape is a difference of 1 % of the \
                 units' size, counted from one rounding error. Units that stay bitwise equal have no error that could \
                 grow.";
    let mut html = format!("<p>{}</p>\n{}", escaped(about), list(&sentences));
    if shown.len() < forecasts.len() {
        let (shown, all) = (count(shown.len()), count(forecasts.len()));
        html.push_str(&format!("<p class=\"note\">{shown} of {all} forecasts are shown.</p>\n"));
    }
    Some(html)
}

fn foretold(forecast: &ForecastRecord, space: &ForecastPair) -> String {
    let said = match space.sentence.trim().trim_end_matches('.') {
        "" => String::new(),
        sentence => format!(": {sentence}"),
    };
    let pair = space.pair.map_or("two units".to_owned(), |[u, v]| format!("units {u} and {v}"));
    match space.outlook {
        OutlookWord::Unknown => format!("nothing can be said{said}."),
        OutlookWord::Escaped => {
            let far = space
                .apart
                .map_or(String::new(), |far| format!(", by {} of their size", short(far)));
            format!("{pair} had already diverged{far}.")
        }
        OutlookWord::Together => {
            let growth = match (space.factor, space.curvature) {
                (Some(factor), Some(curvature)) => format!(
                    " Their difference is multiplied by {} per step (curvature {}).",
                    short(factor),
                    short(curvature)
                ),
                (Some(factor), None) => {
                    format!(" Their difference is multiplied by {} per step.", short(factor))
                }
                (None, Some(curvature)) => format!(
                    " The curvature is {}. The optimizer's steps are not linear in the difference, so there is no \
                     rate of growth.",
                    short(curvature)
                ),
                (None, None) => String::new(),
            };
            let due = match due(forecast, space) {
                Some(due) => format!(" That is an escape at about step {}.", count(due)),
                None => String::new(),
            };
            format!("{pair}{said}.{growth}{due}")
        }
    }
}

/// The step at which an escape was forecast.
fn due(forecast: &ForecastRecord, space: &ForecastPair) -> Option<usize> {
    let steps = space.escape_steps.filter(|steps| steps.is_finite() && *steps >= 0.0)?;
    Some(forecast.step.saturating_add(steps.round() as usize))
}

fn happened(run: &Run, forecast: &ForecastRecord, space: &ForecastPair) -> String {
    let readings = &run.readings.readings;
    let place = readings
        .first()
        .and_then(|first| first.spaces.iter().position(|found| found.name == space.name));
    let (Some(place), Some(last)) = (place, readings.last()) else {
        return "No reading has this layer.".to_owned();
    };
    let due = due(forecast, space);
    let Some(parting) = run.parting(&space.name) else {
        let against = match due {
            Some(due) if due > last.step => " The run is shorter than the forecast.",
            Some(_) => " No rounding error separated them, so nothing could grow.",
            None => "",
        };
        return format!("Held to the last reading, step {}.{against}", count(last.step));
    };
    let spread = |step: usize| {
        let reading = readings.iter().find(|reading| reading.step == step);
        match reading.map(|reading| reading.spaces[place].spread) {
            Some(Some(spread)) => short(spread),
            Some(None) => "not finite".to_owned(),
            None => "not read".to_owned(),
        }
    };
    let when = match parting.step <= forecast.step {
        true => "Units of the layer had diverged already, at step",
        false => "Units of the layer diverged at step",
    };
    let mut text = format!(
        "{when} {}, spread {} then; {} at step {}.",
        count(parting.step),
        spread(parting.step),
        spread(last.step),
        count(last.step)
    );
    if let Some((factor, from, to)) = grown(run, place) {
        text.push_str(&format!(
            " From step {} to {} the spread was multiplied by {} per step",
            count(from),
            count(to),
            short(factor)
        ));
        text.push_str(&match path_growth(run, &space.name, from, to) {
            Some(growth) => {
                let factor = (growth / (to - from) as f64).exp();
                format!("; the forecasts for these steps give {}.", short(factor))
            }
            None => ".".to_owned(),
        });
    }
    text
}

/// The logarithm of the growth between two steps by all forecasts together: the sum of their rates. A rate changes
/// linearly from one forecast to the next, and stays constant after the last. None if the first forecast came after
/// `from`.
fn path_growth(run: &Run, name: &str, from: usize, to: usize) -> Option<f64> {
    let rates = run.readings.forecasts.iter().filter_map(|forecast| {
        let space = forecast.spaces.iter().find(|space| space.name == name)?;
        let together = space.outlook == OutlookWord::Together;
        let rate = space.factor.filter(|_| together)?.ln();
        rate.is_finite().then_some((forecast.step as f64, rate))
    });
    let rates: Vec<(f64, f64)> = rates.collect();
    let (first, last) = (rates.first()?, rates.last()?);
    let (from, to) = (from as f64, to as f64);
    if first.0 > from {
        return None;
    }
    let between = rates.windows(2).map(|pair| {
        let ((a, rate_a), (b, rate_b)) = (pair[0], pair[1]);
        let (start, end) = (a.max(from), b.min(to));
        let at = |step: f64| rate_a + (rate_b - rate_a) * (step - a) / (b - a);
        if start < end { (end - start) * 0.5 * (at(start) + at(end)) } else { 0.0 }
    });
    Some(between.sum::<f64>() + last.1 * (to - last.0.max(from)).max(0.0))
}

/// The mean factor per step of the spread, from its first number above 0, while it is below a hundredth of its largest
/// number: growth is linear only while differences are small. None if that is less than a step.
fn grown(run: &Run, place: usize) -> Option<(f64, usize, usize)> {
    let known = || run.readings.readings.iter().map(|r| (r.step, r.spaces[place].spread));
    let largest = known().filter_map(|(_, spread)| spread).fold(0.0, f64::max);
    let mut small =
        known().skip_while(|(_, spread)| *spread == Some(0.0)).map_while(|(step, spread)| {
            Some((step, spread.filter(|s| *s > 0.0 && *s <= ESCAPED * largest)?))
        });
    let (from, first) = small.next()?;
    let (to, last) = small.last()?;
    Some(((last / first).powf(1.0 / (to - from) as f64), from, to))
}

/// The growth by the first forecast of an escape at these steps, relative to the size of the unit, up to the escape;
/// and its name.
pub fn growth(run: &Run, steps: &[usize]) -> Option<(String, Vec<Option<f64>>)> {
    let all = run.readings.forecasts.iter().flat_map(|f| f.spaces.iter().map(move |s| (f, s)));
    let (forecast, space, rate, escape) = all
        .filter(|(_, space)| space.outlook == OutlookWord::Together)
        .find_map(|(forecast, space)| {
            let rate = space.factor.map(f64::ln).filter(|rate| rate.is_finite() && *rate > 0.0)?;
            let escape = space.escape_steps.filter(|escape| escape.is_finite())?;
            Some((forecast, space, rate, escape))
        })?;
    let value = |step: &usize| {
        let done = step.checked_sub(forecast.step)? as f64;
        (done <= escape).then(|| ESCAPED * (rate * (done - escape)).exp()).filter(|v| *v > 0.0)
    };
    let values: Vec<Option<f64>> = steps.iter().map(value).collect();
    values.iter().any(Option::is_some).then(|| (format!("forecast of {}", space.name), values))
}
