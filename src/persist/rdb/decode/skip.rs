//! What belongs to modules: read over, for there are none here.

use super::super::input::Input;
use super::{Result, malformed};

/// Reads over what a module wrote, up to its end.
pub(in super::super) fn module_value(input: &mut Input<'_>) -> Result<()> {
    loop {
        match input.number()? {
            0 => return Ok(()),
            1 | 2 => {
                input.number()?;
            }
            3 => {
                input.bytes(4)?;
            }
            4 => {
                input.bytes(8)?;
            }
            5 => {
                input.string()?;
            }
            _ => return malformed("a module's value is of an unknown form"),
        }
    }
}

/// Reads over what modules keep beside a key (Redis 8.6).
pub(in super::super) fn key_metadata(input: &mut Input<'_>) -> Result<()> {
    for _ in 0..input.number()? {
        input.bytes(4)?;
        module_value(input)?;
    }
    Ok(())
}
