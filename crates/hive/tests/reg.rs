//! The `.reg` text: what is written comes back, what cannot be written is said, what is read is
//! understood or refused.
//!
//! Invariants: trees are built by the test kit; the wanted tree is that of its model.
//! Absent on purpose: real hives (`reg_real.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]

mod reg_tree;
mod support;

use hive::reg::{self, ExportError, Mistake, Obstacle, Operation, ParseError};
use hive::{Hive, RegData, RegType};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed};
use reg_tree::{ROOT, of_reader, rows, same, text};
use support::rows_of_model;
use testkit::HiveBuilder;

const HEAD: &str = "Windows Registry Editor Version 5.00\r\n\r\n";

fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x5265_6754_6578_7431),
        ..Config::default()
    }
}

fn open(fill: impl FnOnce(&mut HiveBuilder)) -> Hive {
    let mut builder = HiveBuilder::new();
    fill(&mut builder);
    Hive::open(builder.build()).unwrap()
}

fn key_name() -> impl Strategy<Value = String> {
    let odd = vec![
        "]",
        "[a",
        "a]b",
        "; c",
        "-",
        "@",
        "\"q\"",
        " edge ",
        "a=b",
        "\t",
        "\u{E9}",
        "\u{1F600}",
    ];
    prop_oneof![
        2 => "[a-zA-Z0-9_]{1,8}",
        2 => select(odd).prop_map(str::to_owned),
        1 => "[^\\\\\\p{Cc}]{1,6}",
    ]
}

fn value_name() -> impl Strategy<Value = String> {
    let odd = vec![
        "", "@", "\\", "\"", "a\\", "\"=\"", "; c", "=-", "]", "\u{FF}", "\u{3A9}",
    ];
    prop_oneof![
        2 => "[a-z]{1,8}",
        2 => select(odd).prop_map(str::to_owned),
        1 => "\\PC{1,90}",
    ]
}

fn data() -> impl Strategy<Value = (u32, Vec<u8>)> {
    let kind = prop_oneof![4 => 0_u32..13, 1 => any::<u32>(), 1 => 0xFFFF_0000_u32..];
    let wide = |text: String| -> Vec<u8> { RegData::sz(&text).bytes };
    prop_oneof![
        3 => (kind.clone(), vec(any::<u8>(), 0..90)),
        2 => "\\PC{0,40}".prop_map(move |text| (1, wide(text))),
        1 => any::<String>().prop_map(move |text| (1, wide(text))),
        1 => vec(select(vec![0_u16, 0x61, 0x0D, 0xD83D, 0xDE00, 0x5C, 0x22]), 0..6)
            .prop_map(|units| (1, units.into_iter().flat_map(u16::to_le_bytes).collect())),
        1 => (kind, (4_usize..5).prop_map(|len| vec![0x9A; len])),
    ]
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_tree_comes_back(
        keys in vec((vec(key_name(), 0..4), vec((value_name(), data()), 0..5)), 0..12)
    ) {
        let mut builder = HiveBuilder::new();
        for (path, values) in keys {
            let mut key = &mut builder.root;
            for name in path {
                key = key.child(&name);
            }
            for (name, (kind, bytes)) in values {
                key.value(&name, kind, &bytes);
            }
        }
        let hive = Hive::open(builder.build()).unwrap();
        let (text, left) = text(&hive);
        prop_assert_eq!(left, vec![]);
        let wanted = of_reader(rows_of_model(&builder.root));
        same("utf-8", &wanted, &rows(&reg::parse(text.as_bytes()).unwrap()));
        let wide = reg::encode_utf16le_bom(&text);
        same("utf-16", &wanted, &rows(&reg::parse(&wide).unwrap()));
    }

    #[test]
    fn changed_text_never_panics(
        changes in vec((any::<Index>(), select(b"\\\"\r\n;[]=-@,:()h0f\xC3\0 ".to_vec())), 1..12),
        cut in any::<Index>(),
        wide in any::<bool>(),
    ) {
        let (text, _) = text(&everything());
        let mut file = text.into_bytes();
        if wide {
            file = reg::encode_utf16le_bom(str::from_utf8(&file).unwrap());
        }
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let lines = file.iter().filter(|&&byte| byte == b'\n').count() + 1;
        for file in [&file[..], &file[..cut.index(file.len())]] {
            if let Err(error) = reg::parse(file) {
                prop_assert!(error.line >= 1 && error.line <= lines + 1);
            }
        }
    }

    #[test]
    fn arbitrary_lines_never_panic(
        lines in vec("[\\[\\]@\"=\\\\;,:hexdwor()0-9a-f -]{0,30}", 0..9),
    ) {
        let text = format!("{HEAD}[A]\r\n{}", lines.join("\r\n"));
        let _ = reg::parse(text.as_bytes());
        let _ = reg::parse(lines.join("\n").as_bytes());
    }
}

