//! One single fault for each rule on a small hive: the check reports that rule, and besides it
//! only what follows from the fault.
//!
//! Invariants: each row names every rule that is reported, first the one it is made for; places
//! are found with the reader, bytes are changed without it. Absent on purpose: several faults at
//! once (see `check_mutation.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

#[path = "check_small/mod.rs"]
mod small;

use hive::Hive;
use hive::check::{KEPT, RULES, check, rule_of};
use small::{Image, build, small};

type Damage = (&'static str, fn(u32) -> Image);

/// The rules that are reported, each once, in the order of the table.
fn found(image: Image) -> Vec<&'static str> {
    match Hive::open(image.finish()) {
        Err(error) => vec![rule_of(&error).as_str()],
        Ok(hive) => {
            let report = check(&hive);
            let mut rules: Vec<_> = report.defects.iter().map(|defect| defect.rule).collect();
            for defect in &report.defects {
                assert!(!defect.detail.is_empty());
                println!("    {defect}");
            }
            rules.sort_unstable();
            rules.dedup();
            let blocking = report.defects.iter().any(|defect| defect.blocks_edit);
            assert_eq!(report.is_sound(), !blocking);
            rules.into_iter().map(hive::check::Rule::as_str).collect()
        }
    }
}

fn compare(rows: &[Damage]) {
    for (expected, damage) in rows {
        println!("{expected}");
        let mut expected: Vec<&str> = expected.split(' ').collect();
        let id = expected[0];
        let place = |id: &str| RULES.iter().position(|row| row.id == id).expect("a rule");
        expected.sort_by_key(|id| place(id));
        for minor in [3, 5, 6] {
            if matches!((id, minor), ("L8", 3) | ("L9", 5 | 6)) {
                continue;
            }
            assert_eq!(found(damage(minor)), expected, "{id} in version 1.{minor}");
        }
    }
}

#[test]
fn the_undamaged_hive_breaks_no_rule() {
    for minor in 3..=6 {
        let hive = Hive::open(small(minor).finish()).unwrap();
        let report = check(&hive);
        assert_eq!(report.defects, []);
        assert!(report.is_sound() && report.is_clean());
        assert_eq!(
            (report.keys, report.security_cells, report.orphans),
            (14, 3, 0)
        );
        assert_eq!(report.values, 8);
    }
}

#[test]
fn header_rules() {
    let rows: &[Damage] = &[
        ("B1", |m| small(m).with(|i| i.bytes.truncate(8191))),
        ("B1", |m| small(m).with(|i| i.bytes.clear())),
        ("B2", |m| small(m).with(|i| i.put(0, b"hbin"))),
        ("B3", |m| small(m).with(|i| i.stale_checksum = true)),
        ("B4", |m| small(m).with(|i| i.put32(0x14, 2))),
        ("B5", |m| small(m).with(|i| i.put32(0x18, 2))),
        ("B6", |m| small(m).with(|i| i.put32(0x1C, 1))),
        ("B7", |m| small(m).with(|i| i.put32(0x20, 0))),
        ("B8", |m| small(m).with(|i| i.put32(0x2C, 8))),
        ("B9", |m| small(m).with(|i| i.put32(0x04, 9))),
        ("B10", |m| small(m).with(|i| i.put32(0x28, 0x1001))),
        ("B10", |m| small(m).with(|i| i.put32(0x28, 0))),
        ("B11", |m| {
            small(m).with(|i| i.bytes.truncate(i.bytes.len() - 1))
        }),
        ("B12", |m| small(m).with(|i| i.bytes.extend([0, 0, 7, 0]))),
        ("B13", |m| small(m).with(|i| i.put(0x30, &[b'A'; 64]))),
        ("B14", |m| small(m).with(|i| i.put(0xA4, b"text"))),
        ("B15", |m| small(m).with(|i| i.mark_transactions(1))),
        ("B15", |m| small(m).with(|i| i.mark_transactions(0x30))),
        ("B16", |m| small(m).with(|i| i.put(0xB0, b"OfRg"))),
    ];
    compare(rows);
}

