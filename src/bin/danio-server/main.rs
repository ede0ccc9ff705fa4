//! `danio-server`: Danio as a process of its own, in the place of `redis-server`.

mod args;
mod banner;
mod daemon;
mod fake;
mod load;
mod log;
mod serve;

use std::process::ExitCode;

/// Sizes and frees without a lock between threads, and with little waste for small blocks.
#[global_allocator]
static ALLOCATOR: danio::Allocator = danio::Allocator;

fn main() -> ExitCode {
    // Where it cannot be so, memory that is free is only given back later.
    danio::Allocator::share_pages();
    match args::read(std::env::args_os().skip(1)) {
        args::Asked::Print(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        args::Asked::Serve(arguments) => match serve::run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(serve::Reported) => ExitCode::FAILURE,
        },
    }
}
