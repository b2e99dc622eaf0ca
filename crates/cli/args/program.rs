//! Arguments of `constinit completions` and `constinit man`.

use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

/// Prints a script that a shell reads to complete commands, options and their values.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit completions bash > ~/.local/share/bash-completion/completions/constinit
  constinit completions zsh > ~/.zfunc/_constinit            with ~/.zfunc in $fpath
  constinit completions fish > ~/.config/fish/completions/constinit.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints a manual page in roff, or writes all of them to a folder.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  constinit man | man -l -
  constinit man inspect > constinit-inspect.1
  constinit man --out man1                                   constinit.1 and one page per command")]
pub struct ManArgs {
    /// The command; without one, the page of the program
    pub command: Option<String>,
    /// Write the pages of the program and of all commands to this folder; no file is overwritten
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}
