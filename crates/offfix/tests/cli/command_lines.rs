//! `plan --format commands`: lines for the running VM, read back as cmd.exe and the programs behind
//! it would read them.
//!
//! Invariants checked: what the lines of every repair's broken disk do is exactly what the plan
//! says; nothing of a hostile disk leaves its argument or remark. Absent on purpose: permissions,
//! which a folder does not show (unit tests of the renderer read those back).

use crate::plan::told;
use crate::polite;
use crate::scratch::{Scratch, same, tree};
use bcd::{Meaning, ObjectType, Store, Value};
use hive::{Hive, RegData, RegType};
use serde_json::Value as Json;
use testkit::windows::{Installation, Options, broken, demo};

/// What a line does.
#[derive(Debug, PartialEq)]
enum Done {
    /// Type and bytes of a value, or its end.
    Value(String, String, Option<RegData>),
    /// The end of a key.
    Key(String),
    /// Object, element and the words of its value; no words for its end.
    Element(String, String, Option<String>),
    /// An object is made.
    Object(String),
    /// How a service starts.
    Service(String, String),
}

/// The words of a line as its program gets them, a list for each command of the line.
#[track_caller]
fn words(line: &str) -> Vec<Vec<String>> {
    let (mut commands, mut word, mut begun) = (vec![Vec::new()], String::new(), false);
    // What cmd.exe replaces first cannot mean anything to it afterwards.
    let line = line.replace("%pct:~0,1%", "\u{1}");
    assert!(!line.replace("%SystemDrive%", "").contains('%'), "{line}");
    let (mut quoted, mut inside) = (false, false);
    let mut rest = line.chars().peekable();
    let mut backslashes = 0_usize;
    while let Some(mut character) = rest.next() {
        let mut plain = quoted;
        match character {
            '^' if !quoted => {
                character = rest.next().unwrap();
                plain = true;
            }
            '"' => {
                quoted = !quoted;
                plain = true;
            }
            _ => {}
        }
        if !plain {
            assert!(!"&<>".contains(character), "{line}");
            if character == '|' {
                assert_eq!(rest.next(), Some('|'), "{line}");
                commands.push(Vec::new());
                continue;
            }
        }
        match character {
            '\\' => backslashes += 1,
            '"' if backslashes % 2 == 1 => {
                word.truncate(word.len() - backslashes.div_ceil(2));
                word.push('"');
                backslashes = 0;
                continue;
            }
            '"' => {
                word.truncate(word.len() - backslashes / 2);
                (inside, begun, backslashes) = (!inside, true, 0);
                continue;
            }
            _ => backslashes = 0,
        }
        if character == ' ' && !inside {
            if begun {
                commands.last_mut().unwrap().push(std::mem::take(&mut word));
            }
            begun = false;
            continue;
        }
        word.push(if character == '\u{1}' { '%' } else { character });
        begun = true;
    }
    if begun {
        commands.last_mut().unwrap().push(word);
    }
    assert!(!quoted && !inside, "{line}");
    commands
}

#[track_caller]
fn done(words: &[String]) -> Done {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["reg", "add", key, rest @ ..] => add(key, rest),
        ["reg", "delete", key, "/f"] => Done::Key((*key).to_owned()),
        ["reg", "delete", key, "/v", name, "/f"] => {
            Done::Value((*key).to_owned(), (*name).to_owned(), None)
        }
        ["reg", "delete", key, "/ve", "/f"] => Done::Value((*key).to_owned(), String::new(), None),
        ["sc", "config", name, "start=", how] => {
            Done::Service((*name).to_owned(), (*how).to_owned())
        }
        ["bcdedit", "/set", object, name, value @ ..] if !value.is_empty() => Done::Element(
            (*object).to_owned(),
            (*name).to_owned(),
            Some(value.join(" ")),
        ),
        ["bcdedit", "/deletevalue", object, name] => {
            Done::Element((*object).to_owned(), (*name).to_owned(), None)
        }
        ["bcdedit", "/create", object] => Done::Object((*object).to_owned()),
        _ => panic!("{words:?}"),
    }
}

#[track_caller]
fn add(key: &str, words: &[&str]) -> Done {
    let (name, rest) = match words {
        ["/ve", rest @ ..] => ("", rest),
        ["/v", name, rest @ ..] => (*name, rest),
        _ => panic!("{words:?}"),
    };
    let (separator, kind, data) = match rest {
        ["/t", kind, "/d", data, "/f"] => (r"\0", *kind, *data),
        ["/t", kind, "/s", separator, "/d", data, "/f"] => (*separator, *kind, *data),
        _ => panic!("{rest:?}"),
    };
    let number = || u64::from_str_radix(data.strip_prefix("0x").unwrap(), 16).unwrap();
    let data = match kind {
        "REG_SZ" => RegData::sz(data),
        "REG_EXPAND_SZ" => RegData::expand_sz(data),
        "REG_MULTI_SZ" => RegData::multi_sz(&data.split(separator).collect::<Vec<_>>()),
        "REG_DWORD" => RegData::dword(number().try_into().unwrap()),
        "REG_QWORD" => RegData {
            kind: RegType::QWORD,
            bytes: number().to_le_bytes().to_vec(),
        },
        "REG_BINARY" => RegData {
            kind: RegType::BINARY,
            bytes: unhex(data),
        },
        _ => panic!("{kind}"),
    };
    Done::Value(key.to_owned(), name.to_owned(), Some(data))
}

