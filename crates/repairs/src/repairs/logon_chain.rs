//! `logon-chain`: what Windows starts one after the other until somebody can log on.
//!
//! Owns `BootExecute`, `SetupExecute`, `Required` and `Windows` of `SubSystems`, `ImagePath` of
//! `RpcSs` and `RpcEptMapper`, and `Userinit` and `Shell` of `Winlogon`. Nothing is created where
//! the key is not there. Absent on purpose: what starts beside the chain, and the programs
//! themselves.

mod execute;
mod programs;
mod rpc;
mod subsystems;
mod winlogon;

use crate::catalogue::{Class, Repair};
use crate::context::{Context, Error};
use crate::finding::Findings;
use programs::Programs;

/// The repair.
pub const REPAIR: Repair = Repair {
    id: "logon-chain",
    title: "start the programs between boot and logon as Windows ships them",
    class: Class::Recommended,
    risk: "a program that was put into the chain on purpose does not start any more",
    parameters: &[],
    about: include_str!("logon-chain.md"),
    diagnose,
};

const MANAGER: &str = r"Control\Session Manager";

fn diagnose(findings: &mut Findings, context: &Context<'_>) -> Result<(), Error> {
    let programs = Programs::of(context)?;
    let version = context.windows_version()?;
    for set in context.control_sets() {
        let manager = set.below(MANAGER);
        execute::at_boot(findings, &manager, &programs)?;
        execute::of_setup(findings, &manager, &programs)?;
        subsystems::required(findings, &manager)?;
        subsystems::windows(findings, &set, version, &programs)?;
        rpc::groups(findings, &set)?;
    }
    winlogon::look(findings, context, &programs)
}
