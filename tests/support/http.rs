//! A small client of HTTP/1.1 that keeps cookies, for tests and examples that talk to a server of their own.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A browser, as far as one is needed here: it sends the cookies that it was given.
#[derive(Debug, Default, Clone)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Page {
    /// Its status: 200, 303, 404.
    pub status: u16,
    /// What it set in cookies.
    pub set_cookie: Vec<String>,
    /// Its text.
    pub body: String,
}

impl Browser {
    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Asks for a page.
    pub fn get(&mut self, address: SocketAddr, path: &str) -> io::Result<Page> {
        self.send(address, "GET", path, "")
    }

    /// Sends a form.
    pub fn post(&mut self, address: SocketAddr, path: &str, form: &str) -> io::Result<Page> {
        self.send(address, "POST", path, form)
    }

    fn send(
        &mut self,
        address: SocketAddr,
        method: &str,
        path: &str,
        form: &str,
    ) -> io::Result<Page> {
        let mut stream = TcpStream::connect(address)?;
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie = match cookies.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", cookies.join("; ")),
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{cookie}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let bad = || io::Error::new(io::ErrorKind::InvalidData, answer.clone());
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(bad)?;
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(bad)?;
        let mut page = Page { status, set_cookie: Vec::new(), body: body.to_string() };
        for line in head.lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if name.eq_ignore_ascii_case("set-cookie") {
                self.keep(value);
                page.set_cookie.push(value.to_string());
            }
        }
        Ok(page)
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            if value.is_empty() || cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_string(), value.to_string());
            }
        }
    }
}