fn unhex(digits: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}

/// What a change of a plan leaves behind.
fn after(change: &Json) -> Option<RegData> {
    let after = change["after"].as_object()?;
    let kind = after["type_number"].as_u64().unwrap();
    Some(RegData {
        kind: RegType(kind.try_into().unwrap()),
        bytes: unhex(after["hex"].as_str().unwrap()),
    })
}

/// Compares the lines of one change with it; whether there are any.
#[track_caller]
fn fits(scratch: &Scratch, plan: &Json, change: &Json, lines: &[&str]) -> bool {
    let said = |name: &str| change[name].as_str().unwrap().to_owned();
    if let [why] = lines
        && let Some(why) = why.strip_prefix("rem no line: ")
    {
        let number = change["after"]["type_number"].as_u64();
        let device = change["element"]["format"] == "device";
        assert!(device || number != Some(4), "{why}: {change}");
        return false;
    }
    let [line] = lines else {
        panic!("{lines:?} for {change}");
    };
    let mut commands: Vec<Done> = words(line).iter().map(|words| done(words)).collect();
    let main = commands.pop().unwrap();
    if !change["element"].is_null() {
        assert!(commands.is_empty(), "{line}");
        assert_element(scratch, change, &main);
        return true;
    }
    let mut key = format!(r"HKLM\{}\{}", said("hive"), said("key"));
    // A disk that names no control set to boot has no current one either.
    if let Some(boot) = plan["boot_control_set"].as_u64() {
        key = key.replacen(&format!("ControlSet{boot:03}"), "CurrentControlSet", 1);
    }
    match &main {
        Done::Key(gone) => assert!(*gone == key && after(change).is_none(), "{line}"),
        other => assert_eq!(
            *other,
            Done::Value(key.clone(), said("name"), after(change))
        ),
    }
    if let [Done::Service(name, how)] = commands.as_slice() {
        assert!(
            key.ends_with(&format!(r"CurrentControlSet\Services\{name}")),
            "{line}"
        );
        let number = ["boot", "system", "auto", "demand", "disabled"];
        let number = number.iter().position(|word| word == how).unwrap();
        let number = u32::try_from(number).unwrap();
        assert_eq!(after(change), Some(RegData::dword(number)), "{line}");
    } else {
        assert!(commands.is_empty(), "{line}");
    }
    true
}

/// A change of the store, read with the names and types of the disk's own store.
#[track_caller]
fn assert_element(scratch: &Scratch, change: &Json, line: &Done) {
    let bytes = std::fs::read(scratch.disk().join("Boot/BCD")).unwrap();
    let store = Store::open(&Hive::open(bytes).unwrap()).unwrap();
    let path = (
        change["key"].as_str().unwrap(),
        change["name"].as_str().unwrap(),
    );
    let Some(Meaning::Element(id, element)) = Meaning::of(path.0, path.1) else {
        let made = matches!(line, Done::Object(_));
        assert!(made, "{line:?} for {change}");
        return;
    };
    let Done::Element(object, name, value) = line else {
        panic!("{line:?}");
    };
    let kind = store
        .object(id)
        .map_or(ObjectType(0), bcd::Object::object_type);
    assert_eq!(store.resolve(object).unwrap(), id);
    assert_eq!(bcd::ElementType::find(name, kind).unwrap(), element);
    let resolve = |word: &str| store.resolve(word);
    let value = value.as_ref().map(|text| {
        let value = Value::parse(text, element, kind, resolve).unwrap();
        value.encode()
    });
    assert_eq!(value, after(change), "{change}");
}

/// The plan as JSON, and its lines: a block for each change.
#[track_caller]
fn both(scratch: &Scratch, selection: &[&str]) -> Option<(Json, Vec<Vec<String>>)> {
    let ask = |format: &str| {
        let words = [&["plan", "disk", "--format", format][..], selection].concat();
        scratch.run(&words)
    };
    let plan = ask("json");
    // A folder has no partition table to compare with, and shows no permissions.
    if plan.code == 3 {
        return None;
    }
    let plan: Json = serde_json::from_str(&plan.gives(0).out).unwrap();
    let lines = ask("commands").gives(0);
    polite(&lines);
    let blocks = lines.out.split("\n\n").skip(1);
    let blocks = blocks.map(|block| block.lines().map(str::to_owned).collect());
    Some((plan, blocks.collect()))
}

