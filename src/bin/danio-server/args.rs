//! The command line: `danio-server [file] [--option value ...] [-]`.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the caller wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// This text, and nothing else.
    Print(String),
    /// A server.
    Serve(Arguments),
}

/// Where the configuration comes from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The configuration file, if one is named.
    pub(crate) file: Option<PathBuf>,
    /// Whether to read more of it from the standard input.
    pub(crate) stdin: bool,
    /// Options and their values, which count above both.
    pub(crate) options: Vec<Vec<u8>>,
    /// If it is to be a fake for tests, the options of that, without their dashes.
    pub(crate) fake: Option<Vec<(String, String)>>,
}

const HELP: &str = "\
Usage: danio-server [/path/to/redis.conf] [options] [-]
       danio-server - (read config from stdin)
       danio-server -v or --version
       danio-server -h or --help

Examples:
       danio-server (run the server with default conf)
       echo 'maxmemory 128mb' | danio-server -
       danio-server /etc/redis/6379.conf
       danio-server --port 7777
       danio-server --port 7777 --bind 127.0.0.1
       danio-server /etc/redis.conf --loglevel verbose -

A fake for tests, steered with the command FAKE (see FAKE HELP):
       danio-server --fake (with the real clock)
       danio-server --fake --fake-clock frozen --port 7777
       danio-server --fake --fake-clock 1700000000000 (frozen at this time, in milliseconds since 1970)
       danio-server --fake --fake-version redis-7.0 --fake-seed 7
";

/// Reads the words behind the program's name.
pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Asked {
    let mut words: Vec<OsString> = words.collect();
    if let [only] = &words[..] {
        match only.to_str() {
            Some("-v" | "--version") => return Asked::Print(version()),
            Some("-h" | "--help") => return Asked::Print(HELP.to_string()),
            _ => {}
        }
    }
    let mut arguments = Arguments::default();
    if words.last().is_some_and(|word| word == "-") {
        arguments.stdin = true;
        words.pop();
    }
    arguments.fake = take_fake(&mut words);
    if words.first().is_some_and(|word| !word.as_encoded_bytes().starts_with(b"-")) {
        arguments.file = Some(PathBuf::from(words.remove(0)));
    }
    arguments.options = words.into_iter().map(OsString::into_encoded_bytes).collect();
    Asked::Serve(arguments)
}

/// Takes `--fake` and the options of it out of the words; those without it stay, and are refused with the others.
fn take_fake(words: &mut Vec<OsString>) -> Option<Vec<(String, String)>> {
    let at = words.iter().position(|word| word == "--fake")?;
    words.remove(at);
    let mut options = Vec::new();
    while let Some(at) = words.iter().position(|word| option_of_fake(word).is_some()) {
        let name = words.remove(at);
        let name = option_of_fake(&name).unwrap_or_default().to_string();
        let value = if at < words.len() { words.remove(at) } else { OsString::new() };
        options.push((name, value.to_string_lossy().into_owned()));
    }
    Some(options)
}

fn option_of_fake(word: &OsString) -> Option<&str> {
    word.to_str()?.strip_prefix("--fake-")
}

fn version() -> String {
    format!("Danio server v={} malloc=mimalloc bits={}\n", env!("CARGO_PKG_VERSION"), usize::BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Asked {
        read(words.iter().map(OsString::from))
    }

    #[test]
    fn a_file_options_and_the_input() {
        let Asked::Serve(arguments) = asked(&["a.conf", "--port", "1", "-"]) else {
            panic!("a server is wanted");
        };
        assert_eq!(arguments.file, Some(PathBuf::from("a.conf")));
        assert!(arguments.stdin);
        assert_eq!(arguments.options, [b"--port".to_vec(), b"1".to_vec()]);
        assert_eq!(asked(&[]), Asked::Serve(Arguments::default()));
        assert!(matches!(asked(&["-"]), Asked::Serve(Arguments { file: None, stdin: true, .. })));
    }

    #[test]
    fn a_fake_has_options_of_its_own() {
        let Asked::Serve(arguments) =
            asked(&["--fake-seed", "7", "--port", "1", "--fake", "--fake-clock", "frozen"])
        else {
            panic!("a server is wanted");
        };
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(arguments.fake, Some(vec![pair("seed", "7"), pair("clock", "frozen")]));
        assert_eq!(arguments.options, [b"--port".to_vec(), b"1".to_vec()]);
        let Asked::Serve(arguments) = asked(&["--port", "1"]) else { panic!("a server is wanted") };
        assert_eq!(arguments.fake, None);
    }

    #[test]
    fn help_and_version_stand_alone() {
        assert!(
            matches!(asked(&["--help"]), Asked::Print(text) if text.starts_with("Usage: danio-server"))
        );
        assert!(
            matches!(asked(&["-v"]), Asked::Print(text) if text.starts_with("Danio server v="))
        );
        assert!(matches!(asked(&["--version", "--port"]), Asked::Serve(_)));
    }
}