/// A hive with one of each form.
fn everything() -> Hive {
    open(|builder| {
        let key = builder.key("Control\\Session Manager");
        key.sz("", "default").sz("text", "C:\\\"x\"").dword("n", 7);
        key.multi_sz(
            "PendingFileRenameOperations",
            &["\\??\\C:\\a", "", "\\??\\C:\\b", "!c", ""],
        );
        key.qword("q", 1 << 40).binary("bytes", &[0xA5; 100]);
        key.expand_sz("e", "%A%").value("odd", 0xFFFF_0012, &[1, 2]);
        builder.key("Empty");
    })
}

#[test]
fn the_text_is_what_windows_writes() {
    let hive = open(|builder| {
        let key = builder.key("B\\c]");
        key.sz("a\\b", "x \"y\"").sz("", "").dword("\"", 0xAB);
        key.value("none", 0, &[]).binary("bin", &[1, 2]);
        key.expand_sz("e", "%").qword("q", 2);
        key.binary("long", &[0xEE; 50]);
        builder.key("A").sz("lines", "a\r\nb");
    });
    let (text, left) = text(&hive);
    assert_eq!(left, []);
    let ee = |count| "ee,".repeat(count);
    let wanted = [
        "Windows Registry Editor Version 5.00",
        "",
        "[HKEY_LOCAL_MACHINE\\X]",
        "",
        "[HKEY_LOCAL_MACHINE\\X\\A]",
        "\"lines\"=hex(1):61,00,0d,00,0a,00,62,00,00,00",
        "",
        "[HKEY_LOCAL_MACHINE\\X\\B]",
        "",
        "[HKEY_LOCAL_MACHINE\\X\\B\\c]]",
        "\"a\\\\b\"=\"x \\\"y\\\"\"",
        "@=\"\"",
        "\"\\\"\"=dword:000000ab",
        "\"none\"=hex(0):",
        "\"bin\"=hex:01,02",
        "\"e\"=hex(2):25,00,00,00",
        "\"q\"=hex(b):02,00,00,00,00,00,00,00",
        &format!("\"long\"=hex:{}\\", ee(22)),
        &format!("  {}\\", ee(25)),
        "  ee,ee,ee",
        "",
        "",
    ];
    assert_eq!(text.split("\r\n").collect::<Vec<_>>(), wanted);
}

#[test]
fn what_cannot_be_carried_is_told_and_a_comment() {
    let mut hive = HiveBuilder::new();
    hive.key("A")
        .child("x\\y")
        .dword("in", 1)
        .key("Below")
        .sz("deep", "t");
    hive.key("A").dword("nul\0\r\n\"", 2).dword("fine", 3);
    hive.key("Z\n[B]").dword("v", 4);
    let mut half = testkit::Value {
        name: vec![0x61, 0xD800],
        kind: 1,
        data: vec![0, 0],
    };
    hive.key("A").values.push(half.clone());
    half.name = vec![0xDC00];
    half.data = vec![0x5A; 60];
    hive.key("A").values.push(half);
    hive.root.subkeys.push(testkit::Key::new(""));
    let hive = Hive::open(hive.build()).unwrap();
    let (text, left) = text(&hive);
    let found: Vec<_> = left
        .iter()
        .map(|left| (&left.key[ROOT.len()..], left.name.as_deref(), left.why))
        .collect();
    let wanted = [
        ("\\<no name>", None, Obstacle::Empty),
        (
            "\\A",
            Some("\"nul<U+0000><U+000D><U+000A>\\\"\""),
            Obstacle::Control(0),
        ),
        ("\\A", Some("\"a<U+D800>\""), Obstacle::Surrogate(0xD800)),
        ("\\A", Some("\"<U+DC00>\""), Obstacle::Surrogate(0xDC00)),
        ("\\A\\x<U+005C>y", None, Obstacle::Backslash),
        ("\\Z<U+000A>[B]", None, Obstacle::Control(10)),
    ];
    assert_eq!(found, wanted);
    for line in [
        "; \"nul<U+0000><U+000D><U+000A>\\\"\"=dword:00000002",
        "; [HKEY_LOCAL_MACHINE\\X\\A\\x<U+005C>y]",
        "; \"in\"=dword:00000001",
        "; [HKEY_LOCAL_MACHINE\\X\\A\\x<U+005C>y\\Below]",
        "; \"deep\"=\"t\"",
        "; \"a<U+D800>\"=\"\"",
    ] {
        assert!(
            text.split("\r\n").any(|found| found == line),
            "{line}\n{text}"
        );
    }
    let comments = text.lines().filter(|line| line.starts_with(';'));
    assert!(comments.clone().all(|line| !line.ends_with('\\')));
    let back = rows(&reg::parse(text.as_bytes()).unwrap());
    let fine = ("fine".to_owned(), 4, vec![3, 0, 0, 0]);
    assert_eq!(
        back,
        [(String::new(), vec![]), ("A".to_owned(), vec![fine])]
    );
}

