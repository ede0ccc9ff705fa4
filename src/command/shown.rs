//! A reply as people read it.

use std::fmt;

use super::value::Value;
use crate::text::double;
use crate::text::split::quote_into;

/// As `redis-cli` shows it on a terminal, without a line's end behind the last line.
///
/// ```
/// let db = danio::Db::in_memory();
/// db.execute(["RPUSH", "l", "a", "b\n"])?;
/// assert_eq!(db.execute(["LRANGE", "l", "0", "-1"])?.to_string(), "1) \"a\"\n2) \"b\\n\"");
/// assert_eq!(db.execute(["LLEN", "l"])?.to_string(), "(integer) 2");
/// assert_eq!(db.execute(["GET", "nothing"])?.to_string(), "(nil)");
/// # Ok::<(), danio::Error>(())
/// ```
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, "", f)
    }
}

/// Shows a value; what is before its lines, but for the first, is `margin`.
fn show(value: &Value, margin: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Nil => f.write_str("(nil)"),
        Value::Status(text) | Value::Verbatim { text, .. } => f.write_str(text),
        Value::Int(number) => write!(f, "(integer) {number}"),
        Value::Bulk(bytes) => {
            let mut quoted = Vec::with_capacity(bytes.len() + 2);
            quote_into(bytes, &mut quoted);
            f.write_str(&String::from_utf8_lossy(&quoted))
        }
        Value::Double(number) => {
            let mut digits = Vec::new();
            double::write_17(*number, &mut digits);
            write!(f, "(double) {}", String::from_utf8_lossy(&digits))
        }
        Value::Bool(truth) => write!(f, "({truth})"),
        Value::Error(error) => write!(f, "(error) {error}"),
        Value::Array(items) => show_items(items, (')', "array"), margin, f),
        Value::Push(items) => show_items(items, (')', "push"), margin, f),
        Value::Set(items) => show_items(items, ('~', "set"), margin, f),
        Value::Map(pairs) if pairs.is_empty() => f.write_str("(empty hash)"),
        Value::Map(pairs) => lines(pairs, '#', margin, f, |(key, value), margin, f| {
            show(key, margin, f)?;
            f.write_str(" => ")?;
            show_below(value, margin, f)
        }),
    }
}

fn show_items(
    items: &[Value],
    (mark, name): (char, &str),
    margin: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if items.is_empty() {
        return write!(f, "(empty {name})");
    }
    lines(items, mark, margin, f, show)
}

/// A value of a pair: on lines of its own, if it has several.
fn show_below(value: &Value, margin: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let several = match value {
        Value::Map(pairs) => !pairs.is_empty(),
        _ => value.as_slice().is_some_and(|items| !items.is_empty()),
    };
    if several {
        write!(f, "\n{margin}")?;
    }
    show(value, margin, f)
}

/// Numbered lines, their numbers of one width.
fn lines<T>(
    items: &[T],
    mark: char,
    margin: &str,
    f: &mut fmt::Formatter<'_>,
    show: impl Fn(&T, &str, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    let width = items.len().to_string().len();
    let deeper = format!("{margin}{:width$}  ", "");
    for (item, number) in items.iter().zip(1..) {
        if number > 1 {
            write!(f, "\n{margin}")?;
        }
        write!(f, "{number:width$}{mark} ")?;
        show(item, &deeper, f)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_below_one_another() {
        let inner = Value::Array(vec![Value::Bulk("a".into()), Value::Bool(true)]);
        let mut items = vec![inner.clone(); 2];
        items.extend([(); 8].map(|()| Value::Int(-1)));
        items[2] = Value::Array(Vec::new());
        let shown = Value::Array(items).to_string();
        let expected = " 1) 1) \"a\"\n    2) (true)\n 2) 1) \"a\"\n    2) (true)\n 3) (empty array)\n 4) (integer) -1";
        assert!(shown.starts_with(expected), "{shown}");
        assert!(shown.ends_with("\n10) (integer) -1"), "{shown}");
        let map = Value::Map(vec![
            (Value::Status("k".into()), inner),
            (Value::Bulk("d".into()), Value::Double(0.5)),
        ]);
        assert_eq!(
            map.to_string(),
            "1# k => \n   1) \"a\"\n   2) (true)\n2# \"d\" => (double) 0.5"
        );
    }
}
