//! What can be typed.
//!
//! Invariants: the drive may stand as `--drive` anywhere or as the first word behind the command;
//! lists are given once with commas or several times. Absent on purpose: checks that need a disk
//! or the catalogue.

mod bcd;
mod hive;

pub(crate) use bcd::{BcdArguments, BcdCommand, Switch};
pub(crate) use hive::{DeleteArguments, RecoverArguments, SetArguments};
pub(crate) use hive::{ExportArguments, HiveArguments, HiveCommand, ImportArguments};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Repairs Windows VMs that no longer let anyone in, on their attached disk.
#[derive(Debug, Parser)]
#[command(
    name = "offfix",
    bin_name = "offfix",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = false,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 done or nothing to do, 1 a cure is offered \
    (--detailed-exitcode), 2 usage, 3 refused and nothing written, 4 applied but not verified, \
    5 failed and rolled back, 6 a run is unfinished: undo first, 7 could not look."
)]
pub(crate) struct Arguments {
    /// The drive or folder the broken VM's disk is attached at: `F:`, or a directory.
    #[arg(long, global = true, value_name = "DRIVE")]
    pub(crate) drive: Option<OsString>,
    /// The drive or folder of the disk's system partition (System Reserved or ESP), when the boot
    /// files are not on the drive itself.
    #[arg(
        long,
        global = true,
        alias = "esp",
        value_name = "DRIVE",
        conflicts_with = "store"
    )]
    pub(crate) system_partition: Option<OsString>,
    /// Take the system partition or store even when nothing shows that it belongs to this disk.
    #[arg(long, global = true)]
    pub(crate) system_partition_unverified: bool,
    /// The boot configuration store to look at and edit, instead of the one found.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// Where runs are recorded, instead of this machine's own journal.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
    /// Refuse any disk but the one of this computer.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) expect_computer: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at a disk: what is wrong, and the exact changes. Writes nothing.
    Plan(PlanArguments),
    /// Make the changes of a plan, verified and undoable.
    Apply(ApplyArguments),
    /// Put the bytes back that a run changed.
    Undo(UndoArguments),
    /// List the runs of a disk, or of all disks.
    Log(LogArguments),
    /// Show a plan file.
    Show(ShowArguments),
    /// List the disks of this machine, and the Windows on those that are mounted.
    Disks(DisksArguments),
    /// Say what this machine can do: rights, journal, tools, and what a drive allows.
    Doctor(DoctorArguments),
    /// Ask licence servers of Remote Desktop whether they can be reached from here (TCP 135).
    #[command(
        after_help = "Exit codes: 0 all can be reached, 2 usage, 7 one cannot be reached. \
        Tested from this machine, not from the VM's subnet; the dynamic ports of RPC are not \
        tested."
    )]
    CheckLicenseServer(CheckLicenseServerArguments),
    /// Drop the journal of a run that is closed.
    Forget(ForgetArguments),
    /// List the repairs, or show one.
    Repairs(TopicArguments),
    /// List the symptoms, show one, or find one by the text of an error message.
    Symptoms(SymptomArguments),
    /// Look into one hive file, or change it; journalled and undoable like everything else.
    Hive(HiveArguments),
    /// Look into the boot configuration store, or change it; undoable like everything else.
    Bcd(BcdArguments),
}

/// What to look for and what to propose.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SelectionArguments {
    /// Look at what can cause this symptom: its id, or a stop code or status value (0x7B,
    /// 0xC000021A, INACCESSIBLE_BOOT_DEVICE).
    #[arg(long = "for", value_name = "SYMPTOM", value_delimiter = ',')]
    pub(crate) symptoms: Vec<String>,
    /// Look at this repair alone.
    #[arg(long = "repair", value_name = "ID", value_delimiter = ',')]
    pub(crate) repairs: Vec<String>,
    /// Add these on-request repairs.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) with: Vec<String>,
    /// Leave these repairs out.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) except: Vec<String>,
    /// Propose the source article's whole recipe, with its values.
    #[arg(long)]
    pub(crate) as_article: bool,
    /// Set a parameter of a repair.
    #[arg(long = "set", value_name = "ID.PARAM=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Which control sets: `all` that exist, `boot` for the next boot's, or a number.
    #[arg(long, value_name = "all|boot|N", default_value = "all")]
    pub(crate) control_set: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// As lines of reg.exe, bcdedit, icacls and sc, for the running VM.
    Commands,
    /// As a page for a browser, which needs nothing else.
    Html,
}

