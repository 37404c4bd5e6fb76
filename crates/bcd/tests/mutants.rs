//! Damaged stores: values, keys and bytes that no Windows writes, at a fixed seed.
//!
//! Invariants: nothing panics; a value is taken or reported, and written back as it was; an edit
//! beside the damage changes nothing else. Absent on purpose: hives that are refused as hives.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "only tests are in here"
)]

mod support;

use bcd::element::Format;
use bcd::{Editor, ElementType, Guid, ObjectType, Store, Value};
use hive::reg::Operation;
use hive::{Hive, Key, RegData, RegType};
use std::collections::BTreeMap;
use support::{NOW, carried_out, stores};

const NEW: Guid = Guid::from_u128(0x0ff_f1ce_0000_4000_8000_0000_0000_0002);

/// The same chance each time.
struct Chance(u64);

impl Chance {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % end
    }

    fn byte(&mut self) -> u8 {
        let any = u8::try_from(self.below(256)).unwrap();
        [0, 0xFF, any, any][self.below(4)]
    }
}

/// The stores of the test kit and the real ones.
fn files() -> Vec<(String, Hive)> {
    use testkit::bcd::Store;
    let mut bare = Store::uefi_windows();
    bare.without_emssettings();
    let made = [Store::bios_windows(), Store::uefi_windows(), bare];
    let made = made.map(|store| ("made".to_owned(), Hive::open(store.build()).unwrap()));
    let real = stores().into_iter().map(|real| (real.name, real.hive));
    made.into_iter().chain(real).collect()
}

/// Every key, with an empty name, and every value of a hive.
type Listing = BTreeMap<(String, String), Option<RegData>>;

