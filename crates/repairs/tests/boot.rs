//! What the repairs of the boot configuration take for a fault and change, element by element.
//!
//! Invariants: every disk is the healthy one with the named difference only. Absent on purpose:
//! what holds for every repair (see `laws.rs`).

#![allow(clippy::unwrap_used, reason = "only tests are in here")]
#![allow(clippy::print_stdout, reason = "a test that is not made says so")]

mod lab;

use bcd::{ElementType, Guid, Value};
use lab::{Lab, edits, named, titles};
use repairs::{Kind, Plan, PlanError, Selection, Step};
use testkit::bcd::{
    BOOTLOADERSETTINGS, BOOTMGR, DBGSETTINGS, Data, EMSSETTINGS, FOREIGN, Firmware, GLOBALSETTINGS,
    LOADER, Machine, RECOVERY, Store,
};
use testkit::windows::{Installation, Options};
use volume::HiveName;

const INHERIT: u32 = 0x1400_0006;
const BOOT_EMS: u32 = 0x1600_0020;
const EMS_PORT: u32 = 0x1500_0022;
const EMS_BAUD: u32 = 0x1500_0023;
const EMS: u32 = 0x2600_00b0;
const DEBUG: u32 = 0x2600_00a0;
const DEFAULT: u32 = 0x2300_0003;
const ORDER: u32 = 0x2400_0001;
const SEQUENCE: u32 = 0x2400_0002;
const TIMEOUT: u32 = 0x2500_0004;
const MENU: u32 = 0x2600_0020;
const SAFE_BOOT: u32 = 0x2500_0080;
const SHELL: u32 = 0x2600_0081;
const OS_LOADER: u32 = 0x1020_0003;

/// A second Windows loader.
const SECOND: &str = "{2c1a7f38-93b4-11ec-8d0a-00155d3f7a10}";

const YES: Data<'_> = Data::Boolean(true);
const NO: Data<'_> = Data::Boolean(false);

/// What the repair does to a store that bcdboot made.
const CONSOLE: [&str; 4] = [
    "bootmgr 16000020 = 01",
    "loader 260000b0 = 01",
    "emssettings 15000022 = 0100000000000000",
    "emssettings 15000023 = 00c2010000000000",
];

/// A difference in a store.
type Change = fn(&mut Store);

/// The healthy disk, a BIOS machine with one partition, with a difference in its store.
fn bios(change: impl FnOnce(&mut Store)) -> Lab {
    windows(|windows| change(windows.boot.as_mut().unwrap()))
}

fn windows(change: impl FnOnce(&mut Installation)) -> Lab {
    let mut windows = Installation::new(&Options::default());
    change(&mut windows);
    Lab::of(&windows.disk())
}

/// The same with the boot files of a UEFI machine.
fn uefi(change: impl FnOnce(&mut Store)) -> Lab {
    windows(|windows| {
        let mut store = Store::uefi_windows();
        change(&mut store);
        windows.boot = None;
        let folder = "EFI/Microsoft/Boot";
        for (name, bytes) in [
            ("BCD", store.build()),
            ("BCD.LOG", Vec::new()),
            ("bootmgfw.efi", b"only a file".to_vec()),
        ] {
            windows.files.insert(format!("{folder}/{name}"), bytes);
        }
    })
}

/// Adds a Windows loader like the first, without making it the default.
fn second(store: &mut Store) -> &mut Store {
    store
        .object(SECOND, OS_LOADER)
        .element(SECOND, INHERIT, &Data::Objects(&[BOOTLOADERSETTINGS]))
        .append(BOOTMGR, ORDER, SECOND)
}

fn with(id: &str, parameters: &[(&str, &str)]) -> Selection {
    let parameters = parameters
        .iter()
        .map(|&(name, value)| ((id.to_owned(), name.to_owned()), value.to_owned()));
    Selection {
        parameters: parameters.collect(),
        ..named(&[id])
    }
}

fn article() -> Selection {
    Selection {
        as_article: true,
        ..named(&["serial-console"])
    }
}

