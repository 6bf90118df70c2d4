//! The text of `debug=1`: tasks by stack, in the form of Go's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use pileup_model::figures::duration;

use crate::task_line::{plain, write_text};
use crate::{Frame, Labels, Profile};

/// Tasks with one stack and the same labels, of whatever age.
#[derive(Default)]
struct Group {
    count: i64,
    age_nanos: i64,
    oldest_class: Option<Duration>,
}

impl Profile {
    /// Writes the tasks by stack, the most first, as Go does with `debug=1`. Where Go has the
    /// addresses of its code there are the numbers of the frames; a line more says how old
    /// the tasks are.
    pub fn write_grouped(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} profile: total {}", self.kind.name(), self.total())?;
        for comment in &self.comments {
            out.write_all(b"# ")?;
            write_text(comment, out)?;
            out.write_all(b"\n")?;
        }
        let mut groups: BTreeMap<(&[Frame], Labels), Group> = BTreeMap::new();
        for stack in &self.stacks {
            let labels = Labels {
                age: None,
                ..stack.labels.clone()
            };
            let group = groups.entry((&stack.frames, labels)).or_default();
            group.count = group.count.saturating_add(stack.count);
            group.age_nanos = group.age_nanos.saturating_add(stack.age_nanos);
            group.oldest_class = group.oldest_class.max(stack.labels.age);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));

        let mut numbers: BTreeMap<&Frame, usize> = BTreeMap::new();
        for ((frames, labels), group) in groups {
            write!(out, "{} @", group.count)?;
            for frame in frames {
                let next = numbers.len() + 1;
                let number = *numbers.entry(frame).or_insert(next);
                write!(out, " {number:#x}")?;
            }
            out.write_all(b"\n")?;
            write_labels(&labels, out)?;
            if let (Ok(count @ 1..), Ok(nanos)) =
                (u32::try_from(group.count), u64::try_from(group.age_nanos))
            {
                let mean = duration(Duration::from_nanos(nanos) / count);
                write!(out, "# age: {mean} on average")?;
                if let Some(oldest) = group.oldest_class {
                    write!(out, ", the oldest {} or more", duration(oldest))?;
                }
                out.write_all(b"\n")?;
            }
            for frame in frames {
                let number = numbers.get(frame).copied().unwrap_or_default();
                write!(out, "#\t{number:#x}\t")?;
                write_text(&frame.function, out)?;
                if !frame.file.is_empty() {
                    out.write_all(b"\t")?;
                    write_text(&frame.file, out)?;
                    write!(out, ":{}", frame.line)?;
                }
                out.write_all(b"\n")?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn write_labels(labels: &Labels, out: &mut impl Write) -> io::Result<()> {
    // JSON itself escapes only the first of the characters that command a terminal.
    let texts = labels.texts().map(|(label, text)| (label, plain(text)));
    let texts: BTreeMap<&str, Cow<str>> = texts.collect();
    if texts.is_empty() {
        return Ok(());
    }
    out.write_all(b"# labels: ")?;
    serde_json::to_writer(&mut *out, &texts)?;
    out.write_all(b"\n")
}
