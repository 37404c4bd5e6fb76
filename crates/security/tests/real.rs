//! Descriptors that Windows wrote: read, written, printed, inherited.
//!
//! Invariants: without the real hives beside the checkout the tests say so and pass. Absent on
//! purpose: what made-up descriptors show better.

mod support;

use security::{Child, Control, Descriptor, GenericMapping, inherit};
use std::collections::BTreeMap;
use support::{cells, real_descriptors, real_hives};

#[test]
fn every_real_descriptor_survives_bytes_and_text() {
    let all = real_descriptors();
    for bytes in &all {
        let descriptor = Descriptor::from_bytes(bytes).unwrap();
        assert_eq!(&descriptor.to_bytes().unwrap(), bytes);
        let text = descriptor.to_sddl().unwrap();
        let again = Descriptor::from_sddl(&text).unwrap();
        assert_eq!(again, descriptor.canonical(), "{text}");
        assert_eq!(again.to_sddl().unwrap(), text);
        let canonical = again.to_bytes().unwrap();
        assert_eq!(Descriptor::from_bytes(&canonical).unwrap(), again);
        assert!(canonical.len() <= bytes.len(), "{text}");
    }
    println!("{} distinct descriptors", all.len());
    assert!(all.is_empty() || all.len() > 800);
}

/// How children of one hive compare with what inheritance gives.
#[derive(Default, Debug)]
struct Tally {
    /// Children below a parent with inheritable entries.
    children: u32,
    /// Of them, those whose every entry is marked as inherited.
    inherited: u32,
    /// Of the latter, those with exactly the entries computed.
    same_entries: u32,
    /// Of the latter, those equal to the last byte.
    same_bytes: u32,
}

#[test]
fn windows_inherits_as_computed() {
    let mut seen = false;
    let mut odd: BTreeMap<String, u64> = BTreeMap::new();
    for (name, file) in real_hives() {
        let tally = tally(&file, &mut odd);
        println!("{name}: {tally:?}");
        seen = true;
    }
    let mut odd: Vec<_> = odd.into_iter().collect();
    odd.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for (text, n) in odd.iter().enumerate().filter(|(i, (t, _))| *i < 8 || t.starts_with("NOAUTO")).map(|x| x.1) {
        println!("{n} × {text}\n");
    }
    assert!(seen);
}

fn tally(file: &[u8], odd: &mut BTreeMap<String, u64>) -> Tally {
    let cells = cells(file);
    let parsed: BTreeMap<u32, Descriptor> = cells
        .security
        .iter()
        .map(|(at, bytes)| (*at, Descriptor::from_bytes(bytes).unwrap()))
        .collect();
    let mut tally = Tally::default();
    for node in cells.keys.values().filter(|node| !node.is_root) {
        let Some(own) = parsed.get(&node.security) else {
            continue;
        };
        let Some(parent) = cells.keys.get(&node.parent).and_then(|p| parsed.get(&p.security))
        else {
            continue;
        };
        let (Some(owner), Some(group)) = (own.owner, own.group) else {
            continue;
        };
        let key = GenericMapping::KEY;
        let Some(computed) = inherit(parent, Child::Container, key, &owner, &group).unwrap() else {
            continue;
        };
        tally.children += 1;
        if !parent.control.contains(Control::DACL_AUTO_INHERITED) {
            let e = own.dacl.acl().map_or(&[][..], |a| &a.aces);
            let c = &computed.dacl.acl().unwrap().aces;
            let bare: Vec<_> = c.iter().map(|a| a.clone().with_flags(a.flags() - security::AceFlags::INHERITED)).collect();
            let k = format!("NOAUTO marked {} bare {} ownauto {}", c == e, bare == e, own.control.contains(Control::DACL_AUTO_INHERITED));
            *odd.entry(k).or_default() += 1;
        }
        let entries = own.dacl.acl().map_or(&[][..], |acl| &acl.aces);
        let marked = security::AceFlags::INHERITED;
        if entries.is_empty()
            || own.control.contains(Control::DACL_PROTECTED)
            || !entries.iter().all(|ace| ace.flags().contains(marked))
        {
            continue;
        }
        tally.inherited += 1;
        if computed.dacl.acl().unwrap().aces != entries {
            let text = format!(
                "parent   {}\n   computed {}\n   own      {}",
                parent.to_sddl().unwrap(),
                computed.to_sddl().unwrap(),
                own.to_sddl().unwrap()
            );
            *odd.entry(text).or_default() += 1;
            continue;
        }
        tally.same_entries += 1;
        if computed.to_bytes().unwrap() == cells.security[&node.security] {
            tally.same_bytes += 1;
        } else {
            let text = format!(
                "parent {:?}\n   computed {:?} {}\n   own      {:?} {} slack {}",
                parent.control,
                computed.control,
                computed.to_sddl().unwrap(),
                own.control,
                own.to_sddl().unwrap(),
                own.dacl.acl().unwrap().slack(),
            );
            *odd.entry(text).or_default() += 1;
        }
    }
    tally
}