/// The changes as lines: object, element, and data in hexadecimal.
fn changes(plan: &Plan) -> Vec<String> {
    let names = [
        (LOADER, "loader"),
        (SECOND, "second"),
        (RECOVERY, "recovery"),
    ];
    let line = |edit: &volume::Edit| {
        let target = edit.target();
        assert_eq!(target.hive, HiveName::Bcd);
        let (object, rest) = target.key.split_at("Objects\\".len() + LOADER.len());
        let object = object.strip_prefix("Objects\\").unwrap();
        let known = names.iter().find(|(id, _)| *id == object);
        let name = match object.parse::<Guid>().unwrap().alias() {
            Some(alias) => alias,
            None => known.map_or(object, |(_, name)| name),
        };
        let what = match rest.strip_prefix("\\Elements\\") {
            Some(element) => {
                assert_eq!(target.name, "Element");
                element.to_owned()
            }
            None => format!("{} {}", rest.trim_start_matches('\\'), target.name),
        };
        match edit.after() {
            None => format!("{name} {what} deleted"),
            Some(data) if data.kind == hive::RegType::BINARY => {
                let hex: String = data.bytes.iter().map(|b| format!("{b:02x}")).collect();
                format!("{name} {what} = {hex}")
            }
            Some(data) => format!("{name} {what} = {data}"),
        }
    };
    edits(plan).iter().map(line).collect()
}

fn by_name(lab: &Lab, id: &str) -> Vec<String> {
    changes(&lab.plan(&named(&[id])))
}

fn looked(lab: &Lab) -> Vec<String> {
    changes(&lab.plan(&Selection::default()))
}

fn evidence(plan: &Plan) -> String {
    plan.found[0].finding.evidence.join("\n")
}

/// What counts on the disk as it is now, and which object says so.
fn effective(lab: &Lab, object: &str, element: ElementType) -> Option<(Guid, Value)> {
    let volume = lab.open();
    let store = bcd::Store::open(&volume.store().unwrap().hive).unwrap();
    store.effective(object.parse().unwrap(), element)
}

/// Applies a plan, sees that nothing is left, and takes it back.
fn round(lab: &Lab, selection: &Selection, between: impl FnOnce()) {
    let before = lab.files();
    let plan = lab.plan(selection);
    assert_ne!(edits(&plan), []);
    let mut run = lab.apply(&plan);
    assert_eq!(edits(&lab.plan(selection)), []);
    between();
    lab.undo(&mut run);
    assert!(lab.files() == before);
}

#[test]
fn the_console_needs_four_elements_on_either_firmware() {
    for lab in [bios(|_| {}), uefi(|_| {})] {
        let plan = lab.plan(&named(&["serial-console"]));
        assert_eq!(changes(&plan), CONSOLE);
        assert!(plan.changes.iter().all(|change| change.kind == Kind::Aid));
        let seen = evidence(&plan);
        assert!(seen.contains("bootems of {bootmgr} is No, inherited from {emssettings}"));
        assert!(seen.contains("ems of {default} is not set"), "{seen}");
        assert!(matches!(plan.steps.as_slice(), [Step::Manual(_)]));
        round(&lab, &named(&["serial-console"]), || {});
    }
}

#[test]
fn the_article_has_five_commands() {
    let menu = [
        "bootmgr 26000020 = 01",
        "bootmgr 25000004 = 0500000000000000",
    ];
    let wanted = [menu.as_slice(), &CONSOLE].concat();
    for lab in [bios(|_| {}), uefi(|_| {})] {
        assert_eq!(changes(&lab.plan(&article())), wanted);
        round(&lab, &article(), || {
            let look = lab.plan(&Selection::default());
            assert!(look.found.is_empty(), "{:?}", look.found);
        });
    }
}

#[test]
fn parameters_of_the_console_are_taken() {
    let lab = bios(|_| {});
    let set = [
        ("port", "2"),
        ("baud", "9600"),
        ("menu", "on"),
        ("timeout", "30"),
    ];
    let wanted = [
        "bootmgr 26000020 = 01",
        "bootmgr 16000020 = 01",
        "loader 260000b0 = 01",
        "emssettings 15000022 = 0200000000000000",
        "emssettings 15000023 = 8025000000000000",
    ];
    assert_eq!(changes(&lab.plan(&with("serial-console", &set))), wanted);
    let quiet = Selection {
        parameters: with("serial-console", &[("menu", "off")]).parameters,
        ..article()
    };
    assert_eq!(changes(&lab.plan(&quiet)), CONSOLE);
}

