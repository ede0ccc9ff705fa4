//! LATENCY: spikes, and how long commands take.

use crate::command::context::Context;
use crate::command::help;
use crate::command::row::{Arg, Command, Flags, Group};
use crate::command::stats::end_of_span;
use crate::command::table::{Node, Table};
use crate::error::{Error, Result};

pub(super) const LATENCY: Command = Command::new("latency", -2, help::container)
    .group(Group::Server)
    .since("2.8.13")
    .complexity("That of the subcommand")
    .summary("Holds the commands about latency.")
    .subcommands(&[DOCTOR, GRAPH, HELP, HISTOGRAM, HISTORY, LATEST, RESET]);

const FLAGS: &[Flags] = &[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE];
const TIPS: &[&str] =
    &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

const LATEST: Command = Command::new("latest", 2, latest)
    .group(Group::Server)
    .flags(FLAGS)
    .since("2.8.13")
    .summary("Shows the last spike of each event.")
    .tips(TIPS);

fn latest(ctx: &mut Context<'_, '_>) -> Result<()> {
    let events = ctx.instance.timing.latency.events();
    ctx.reply.array(events.len());
    for (event, series) in events {
        let (at, millis) = series.samples.back().copied().unwrap_or_default();
        ctx.reply.array(4);
        ctx.reply.bulk(event.as_bytes());
        [at, millis, series.most].into_iter().for_each(|number| ctx.reply.integer(number));
    }
    Ok(())
}

const HISTORY: Command = Command::new("history", 3, history)
    .group(Group::Server)
    .flags(FLAGS)
    .since("2.8.13")
    .summary("Shows the spikes of an event.")
    .tips(TIPS)
    .args(&[Arg::string("event")]);

fn history(ctx: &mut Context<'_, '_>) -> Result<()> {
    let series = ctx.instance.timing.latency.of(ctx.args.at(2)).unwrap_or_default();
    ctx.reply.array(series.samples.len());
    for (at, millis) in series.samples {
        ctx.reply.array(2);
        ctx.reply.integer(at);
        ctx.reply.integer(millis);
    }
    Ok(())
}

const RESET: Command = Command::new("reset", -2, reset)
    .group(Group::Server)
    .flags(FLAGS)
    .since("2.8.13")
    .summary("Forgets the spikes of some events, or of all.")
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum"])
    .args(&[Arg::string("event").optional().multiple()]);

fn reset(ctx: &mut Context<'_, '_>) -> Result<()> {
    let latency = &ctx.instance.timing.latency;
    let forgotten: usize = match ctx.args.len() {
        2 => latency.clear(None),
        _ => ctx.args.iter_from(2).map(|event| latency.clear(Some(event))).sum(),
    };
    ctx.reply.integer(i64::try_from(forgotten).unwrap_or(i64::MAX));
    Ok(())
}

const GRAPH: Command = Command::new("graph", 3, graph)
    .group(Group::Server)
    .flags(FLAGS)
    .since("2.8.13")
    .summary("Draws the spikes of an event.")
    .tips(TIPS)
    .args(&[Arg::string("event")]);

fn graph(ctx: &mut Context<'_, '_>) -> Result<()> {
    let event = ctx.args.at(2);
    let Some(series) = ctx.instance.timing.latency.of(event) else {
        return Err(Error::echo("ERR No samples available for event '", event, "'"));
    };
    let now = ctx.engine.clock().now().0.div_euclid(1_000);
    let picture = series.graph(&String::from_utf8_lossy(event), now);
    ctx.reply.verbatim("txt", &picture);
    Ok(())
}

const DOCTOR: Command = Command::new("doctor", 2, doctor)
    .group(Group::Server)
    .flags(FLAGS)
    .since("2.8.13")
    .summary("Says in words what the spikes are, and what to look at.")
    .tips(TIPS);

fn doctor(ctx: &mut Context<'_, '_>) -> Result<()> {
    let latency = &ctx.instance.timing.latency;
    let events = latency.events();
    let mut text = String::new();
    if latency.threshold() == 0 {
        text.push_str(
            "Latency is not monitored: say by CONFIG SET latency-monitor-threshold from how many milliseconds on \
             a command counts as a spike.\n",
        );
    } else if events.is_empty() {
        text.push_str("No spikes were seen.\n");
    }
    for (event, series) in &events {
        let count = series.samples.len() as i64;
        let sum: i64 = series.samples.iter().map(|(_, millis)| millis).sum();
        text.push_str(&format!(
            "{event}: {count} spikes, {} ms on an average, {} ms at the worst.\n",
            sum / count.max(1),
            series.most
        ));
    }
    if !events.is_empty() {
        text.push_str("SLOWLOG GET shows the commands. Look for those that visit many elements.\n");
    }
    ctx.reply.verbatim("txt", &text);
    Ok(())
}

const HISTOGRAM: Command = Command::new("histogram", -2, histogram)
    .group(Group::Server)
    .flags(FLAGS)
    .since("7.0.0")
    .complexity("O(N) where N is the number of commands shown")
    .summary("Shows how long commands take, as cumulative counts.")
    .tips(TIPS)
    .args(&[Arg::string("command").optional().multiple()]);

fn histogram(ctx: &mut Context<'_, '_>) -> Result<()> {
    let table = Table::get();
    let with_children = |node: &'static Node| std::iter::once(node).chain(&node.children);
    let nodes: Vec<&'static Node> = match ctx.args.len() {
        2 => table.iter().flat_map(with_children).collect(),
        _ => {
            // A container stands for its subcommands.
            let named = |word: &[u8]| {
                let mut parts = word.splitn(2, |byte| *byte == b'|');
                let node = table.find(parts.next()?)?;
                match parts.next() {
                    Some(sub) => node.child(sub).map(|child| vec![child]),
                    None => Some(with_children(node).collect()),
                }
            };
            ctx.args.iter_from(2).filter_map(named).flatten().collect()
        }
    };
    let shown: Vec<_> = nodes
        .into_iter()
        .map(|node| (node.full_name, ctx.instance.stats.histogram(node.id)))
        .filter(|(_, buckets)| buckets.iter().any(|count| *count > 0))
        .collect();
    ctx.reply.map(shown.len());
    for (name, buckets) in shown {
        ctx.reply.bulk(name.as_bytes());
        ctx.reply.map(2);
        ctx.reply.bulk(b"calls");
        ctx.reply.integer(i64::try_from(buckets.iter().sum::<u64>()).unwrap_or(i64::MAX));
        ctx.reply.bulk(b"histogram_usec");
        ctx.reply.map(buckets.iter().filter(|count| **count > 0).count());
        let mut sum = 0;
        for (i, count) in buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            sum += count;
            ctx.reply.integer(end_of_span(i) / 1_000);
            ctx.reply.integer(i64::try_from(sum).unwrap_or(i64::MAX));
        }
    }
    Ok(())
}

const HELP: Command = Command::new("help", 2, help_text)
    .group(Group::Server)
    .flags(&[Flags::LOADING, Flags::STALE])
    .since("2.8.13")
    .summary("Explains the subcommands.");

fn help_text(ctx: &mut Context<'_, '_>) -> Result<()> {
    help::write(
        ctx,
        &[
            ("DOCTOR", "Say in words what the spikes are."),
            ("GRAPH <event>", "Draw the spikes of an event."),
            ("HISTORY <event>", "Show the spikes of an event."),
            ("LATEST", "Show the last spike of each event."),
            ("RESET [<event> ...]", "Forget the spikes of some events, or of all."),
            ("HISTOGRAM [<command> ...]", "Show how long commands take, as cumulative counts."),
        ],
    )
}
