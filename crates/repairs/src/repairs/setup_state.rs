//! `setup-state`: Windows starts setup at every boot though it was set up long ago.
//!
//! Owns `SetupType`, `CmdLine`, `SystemSetupInProgress` and `OOBEInProgress` of `Setup`. A disk
//! that really is being set up, upgraded or generalised is told and left alone. Absent on purpose:
//! `SetupPhase` and everything below `Setup\Status`, which only say how far setup is.

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error, Number, Place};
use crate::finding::{Certainty, Finding, Findings, Kind, Offer};
use hive::RegData;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "setup-state",
    title: "end a setup that has nothing left to do",
    class: Class::Recommended,
    risk: "a program that was to run once at the next boot does not run",
    parameters: &[],
    about: include_str!("setup-state.md"),
    diagnose,
};

const KEY: &str = "Setup";
const SYSPREP: &str = r"Status\SysprepStatus";
/// A finished Windows, as SYSTEM says it.
const GENERALIZED: u32 = 7;
const IMAGE: &str = r"Microsoft\Windows\CurrentVersion\Setup\State";
/// A finished Windows, as SOFTWARE says it.
const COMPLETE: &str = "IMAGE_STATE_COMPLETE";
/// The programs that set Windows up, upgrade or generalise it.
const PROGRAMS: [&str; 6] = [
    "windeploy",
    "oobeldr",
    "sysprep",
    "setup.exe",
    "msoobe",
    "setupcl",
];
const FLAGS: [&str; 2] = ["SystemSetupInProgress", "OOBEInProgress"];

/// What the disk says about its Windows being set up.
enum Stage {
    /// Setup is under way, and what shows it.
    UnderWay(String),
    /// Setup has ended, and what shows it.
    Ended(String),
    /// Nothing is said.
    Unknown,
}

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let setup = context.system(KEY);
    let kind = setup.number("SetupType")?;
    let command = setup.text("CmdLine")?.unwrap_or_default();
    let command = command.trim();
    let runs = matches!(kind, Number::Is(1..));
    let left: Vec<&str> = flags(&setup)?;
    if !runs && left.is_empty() {
        return Ok(());
    }
    let stage = stage(findings, context, &setup, runs, command)?;
    if let Stage::UnderWay(why) = &stage {
        let title = "Windows on this disk is still being set up: nothing is changed";
        let mut finding = setup.finding(Offer::Report, Certainty::Likely, title)?;
        finding.evidence = vec![why.clone(), seen(&setup)?];
        let help = "a setup that does not end has no cure on the disk: make the VM anew from its \
                    image, or attach the disk to another VM for its data";
        finding.evidence.push(help.to_owned());
        findings.add(finding);
        return Ok(());
    }
    let mut finding = match (runs, command, &stage) {
        (true, "", _) => {
            let title = "setup is to run at every boot, and has no program";
            setup.finding(Offer::Recommended, Certainty::Certain, title)?
        }
        (true, ..) => other_program(&setup, command)?,
        (false, _, Stage::Ended(_)) => {
            let title = "Windows takes itself for being set up, and no setup runs";
            setup.finding(Offer::Recommended, Certainty::Likely, title)?
        }
        (false, ..) => {
            let title = "Windows may take itself for being set up, and no setup runs";
            setup.finding(Offer::WhenAsked, Certainty::Possible, title)?
        }
    };
    finding.evidence.push(seen(&setup)?);
    if let Stage::Ended(why) = stage {
        finding.evidence.push(why);
    }
    cure(&mut finding, &setup, runs, command, &left);
    findings.add(finding);
    Ok(())
}

/// The flags that are set.
fn flags(setup: &Place<'_>) -> Result<Vec<&'static str>, Error> {
    let mut set = Vec::new();
    for name in FLAGS {
        if matches!(setup.number(name)?, Number::Is(1..)) {
            set.push(name);
        }
    }
    Ok(set)
}

fn stage(
    findings: &mut Findings,
    context: &Context<'_>,
    setup: &Place<'_>,
    runs: bool,
    command: &str,
) -> Result<Stage, Error> {
    if let Number::Is(phase @ 1..) = setup.number("SetupPhase")? {
        return Ok(Stage::UnderWay(format!("SetupPhase is 0x{phase:x}")));
    }
    let sysprep = setup.below(SYSPREP).number("GeneralizationState")?;
    if let Number::Is(state) = sysprep
        && state != GENERALIZED
    {
        let why =
            format!("GeneralizationState is 0x{state:x}, 0x{GENERALIZED:x} when it has ended");
        return Ok(Stage::UnderWay(why));
    }
    let image = match context.software(IMAGE) {
        Ok(Some(key)) => key.text("ImageState")?,
        Ok(None) => None,
        Err(error) => {
            findings.note(format!("ImageState not checked: {error}"));
            None
        }
    };
    if let Some(image) = &image
        && !image.trim().eq_ignore_ascii_case(COMPLETE)
    {
        return Ok(Stage::UnderWay(format!("ImageState is {image:?}")));
    }
    let lower = command.to_ascii_lowercase();
    if runs && PROGRAMS.iter().any(|program| lower.contains(program)) {
        return Ok(Stage::UnderWay(format!("setup is to run {command:?}")));
    }
    Ok(match (image, sysprep) {
        (Some(image), _) => Stage::Ended(format!("setup has ended: ImageState is {image}")),
        (None, Number::Is(_)) => {
            Stage::Ended("setup has ended: GeneralizationState is 0x7".to_owned())
        }
        _ => Stage::Unknown,
    })
}

fn other_program(setup: &Place<'_>, command: &str) -> Result<Finding, Error> {
    let title = "a program runs as setup before anybody can log on";
    let mut finding = setup.finding(Offer::WhenAsked, Certainty::Likely, title)?;
    finding.evidence.push(
        "it runs as LocalSystem at every boot until SetupType is 0 again; a way to reset passwords \
         that is left behind by hand looks like this"
            .to_owned(),
    );
    let lower = command.to_ascii_lowercase();
    if ["cmd", "powershell"]
        .iter()
        .any(|shell| lower.contains(shell))
    {
        let why = "a command line on the console needs no password: a back door if it stays";
        finding.evidence.push(why.to_owned());
    }
    Ok(finding)
}

/// What the values are now.
fn seen(setup: &Place<'_>) -> Result<String, Error> {
    let command = setup.read("CmdLine")?;
    let command = command.map_or("missing".to_owned(), |data| data.to_string());
    let mut line = format!(
        "SetupType is {} (0 no setup), CmdLine is {command}",
        setup.number("SetupType")?
    );
    for name in FLAGS {
        line.push_str(&format!(", {name} is {}", setup.number(name)?));
    }
    Ok(line)
}

fn cure(finding: &mut Finding, setup: &Place<'_>, runs: bool, command: &str, left: &[&str]) {
    if runs {
        let change = setup.set(Kind::Fix, "SetupType", RegData::dword(0));
        finding.cure.push(change);
        if !command.is_empty() {
            let change = setup.set(Kind::Fix, "CmdLine", RegData::sz(""));
            finding.cure.push(change);
        }
    }
    for name in left {
        let change = setup.set(Kind::Fix, name, RegData::dword(0));
        finding.cure.push(change);
    }
}