#[test]
fn odd_parameters_are_refused() {
    let lab = bios(|_| {});
    for (id, name, value) in [
        ("serial-console", "port", "0"),
        ("serial-console", "port", "5"),
        ("serial-console", "port", "COM1"),
        ("serial-console", "baud", "12345"),
        ("serial-console", "timeout", "x"),
        ("serial-console", "timeout", "0"),
        ("serial-console", "timeout", "31"),
        ("serial-console", "menu", "yes"),
        ("serial-console", "loaders", "none"),
        ("boot-menu-stuck", "seconds", "31"),
        ("recovery-loop", "form", "no"),
    ] {
        let refused = lab.try_plan(&with(id, &[(name, value)]));
        let refused = matches!(refused, Err(PlanError::Parameter { .. }));
        assert!(refused, "{id}.{name}={value}");
    }
}

#[test]
fn what_an_object_says_itself_is_not_written_again() {
    let on = bios(|store| {
        let speed = Data::Raw(3, &[0x00, 0xC2, 0x01]);
        store
            .element(BOOTMGR, BOOT_EMS, &YES)
            .element(LOADER, EMS, &YES)
            .element(EMSSETTINGS, EMS_PORT, &Data::Integer(1))
            .element(EMSSETTINGS, EMS_BAUD, &speed);
    });
    assert_silent(&on, "serial-console");
    let inherited = bios(|store| {
        store
            .element(EMSSETTINGS, BOOT_EMS, &YES)
            .element(BOOTLOADERSETTINGS, EMS, &YES);
    });
    assert_eq!(by_name(&inherited, "serial-console"), CONSOLE);
    let seen = evidence(&inherited.plan(&named(&["serial-console"])));
    assert!(seen.contains("ems of {default} is Yes, inherited from {bootloadersettings}"));
}

/// A repair has nothing to say, by name or not.
fn assert_silent(lab: &Lab, id: &str) {
    let plan = lab.plan(&named(&[id]));
    assert_eq!(edits(&plan), []);
    assert!(plan.fine.contains(&id), "{:?}", plan.found);
    assert!(titles(&lab.plan(&Selection::default()), id).is_empty());
}

/// A store without EMS settings, and how they are reached then.
const WITHOUT: &[(Change, &[&str])] = &[
    (|_| {}, &["globalsettings 14000006"]),
    (
        |store| {
            store
                .remove_object(GLOBALSETTINGS)
                .remove_element(BOOTMGR, INHERIT);
        },
        &["bootmgr 14000006", "bootloadersettings 14000006"],
    ),
    (
        |store| {
            store.remove_element(LOADER, INHERIT);
        },
        &["globalsettings 14000006", "loader 14000006"],
    ),
    (
        |store| {
            store
                .remove_object(GLOBALSETTINGS)
                .remove_object(BOOTLOADERSETTINGS);
        },
        &["bootmgr 14000006", "loader 14000006"],
    ),
];

#[test]
fn missing_settings_are_created_where_they_are_read() {
    let selection = named(&["serial-console"]);
    for (change, links) in WITHOUT {
        let change = |store: &mut Store| change(store.without_emssettings());
        for lab in [bios(change), uefi(change)] {
            let lines = changes(&lab.plan(&selection));
            let mut wanted = CONSOLE[..2].to_vec();
            wanted.push("emssettings Description Type = 0x20100000");
            wanted.extend(&CONSOLE[2..]);
            wanted.extend(*links);
            let cut = |line: &String| match line.split_once(" = [") {
                Some((link, ids)) => {
                    assert!(ids.ends_with(&format!("{EMSSETTINGS:?}]")), "{line}");
                    link.to_owned()
                }
                None => line.clone(),
            };
            assert_eq!(lines.iter().map(cut).collect::<Vec<_>>(), wanted);
            let of_article = changes(&lab.plan(&article()));
            assert!(lines.iter().all(|line| of_article.contains(line)));
            round(&lab, &selection, || {
                for object in [BOOTMGR, LOADER] {
                    let port = effective(&lab, object, ElementType::EMS_PORT);
                    assert_eq!(port, Some((Guid::EMS_SETTINGS, Value::Integer(1))));
                    let speed = effective(&lab, object, ElementType::EMS_BAUD_RATE);
                    assert_eq!(speed, Some((Guid::EMS_SETTINGS, Value::Integer(115_200))));
                }
            });
        }
    }
}