#[test]
fn pending_renames_and_big_data_come_back() {
    let hive = open(|builder| {
        let texts = ["\\??\\C:\\old", "", "\\??\\C:\\a", "!\\??\\C:\\b", "", ""];
        builder.root.multi_sz("PendingFileRenameOperations", &texts);
        builder
            .root
            .binary("big", &(0..2_000_000).map(|n| n as u8).collect::<Vec<u8>>());
        builder.root.sz("long", &"\\\"\u{3A9}".repeat(40_000));
    });
    let back = rows(&reg::parse(text(&hive).0.as_bytes()).unwrap());
    same("big", &of_reader(support::rows(&hive)), &back);
}

#[test]
fn keys_reached_twice_or_too_deep_are_errors() {
    let mut deep = HiveBuilder::new();
    deep.key(&["k"; 600].join("\\"));
    let hive = Hive::open(deep.build()).unwrap();
    let error = reg::export(ROOT, hive.root().unwrap(), &mut String::new()).unwrap_err();
    assert!(matches!(
        error,
        ExportError::Read {
            source: hive::ReadError::Depth { .. },
            ..
        }
    ));

    // Both subkeys lead to the same cell: a tree of such keys doubles with every level.
    let hive = open(|builder| {
        builder.key("A");
        builder.key("B");
    });
    let list = hive.root().unwrap().node().subkey_list.get() as usize + 4096 + 4;
    let mut file = hive.into_bytes();
    file.copy_within(list + 4..list + 8, list + 12);
    let hive = Hive::open(file).unwrap();
    let error = reg::export(ROOT, hive.root().unwrap(), &mut String::new()).unwrap_err();
    assert!(matches!(error, ExportError::Shared { .. }), "{error}");
}

#[test]
fn root_names_that_mean_something_else_are_refused() {
    let hive = everything();
    for name in ["", "-A", "A\\", "A\r\n", "A\0"] {
        let error = reg::export(name, hive.root().unwrap(), &mut String::new()).unwrap_err();
        assert_eq!(
            error,
            ExportError::RootName {
                name: name.to_owned()
            }
        );
    }
}

#[test]
fn a_receiver_that_fails_ends_the_export() {
    struct Full;
    impl std::fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> std::fmt::Result {
            Err(std::fmt::Error)
        }
    }
    let error = reg::export(ROOT, everything().root().unwrap(), &mut Full).unwrap_err();
    assert_eq!(error, ExportError::Write(std::fmt::Error));
}

fn parsed(body: &str) -> Vec<Operation> {
    reg::parse(format!("{HEAD}{body}").as_bytes()).unwrap()
}

fn set(name: &str, kind: u32, bytes: &[u8]) -> Operation {
    let data = RegData {
        kind: RegType(kind),
        bytes: bytes.to_vec(),
    };
    Operation::SetValue {
        key: "HKLM\\A".into(),
        name: name.to_owned(),
        data,
    }
}

