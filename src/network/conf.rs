//! `redis.conf` and the options of a command line, which are one format.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::command::{Parameters, Refusal};
use crate::text::glob;
use crate::text::split::{quote_into, split_words};

/// How deep files may include one another.
const MAX_DEPTH: usize = 16;

/// The settings of a configuration file, of a command line, or of both.
///
/// The format is that of `redis.conf`: a directive a line with its words, in quotes where
/// need be, `#` before a comment, `include` for another file. A directive that comes
/// again replaces the one before. What CONFIG REWRITE of other servers adds about the user
/// `default` is understood where that user may do everything.
///
/// ```
/// use danio::{Config, Engine};
/// use danio::command::Instance;
/// use danio::network::RedisConf;
///
/// let conf = RedisConf::parse(b"# a cache\nmaxmemory 100mb\nmaxmemory-policy \"allkeys-lru\"\n")?;
/// let engine = Engine::open(Config::new())?;
/// let instance = Instance::of(&engine);
/// conf.apply(&instance.parameters)?;
/// assert_eq!(instance.parameters.number("maxmemory"), 100 << 20);
///
/// let error = RedisConf::parse(b"\nmaxmemmory 1")?.apply(&instance.parameters).unwrap_err();
/// assert_eq!(error.line(), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisConf {
    directives: Vec<Directive>,
}

/// One line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Directive {
    /// The name, and what follows it.
    words: Vec<Vec<u8>>,
    place: Place,
}

/// Where a directive stands, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    line: usize,
    text: String,
}

/// Why a configuration cannot be used. `Display` is what Redis prints about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfError {
    /// A file cannot be read.
    #[error("can't open config file '{}': {cause}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A line is not understood, or its value is refused.
    #[error("Reading the configuration file, at line {line}\n>>> '{text}'\n{reason}")]
    Line {
        /// The line's number, from 1. Options of the command line follow those of the file.
        line: usize,
        /// The line.
        text: String,
        /// What is wrong with it.
        reason: Refusal,
    },
}

impl ConfError {
    /// The number of the line that is refused, if it is a line.
    pub fn line(&self) -> Option<usize> {
        match self {
            ConfError::Line { line, .. } => Some(*line),
            ConfError::Open { .. } => None,
        }
    }
}

impl RedisConf {
    /// Reads a configuration; files that it includes are read too.
    ///
    /// # Errors
    /// [`ConfError::Line`] for unbalanced quotes, [`ConfError::Open`] for an included file
    /// that cannot be read.
    pub fn parse(text: &[u8]) -> Result<RedisConf, ConfError> {
        let mut conf = RedisConf::default();
        conf.read_text(text, 0)?;
        Ok(conf)
    }

    /// Reads a configuration file, the standard input if `stdin`, and the options of a
    /// command line, in that order; later ones count.
    ///
    /// An option is a word that begins with `--`; the word behind it, whatever it is, and those up to the next option are
    /// its value. As in Redis, `--save` alone says that there are no save points.
    ///
    /// # Errors
    /// As [`RedisConf::parse`]; and [`ConfError::Open`] for `file` and the standard input.
    pub fn load(
        file: Option<&Path>,
        stdin: bool,
        options: &[Vec<u8>],
    ) -> Result<RedisConf, ConfError> {
        let mut text = Vec::new();
        if let Some(path) = file {
            text = fs::read(path)
                .map_err(|cause| ConfError::Open { path: path.to_path_buf(), cause })?;
        }
        if stdin {
            let read = io::Read::read_to_end(&mut io::stdin().lock(), &mut text);
            read.map_err(|cause| ConfError::Open { path: "-".into(), cause })?;
        }
        text.push(b'\n');
        lines_of(options, &mut text);
        RedisConf::parse(&text)
    }

