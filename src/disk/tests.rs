//! Both disks do the same; the simulated one also what a real one does at bad times.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::simulated::{Fault, Simulated, Step};
use super::{Disk, System, replace, write_all};

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("danio-disk-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn read(disk: &dyn Disk, path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    disk.open(path).expect("is there").read_to_end(&mut bytes).expect("can be read");
    bytes
}

#[test]
fn both_do_the_same() {
    let folder = folder("same");
    for disk in [&System as &dyn Disk, &Simulated::new()] {
        disk.create_dir(&folder).expect("made");
        disk.create_dir(&folder).expect("is there");
        let (a, b) = (folder.join("a"), folder.join("b"));
        assert_eq!(disk.size(&a).expect("known"), None);
        let mut file = disk.create(&a).expect("made");
        write_all(&mut *file, b"hello world").expect("written");
        file.truncate(5).expect("cut");
        write_all(&mut *file, b"!").expect("written");
        file.sync().expect("safe");
        assert_eq!(read(disk, &a), b"hello!");
        write_all(&mut *disk.append(&a).expect("opened"), b"?").expect("written");
        assert_eq!(disk.size(&a).expect("known"), Some(7));
        disk.rename(&a, &b).expect("renamed");
        assert_eq!(disk.open(&a).expect_err("gone").kind(), io::ErrorKind::NotFound);
        let mut opened = disk.open(&b).expect("is there");
        opened.seek(5).expect("moved");
        let mut rest = String::new();
        opened.read_to_string(&mut rest).expect("read");
        assert_eq!((&*rest, opened.len().expect("known")), ("!?", 7));
        drop(disk.create(&b).expect("emptied"));
        assert_eq!(read(disk, &b), b"");
        disk.sync_dir(&folder).expect("safe");
        disk.remove(&b).expect("removed");
        assert!(disk.remove(&b).is_err());
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// Numbers for a seed.
fn choices(seed: u64) -> impl FnMut(usize) -> usize {
    let rng = crate::rng::Rng::new(seed);
    move |below| rng.below(below)
}

#[test]
fn a_crash_leaves_what_was_synced_and_any_part_of_the_rest() {
    let disk = Simulated::new();
    let mut file = disk.create(Path::new("f")).expect("made");
    write_all(&mut *file, b"safe").expect("written");
    file.sync().expect("synced");
    let nameless = (0..200).filter(|seed| disk.crash(choices(*seed)).read("f").is_none()).count();
    assert!((50..150).contains(&nameless), "a name is not safe before its folder is: {nameless}");
    disk.sync_dir(Path::new("")).expect("synced");
    let big = vec![b'x'; 2000];
    write_all(&mut *file, &big).expect("written");
    let (mut none, mut all, mut torn, mut holes) = (0, 0, 0, 0);
    for seed in 0..300 {
        let left = disk.crash(choices(seed)).read("f").expect("is there");
        assert!(left.starts_with(b"safe"));
        match &left[4..] {
            [] => none += 1,
            rest if rest == big => all += 1,
            rest if rest.contains(&0) => holes += 1,
            _ => torn += 1,
        }
    }
    assert!(none > 20 && all > 20 && torn > 20 && holes > 20, "{none} {all} {torn} {holes}");
}

#[test]
fn a_sync_that_failed_makes_nothing_safe_and_neither_does_the_next() {
    let disk = Simulated::new();
    let mut file = disk.create(Path::new("f")).expect("made");
    disk.sync_dir(Path::new("")).expect("synced");
    write_all(&mut *file, b"first").expect("written");
    disk.fail(|_, step| {
        matches!(step, Step::Sync(_)).then_some(Fault::Error(io::ErrorKind::Other))
    });
    file.sync().expect_err("fails");
    disk.heal();
    file.sync().expect("says that all is well");
    assert_eq!(disk.crash(|_| 0).read("f").expect("is there"), b"");
    file.truncate(0).expect("cut");
    write_all(&mut *file, b"again").expect("written");
    file.sync().expect("synced");
    assert_eq!(disk.crash(|_| 0).read("f").expect("is there"), b"again");
}

#[test]
fn replacing_is_whole_or_not_at_all_whatever_fails() {
    let (path, beside) = (Path::new("d/f"), Path::new("d/f.new"));
    let fill = |to: &mut dyn Write| -> io::Result<()> {
        to.write_all(b"new ")?;
        to.write_all(b"words")
    };
    let steps = {
        let disk = Simulated::new();
        disk.create_dir(Path::new("d")).expect("made");
        replace(&disk, path, beside, fill).expect("nothing fails");
        disk.steps() - 1
    };
    assert_eq!(steps, 6, "create, two writes, sync, rename, sync of the folder");
    for failing in 0..=steps {
        let disk = Simulated::new();
        disk.create_dir(Path::new("d")).expect("made");
        disk.put(path, b"old");
        disk.fail(move |n, _| (n == failing).then_some(Fault::Error(io::ErrorKind::StorageFull)));
        let result = replace(&disk, path, beside, fill);
        assert_eq!(result.is_ok(), failing == steps);
        assert_eq!(disk.read(beside), None);
        let now = disk.read(path).expect("there is one");
        assert_eq!(now, if failing + 1 >= steps { &b"new words"[..] } else { b"old" });
        for seed in 0..100 {
            let left = disk.crash(choices(seed)).read(path).expect("there is one");
            assert!(left == b"new words" || (left == b"old" && failing < steps), "{failing}");
        }
    }
    let disk = Simulated::new();
    disk.fail(|_, step| matches!(step, Step::Write(..)).then_some(Fault::Short(2)));
    replace(&disk, Path::new("g"), Path::new("g.new"), fill)
        .expect("short writes are gone on with");
    assert_eq!(disk.read("g").expect("is there"), b"new words");
}
