//! What the HELP subcommands have in common.

use super::context::Context;
use super::errors;
use crate::error::Result;

/// The handler of a command that only has subcommands; its arity demands one.
pub(super) fn container(ctx: &mut Context<'_, '_>) -> Result<()> {
    Err(errors::unknown_subcommand(ctx.node.row.name, ctx.args.get(1).unwrap_or_default()))
}

/// Answers with each form of a container's subcommands and what it does.
pub(super) fn write(ctx: &mut Context<'_, '_>, forms: &[(&str, &str)]) -> Result<()> {
    let container = ctx.node.full_name.split('|').next().unwrap_or_default().to_ascii_uppercase();
    ctx.reply.array(forms.len() * 2 + 3);
    ctx.reply
        .simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for (form, meaning) in forms.iter().chain(&[("HELP", "Print this help.")]) {
        ctx.reply.simple(form);
        ctx.reply.simple(&format!("    {meaning}"));
    }
    Ok(())
}