#[test]
fn only_windows_loaders_get_a_console() {
    let place = Machine::bios().system;
    let lab = bios(|store| {
        second(store)
            .recovery_entry(Firmware::Bios, place)
            .foreign_entry(Firmware::Bios);
    });
    assert_eq!(by_name(&lab, "serial-console"), CONSOLE);
    let mut wanted = CONSOLE.to_vec();
    wanted.insert(2, "second 260000b0 = 01");
    let all = with("serial-console", &[("loaders", "all")]);
    assert_eq!(changes(&lab.plan(&all)), wanted);
    round(&lab, &all, || {});
}

#[test]
fn a_default_that_is_no_windows_is_refused_with_its_reason() {
    let cases: [(Change, &str); 3] = [
        (
            |store| {
                store.foreign_entry(Firmware::Bios).element(
                    BOOTMGR,
                    DEFAULT,
                    &Data::Object(FOREIGN),
                );
            },
            "is no Windows loader but of type 10400008 (Real-mode Boot Sector)",
        ),
        (
            |store| {
                store.element(BOOTMGR, DEFAULT, &Data::Object(SECOND));
            },
            "does not exist",
        ),
        (
            |store| {
                store
                    .remove_element(BOOTMGR, DEFAULT)
                    .remove_element(BOOTMGR, ORDER);
            },
            "no default entry and no menu",
        ),
    ];
    for (change, why) in cases {
        let lab = bios(change);
        for id in ["serial-console", "recovery-loop"] {
            let Err(PlanError::CouldNotLook { source, .. }) = lab.try_plan(&named(&[id])) else {
                panic!("{id} is not refused");
            };
            assert!(source.to_string().contains(why), "{source}");
        }
        let all = with("serial-console", &[("loaders", "all")]);
        assert_eq!(changes(&lab.plan(&all)), CONSOLE);
    }
    let none = bios(|store| {
        store.remove_object(LOADER);
    });
    assert!(
        none.try_plan(&with("serial-console", &[("loaders", "all")]))
            .is_err()
    );
}

#[test]
fn a_debugger_on_the_port_is_told() {
    // debug, debugtype, debugport, and whether it is told for COM1.
    let serial = Some(0);
    for (debug, kind, port, told) in [
        (Some(YES), serial, Some(1), true),
        (Some(YES), None, None, true),
        (Some(YES), serial, Some(2), false),
        (Some(YES), Some(4), Some(1), false),
        (Some(NO), serial, Some(1), false),
        (None, serial, Some(1), false),
    ] {
        let lab = bios(|store| {
            store.remove_element(DBGSETTINGS, 0x1500_0011);
            for (element, number) in [(0x1500_0011, kind), (0x1500_0013, port)] {
                if let Some(number) = number {
                    store.element(DBGSETTINGS, element, &Data::Integer(number));
                }
            }
            if let Some(debug) = &debug {
                store.element(LOADER, DEBUG, debug);
            }
        });
        let plan = lab.plan(&named(&["serial-console"]));
        assert_eq!(changes(&plan), CONSOLE);
        let line = |line: &String| line.contains("uses COM1 too");
        assert_eq!(plan.left_alone.iter().any(line), told, "{kind:?} {port:?}");
        assert_eq!(plan.found[0].finding.evidence.iter().any(line), told);
    }
}

#[test]
fn what_keeps_the_console_from_working_is_told() {
    let other = bios(|store| {
        store.element(GLOBALSETTINGS, EMS_PORT, &Data::Integer(2));
    });
    let plan = other.plan(&named(&["serial-console"]));
    assert_eq!(changes(&plan), CONSOLE);
    let told = |plan: &Plan, text: &str| plan.left_alone.iter().any(|line| line.contains(text));
    assert!(told(
        &plan,
        "emsport of {default} is 2, inherited from {globalsettings}: it comes before"
    ));
    assert!(told(&plan, "BitLocker"));
    assert!(!told(&plan, "SAC"));
    let client = windows(|windows| {
        let options = windows.system.key("ControlSet001\\Control\\ProductOptions");
        options.sz("ProductType", "WinNT");
    });
    assert!(told(&client.plan(&named(&["serial-console"])), "no SAC"));
}

