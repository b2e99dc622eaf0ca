//! `constinit completions` and `constinit man`: files that a package of the program ships with it.

use super::print;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use constinit_cli::args::{Cli, CompletionsArgs, ManArgs};
use constinit_cli::failure::Failure;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

pub fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut program = Cli::command();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub fn man(args: &ManArgs) -> Result<(), Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives each command the name of its page, such as constinit-inspect.
    program.build();
    if let Some(folder) = &args.out {
        return write_all(&program, folder);
    }
    let page = match &args.command {
        None => program,
        Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = commands(&program).map(Command::get_name).collect();
            Failure::usage(format!(
                "{name}: unknown command; the commands are {}",
                names.join(", ")
            ))
        })?,
    };
    let text = rendered(&page).map_err(|error| Failure::usage(format!("the page: {error}")))?;
    print(&String::from_utf8_lossy(&text))
}

fn commands(program: &Command) -> impl Iterator<Item = &Command> {
    program.get_subcommands().filter(|command| !command.is_hide_set())
}

fn rendered(page: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(page.clone().version(env!("CARGO_PKG_VERSION"))).render(&mut text)?;
    Ok(text)
}

fn write_all(program: &Command, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::at(folder, error))?;
    for page in [program].into_iter().chain(commands(program)) {
        let name = page.get_display_name().unwrap_or_else(|| page.get_name());
        let path = folder.join(format!("{name}.1"));
        let written = File::create_new(&path).and_then(|mut file| file.write_all(&rendered(page)?));
        written.map_err(|error| Failure::at(&path, error))?;
    }
    Ok(())
}