#[test]
fn every_form_is_understood() {
    let body = "; comment \\\n\n \t\r\n[HKLM\\A] ; why\n\
        \"a\\\\\\\"\" = \"x\\\\\" ; c\r\n@=\"\"\n\"D\"=DWORD:aB \n\"h\"=HEX:0a , B,\\\r\n  \\\n 3\n\
        \"none\"=hex(0):\n\"odd\"=hex(FFFF0012):01\n\"s\"=hex(1):\\\n 41,00,\\ ; note\n\
        ; skipped\n  00\n\
        \"g\"=-\n@=- ; gone\n\"\"=\"two\r\nlines\"\n  [-HKLM\\A\\B]\n[HKLM\\[x]]";
    let delete = |name: &str| Operation::DeleteValue {
        key: "HKLM\\A".into(),
        name: name.into(),
    };
    let wanted = [
        Operation::CreateKey("HKLM\\A".into()),
        set("a\\\"", 1, b"x\0\\\0\0\0"),
        set("", 1, b"\0\0"),
        set("D", 4, &[0xAB, 0, 0, 0]),
        set("h", 3, &[10, 11, 3]),
        set("none", 0, &[]),
        set("odd", 0xFFFF_0012, &[1]),
        set("s", 1, &[0x41, 0, 0]),
        delete("g"),
        delete(""),
        set("", 1, b"t\0w\0o\0\r\0\n\0l\0i\0n\0e\0s\0\0\0"),
        Operation::DeleteKey("HKLM\\A\\B".into()),
        Operation::CreateKey("HKLM\\[x]".into()),
    ];
    assert_eq!(parsed(body), wanted);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (body, line, what) in [
        ("[A]\nnonsense", 4, Mistake::Statement),
        ("[A\n", 3, Mistake::OpenBracket),
        ("[A] x\n", 3, Mistake::Trailing),
        ("[]\n", 3, Mistake::NoKeyName),
        ("[-\\]\n", 3, Mistake::NoKeyName),
        ("\n@=\"\"\n", 4, Mistake::NoKey),
        ("[-A]\n@=\"\"\n", 4, Mistake::DeletedKey),
        ("[A]\n\"a\" \"b\"\n", 4, Mistake::NoEquals),
        ("[A]\n@=word\n", 4, Mistake::Data),
        ("[A]\n@=\"a\nb", 4, Mistake::OpenQuote),
        ("[A]\n@=\"a\nb\"\nbad", 6, Mistake::Statement),
        ("[A]\n\"a\nb\"=-", 4, Mistake::OpenQuote),
        ("[A]\n@=\"C:\\dir\"\n", 4, Mistake::Escape),
        ("[A]\n@=\"a\"b\n", 4, Mistake::Trailing),
        ("[A]\n@=-1\n", 4, Mistake::Trailing),
        ("[A]\n@=dword:\n", 4, Mistake::NoNumber),
        (
            "[A]\n@=dword:123456789\n",
            4,
            Mistake::LongNumber { most: 8 },
        ),
        ("[A]\n@=dword:12g\n", 4, Mistake::Trailing),
        ("[A]\n@=hex():1\n", 4, Mistake::NoNumber),
        ("[A]\n@=hex(1:1\n", 4, Mistake::OpenType),
        ("[A]\n@=hex:1,\n", 4, Mistake::NoNumber),
        ("[A]\n@=hex:1,,2\n", 4, Mistake::NoNumber),
        ("[A]\n@=hex:1 2\n", 4, Mistake::Trailing),
        ("[A]\n@=hex:001\n", 4, Mistake::LongNumber { most: 2 }),
        ("[A]\n@=hex:1,\\\n\n\"b\"=-", 5, Mistake::NoNumber),
        ("[A]\n@=hex:1,\\\n  2,\\", 5, Mistake::EndInData),
        ("[A]\n@=hex:1,\\ 2\n", 4, Mistake::Trailing),
        ("[A]\n@=\"\0\"\n", 4, Mistake::Nul),
    ] {
        let file = format!("{HEAD}{body}");
        assert_eq!(
            reg::parse(file.as_bytes()),
            Err(ParseError { line, what }),
            "{body}"
        );
        let wide = reg::encode_utf16le_bom(&file);
        assert_eq!(reg::parse(&wide), Err(ParseError { line, what }), "{body}");
    }
}

#[test]
fn headers_decide_about_the_encoding() {
    let refused = |file: &[u8]| reg::parse(file).unwrap_err().what;
    assert_eq!(refused(b""), Mistake::Header);
    assert_eq!(refused(b"\xFF\xFE"), Mistake::Header);
    assert_eq!(
        refused(b"Windows Registry Editor Version 5.01\n"),
        Mistake::Header
    );
    assert_eq!(
        refused(&reg::encode_utf16le_bom("REGEDIT4\n")),
        Mistake::WideVersion4
    );
    assert_eq!(refused(b"REGEDIT4\n[A]\n@=\"\xE9\""), Mistake::NotAscii);
    assert_eq!(
        refused("REGEDIT4\n[A]\n@=\"\u{E9}\"".as_bytes()),
        Mistake::NotAscii
    );
    assert_eq!(refused(b"REGEDIT4\n[A]\n@=hex(2):e9,00"), Mistake::NotAscii);
    let found = reg::parse(b"REGEDIT4\r\n\r\n[HKLM\\A]\r\n@=hex(2):25,00\r\n\"b\"=hex:e9\r\n");
    let wanted = [
        Operation::CreateKey("HKLM\\A".into()),
        set("", 2, &[0x25, 0, 0, 0]),
        set("b", 3, &[0xE9]),
    ];
    assert_eq!(found.unwrap(), wanted);
    assert_eq!(parsed(""), []);
    assert_eq!(reg::parse(HEAD.trim_end().as_bytes()), Ok(vec![]));
}

#[test]
fn limits_are_kept() {
    let lines = format!("{HEAD}{}", "\n".repeat(reg::MAX_LINES));
    assert_eq!(
        reg::parse(lines.as_bytes()).unwrap_err().what,
        Mistake::TooManyLines
    );
    let values = format!("{HEAD}[A]\n{}", "@=-\n".repeat(reg::MAX_OPERATIONS));
    let error = reg::parse(values.as_bytes()).unwrap_err();
    assert_eq!(error.what, Mistake::TooManyOperations);
    assert_eq!(error.line, 3 + reg::MAX_OPERATIONS);
}
