//! INFO: the report on the server, section by section.

mod persistence;
mod sections;
mod statistics;
pub(super) mod system;

use crate::command::context::Context;
use crate::command::parse::is;
use crate::command::row::{Arg, Categories, Command, Flags, Group};
use crate::error::Result;

pub(super) const INFO: Command = Command::new("info", -1, info)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .categories(&[Categories::DANGEROUS])
    .summary("Reports on the server, section by section.")
    .history(&[("7.0.0", "Several sections at once.")])
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .args(&[Arg::string("section").optional().multiple()]);

/// Writes the lines of one section.
type Write = fn(&mut Context<'_, '_>, &mut String) -> Result<()>;

/// A section of the report.
struct Section {
    /// The name it is asked for by, in lower case.
    name: &'static str,
    /// Its heading.
    title: &'static str,
    /// Whether it is shown when none is asked for.
    default: bool,
    write: Write,
}

const fn section(name: &'static str, title: &'static str, default: bool, write: Write) -> Section {
    Section { name, title, default, write }
}

/// The sections, in the order of the report.
const SECTIONS: &[Section] = &[
    section("server", "Server", true, sections::server),
    section("clients", "Clients", true, sections::clients),
    section("memory", "Memory", true, sections::memory),
    section("persistence", "Persistence", true, persistence::persistence),
    section("stats", "Stats", true, statistics::stats),
    section("replication", "Replication", true, sections::replication),
    section("cpu", "CPU", true, sections::cpu),
    section("modules", "Modules", true, sections::modules),
    section("commandstats", "Commandstats", false, statistics::commandstats),
    section("errorstats", "Errorstats", true, statistics::errorstats),
    section("latencystats", "Latencystats", false, statistics::latencystats),
    section("cluster", "Cluster", true, sections::cluster),
    section("keyspace", "Keyspace", true, statistics::keyspace),
];

fn info(ctx: &mut Context<'_, '_>) -> Result<()> {
    let asked: Vec<&[u8]> = ctx.args.iter_from(1).collect();
    let any = |name: &str| asked.iter().any(|word| is(word, name));
    let default = asked.is_empty() || any("default");
    let all = any("all") || any("everything");
    let mut report = String::new();
    for section in SECTIONS {
        // `all` leaves out what modules might add, of which there is the list of them.
        let modules = section.name == "modules" && !any("everything");
        if (default && section.default) || (all && !modules) || any(section.name) {
            if !report.is_empty() {
                report.push_str("\r\n");
            }
            report.push_str("# ");
            report.push_str(section.title);
            report.push_str("\r\n");
            (section.write)(ctx, &mut report)?;
        }
    }
    ctx.reply.verbatim("txt", &report);
    Ok(())
}

/// Appends a line `name:value`.
fn line(report: &mut String, name: &str, value: impl std::fmt::Display) {
    use std::fmt::Write;
    write!(report, "{name}:{value}\r\n").expect("a string takes everything");
}

/// A size for people: `1.50M`.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "K", "M", "G", "T", "P"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let unit = (bytes.ilog2() / 10).min(5);
    format!("{:.2}{}", bytes as f64 / 1024f64.powi(unit.cast_signed()), UNITS[unit as usize])
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.00K"),
            (1_635_744, "1.56M"),
            (25_276_502_016, "23.54G"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}
