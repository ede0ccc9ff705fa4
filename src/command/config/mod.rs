//! The configuration that `CONFIG` and `redis.conf` speak of: one registry for both.
//!
//! Rows are in `rows.rs`, those that nothing acts on in `accepted.rs`. Whoever acts on a parameter registers a hook with
//! [`Parameters::on_change`]; whoever only reads one keeps its number in an
//! atomic that the hook writes, or asks [`Parameters::number`] where speed does
//! not matter.

mod accepted;
#[cfg(feature = "aof")]
mod aof;
mod bind;
mod file;
#[cfg(feature = "snapshot")]
mod files;
mod parameter;
mod rewrite;
mod rows;

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

#[cfg(feature = "aof")]
pub(super) use aof::bind_aof;
pub(super) use bind::{bind, bind_clients, bind_timing};
#[cfg(feature = "snapshot")]
pub(super) use files::bind_files;
pub use parameter::{Canonical, Kind, Limits, Parameter, Refusal, Setting};

use crate::error::{Error, Result};
use crate::text::glob;

/// What acts on a change; an `Err` takes the whole `CONFIG SET` back.
pub type Hook = Box<dyn Fn(&Setting) -> Result<(), Refusal> + Send + Sync>;

/// Every parameter with its present value.
pub struct Parameters {
    slots: Vec<Slot>,
    /// Held while a change is made, so that changes are whole.
    changing: Mutex<()>,
    /// What clients are told that there is not: parameters, their second names, choices of theirs.
    unknown: OnceLock<Vec<&'static str>>,
}

struct Slot {
    row: &'static Parameter,
    value: RwLock<Setting>,
    /// What it is unless somebody sets it.
    default: RwLock<Setting>,
    hooks: RwLock<Vec<Hook>>,
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values = self.slots.iter().map(|slot| (slot.row.name, slot.value.read().clone()));
        f.debug_map().entries(values).finish()
    }
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters::new()
    }
}

/// A name and its new words, as a `CONFIG SET` or a line of `redis.conf` gives them.
pub type Change<'a> = (&'a [u8], &'a [&'a [u8]]);

impl Parameters {
    /// Every parameter at its default, for a server to read its configuration into
    /// before there is an engine.
    pub fn new() -> Parameters {
        let slots = rows::ROWS.iter().chain(accepted::ROWS).map(|row| {
            let default = [row.default.as_bytes()];
            let value = row.parse(&default, b"").expect("a row's default is a value of it");
            let default = RwLock::new(value.clone());
            Slot { row, value: RwLock::new(value), default, hooks: RwLock::default() }
        });
        Parameters { slots: slots.collect(), changing: Mutex::new(()), unknown: OnceLock::new() }
    }

    fn slot(&self, name: &[u8]) -> Option<&Slot> {
        let is = |candidate: &str| candidate.as_bytes().eq_ignore_ascii_case(name);
        self.slots.iter().find(|slot| is(slot.row.name) || slot.row.alias.is_some_and(is))
    }

    /// From now on clients are told that there are no such parameters, or choices of parameters. They keep their values.
    #[cfg(feature = "fake")]
    pub(crate) fn forget(&self, names: impl IntoIterator<Item = &'static str>) {
        let first = self.unknown.set(names.into_iter().collect());
        debug_assert!(first.is_ok(), "an engine imitates one server");
    }

    fn unknown(&self) -> &[&'static str] {
        self.unknown.get().map_or(&[], Vec::as_slice)
    }

    /// The parameter of a name that a client says.
    fn told(&self, name: &[u8]) -> Option<&Slot> {
        let is = |unknown: &&str| unknown.as_bytes().eq_ignore_ascii_case(name);
        self.slot(name).filter(|_| !self.unknown().iter().any(is))
    }

    /// Sets a number that is known to be good, without asking hooks.
    fn put(&self, name: &str, number: i64) {
        *self.known(name).value.write() = Setting::Number(number);
    }

    fn known(&self, name: &str) -> &Slot {
        self.slot(name.as_bytes()).expect("a parameter named in the code has a row")
    }