#[test]
fn bin_and_cell_rules() {
    let rows: &[Damage] = &[
        ("H1 H5", |m| small(m).with(|i| i.put(i.last_bin(), b"nope"))),
        ("H1", |m| {
            small(m).with(|i| i.put(i.last_bin() - 0x1000, b"nope"))
        }),
        ("H2", |m| {
            small(m).with(|i| i.put32(i.last_bin() - 0x1000 + 4, 7))
        }),
        ("H3", |m| {
            small(m).with(|i| i.put32(i.last_bin() - 0x1000 + 8, 0x1010))
        }),
        ("H3", |m| {
            small(m).with(|i| i.put32(i.last_bin() - 0x1000 + 8, 0))
        }),
        ("H4 H5", |m| {
            small(m).with(|i| i.put32(i.last_bin() + 8, 0x2000))
        }),
        ("H5 H1", |m| small(m).with(Image::add_empty_page)),
        ("C1", |m| small(m).with(|i| i.put32(i.free(), 0))),
        ("C2", |m| small(m).with(|i| i.put32(i.free(), 4060))),
        ("C3", |m| small(m).with(|i| i.put32(i.free(), 4072))),
        ("C3", |m| small(m).with(|i| i.put32(i.free(), 0x8000_0000))),
        ("C4", |m| {
            small(m).with(|i| {
                i.put32(i.free(), 16);
                i.put32(i.free() + 16, 4064 - 16);
            })
        }),
        ("C5 C6", |m| {
            small(m).with(|i| i.copy_field(i.vk("A", "text"), i.vk("A", "list"), 8))
        }),
        ("C5 C6 K11 S7", |m| {
            small(m).with(|i| {
                let (list, other) = (i.get32(i.nk("A") + 28), i.get32(i.nk("B") + 28));
                assert_ne!(list, other);
                i.put32(i.nk("A") + 28, other);
            })
        }),
        ("C6", |m| {
            small(m).with(|i| i.put32(i.free(), 4064_u32.wrapping_neg()))
        }),
    ];
    compare(rows);
}

#[test]
fn key_rules() {
    let rows: &[Damage] = &[
        ("K1 C6 S7", |m| {
            small(m).with(|i| i.put32(i.entry("Lists\\a"), i.free_index()))
        }),
        ("K1 C6 S7", |m| {
            small(m).with(|i| i.put32(i.entry("Lists\\a"), u32::MAX))
        }),
        ("K1 C6 S7", |m| {
            small(m).with(|i| i.put32(i.entry("Lists\\a"), 0x8000_0020))
        }),
        ("K2 C6 S7", |m| {
            small(m).with(|i| i.put32(i.entry("Lists\\a"), i.get32(i.nk("A") + 40)))
        }),
        ("K3 C6 S7", |m| {
            small(m).with(|i| i.put(i.nk("Lists\\a"), b"kn"))
        }),
        ("K4 C6 S7", |m| {
            small(m).with(|i| i.move_to_free("Lists\\a", 1128))
        }),
        ("K5 C6 S7", |m| {
            small(m).with(|i| i.put16(i.nk("Lists\\a") + 72, 0))
        }),
        ("K6 C6 S7", |m| {
            small(m).with(|i| i.put16(i.nk("Lists\\a") + 72, 2000))
        }),
        ("K11", |m| {
            small(m).with(|i| i.put32(i.nk("Lists\\a") + 16, 0x20))
        }),
        ("K12", |m| small(m).with(|i| i.put16(i.nk("") + 2, 0x20))),
        ("K12", |m| small(m).with(|i| i.put16(i.nk("B") + 2, 0x24))),
        ("K13", |m| {
            small(m).with(|i| i.put16(i.nk("Lists\\b") + 2, 0x21))
        }),
        ("K13", |m| {
            small(m).with(|i| i.put16(i.nk("Lists\\b") + 2, 0x22))
        }),
        ("K14", |m| {
            small(m).with(|i| i.put16(i.nk("Lists\\b") + 2, 0x60))
        }),
        ("K16", |m| {
            small(m).with(|i| i.put(i.vk("Link", "SymbolicLinkValue") + 20, b"T"))
        }),
        ("X1 C6", |m| {
            small(m).with(|i| i.put32(i.nk("A") + 48, u32::MAX))
        }),
        ("X2 C6", |m| {
            small(m).with(|i| i.put32(i.nk("A") + 48, i.free_index()))
        }),
        ("X3 M2", |m| small(m).with(|i| i.put16(i.nk("A") + 74, 600))),
        ("X4 C6", |m| small(m).with(|i| i.put16(i.nk("A") + 74, 0))),
    ];
    compare(rows);
}

