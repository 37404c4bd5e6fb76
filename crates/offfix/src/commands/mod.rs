//! One file for each command.
//!
//! Invariants: a command answers with an exit code or a failure, and prints only through
//! `output`.

mod apply;
mod asked;
mod bcd;
mod boot_files;
mod check_license_server;
mod commit_one;
mod confirm;
mod disks;
mod doctor;
mod elements;
mod forget;
mod hive;
mod log;
mod make;
mod plan;
mod run_steps;
mod show;
mod take_back;
mod topics;
mod undo;

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::session::{BootPlace, Common};

pub(crate) use check_license_server::HostDocument;
pub(crate) use commit_one::commit_one;
pub(crate) use disks::{AreaDocument, CollisionDocument, DiskDocument};
pub(crate) use doctor::Check;
pub(crate) use log::LogEntry;
pub(crate) use topics::{FoundDocument, class};
pub(crate) use undo::Sorted;

/// Carries a command out.
pub(crate) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        drive,
        journal,
        expect_computer,
        system_partition,
        system_partition_unverified,
        store,
        command,
    } = arguments;
    let common = Common {
        drive,
        journal,
        expect_computer,
        boot: BootPlace {
            system_partition,
            store,
            unverified: system_partition_unverified,
        },
    };
    match command {
        Command::Plan(arguments) => plan::run(&common, &arguments),
        Command::Apply(arguments) => apply::run(&common, &arguments),
        Command::Undo(arguments) => undo::run(&common, &arguments),
        Command::Log(arguments) => log::run(&common, &arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Disks(arguments) => disks::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&common, &arguments),
        Command::CheckLicenseServer(arguments) => check_license_server::run(&arguments),
        Command::Forget(arguments) => forget::run(&common, &arguments),
        Command::Repairs(arguments) => topics::repairs(&arguments),
        Command::Symptoms(arguments) => topics::symptoms(&arguments),
        Command::Hive(arguments) => hive::run(&common, &arguments),
        Command::Bcd(arguments) => bcd::run(&common, &arguments),
    }
}
