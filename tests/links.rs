//! Links of the pages lead somewhere: to files and headings of the repository, and, where a page is documentation of the
//! crate too, to nothing that is a file's name there. Links of the crate's own documentation are rustdoc's to check.

#![allow(clippy::unwrap_used, reason = "a test says by failing what is wrong")]

use std::fs;
use std::path::{Path, PathBuf};

/// All pages: Markdown in the repository's own folders.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                pages(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The text without blocks and words of code.
fn prose(text: &str) -> String {
    let mut code = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Where the links of a text lead: `[words](target)` and `[name]: target`.
fn targets(prose: &str) -> (Vec<&str>, Vec<&str>) {
    let until = |rest: &'_ str| rest.find([')', ' ', '\n']).unwrap_or(rest.len());
    let inline = prose.split("](").skip(1).map(|rest| &rest[..until(rest)]).collect();
    let named = prose.lines().filter(|line| line.starts_with('['));
    let named = named.filter_map(|line| Some(line.split_once("]: ")?.1.trim())).collect();
    (inline, named)
}

/// The anchors of a page's headings, as GitHub and rustdoc make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    pages(root, &mut all);
    assert!(all.len() > 15, "they were found: {all:?}");
    let (mut followed, mut broken) = (0, Vec::new());
    for page in &all {
        let text = fs::read_to_string(page).unwrap();
        let prose = prose(&text);
        let (inline, named) = targets(&prose);
        for target in inline.iter().chain(&named) {
            if target.contains("://")
                || target.starts_with("crate::")
                || target.starts_with("mailto:")
            {
                continue;
            }
            followed += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file =
                if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let there = file.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&file).unwrap()).iter().any(|a| a == anchor));
            if !there {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
        // A guide is a page of the crate's documentation as well, where `src/guide.rs` says what its names mean.
        if page.starts_with(root.join("docs/guide")) {
            let files = inline.iter().filter(|target| target.contains(".md"));
            broken.extend(files.map(|target| format!("{}: {target} by name", page.display())));
            let modules = fs::read_to_string(root.join("src/guide.rs")).unwrap();
            for target in named.iter().filter(|target| target.contains(".md")) {
                let known = modules.contains(&format!("[{target}]: crate::guide::"));
                if !known {
                    broken.push(format!("{}: src/guide.rs does not say {target}", page.display()));
                }
            }
        }
    }
    assert!(followed > 40, "{followed} links were followed");
    assert!(broken.is_empty(), "{broken:#?}");
}
