//! Changes of the registry as lines of reg.exe and sc.
//!
//! Invariants: type and bytes that reg.exe would write are the ones of the change, or there is no
//! line. Absent on purpose: types reg.exe does not write from words.

use super::Said;
use super::cmd::{argument, line};
use crate::document::{ChangeDocument, DataDocument, hex};
use hive::reg::Operation;
use hive::{RegData, RegType};
use volume::control_set::key_of;
use volume::{Edit, HiveName, Target, same_name};

/// Words between the strings of a list, the first that no string holds.
const SEPARATORS: [&str; 6] = [r"\0", "|", ";", "~", "#", "@"];

/// What a change is, for the remark before it.
pub(super) fn about(change: &ChangeDocument) -> String {
    let (name, before) = match &change.element {
        Some(element) => (
            format!("{} {}", element.object, element.name),
            element.before.clone(),
        ),
        None => {
            let said = |data: &DataDocument| format!("{} {}", data.r#type, data.text);
            (change.name.clone(), change.before.as_ref().map(said))
        }
    };
    let before = before.unwrap_or_else(|| "missing".to_owned());
    let (repair, kind) = (&change.repair, &change.kind);
    format!("{repair} ({kind}): {name}, was {before}")
}

/// A change of a value; `boot` is the control set that the VM starts from.
pub(super) fn lines(change: &ChangeDocument, boot: Option<u32>) -> Said {
    let target = change.target().ok_or("its hive is not known here")?;
    let key = argument(&key(&target, boot))?;
    let name = match target.name.as_str() {
        "" => "/ve".to_owned(),
        name => format!("/v {}", argument(name)?),
    };
    let Some(after) = &change.after else {
        let edit = Edit::DeleteValue(target);
        let words = match edit.operation() {
            Operation::DeleteKey(_) => vec!["reg delete", &key, "/f"],
            _ => vec!["reg delete", &key, &name, "/f"],
        };
        return Ok(vec![line(&words)?]);
    };
    let data = after.data().ok_or("its data cannot be read")?;
    let (kind, words) = words(&data)?;
    let add = ["reg add", &key, &name, "/t", kind, &words, "/f"];
    let add = line(&add)?;
    match service(&target, &data, boot) {
        // The service manager learns it at once; where it refuses, the registry is what counts.
        Some((service, start)) => {
            let config = format!("sc config {} start= {start}", argument(&service)?);
            Ok(vec![line(&[&config, "||", &add])?])
        }
        None => Ok(vec![add]),
    }
}

/// The key in the running VM.
fn key(target: &Target, boot: Option<u32>) -> String {
    let root = target.hive.root_key();
    match in_boot_set(target, boot) {
        Some(rest) => format!(r"{root}\CurrentControlSet\{rest}"),
        None => format!(r"{root}\{}", target.key),
    }
}

/// What lies below the control set that the VM starts from.
fn in_boot_set(target: &Target, boot: Option<u32>) -> Option<&str> {
    let set = key_of(boot?);
    let (head, rest) = target.key.split_once('\\')?;
    (target.hive == HiveName::System && same_name(head, &set)).then_some(rest)
}

/// The service whose start this sets, and the word for how.
fn service(target: &Target, data: &RegData, boot: Option<u32>) -> Option<(String, &'static str)> {
    let (services, service) = in_boot_set(target, boot)?.split_once('\\')?;
    let is_start = same_name(services, "Services") && same_name(&target.name, "Start");
    let words = ["boot", "system", "auto", "demand", "disabled"];
    let start = words.get(usize::try_from(data.as_dword()?).ok()?)?;
    (is_start && !service.contains('\\')).then(|| (service.to_owned(), *start))
}

/// Type and data as reg.exe takes them.
fn words(data: &RegData) -> Result<(&'static str, String), String> {
    let odd = || {
        format!(
            "reg.exe writes no {} of the bytes {}",
            data.kind,
            hex(&data.bytes)
        )
    };
    let as_text = || {
        let text = data.as_text().ok_or_else(odd)?;
        // What is read as this text may still be written in another way.
        let same = RegData::sz(&text).bytes == data.bytes;
        same.then_some(text).ok_or_else(odd)
    };
    let said = match data.kind {
        RegType::SZ => ("REG_SZ", argument(&as_text()?)?),
        RegType::EXPAND_SZ => ("REG_EXPAND_SZ", argument(&as_text()?)?),
        RegType::MULTI_SZ => return strings(data).ok_or_else(odd)?,
        RegType::DWORD => {
            let number = data.as_dword().ok_or_else(odd)?;
            ("REG_DWORD", format!("{number:#x}"))
        }
        RegType::QWORD => {
            let number = data.as_qword().ok_or_else(odd)?;
            ("REG_QWORD", format!("{number:#x}"))
        }
        RegType::BINARY if !data.bytes.is_empty() => ("REG_BINARY", hex(&data.bytes)),
        _ => return Err(odd()),
    };
    Ok((said.0, format!("/d {}", said.1)))
}

/// A list of strings; `None` for an empty one, one with an empty string, or bytes of another form.
fn strings(data: &RegData) -> Option<Result<(&'static str, String), String>> {
    let texts = data.as_texts()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let plain = !texts.is_empty() && texts.iter().all(|text| !text.is_empty());
    if !plain || RegData::multi_sz(&texts).bytes != data.bytes {
        return None;
    }
    let free = |separator: &&str| texts.iter().all(|text| !text.contains(*separator));
    let separator = SEPARATORS.into_iter().find(free)?;
    let said = argument(&texts.join(separator)).map(|joined| match separator {
        r"\0" => format!("/d {joined}"),
        other => format!("/s \"{other}\" /d {joined}"),
    });
    Some(said.map(|words| ("REG_MULTI_SZ", words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(data: &RegData) -> Result<String, String> {
        words(data).map(|(kind, words)| format!("/t {kind} {words}"))
    }

    #[test]
    fn every_type_reg_exe_writes() {
        let bytes = |kind, bytes: &[u8]| RegData {
            kind,
            bytes: bytes.to_vec(),
        };
        for (data, line) in [
            (RegData::sz("a b"), r#"/t REG_SZ /d "a b""#),
            (
                RegData::expand_sz(r"%SystemRoot%\MEMORY.DMP"),
                r#"/t REG_EXPAND_SZ /d "%pct:~0,1%SystemRoot%pct:~0,1%\MEMORY.DMP""#,
            ),
            (RegData::dword(u32::MAX), "/t REG_DWORD /d 0xffffffff"),
            (
                RegData::multi_sz(&["a", "b c"]),
                r#"/t REG_MULTI_SZ /d "a\0b c""#,
            ),
            (
                RegData::multi_sz(&[r"a\0b", "c"]),
                r#"/t REG_MULTI_SZ /s "|" /d "a\0b|c""#,
            ),
            (
                bytes(RegType::QWORD, &[1, 0, 0, 0, 0, 0, 0, 1]),
                "/t REG_QWORD /d 0x100000000000001",
            ),
            (bytes(RegType::BINARY, &[0, 0xFE]), "/t REG_BINARY /d 00fe"),
        ] {
            assert_eq!(said(&data).as_deref(), Ok(line));
        }
    }

    #[test]
    fn what_reg_exe_would_write_otherwise_has_no_line() {
        for (kind, bytes) in [
            (RegType::SZ, &b"a\0"[..]),
            (RegType::SZ, b"a\0b"),
            (RegType::SZ, b"a\0\0\0b\0\0\0"),
            (RegType::EXPAND_SZ, b"a\0\0\0\0\0"),
            (RegType::MULTI_SZ, b"a\0\0\0"),
            (RegType::MULTI_SZ, b"\0\0"),
            (RegType::MULTI_SZ, b"\0\0\0\0"),
            (RegType::MULTI_SZ, b"a\0\0\0\0\0b\0\0\0\0\0"),
            (RegType::DWORD, b"abc"),
            (RegType::BINARY, b""),
            (RegType(0), b"\x07\x04\0\0"),
            (RegType(8), b"\0\0"),
        ] {
            let data = RegData {
                kind,
                bytes: bytes.to_vec(),
            };
            let why = said(&data).expect_err("no line");
            assert!(why.contains(&hex(bytes)), "{why}");
        }
        assert!(said(&RegData::sz("two\r\nlines")).is_err());
    }
}