/// Faults that show in the lists too, because names are part of them.
#[test]
fn key_name_rules() {
    for minor in [3, 5, 6] {
        let mark = if minor == 3 { "L9" } else { "L8" };
        let narrowed = |path: &str| {
            let path = path.to_owned();
            small(minor).with(move |i| i.put16(i.nk(&path) + 2, 0))
        };
        assert_eq!(found(narrowed("Lists\\odd")), ["K7", "L7", mark]);
        assert_eq!(found(narrowed("Lists\\w\0i\0")), ["K10", mark]);
        let long = with_key(minor, &"x".repeat(257));
        assert_eq!(found(long), ["K8"]);
        let fits = with_key(minor, &"x".repeat(256));
        assert_eq!(found(fits), [""; 0]);
        let slash = build(minor, |hive| {
            hive.root.child("a\\b");
        });
        assert_eq!(found(slash), ["K9"]);
        let deep = |depth| with_key(minor, &"d\\".repeat(depth));
        assert_eq!(found(deep(512)), [""; 0]);
        assert_eq!(found(deep(513)), ["K15", "S7"]);
        let two = build(minor, |hive| {
            let link = hive.key("L");
            link.flags = 0x10;
            link.value("SymbolicLinkValue", 6, b"a\0").dword("b", 1);
        });
        assert_eq!(found(two), ["K16"]);
    }
}

fn with_key(minor: u32, path: &str) -> Image {
    build(minor, |hive| {
        hive.key(path);
    })
}

fn with_long_value(minor: u32) -> Image {
    build(minor, |hive| {
        hive.key("K").dword(&"v".repeat(16_384), 1);
    })
}

#[test]
fn root_faults_stop_the_opening() {
    let rows: &[Damage] = &[
        ("K1", |m| small(m).with(|i| i.put32(0x24, 0x24))),
        ("K2", |m| {
            small(m).with(|i| i.put32(0x24, i.get32(i.nk("A") + 40)))
        }),
        ("K3", |m| small(m).with(|i| i.put(i.nk(""), b"xx"))),
        ("K6", |m| small(m).with(|i| i.put16(i.nk("") + 72, 2000))),
    ];
    compare(rows);
    // An index into the middle of a cell that looks like a cell opens, and then is no root.
    let image = small(5).with(|i| {
        let inside = i.free() + 64;
        let node: Vec<u8> = i.bytes[i.nk("") - 4..i.nk("") + 76].to_vec();
        i.put(inside, &node);
        i.put32(0x24, i.free_index() + 64);
    });
    assert_eq!(found(image)[0], "C6");
}

#[test]
fn security_rules() {
    let rows: &[Damage] = &[
        ("S1 S7", |m| {
            small(m).with(|i| i.put32(i.nk("B") + 44, u32::MAX))
        }),
        ("S1 S7", |m| {
            small(m).with(|i| i.put32(i.nk("B") + 44, i.free_index()))
        }),
        ("S2 C6 S6", |m| small(m).with(|i| i.put(i.sk("B"), b"ks"))),
        ("S3", |m| small(m).with(|i| i.put32(i.sk("B") + 16, 6000))),
        ("S4", |m| small(m).with(|i| i.put32(i.sk("B") + 8, 0x20))),
        ("S4", |m| small(m).with(|i| i.put32(i.sk("") + 8, 0x20))),
        ("S4 S6", |m| {
            small(m).with(|i| i.put32(i.sk("B") + 4, i.get32(i.nk("B") + 44)))
        }),
        ("S4 S6", |m| {
            small(m).with(|i| i.put32(i.sk("B") + 4, u32::MAX))
        }),
        ("S5", |m| small(m).with(|i| i.put(i.sk("B") + 20, &[2]))),
        ("S6 S7", |m| {
            small(m).with(Image::put_descriptor_outside_ring)
        }),
        ("S7", |m| small(m).with(|i| i.put32(i.sk("B") + 12, 0))),
        ("S7", |m| small(m).with(|i| i.put32(i.sk("B") + 12, 900))),
        ("S8", |m| {
            small(m).with(|i| {
                let other: Vec<u8> = i.bytes[i.sk("C") + 20..][..68].to_vec();
                i.put(i.sk("B") + 20, &other);
            })
        }),
    ];
    compare(rows);
}