/// Whether the steps for the recovery machine are run without another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunSteps {
    /// After a yes of their own.
    Ask,
    /// The yes is given with it.
    Yes,
}

#[derive(Args, Debug)]
pub(crate) struct PlanArguments {
    /// The drive or folder, as with --drive.
    #[arg(value_name = "DRIVE")]
    pub(crate) place: Option<OsString>,
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Take back, value by value, what a run changed and nobody has changed since; `weakening`
    /// takes back what all open runs weakened. For a disk whose VM has run since.
    #[arg(long, value_name = "RUN|weakening", conflicts_with_all = [
        "symptoms", "repairs", "with", "except", "as_article", "parameters", "control_set",
    ])]
    pub(crate) undo: Option<String>,
    /// Write the plan to this file, for `apply`; with `--format html` or `commands` that instead.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: PlanFormat,
    /// Exit with 1 when a cure is offered.
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ApplyArguments {
    /// The drive or folder, then or instead a plan file.
    #[arg(value_name = "DRIVE|PLAN", num_args = 0..=2)]
    pub(crate) places: Vec<OsString>,
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Apply everything that is recommended (the selection `--yes` needs without a plan file).
    #[arg(long)]
    pub(crate) recommended: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// A remark that is kept with the run.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
    /// Afterwards run the plan's steps for the recovery machine (dism, sfc, chkdsk, bcdboot), which
    /// cannot be undone; it asks once more, unless it is `--run-steps=yes`. On Windows only.
    #[arg(
        long,
        value_enum,
        value_name = "ask|yes",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "ask"
    )]
    pub(crate) run_steps: Option<RunSteps>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct UndoArguments {
    /// The drive or folder, then or instead the run; the newest open run when it is left out.
    #[arg(value_name = "DRIVE|RUN", num_args = 0..=2)]
    pub(crate) places: Vec<OsString>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct LogArguments {
    /// The drive or folder, as with --drive.
    #[arg(value_name = "DRIVE")]
    pub(crate) place: Option<OsString>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArguments {
    /// The plan file.
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: PlanFormat,
}

#[derive(Args, Debug)]
pub(crate) struct DisksArguments {
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArguments {
    /// The drive or folder to look at too, as with --drive.
    #[arg(value_name = "DRIVE")]
    pub(crate) place: Option<OsString>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct CheckLicenseServerArguments {
    /// The licence servers: a name or address, with `:PORT` for another port than 135.
    #[arg(value_name = "HOST", required = true, num_args = 1..=64)]
    pub(crate) hosts: Vec<String>,
    /// How long to wait for each answer, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 3,
        value_parser = clap::value_parser!(u64).range(1..=300)
    )]
    pub(crate) timeout: u64,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct ForgetArguments {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Drop it even when it could still be taken back, which nothing can do afterwards.
    #[arg(long)]
    pub(crate) even_open: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct TopicArguments {
    /// Show this one.
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct SymptomArguments {
    /// Show this one: its id, or a stop code.
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Find the symptom of this error message, or a part of it, in the language Windows shows it
    /// in.
    #[arg(long, value_name = "TEXT", conflicts_with = "id")]
    pub(crate) find: Option<String>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl Arguments {
    /// Whether the answer is for a program.
    pub(crate) fn json(&self) -> bool {
        let format = match &self.command {
            Command::Plan(plan) => return plan.format == PlanFormat::Json,
            Command::Apply(apply) => apply.format,
            Command::Undo(undo) => undo.format,
            Command::Log(log) => log.format,
            Command::Show(show) => return show.format == PlanFormat::Json,
            Command::Disks(disks) => disks.format,
            Command::Doctor(doctor) => doctor.format,
            Command::CheckLicenseServer(check) => check.format,
            Command::Forget(forget) => forget.format,
            Command::Repairs(topic) => topic.format,
            Command::Symptoms(topic) => topic.format,
            Command::Hive(hive) => hive.format,
            Command::Bcd(bcd) => bcd.format,
        };
        format == Format::Json
    }
}