/// `None` when something in it cannot be read.
fn listing(hive: &Hive) -> Option<Listing> {
    let mut found = Listing::new();
    let mut open: Vec<(String, Key<'_>)> = vec![(String::new(), hive.root().ok()?)];
    while let Some((path, key)) = open.pop() {
        found.insert((path.clone(), String::new()), None);
        for value in key.values().ok()? {
            let data = value.read().ok()?;
            found.insert((path.clone(), value.name().to_string()), Some(data));
        }
        for below in key.subkeys().ok()? {
            let path = format!("{path}\\{}", below.name());
            open.push((path.trim_start_matches('\\').to_owned(), below));
        }
    }
    Some(found)
}

/// Whether data is an element's, by length and type alone; `None` where that does not decide.
fn plausible(element: ElementType, data: &RegData) -> Option<bool> {
    let (kind, len) = (data.kind, data.bytes.len());
    let binary = kind == RegType::BINARY;
    match element.format() {
        None => Some(false),
        Some(Format::Device) => {
            let fits = u32::try_from(len.saturating_sub(16)).unwrap();
            let size = data.bytes.get(0x18..0x1C);
            Some(binary && len >= 32 && size == Some(&fits.to_le_bytes()))
        }
        Some(Format::Integer) => Some(binary && (1..=8).contains(&len)),
        Some(Format::Boolean) => Some(binary && len == 1),
        Some(Format::Integers) => Some(binary && len > 0 && len % 8 == 0),
        Some(Format::String | Format::Object) => (kind != RegType::SZ).then_some(false),
        Some(Format::Objects) => (kind != RegType::MULTI_SZ).then_some(false),
    }
}

/// How many values were what.
#[derive(Debug, Default)]
struct Seen {
    sound: usize,
    malformed: usize,
    opaque: usize,
    edited: usize,
    refused: usize,
}

/// Asks a store everything, and writes back what it says.
fn ask(store: &Store, seen: &mut Seen) {
    for object in store.objects() {
        let (id, kind) = (object.id(), object.object_type());
        assert!(!kind.title(id).is_empty());
        for element in object.elements() {
            let (code, data, value) = (element.element_type(), element.data(), element.value());
            let lines = value.lines(code, kind, |id| store.name_of(id));
            assert!(!lines.iter().any(|line| line.contains(char::is_control)));
            if let Some(sound) = plausible(code, data) {
                let malformed = matches!(value, Value::Malformed { .. });
                assert_eq!(sound, !malformed, "{code} {data:?}");
            }
            match &value {
                Value::Malformed { .. } => {
                    assert_eq!(value.encode(), *data, "{code}");
                    assert!(lines[0].starts_with("malformed: "), "{lines:?}");
                    assert!(value.fits(code).is_err(), "{code}");
                    seen.malformed += 1;
                }
                Value::Device(device) => {
                    assert_eq!(device.to_bytes(), data.bytes, "{code}");
                    seen.opaque += usize::from(lines[0].contains("unknown type"));
                }
                _ => assert_eq!(Value::decode(code, &value.encode()), value, "{code}"),
            }
            seen.sound += usize::from(!matches!(value, Value::Malformed { .. }));
            let _ = store.effective(id, code);
        }
        let _ = store.effective(id, ElementType::EMS_PORT);
        let _ = store.inherits(id, Guid::EMS_SETTINGS);
    }
    let _ = (store.loaders().count(), store.default_object());
}

/// Edits a store beside all that it holds, and compares the whole hive.
fn edit_beside(hive: &Hive, store: &Store, seen: &mut Seen) {
    let (Some(before), Ok(_)) = (listing(hive), hive::Editor::new(hive.clone(), NOW)) else {
        seen.refused += 1;
        return;
    };
    let mut editor = Editor::new(store.clone());
    editor.create(NEW, ObjectType::SETTINGS).unwrap();
    let port = ElementType::EMS_PORT;
    editor.set(NEW, port, &Value::Integer(1)).unwrap();
    let after = carried_out(hive, &editor.finish());
    let read = Store::open(&after).unwrap();
    assert_eq!(
        read.object(NEW).unwrap().value(port),
        Some(Value::Integer(1))
    );
    let mut listed = listing(&after).unwrap();
    let new = format!("Objects\\{NEW}");
    listed.retain(|(path, _), _| !path.starts_with(&new));
    assert_eq!(listed, before);
    seen.edited += 1;
}

/// One thing to do to a hive that makes its store wrong, whatever it was.
fn damage(hive: &Hive, chance: &mut Chance) -> Operation {
    let listed = listing(hive).unwrap();
    let values: Vec<_> = listed
        .iter()
        .filter_map(|((path, name), data)| Some((path, name, data.as_ref()?)))
        .filter(|(path, ..)| path.starts_with("Objects\\"))
        .collect();
    let (path, name, data) = values[chance.below(values.len())];
    let mut data = data.clone();
    let len = data.bytes.len();
    let place = chance.below(len.max(1));
    match chance.below(10) {
        0 | 1 if len > 0 => data.bytes[place] ^= 1 << chance.below(8),
        2 | 3 if len > 0 => data.bytes[place] = chance.byte(),
        0..=4 => data.bytes.truncate(place),
        5 => (0..=chance.below(9)).for_each(|_| data.bytes.push(chance.byte())),
        6 => data.kind = RegType(u32::try_from(chance.below(13)).unwrap()),
        7 => {
            return Operation::DeleteValue {
                key: path.as_str().into(),
                name: name.clone(),
            };
        }
        8 => {
            // Not `Objects` itself, and not the boot manager as a whole.
            let parts: Vec<&str> = path.split('\\').collect();
            let depth = 3 + chance.below(parts.len() - 2);
            return Operation::DeleteKey(parts[..depth.min(parts.len())].join("\\").into());
        }
        _ => {
            let names = [
                "Objects\\{Default}\\Elements\\25000004",
                "Objects\\x",
                "Objects\\9dea862c-5cdd-4e70-acc1-f32b344d4795",
                "Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\\Elements\\2800000F",
                "Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\\Elements\\+1234567",
                "Objects\\{9DEA862C-5CDD-4E70-ACC1-F32B344D4796}\\Elements\\FFFFFFFF",
                "Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\\Other\\Elements",
            ];
            return Operation::SetValue {
                key: names[chance.below(names.len())].into(),
                name: "Element".to_owned(),
                data,
            };
        }
    }
    Operation::SetValue {
        key: path.as_str().into(),
        name: name.clone(),
        data,
    }
}

#[test]
fn wrong_values_and_keys_are_told_and_kept() {
    let (mut chance, mut seen) = (Chance(0x0DD5_EED5), Seen::default());
    for (name, hive) in files() {
        for _ in 0..25 {
            let mut hive = hive.clone();
            for _ in 0..6 {
                hive = carried_out(&hive, &[damage(&hive, &mut chance)]);
                let store = Store::open(&hive).expect(&name);
                ask(&store, &mut seen);
            }
            edit_beside(&hive, &Store::open(&hive).unwrap(), &mut seen);
        }
    }
    println!("{seen:?}");
    assert!(seen.malformed > 100 && seen.opaque > 5, "{seen:?}");
    assert!(seen.edited >= 75 && seen.refused == 0, "{seen:?}");
}

#[test]
fn wrong_bytes_of_the_file_are_answered() {
    let (mut chance, mut seen) = (Chance(0x5EED_F11E), Seen::default());
    let (mut read, mut unread) = (0, 0);
    for (_, hive) in files() {
        let file = hive.into_bytes();
        for turn in 0..150 {
            let mut damaged = file.clone();
            for _ in 0..=turn % 6 {
                // Media stores have nothing behind 32 KiB.
                let at = 4096 + chance.below(damaged.len().min(0x8000) - 4096);
                match chance.below(2) {
                    0 => damaged[at] ^= 1 << chance.below(8),
                    _ => damaged[at] = chance.byte(),
                }
            }
            let Ok(hive) = Hive::open(damaged) else {
                continue;
            };
            match Store::open(&hive) {
                Ok(store) => {
                    ask(&store, &mut seen);
                    edit_beside(&hive, &store, &mut seen);
                    read += 1;
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    unread += 1;
                }
            }
        }
    }
    println!("{read} read, {unread} not; {seen:?}");
    assert!(read > 100 && unread > 10, "{read} read, {unread} not");
    assert!(seen.edited > 20 && seen.refused > 20, "{seen:?}");
}