/// Timeout, whether the menu is on, a second entry, and what comes of it: nothing, a cure by name
/// only, or a proposed cure.
const MENUS: &[(Option<Data<'_>>, bool, bool, Option<bool>)] = &[
    (Some(Data::Integer(30)), true, true, None),
    (Some(Data::Integer(0)), true, true, None),
    (Some(Data::Raw(3, &[30])), true, true, None),
    (Some(Data::Integer(31)), true, false, Some(true)),
    (Some(Data::Integer(31)), false, true, Some(true)),
    (Some(Data::Integer(31)), false, false, Some(false)),
    (Some(Data::Integer(0xFFFF_FFFF)), true, false, Some(true)),
    (Some(Data::Integer(u64::MAX)), false, true, Some(true)),
    (Some(Data::Raw(3, &[0xFF; 4])), false, false, Some(false)),
    (Some(Data::Raw(4, &[5, 0, 0, 0])), true, false, Some(true)),
    (None, true, false, Some(true)),
    (None, false, true, Some(true)),
    (None, false, false, None),
];

#[test]
fn a_menu_is_stuck_when_it_waits_long_or_for_ever() {
    let id = "boot-menu-stuck";
    let cure = ["bootmgr 25000004 = 1e00000000000000"];
    for (timeout, menu, two, expected) in MENUS {
        let lab = bios(|store| {
            store.remove_element(BOOTMGR, TIMEOUT);
            if let Some(timeout) = timeout {
                store.element(BOOTMGR, TIMEOUT, timeout);
            }
            if *menu {
                store.element(BOOTMGR, MENU, &YES);
            }
            if *two {
                second(store);
            }
        });
        let case = format!("{timeout:?} {menu} {two}");
        match expected {
            None => assert_silent(&lab, id),
            Some(proposed) => {
                assert_eq!(by_name(&lab, id), cure, "{case}");
                assert_eq!(!looked(&lab).is_empty(), *proposed, "{case}");
                assert_eq!(titles(&lab.plan(&Selection::default()), id).len(), 1);
            }
        }
    }
}

#[test]
fn thirty_two_bits_of_seconds_are_for_ever() {
    for (seconds, words) in [
        (0xFFFF_FFFE, "waits 4294967294 seconds"),
        (0xFFFF_FFFF, "never ends"),
    ] {
        let lab = bios(|store| {
            store
                .element(BOOTMGR, TIMEOUT, &Data::Integer(seconds))
                .element(BOOTMGR, MENU, &YES);
        });
        let titles = titles(&lab.plan(&Selection::default()), "boot-menu-stuck");
        assert!(titles.concat().contains(words), "{titles:?}");
    }
}

#[test]
fn a_stuck_menu_gets_the_time_that_was_asked_for() {
    let lab = bios(|store| {
        store
            .element(GLOBALSETTINGS, TIMEOUT, &Data::Integer(999))
            .remove_element(BOOTMGR, TIMEOUT)
            .element(BOOTMGR, MENU, &YES);
    });
    let short = with("boot-menu-stuck", &[("seconds", "5")]);
    let plan = lab.plan(&short);
    assert_eq!(changes(&plan), ["bootmgr 25000004 = 0500000000000000"]);
    assert!(
        evidence(&plan).contains("timeout of {bootmgr} is 999, inherited from {globalsettings}")
    );
    round(&lab, &short, || {});
    // A menu entry that is not there does not count.
    let dead = bios(|store| {
        store
            .remove_element(BOOTMGR, TIMEOUT)
            .append(BOOTMGR, ORDER, SECOND);
    });
    assert_silent(&dead, "boot-menu-stuck");
}

#[test]
fn safe_mode_is_left_where_it_starts() {
    let both = ["loader 25000080 deleted", "loader 26000081 deleted"];
    for mode in [0, 1, 2, 7] {
        let lab = bios(|store| {
            store
                .element(LOADER, SAFE_BOOT, &Data::Integer(mode))
                .element(LOADER, SHELL, &YES);
        });
        assert_eq!(looked(&lab), both, "{mode}");
        round(&lab, &Selection::default(), || {});
    }
    let shell = bios(|store| {
        store.element(LOADER, SHELL, &YES);
    });
    assert_silent(&shell, "safe-mode");
    let inherited = bios(|store| {
        second(store)
            .element(BOOTLOADERSETTINGS, SAFE_BOOT, &Data::Integer(0))
            .element(LOADER, SAFE_BOOT, &Data::Integer(1));
    });
    let wanted = [both[0], "bootloadersettings 25000080 deleted"];
    assert_eq!(looked(&inherited), wanted);
    round(&inherited, &Selection::default(), || {});
}

#[test]
fn safe_mode_of_another_entry_is_told() {
    let entry = |store: &mut Store| {
        second(store).element(SECOND, SAFE_BOOT, &Data::Integer(0));
    };
    let lab = bios(entry);
    assert_eq!(looked(&lab), [""; 0]);
    assert_eq!(by_name(&lab, "safe-mode"), ["second 25000080 deleted"]);
    let next = bios(|store| {
        entry(store);
        store.element(BOOTMGR, SEQUENCE, &Data::Objects(&[SECOND]));
    });
    assert_eq!(looked(&next), ["second 25000080 deleted"]);
    let recovery = bios(|store| {
        store
            .recovery_entry(Firmware::Bios, Machine::bios().system)
            .element(RECOVERY, SAFE_BOOT, &Data::Integer(0));
    });
    assert_silent(&recovery, "safe-mode");
}

#[test]
fn a_domain_controller_keeps_its_repair_mode_unless_named() {
    for (product, mode, proposed) in [
        ("LanmanNT", 2, false),
        ("LanmanNT", 1, true),
        ("ServerNT", 2, true),
        ("WinNT", 2, true),
        // Not known.
        ("", 2, false),
    ] {
        let lab = windows(|windows| {
            let store = windows.boot.as_mut().unwrap();
            store.element(LOADER, SAFE_BOOT, &Data::Integer(mode));
            let options = windows.system.key("ControlSet001\\Control\\ProductOptions");
            options.sz("ProductType", product);
        });
        assert_eq!(!looked(&lab).is_empty(), proposed, "{product} {mode}");
        let kept = |plan: &Plan| plan.left_alone.iter().any(|line| line.contains("kept"));
        assert_eq!(kept(&lab.plan(&Selection::default())), !proposed);
        let by_name = lab.plan(&named(&["safe-mode"]));
        assert_eq!(changes(&by_name), ["loader 25000080 deleted"]);
        assert!(!kept(&by_name));
    }
}

#[test]
fn automatic_repair_goes_and_comes_back() {
    let place = Machine::bios().system;
    let lab = bios(|store| {
        store.recovery_entry(Firmware::Bios, place);
    });
    let plan = lab.plan(&named(&["recovery-loop"]));
    let wanted = ["loader 16000009 = 00", "loader 250000e0 = 0100000000000000"];
    assert_eq!(changes(&plan), wanted);
    assert!(
        plan.changes
            .iter()
            .all(|change| change.kind == Kind::Weakening)
    );
    let after = |step: &Step| matches!(step, Step::AfterBoot(text) if text.contains("yes"));
    assert!(plan.steps.iter().any(after));
    round(&lab, &named(&["recovery-loop"]), || {
        assert_eq!(looked(&lab), [""; 0]);
        let back = lab.plan(&with("recovery-loop", &[("form", "on")]));
        assert_eq!(
            changes(&back),
            ["loader 16000009 = 01", "loader 250000e0 deleted"]
        );
        assert!(back.changes.iter().all(|change| change.kind == Kind::Fix));
    });
    let on = lab.plan(&with("recovery-loop", &[("form", "on")]));
    assert_eq!(edits(&on), []);
    assert!(on.fine.contains(&"recovery-loop"));
}

#[test]
fn unsigned_drivers_are_told_and_stopped_by_name() {
    let id = "test-signing";
    for element in [0x1600_0048, 0x1600_0049, 0x2600_0026, 0x2600_0027] {
        for (owner, name) in [
            (LOADER, "loader"),
            (BOOTLOADERSETTINGS, "bootloadersettings"),
        ] {
            let lab = bios(|store| {
                second(store).element(owner, element, &YES);
            });
            assert_eq!(looked(&lab), [""; 0]);
            assert_eq!(titles(&lab.plan(&Selection::default()), id).len(), 1);
            let wanted = [format!("{name} {element:08x} deleted")];
            assert_eq!(by_name(&lab, id), wanted);
        }
        let off = bios(|store| {
            store.element(LOADER, element, &NO);
        });
        assert_silent(&off, id);
    }
    let masked = bios(|store| {
        store
            .element(BOOTLOADERSETTINGS, 0x1600_0049, &YES)
            .element(LOADER, 0x1600_0049, &NO);
    });
    assert_silent(&masked, id);
}

#[test]
fn without_a_store_the_rest_goes_on() {
    let lab = windows(|windows| windows.boot = None);
    let ids = ["boot-menu-stuck", "safe-mode", "test-signing"];
    let plan = lab.plan(&Selection::default());
    for id in ids {
        let why = plan.not_checked.iter().find(|(known, _)| *known == id);
        assert!(why.unwrap().1.contains("no boot configuration"), "{id}");
    }
    for id in ids.iter().chain(&["serial-console", "recovery-loop"]) {
        let refused = lab.try_plan(&named(&[id]));
        assert!(
            matches!(refused, Err(PlanError::CouldNotLook { .. })),
            "{id}"
        );
    }
    let recipe = lab.plan(&Selection {
        symptoms: vec!["rdp-internal-error".to_owned()],
        as_article: true,
        ..Selection::default()
    });
    assert!(
        recipe
            .not_checked
            .iter()
            .any(|(id, _)| *id == "serial-console")
    );
    assert!(!recipe.changes.is_empty());
}

#[test]
fn the_recipe_begins_with_the_console() {
    let recipe = |lab: &Lab| {
        lab.plan(&Selection {
            symptoms: vec!["rdp-internal-error".to_owned()],
            as_article: true,
            ..Selection::default()
        })
    };
    let plan = recipe(&bios(|_| {}));
    let console = plan
        .changes
        .iter()
        .take_while(|change| change.repair == "serial-console");
    assert_eq!(console.count(), 6);
}

/// A disk with a store of the shared collection; `None` without the collection.
fn shared(name: &str, place: &str) -> Option<Lab> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let store = here.join("../../../shared/bcd").join(name);
    if !store.exists() {
        println!("skipped: no ../shared/bcd/{name}");
        return None;
    }
    let lab = windows(|windows| windows.boot = None);
    lab.write(place, &std::fs::read(store).unwrap());
    Some(lab)
}

