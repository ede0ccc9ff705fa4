//! `--fake`: the server as a fake for tests.

use std::time::{Duration, UNIX_EPOCH};

use danio::Config;
use danio::fake::{Fake, Steered};

/// Has the configuration follow the options of `--fake`; what is given back is to be installed in the engine.
///
/// # Errors
/// Says which option is not understood.
pub(crate) fn steer(
    options: &[(String, String)],
    config: Config,
) -> Result<(Config, Option<Steered>), String> {
    let mut builder = Fake::builder();
    for (name, value) in options {
        let bad = || format!("--fake-{name} does not know '{value}'");
        builder = match name.as_str() {
            "clock" => match value.as_str() {
                "real" => builder,
                "frozen" => builder.frozen(),
                millis => {
                    let since = Duration::from_millis(millis.parse().map_err(|_| bad())?);
                    builder.frozen_at(UNIX_EPOCH + since)
                }
            },
            "seed" => builder.seed(value.parse().map_err(|_| bad())?),
            "version" => builder.version(value.parse()?),
            _ => return Err(format!("there is no option --fake-{name}")),
        };
    }
    let (config, steered) =
        builder.steer(config).map_err(|error| format!("Can't start the fake: {error}"))?;
    Ok((config, Some(steered)))
}
