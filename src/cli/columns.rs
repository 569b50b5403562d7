//! Tables for people: columns as wide as what is in them, the last one open.

use super::terminal::{FAINT, stdout_has_colour};
use crate::diagnostic::escape;
use anstyle::Style;
use std::io::{self, Write};

/// Rows of the same number of cells.
pub(super) struct Columns<const N: usize> {
    heading: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Columns<N> {
    pub fn new(heading: [&'static str; N]) -> Self {
        Self {
            heading,
            rows: Vec::new(),
        }
    }

    /// A row; what could act on a terminal is made visible.
    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| escape(&cell).into_owned()));
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let faint = if stdout_has_colour() {
            FAINT
        } else {
            Style::new()
        };
        let heading = self.heading.map(str::to_owned);
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&heading]).map(|row| &row[column]);
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..N).map(width).collect();
        let line = |row: &[String; N]| {
            let padded = row
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        writeln!(out, "{faint}{}{faint:#}", line(&heading))?;
        for row in &self.rows {
            writeln!(out, "{}", line(row))?;
        }
        Ok(())
    }
}

/// Writes `name  value` lines, the names as wide as the widest.
pub(super) fn write_pairs(out: &mut dyn Write, pairs: &[(&str, String)]) -> io::Result<()> {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs {
        writeln!(out, "{name:width$}  {}", escape(value))?;
    }
    Ok(())
}