    /// The row of that name or alias, in any case.
    pub fn row(&self, name: &[u8]) -> Option<&'static Parameter> {
        self.slot(name).map(|slot| slot.row)
    }

    /// The present number of a parameter (0 and 1 for a boolean).
    ///
    /// # Panics
    /// When there is no such parameter.
    pub fn number(&self, name: &str) -> i64 {
        self.known(name).value.read().number()
    }

    /// The present text of a parameter.
    ///
    /// # Panics
    /// When there is no such parameter.
    pub fn text(&self, name: &str) -> Bytes {
        Bytes::copy_from_slice(self.known(name).value.read().text())
    }

    /// Calls `hook` with the present value, and again with each new one.
    ///
    /// # Errors
    /// What `hook` says of the present value; it is then not kept.
    ///
    /// # Panics
    /// When there is no such parameter.
    pub fn on_change(
        &self,
        name: &str,
        hook: impl Fn(&Setting) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Result<(), Refusal> {
        let slot = self.known(name);
        let _changing = self.changing.lock();
        hook(&slot.value.read())?;
        slot.hooks.write().push(Box::new(hook));
        Ok(())
    }

    /// Every name (aliases included) that fits one of `patterns`, with its value.
    pub fn matching<'p>(
        &self,
        patterns: impl IntoIterator<Item = &'p [u8]>,
    ) -> Vec<(Cow<'p, [u8]>, Bytes)> {
        let mut found: Vec<(Cow<'p, [u8]>, Bytes)> = Vec::new();
        for pattern in patterns {
            if memchr::memchr3(b'*', b'?', b'[', pattern).is_none() {
                let seen = found.iter().any(|(name, _)| name.eq_ignore_ascii_case(pattern));
                if let (false, Some(slot)) = (seen, self.told(pattern)) {
                    found.push((Cow::Borrowed(pattern), slot.row.show(&slot.value.read())));
                }
                continue;
            }
            for slot in &self.slots {
                if slot.row.limits.contains(Limits::HIDDEN) {
                    continue;
                }
                for name in [Some(slot.row.name), slot.row.alias].into_iter().flatten() {
                    let fits = glob::matches_nocase(pattern, name.as_bytes())
                        && !self.unknown().contains(&name);
                    if fits
                        && !found.iter().any(|(seen, _)| seen.eq_ignore_ascii_case(name.as_bytes()))
                    {
                        found.push((
                            Cow::Borrowed(name.as_bytes()),
                            slot.row.show(&slot.value.read()),
                        ));
                    }
                }
            }
        }
        found
    }

    /// Changes several parameters at run time, all or none (`CONFIG SET`).
    ///
    /// # Errors
    /// In Redis's words: an unknown name, a parameter that cannot be changed at
    /// run time or is given twice, a value that it does not take.
    pub fn set(&self, changes: &[Change<'_>]) -> Result<()> {
        let protects = self.number("enable-protected-configs");
        self.change(changes, |row| {
            if row.limits.contains(Limits::IMMUTABLE) {
                Err("can't set immutable config")
            } else if row.limits.contains(Limits::PROTECTED) && protects == 0 {
                Err("can't set protected config")
            } else {
                Ok(())
            }
        })
    }

    /// Sets one parameter at start-up, when everything may be set.
    ///
    /// # Errors
    /// The refusal alone, without Redis's words around it; `None` for an unknown name.
    pub fn load(&self, name: &[u8], words: &[&[u8]]) -> Result<(), Option<Refusal>> {
        if obsolete(name) {
            return Ok(());
        }
        let slot = self.slot(name).ok_or(None)?;
        let _changing = self.changing.lock();
        let value = slot.row.parse(words, slot.value.read().text()).map_err(Some)?;
        for hook in slot.hooks.read().iter() {
            hook(&value).map_err(Some)?;
        }
        *slot.value.write() = value;
        Ok(())
    }

    /// Sets one parameter at start-up to what it is on this machine unless somebody sets it: `CONFIG REWRITE` writes it
    /// down only if it has changed since.
    ///
    /// # Errors
    /// As [`load`](Parameters::load).
    pub fn load_default(&self, name: &[u8], words: &[&[u8]]) -> Result<(), Option<Refusal>> {
        self.load(name, words)?;
        let slot = self.slot(name).ok_or(None)?;
        *slot.default.write() = slot.value.read().clone();
        Ok(())
    }

    /// Takes over every value of `other`.
    ///
    /// # Errors
    /// The name of the first parameter whose value is refused, and why.
    pub fn adopt(&self, other: &Parameters) -> Result<(), (&'static str, Refusal)> {
        for (slot, theirs) in self.slots.iter().zip(&other.slots) {
            let value = theirs.value.read().clone();
            let hooks = slot.hooks.read();
            hooks.iter().try_for_each(|hook| hook(&value)).map_err(|why| (slot.row.name, why))?;
            *slot.value.write() = value;
        }
        Ok(())
    }

    fn change(
        &self,
        changes: &[Change<'_>],
        may: impl Fn(&Parameter) -> Result<(), &'static str>,
    ) -> Result<()> {
        let _changing = self.changing.lock();
        let mut slots: Vec<&Slot> = Vec::with_capacity(changes.len());
        for (at, (name, _)) in changes.iter().enumerate() {
            let Some(slot) = self.told(name) else {
                return Err(unknown(name));
            };
            may(slot.row).map_err(|why| failed(name, why))?;
            // By its two names it may be given twice, and the last one counts.
            if changes[..at].iter().any(|(before, _)| before.eq_ignore_ascii_case(name)) {
                return Err(failed(name, "duplicate parameter"));
            }
            slots.push(slot);
        }
        let mut values = Vec::with_capacity(changes.len());
        for (slot, (name, words)) in slots.iter().zip(changes) {
            let present = slot.value.read().clone();
            let value = slot.row.parse_but(self.unknown(), words, present.text());
            let value = value.map_err(|why| failed(name, &why))?;
            if slot.row.limits.contains(Limits::FIXED) && value != present {
                return Err(failed(name, "can't be changed while the server runs"));
            }
            values.push(value);
        }
        let previous: Vec<Setting> = slots
            .iter()
            .zip(values)
            .map(|(slot, value)| std::mem::replace(&mut *slot.value.write(), value))
            .collect();
        for (at, slot) in slots.iter().enumerate() {
            if let Err(why) = slot.apply() {
                for (slot, value) in slots.iter().zip(previous).rev() {
                    *slot.value.write() = value;
                }
                // What was applied is applied again with the old value, which was good once.
                for slot in &slots[..=at] {
                    let _ = slot.apply();
                }
                return Err(failed(changes[at].0, &why));
            }
        }
        Ok(())
    }
}

impl Slot {
    fn apply(&self) -> Result<(), Refusal> {
        let value = self.value.read().clone();
        self.hooks.read().iter().try_for_each(|hook| hook(&value))
    }
}

/// Whether this tuned a Redis of old, of which newer ones do not speak any more, and take no offence at it either.
fn obsolete(name: &[u8]) -> bool {
    accepted::OBSOLETE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn unknown(name: &[u8]) -> Error {
    Error::echo("ERR Unknown option or number of arguments for CONFIG SET - '", name, "'")
}

fn failed(name: &[u8], why: &str) -> Error {
    let name = String::from_utf8_lossy(name);
    Error::reply(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"))
}

#[cfg(test)]
mod tests;