#[test]
fn real_stores_get_exactly_the_article() {
    // The first store's default starts a recovery environment, and inherits nothing.
    for (name, place, loader, alone) in [
        (
            "pybcd-BCDvm.BCD",
            "Boot/BCD",
            "{572bcd55-ffa7-11d9-aae0-0007e994107d}",
            true,
        ),
        (
            "bcd-uefi-win10-regipy",
            "EFI/Microsoft/Boot/BCD",
            "{733b62e5-f608-11eb-825c-c112f60133ab}",
            false,
        ),
    ] {
        let Some(lab) = shared(name, place) else {
            continue;
        };
        let ems = format!("{loader} 260000b0 = 01");
        let mut wanted = vec![
            "bootmgr 26000020 = 01",
            "bootmgr 25000004 = 0500000000000000",
        ];
        wanted.extend(CONSOLE);
        wanted[3] = &ems;
        let plan = lab.plan(&article());
        assert_eq!(changes(&plan), wanted);
        let told = |text: &str| plan.left_alone.iter().any(|line| line.contains(text));
        assert_eq!(told("{default} does not inherit {emssettings}"), alone);
        assert_eq!(told("{default} starts a recovery"), alone);
        round(&lab, &article(), || {});
        let quiet = changes(&lab.plan(&named(&["serial-console"])));
        assert_eq!(quiet.len(), if alone { 5 } else { 4 });
        round(&lab, &named(&["serial-console"]), || {
            let port = effective(&lab, loader, ElementType::EMS_PORT);
            assert_eq!(port, Some((Guid::EMS_SETTINGS, Value::Integer(1))));
        });
    }
}

#[test]
fn real_stores_are_healthy() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(stores) = std::fs::read_dir(here.join("../../../shared/bcd")) else {
        println!("skipped: no ../shared/bcd");
        return;
    };
    for store in stores {
        let name = store.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".LOG") || name.ends_with(".tsv") {
            continue;
        }
        let lab = shared(&name, "Boot/BCD").unwrap();
        let plan = lab.plan(&Selection::default());
        let mine = ["boot-menu-stuck", "safe-mode", "test-signing"];
        assert!(mine.iter().all(|id| plan.fine.contains(id)), "{name}");
    }
}