    /// Whether a directive of that name is there.
    pub fn names(&self, name: &str) -> bool {
        self.directives
            .iter()
            .any(|directive| directive.words[0].eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Sets the parameters of an engine that has not started to serve.
    ///
    /// # Errors
    /// [`ConfError::Line`] for the first directive that is unknown or whose value is
    /// refused; those before it are set.
    pub fn apply(&self, parameters: &Parameters) -> Result<(), ConfError> {
        // Each line of save points adds to those before, up to one that says that there are none.
        let mut points: Vec<&[u8]> = Vec::new();
        let mut hashed = None;
        for directive in &self.directives {
            let (name, rest) = directive.words.split_first().expect("a directive has a name");
            let mut words: Vec<&[u8]> = rest.iter().map(Vec::as_slice).collect();
            if name.eq_ignore_ascii_case(b"user") {
                match only_user(&words).map_err(|why| directive.place.error(why))? {
                    Asks::Nothing => hashed = None,
                    Asks::Password => hashed = Some(&directive.place),
                }
                continue;
            }
            if name.eq_ignore_ascii_case(b"save") {
                match words[..] {
                    [b""] => points.clear(),
                    _ => points.append(&mut words),
                }
                words = if points.is_empty() { vec![b""] } else { points.clone() };
            }
            parameters.load(name, &words).map_err(|refusal| {
                directive
                    .place
                    .error(refusal.unwrap_or("Bad directive or wrong number of arguments".into()))
            })?;
        }
        match hashed {
            Some(place) if parameters.text("requirepass").is_empty() => Err(place
                .error("The password is known by its hash alone: say it with requirepass".into())),
            _ => Ok(()),
        }
    }

    fn read_text(&mut self, text: &[u8], depth: usize) -> Result<(), ConfError> {
        for (number, line) in text.split(|b| *b == b'\n').enumerate() {
            let line = trim(line);
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            let place =
                Place { line: number + 1, text: String::from_utf8_lossy(line).into_owned() };
            let Some(words) = split_words(line) else {
                return Err(place.error("Unbalanced quotes in configuration line".into()));
            };
            match &words[..] {
                [] => {}
                [name, path] if name.eq_ignore_ascii_case(b"include") => {
                    if depth == MAX_DEPTH {
                        return Err(place.error("Files include one another too deep".into()));
                    }
                    self.include(&path_of(path), depth + 1)?;
                }
                _ => self.directives.push(Directive { words, place }),
            }
        }
        Ok(())
    }

    /// Reads a file, or all files that fit a pattern in a directory.
    fn include(&mut self, path: &Path, depth: usize) -> Result<(), ConfError> {
        for path in expand(path) {
            let text =
                fs::read(&path).map_err(|cause| ConfError::Open { path: path.clone(), cause })?;
            self.read_text(&text, depth)?;
        }
        Ok(())
    }
}

/// What a user has to show.
enum Asks {
    Nothing,
    /// One of which the file has the hash; that itself is `requirepass`.
    Password,
}

/// Reads a line about a user, who can only be the one that there is, with every right.
fn only_user(words: &[&[u8]]) -> Result<Asks, Refusal> {
    let [b"default", rules @ ..] = words else {
        return Err("There is one user, 'default'".into());
    };
    let (mut on, mut asks) = (false, None);
    for rule in rules {
        match *rule {
            b"on" => on = true,
            b"nopass" => asks = Some(Asks::Nothing),
            [b'#', _, ..] => asks = Some(Asks::Password),
            b"~*" | b"allkeys" | b"&*" | b"allchannels" | b"+@all" | b"allcommands" | b"alldbs" => {
            }
            b"sanitize-payload" | b"skip-sanitize-payload" => {}
            _ => {
                return Err(
                    "The user 'default' may do everything, and nothing less can be said".into()
                );
            }
        }
    }
    asks.filter(|_| on).ok_or("The user 'default' is on, with a password or with nopass".into())
}

impl Place {
    fn error(&self, reason: Refusal) -> ConfError {
        ConfError::Line { line: self.line, text: self.text.clone(), reason }
    }
}

/// Writes the options of a command line as lines of a configuration.
fn lines_of(options: &[Vec<u8>], text: &mut Vec<u8>) {
    // Whether a name waits for its value.
    let mut named = false;
    for (i, word) in options.iter().enumerate() {
        match word.strip_prefix(b"--") {
            Some(name) if !named => {
                if i > 0 {
                    text.push(b'\n');
                }
                text.extend_from_slice(name);
                let alone = options.get(i + 1).is_none_or(|next| next.starts_with(b"--"));
                if alone && name.eq_ignore_ascii_case(b"save") {
                    text.extend_from_slice(b" \"\"");
                } else {
                    // A word may hold the value too.
                    named = !name.contains(&b' ');
                }
            }
            _ => {
                text.push(b' ');
                quote_into(word, text);
                named = false;
            }
        }
    }
}

/// The path itself, or the files it stands for if its last part is a pattern.
fn expand(path: &Path) -> Vec<PathBuf> {
    let pattern = path.file_name().map(|name| name.to_string_lossy()).unwrap_or(Cow::Borrowed(""));
    if !pattern.contains(['*', '?', '[']) {
        return vec![path.to_path_buf()];
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| {
            glob::matches(pattern.as_bytes(), entry.file_name().to_string_lossy().as_bytes())
        })
        .map(|entry| folder.join(entry.file_name()))
        .collect();
    found.sort();
    found
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

fn trim(line: &[u8]) -> &[u8] {
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r');
    let start = line.iter().take_while(|b| blank(b)).count();
    let end = line.iter().rev().take_while(|b| blank(b)).count();
    if start == line.len() { b"" } else { &line[start..line.len() - end] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(conf: &RedisConf) -> Vec<(usize, Vec<String>)> {
        let text = |word: &Vec<u8>| String::from_utf8_lossy(word).into_owned();
        conf.directives.iter().map(|d| (d.place.line, d.words.iter().map(text).collect())).collect()
    }

    fn line(number: usize, words: &[&str]) -> (usize, Vec<String>) {
        (number, words.iter().map(|w| w.to_string()).collect())
    }

    #[test]
    fn reads_lines() {
        let conf = RedisConf::parse(b"# c\r\n\n port 1\r\nlogfile ''\nsave \"\" #\n")
            .expect("well-formed");
        assert_eq!(
            lines(&conf),
            [line(3, &["port", "1"]), line(4, &["logfile", ""]), line(5, &["save", "", "#"])]
        );
        let error =
            RedisConf::parse(b"port 1\n\n title \"x \n").expect_err("an open quote").to_string();
        let expected = "Reading the configuration file, at line 3\n>>> 'title \"x'\nUnbalanced quotes in configuration line";
        assert_eq!(error, expected);
    }

    #[test]
    fn reads_options() {
        let read = |words: &[&str]| {
            let options: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
            lines(&RedisConf::load(None, false, &options).expect("well-formed"))
        };
        assert_eq!(
            read(&["--port", "1", "--bind", "a b", "c", "--save"]),
            [line(2, &["port", "1"]), line(3, &["bind", "a b", "c"]), line(4, &["save", ""])]
        );
        assert_eq!(
            read(&["--title", "--save", "--save", "--port", "--bla", "--level x", "--hz", "5"]),
            [
                line(2, &["title", "--save"]),
                line(3, &["save", ""]),
                line(4, &["port", "--bla"]),
                line(5, &["level", "x"]),
                line(6, &["hz", "5"])
            ]
        );
        assert_eq!(read(&["--port", "--level", "x"]), [line(2, &["port", "--level", "x"])]);
        assert_eq!(read(&["--port"]), [line(2, &["port"])]);
    }

    #[test]
    fn the_one_user_may_be_named() {
        let applied = |text: &str| {
            let parameters = Parameters::new();
            let conf = RedisConf::parse(text.as_bytes()).expect("well-formed");
            conf.apply(&parameters).map(|()| parameters.text("requirepass"))
        };
        // As CONFIG REWRITE of Redis 7.0, of Redis 8, and of both where there is a password.
        for open in ["nopass ~* &* +@all", "nopass sanitize-payload ~* &* +@all"] {
            assert_eq!(applied(&format!("user default on {open}")).expect("it is open"), "");
        }
        let hashed = "user default on #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b ~* &* +@all";
        for text in [format!("requirepass a\n{hashed}"), format!("{hashed}\nrequirepass a")] {
            assert_eq!(applied(&text).expect("the password is said"), "a");
        }
        for refused in [
            hashed,
            "user ann on nopass ~* &* +@all",
            "user default off nopass ~* &* +@all",
            "user default on nopass ~a* &* +@all",
            "user default on nopass ~* &* +@all -get",
            "user default on ~* &* +@all",
            "user default on >a ~* &* +@all",
            "user default",
            "user",
        ] {
            let error = applied(&format!("hz 5\n{refused}")).expect_err(refused);
            assert_eq!(error.line(), Some(2), "{refused}");
        }
    }

    #[test]
    fn includes_files() {
        let folder = std::env::temp_dir().join(format!("danio-conf-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("one.conf"), "port 1\n").expect("a file");
        fs::write(folder.join("two.conf"), "\nport 2\n").expect("a file");
        let include = |name: &str| {
            RedisConf::parse(
                format!("hz 5\ninclude \"{}\"\nhz 6", folder.join(name).display()).as_bytes(),
            )
        };
        let all = include("*.conf").expect("files");
        assert_eq!(
            lines(&all),
            [
                line(1, &["hz", "5"]),
                line(1, &["port", "1"]),
                line(2, &["port", "2"]),
                line(3, &["hz", "6"])
            ]
        );
        assert_eq!(include("none*").expect("a pattern may fit nothing").directives.len(), 2);
        assert!(matches!(include("none"), Err(ConfError::Open { .. })));
        fs::write(
            folder.join("two.conf"),
            format!("include {}", folder.join("two.conf").display()),
        )
        .expect("a file");
        assert!(matches!(include("two.conf"), Err(ConfError::Line { .. })));
        fs::remove_dir_all(&folder).expect("a folder");
    }
}
