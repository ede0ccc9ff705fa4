//! LOLWUT: a picture, and the version.

use crate::command::context::Context;
use crate::command::parse::{self, is};
use crate::command::row::{Arg, Command, Flags, Group};
use crate::error::Result;

pub(super) const LOLWUT: Command = Command::new("lolwut", -1, lolwut)
    .group(Group::Server)
    .flags(&[Flags::READONLY, Flags::FAST])
    .since("5.0.0")
    .summary("Draws a picture and tells the version.")
    .args(&[Arg::integer("version").token("VERSION").optional()]);

/// A zebra danio, the fish.
const FISH: &str = r"
          ______
      .-''------'-._        /|
    .'  ============'-.___.' |
   ( o  ============   ___   |
    '.__============.-'   '. |
        '-.______.-'        \|
";

fn lolwut(ctx: &mut Context<'_, '_>) -> Result<()> {
    if let Some(word) = ctx.args.get(1)
        && is(word, "version")
        && let Some(version) = ctx.args.get(2)
    {
        // Every version has the same picture.
        parse::small_integer(version, None)?;
    }
    let version = ctx.instance.parameters.text("imitated-version");
    let version = String::from_utf8_lossy(&version);
    let text = format!("{FISH}\nDanio ver. {} (Redis ver. {version})\n", env!("CARGO_PKG_VERSION"));
    ctx.reply.verbatim("txt", &text);
    Ok(())
}