#[test]
fn a_reference_count_stops_an_edit_only_when_it_is_too_low() {
    for (count, sound) in [(0, false), (1, true), (2, true)] {
        let image = small(5).with(|i| i.put32(i.sk("B") + 12, count));
        assert_eq!(
            check(&Hive::open(image.finish()).unwrap()).is_sound(),
            sound
        );
    }
}

#[test]
fn list_rules() {
    let rows: &[Damage] = &[
        ("L1 C6 S7", |m| {
            small(m).with(|i| i.put32(i.nk("A") + 28, u32::MAX))
        }),
        ("L2 C6 S7", |m| small(m).with(|i| i.put(i.list("A"), b"la"))),
        ("L3 C6 S7", |m| {
            small(m).with(|i| i.put16(i.list("A") + 2, 60000))
        }),
        ("L4 L5 C6 S7", |m| {
            small(m).with(|i| i.put16(i.list("A") + 2, 0))
        }),
        ("L4 L5 C6 S7", |m| {
            small(m).with(|i| i.put16(i.list("Lists") + 2, 0))
        }),
        ("L5", |m| small(m).with(|i| i.put32(i.nk("A") + 20, 9))),
        ("L5 C6 S7", |m| {
            small(m).with(|i| i.put32(i.nk("A") + 20, 0))
        }),
        ("L6 L5 C6 S7", |m| {
            small(m).with(|i| i.put(i.leaf("Lists\\a"), b"ri"))
        }),
        ("L7", |m| {
            small(m).with(|i| i.swap_entries("Lists\\a", "Lists\\b"))
        }),
        ("L8", |m| {
            small(m).with(|i| i.put32(i.entry("Lists\\a") + 4, 0x42))
        }),
        ("L9", |m| {
            small(m).with(|i| i.put32(i.entry("Lists\\a") + 4, 0x42))
        }),
    ];
    compare(rows);
    let kind = |minor, signature: &'static [u8; 2]| {
        found(small(minor).with(|i| i.put(i.list("A"), signature)))
    };
    assert_eq!(kind(5, b"lf"), ["L9", "L10"]);
    assert_eq!(kind(5, b"li"), ["L10"]);
    assert_eq!(kind(3, b"lh"), ["L8", "L10"]);
    assert_eq!(kind(3, b"li"), [""; 0]);
    assert_eq!(found(small::long_leaf(1012)), [""; 0]);
    assert_eq!(found(small::long_leaf(1013)), ["C6", "L11"]);
}

#[test]
fn value_rules() {
    let rows: &[Damage] = &[
        ("V1 C6", |m| {
            small(m).with(|i| i.put32(i.nk("A") + 40, i.free_index()))
        }),
        ("V1 C6", |m| small(m).with(|i| i.put32(i.nk("A") + 36, 0))),
        ("V2 C6", |m| {
            small(m).with(|i| i.put32(i.nk("A") + 36, 100_000))
        }),
        ("V2 C6", |m| {
            small(m).with(|i| i.put32(i.nk("A") + 36, u32::MAX))
        }),
        ("V3 C6", |m| {
            small(m).with(|i| i.put32(i.values("A"), u32::MAX))
        }),
        ("V3 C6", |m| {
            small(m).with(|i| i.put32(i.values("A"), 0x8000_0020))
        }),
        ("V4 C6", |m| {
            small(m).with(|i| i.put16(i.vk("A", "text") + 2, 60_000))
        }),
        ("V5 C6", |m| {
            small(m).with(|i| i.put(i.vk("A", "text"), b"kv"))
        }),
        ("V6", |m| {
            small(m).with(|i| i.put16(i.vk("A", "odd") + 16, 0))
        }),
        ("V7", |m| with_long_value(m)),
        ("V8", |m| {
            small(m).with(|i| i.put16(i.vk("A", "text") + 16, 0x81))
        }),
        ("V9", |m| {
            small(m).with(|i| i.put(i.vk("A", "text") + 20, b"LIST"))
        }),
    ];
    compare(rows);
}