/// Checks every change; how many have lines.
#[track_caller]
fn read_back(scratch: &Scratch, selection: &[&str]) -> Option<usize> {
    let (plan, blocks) = both(scratch, selection)?;
    let changes = plan["changes"].as_array().unwrap();
    // Names of files have a test of their own.
    let all = changes.len() + plan["renames"].as_array().map_or(0, Vec::len);
    let tail = usize::from(all > 0);
    assert_eq!(blocks.len(), all + tail, "{blocks:?}");
    let said = changes.iter().zip(&blocks).filter(|(change, block)| {
        let about = &block[0];
        let repair = change["repair"].as_str().unwrap();
        assert!(about.starts_with(&format!("rem {repair} (")), "{about}");
        let lines: Vec<&str> = block[1..].iter().map(String::as_str).collect();
        fits(scratch, &plan, change, &lines)
    });
    Some(said.count())
}

#[test]
fn every_repair_is_read_back() {
    let mut looked = 0;
    for &repair in testkit::windows::REPAIRS {
        let scratch = Scratch::with(&broken(repair).unwrap());
        let before = tree(scratch.path());
        let told = told(repair);
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        let lines = read_back(&scratch, &[&["--repair", repair], &told[..]].concat());
        looked += lines.unwrap_or(0);
        same(&before, &tree(scratch.path()), repair);
    }
    assert!(looked > 40, "{looked}");
}

#[test]
fn the_whole_recipe_is_read_back() {
    let scratch = Scratch::with(&demo());
    let recipe = ["--for", "rdp-internal-error", "--as-article"];
    assert!(read_back(&scratch, &recipe).unwrap() > 10);
    let lines = both(&scratch, &recipe).unwrap().1.concat().join("\n");
    assert!(lines.contains(r"HKLM\SYSTEM\CurrentControlSet\"), "{lines}");
    assert!(lines.contains(r"HKLM\SYSTEM\ControlSet002\"), "{lines}");
    assert!(
        lines.contains("bcdedit /set {emssettings} emsbaudrate 115200"),
        "{lines}"
    );
}

#[test]
fn nothing_of_a_disk_is_a_command() {
    let hostile = "x\" & calc & rem %~ ^\r\ncalc\u{202e}|more";
    let options = Options {
        computer: hostile.to_owned(),
        product: hostile.to_owned(),
        ..Options::default()
    };
    let mut windows = Installation::new(&options);
    let service = windows
        .system
        .key(r"ControlSet001\Services\TermService\Parameters");
    service.expand_sz("ServiceDll", hostile);
    let scratch = Scratch::with(&windows.disk());
    let words = ["plan", "disk", "--format", "commands"];
    let lines = scratch.run(&words).gives(0).out;
    assert!(lines.contains("ServiceDll, was REG_EXPAND_SZ"), "{lines}");
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let known = ["rem ", "reg ", "sc ", "bcdedit ", "set \"pct=%%\""];
        assert!(known.iter().any(|word| line.starts_with(word)), "{line}");
        if line.starts_with("rem ") {
            assert!(
                !line.contains(['%', '&', '|', '^', '\u{202e}', '\r']),
                "{line}"
            );
        }
    }
    assert_eq!(read_back(&scratch, &[]), Some(1));
}

#[test]
fn lines_are_written_for_cmd_and_kept_with_the_run() {
    let scratch = Scratch::with(&demo());
    let words = ["plan", "disk", "--format", "commands", "--out", "c.cmd"];
    let told = scratch.run(&words).gives(0).out;
    assert!(
        told.starts_with("c.cmd: ") && told.lines().count() == 1,
        "{told}"
    );
    let file = std::fs::read_to_string(scratch.path().join("c.cmd")).unwrap();
    assert!(file.ends_with("\r\n") && file.matches('\n').count() == file.matches("\r\n").count());
    let shown = scratch.run(&words[..4]).gives(0).out;
    assert_eq!(file.replace("\r\n", "\n"), shown);
    scratch.applied(&[]);
    let kept = scratch.path().join("J/20260915-0912/commands.txt");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), file);
    let of_plan = scratch
        .run(&["show", "p.json", "--format", "commands"])
        .gives(0);
    assert_eq!(of_plan.out, shown);
}

#[test]
fn a_file_that_is_put_aside_has_a_line_and_a_row() {
    let scratch = Scratch::with(&broken("quarantine-file").unwrap());
    let path = r"quarantine-file.path=C:\Windows\System32\drivers\Contoso\C-00000291*.sys";
    let selection = ["--repair", "quarantine-file", "--set", path];
    let (plan, blocks) = both(&scratch, &selection).unwrap();
    let renames = plan["renames"].as_array().unwrap();
    assert!(!renames.is_empty(), "{plan}");
    for (one, block) in renames.iter().zip(&blocks) {
        let [path, name] = ["path", "name"].map(|field| one[field].as_str().unwrap());
        let wanted = [
            "ren".to_owned(),
            format!(r"%SystemDrive%\{path}"),
            name.to_owned(),
        ];
        assert_eq!(words(&block[1]), [wanted], "{block:?}");
    }
    let page = [&["plan", "disk", "--format", "html"], &selection[..]].concat();
    let page = scratch.run(&page).gives(0).out;
    let name = renames[0]["name"].as_str().unwrap();
    assert!(page.contains(&format!(">{name}</td>")), "{page}");
}