#[test]
fn data_rules() {
    let rows: &[Damage] = &[
        ("D1", |m| {
            small(m).with(|i| i.put32(i.vk("B", "dword") + 4, 0x8000_0005))
        }),
        ("D2 C6", |m| {
            small(m).with(|i| i.put32(i.vk("A", "text") + 4, 0))
        }),
        ("D3", |m| {
            small(m).with(|i| i.put32(i.vk("A", "text") + 4, 4))
        }),
        ("D4 C6", |m| {
            small(m).with(|i| i.put32(i.vk("A", "text") + 8, i.free_index()))
        }),
        ("D5 M4", |m| {
            small(m).with(|i| i.put32(i.vk("A", "text") + 4, 5_000))
        }),
        ("M1", |m| small(m).with(|i| i.put16(i.nk("") + 52, 8))),
        ("M2", |m| small(m).with(|i| i.put32(i.nk("") + 56, 4))),
        ("M3", |m| small(m).with(|i| i.put32(i.nk("A") + 60, 2))),
        ("M4", |m| small(m).with(|i| i.put32(i.nk("A") + 64, 2))),
    ];
    compare(rows);
    let big = |change: fn(&mut Image)| found(small(5).with(change));
    assert_eq!(big(|i| i.put(i.record(), b"bd")), ["C6", "D6"]);
    assert_eq!(big(|i| i.put16(i.record() + 2, 2)), ["C6", "D7"]);
    assert_eq!(big(|i| i.put32(i.record() + 4, u32::MAX)), ["C6", "D8"]);
    assert_eq!(big(|i| i.put16(i.record() + 2, 99)), ["C6", "D7", "D8"]);
    assert_eq!(big(|i| i.put32(i.segments(), i.free_index())), ["C6", "D9"]);
    let swapped = big(|i| i.swap(i.segments(), i.segments() + 8));
    assert_eq!(swapped, ["D9"], "the short last segment cannot stand first");
}

#[test]
fn defects_come_in_list_order_and_are_bounded_by_kind() {
    let image = build(5, |hive| {
        for number in 0..1_200 {
            hive.key(&format!("{number:04}")).dword("x", 1);
        }
    });
    let image = image.with(|i| {
        for number in 0..1_200 {
            let node = i.nk(&format!("{number:04}"));
            i.put32(node + 16, 0x40);
            i.put32(node + 60, 0);
        }
    });
    let report = check(&Hive::open(image.finish()).unwrap());
    assert_eq!((report.total, report.blocking), (2_400, 1_200));
    assert_eq!(report.defects.len(), 2 * KEPT);
    let keys: Vec<&str> = report
        .defects
        .iter()
        .filter_map(|d| d.at.key.as_deref())
        .collect();
    assert_eq!(keys[..4], ["0000", "0000", "0001", "0001"]);
    assert!(keys.is_sorted());
}

#[test]
fn a_place_is_shown_without_control_characters() {
    let image = with_key(5, "a\u{1B}[2Jb\\c").with(|i| {
        i.put32(i.nk("a\u{1B}[2Jb\\c") + 16, 0x40);
        i.put32(i.nk("") + 60, 0);
    });
    let report = check(&Hive::open(image.finish()).unwrap());
    let text = report.defects[0].to_string();
    assert!(text.starts_with("K11 at offset 0x1"), "{text}");
    assert!(
        text.contains(r"key a\u{1b}[2Jb\c: parent 0x40, listed below 0x"),
        "{text}"
    );
    assert!(text.ends_with("(healed)"), "{text}");
    let root = small(5).with(|i| i.put16(i.nk("") + 52, 0));
    let text = check(&Hive::open(root.finish()).unwrap()).defects[0].to_string();
    assert_eq!(
        text,
        "M1 at offset 0x1020, the root key: 0 bytes, the longest name has 10 (ignored)"
    );
}

#[test]
fn sizes_that_just_fit_are_fine() {
    let edges = build(5, |hive| {
        hive.key("K")
            .dword(&"v".repeat(16_383), 1)
            .binary("d", &[1; 16_344]);
        hive.key("K").binary("one", &[1; 5]).binary("two", &[1; 12]);
    });
    assert_eq!(found(edges), [""; 0]);
    let grown = small(5).with(|i| i.move_to_free("Lists\\a", 1120));
    assert_eq!(found(grown), ["C6"], "only the old cell is left behind");
    let cell =
        |len: u32| found(small(5).with(|i| i.put32(i.vk("B", "dword") + 4, 0x8000_0000 + len)));
    assert_eq!((cell(4).len(), cell(5)), (0, vec!["D1"]));
}
