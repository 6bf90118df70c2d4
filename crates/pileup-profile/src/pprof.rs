//! The protobuf of pprof, as `profile.proto` of google/pprof defines it.

use std::collections::HashMap;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

use crate::{CountedStack, Frame, Profile};

pub(crate) mod proto {
    //! The messages of `profile.proto`: the fields that are used here, under their numbers.

    use prost::Message;

    #[derive(Clone, PartialEq, Message)]
    pub(crate) struct Profile {
        #[prost(message, repeated, tag = "1")]
        pub(crate) sample_type: Vec<ValueType>,
        #[prost(message, repeated, tag = "2")]
        pub(crate) sample: Vec<Sample>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) mapping: Vec<Mapping>,
        #[prost(message, repeated, tag = "4")]
        pub(crate) location: Vec<Location>,
        #[prost(message, repeated, tag = "5")]
        pub(crate) function: Vec<Function>,
        #[prost(string, repeated, tag = "6")]
        pub(crate) string_table: Vec<String>,
        #[prost(int64, tag = "9")]
        pub(crate) time_nanos: i64,
        #[prost(int64, tag = "10")]
        pub(crate) duration_nanos: i64,
        #[prost(message, optional, tag = "11")]
        pub(crate) period_type: Option<ValueType>,
        #[prost(int64, tag = "12")]
        pub(crate) period: i64,
        #[prost(int64, repeated, tag = "13")]
        pub(crate) comment: Vec<i64>,
        #[prost(int64, tag = "14")]
        pub(crate) default_sample_type: i64,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    pub(crate) struct ValueType {
        #[prost(int64, tag = "1")]
        pub(crate) r#type: i64,
        #[prost(int64, tag = "2")]
        pub(crate) unit: i64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(crate) struct Sample {
        #[prost(uint64, repeated, tag = "1")]
        pub(crate) location_id: Vec<u64>,
        #[prost(int64, repeated, tag = "2")]
        pub(crate) value: Vec<i64>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) label: Vec<Label>,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    pub(crate) struct Label {
        #[prost(int64, tag = "1")]
        pub(crate) key: i64,
        #[prost(int64, tag = "2")]
        pub(crate) str: i64,
        #[prost(int64, tag = "3")]
        pub(crate) num: i64,
        #[prost(int64, tag = "4")]
        pub(crate) num_unit: i64,
    }

    #[expect(clippy::struct_excessive_bools, reason = "the format has them")]
    #[derive(Clone, Copy, PartialEq, Message)]
    pub(crate) struct Mapping {
        #[prost(uint64, tag = "1")]
        pub(crate) id: u64,
        #[prost(bool, tag = "7")]
        pub(crate) has_functions: bool,
        #[prost(bool, tag = "8")]
        pub(crate) has_filenames: bool,
        #[prost(bool, tag = "9")]
        pub(crate) has_line_numbers: bool,
        #[prost(bool, tag = "10")]
        pub(crate) has_inline_frames: bool,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(crate) struct Location {
        #[prost(uint64, tag = "1")]
        pub(crate) id: u64,
        #[prost(uint64, tag = "2")]
        pub(crate) mapping_id: u64,
        #[prost(message, repeated, tag = "4")]
        pub(crate) line: Vec<Line>,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    pub(crate) struct Line {
        #[prost(uint64, tag = "1")]
        pub(crate) function_id: u64,
        #[prost(int64, tag = "2")]
        pub(crate) line: i64,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    pub(crate) struct Function {
        #[prost(uint64, tag = "1")]
        pub(crate) id: u64,
        #[prost(int64, tag = "2")]
        pub(crate) name: i64,
        #[prost(int64, tag = "4")]
        pub(crate) filename: i64,
    }
}

/// There is one mapping: pprof wants to know that nothing is left to symbolise.
const MAPPING: u64 = 1;

impl Profile {
    /// Writes the profile as pprof's tools exchange it: protobuf, gzipped.
    pub fn write_pprof(&self, out: impl Write) -> io::Result<()> {
        let mut gzip = GzEncoder::new(out, Compression::fast());
        gzip.write_all(&encode(self).encode_to_vec())?;
        gzip.finish()?.flush()
    }
}

/// Numbers what is named by number in the message.
#[derive(Default)]
struct Tables<'a> {
    texts: HashMap<&'a str, i64>,
    text_list: Vec<&'a str>,
    functions: HashMap<(&'a str, &'a str), u64>,
    function_list: Vec<proto::Function>,
    locations: HashMap<&'a Frame, u64>,
    location_list: Vec<proto::Location>,
}

impl<'a> Tables<'a> {
    fn text(&mut self, text: &'a str) -> i64 {
        *self.texts.entry(text).or_insert_with(|| {
            self.text_list.push(text);
            number(self.text_list.len() - 1)
        })
    }

    /// The system name stays empty: where it is the same as the name, pprof takes the name
    /// for one of C++ and cuts out what is between `<` and `>`.
    fn function(&mut self, frame: &'a Frame) -> u64 {
        let key = (&*frame.function, &*frame.file);
        if let Some(id) = self.functions.get(&key) {
            return *id;
        }
        let function = proto::Function {
            id: self.function_list.len() as u64 + 1,
            name: self.text(&frame.function),
            filename: self.text(&frame.file),
        };
        self.function_list.push(function);
        self.functions.insert(key, function.id);
        function.id
    }

    /// Ids follow each other from 1 on: some stores rely on it.
    fn location(&mut self, frame: &'a Frame) -> u64 {
        if let Some(id) = self.locations.get(frame) {
            return *id;
        }
        let id = self.location_list.len() as u64 + 1;
        let line = proto::Line {
            function_id: self.function(frame),
            line: i64::from(frame.line),
        };
        self.location_list.push(proto::Location {
            id,
            mapping_id: MAPPING,
            line: vec![line],
        });
        self.locations.insert(frame, id);
        id
    }

    fn sample(&mut self, stack: &'a CountedStack) -> proto::Sample {
        let mut labels: Vec<proto::Label> = stack
            .labels
            .texts()
            .map(|(key, value)| proto::Label {
                key: self.text(key),
                str: self.text(value),
                ..proto::Label::default()
            })
            .collect();
        if let Some(age) = stack.labels.age {
            labels.push(proto::Label {
                key: self.text("age"),
                num: i64::try_from(age.as_secs()).unwrap_or(i64::MAX),
                num_unit: self.text("seconds"),
                ..proto::Label::default()
            });
        }
        proto::Sample {
            location_id: stack
                .frames
                .iter()
                .map(|frame| self.location(frame))
                .collect(),
            value: vec![stack.count, stack.age_nanos],
            label: labels,
        }
    }
}

pub(crate) fn encode(profile: &Profile) -> proto::Profile {
    let mut tables = Tables::default();
    // The first text is empty, by definition of the format.
    tables.text("");
    let kind = tables.text(profile.kind.name());
    let count = proto::ValueType {
        r#type: kind,
        unit: tables.text("count"),
    };
    let age = proto::ValueType {
        r#type: tables.text("age"),
        unit: tables.text("nanoseconds"),
    };
    let samples = profile
        .stacks
        .iter()
        .map(|stack| tables.sample(stack))
        .collect();
    let comments = profile
        .comments
        .iter()
        .map(|comment| tables.text(comment))
        .collect();
    let taken_at = profile.taken_at.as_nanosecond();
    let duration = profile.duration.unwrap_or_default().as_nanos();
    proto::Profile {
        sample_type: vec![count, age],
        sample: samples,
        mapping: vec![proto::Mapping {
            id: MAPPING,
            has_functions: true,
            has_filenames: true,
            has_line_numbers: true,
            has_inline_frames: true,
        }],
        location: tables.location_list,
        function: tables.function_list,
        string_table: tables.text_list.into_iter().map(str::to_owned).collect(),
        time_nanos: i64::try_from(taken_at).unwrap_or(i64::MAX),
        duration_nanos: i64::try_from(duration).unwrap_or(i64::MAX),
        period_type: Some(count),
        period: 1,
        comment: comments,
        default_sample_type: kind,
    }
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Duration;

    use flate2::read::GzDecoder;
    use jiff::Timestamp;
    use pileup_model::TaskState;
    use proptest::prelude::*;

    use super::*;
    use crate::{AGE_CLASSES, Labels, ProfileKind};

    fn frame() -> impl Strategy<Value = Frame> {
        ("[a-c<>:]{0,4}", "[a-c/.]{0,4}", 0..5u32).prop_map(|(function, file, line)| Frame {
            function: function.into(),
            file: file.into(),
            line,
        })
    }

    fn stack() -> impl Strategy<Value = CountedStack> {
        let state =
            prop::sample::select(vec![None, Some(TaskState::Idle), Some(TaskState::Running)]);
        let age = prop::option::of(prop::sample::select(AGE_CLASSES.to_vec()));
        let frames = prop::collection::vec(frame(), 0..4);
        (
            frames,
            state,
            prop::option::of("[a-c]{0,3}"),
            age,
            any::<i64>(),
            any::<i64>(),
        )
            .prop_map(
                |(frames, state, task, age, count, age_nanos)| CountedStack {
                    frames,
                    labels: Labels {
                        state,
                        task: task.map(Into::into),
                        age,
                        ..Labels::default()
                    },
                    count,
                    age_nanos,
                },
            )
    }

    fn decoded(profile: &Profile) -> proto::Profile {
        let mut bytes = Vec::new();
        profile.write_pprof(&mut bytes).expect("memory takes it");
        let mut message = Vec::new();
        GzDecoder::new(&bytes[..])
            .read_to_end(&mut message)
            .expect("it is gzip");
        proto::Profile::decode(&message[..]).expect("it is a profile")
    }

    /// Asserts what `CheckValid` of pprof asks of a profile, and that ids have no gap.
    fn assert_valid(profile: &proto::Profile) {
        let texts = number(profile.string_table.len());
        let is_text = |text: i64| (0..texts).contains(&text);
        assert_eq!(profile.string_table.first().map(String::as_str), Some(""));
        for (index, function) in profile.function.iter().enumerate() {
            assert_eq!(function.id, index as u64 + 1);
            assert!(is_text(function.name) && is_text(function.filename));
        }
        for (index, location) in profile.location.iter().enumerate() {
            assert_eq!(
                (location.id, location.mapping_id),
                (index as u64 + 1, MAPPING)
            );
            for line in &location.line {
                assert!((1..=profile.function.len() as u64).contains(&line.function_id));
            }
        }
        for sample in &profile.sample {
            assert_eq!(sample.value.len(), profile.sample_type.len());
            for id in &sample.location_id {
                assert!((1..=profile.location.len() as u64).contains(id));
            }
            for label in &sample.label {
                assert!(is_text(label.key) && is_text(label.str) && is_text(label.num_unit));
            }
        }
    }

    proptest! {
        #[test]
        fn any_profile_is_valid_and_says_what_it_was_given(
            stacks in prop::collection::vec(stack(), 0..20),
            comments in prop::collection::vec("[a-z]{0,3}", 0..3),
        ) {
            let profile = Profile {
                kind: ProfileKind::Goroutine,
                taken_at: Timestamp::UNIX_EPOCH,
                duration: Some(Duration::from_secs(1)),
                stacks,
                comments,
            };
            let decoded = decoded(&profile);
            assert_valid(&decoded);
            let text = |index: i64| {
                decoded.string_table[usize::try_from(index).expect("it was checked")].as_str()
            };
            prop_assert_eq!(decoded.sample.len(), profile.stacks.len());
            for (sample, stack) in decoded.sample.iter().zip(&profile.stacks) {
                prop_assert_eq!(&sample.value, &[stack.count, stack.age_nanos]);
                let frames = sample.location_id.iter().map(|id| {
                    let line = decoded.location[usize::try_from(*id).expect("small") - 1].line[0];
                    let function = line.function_id - 1;
                    let function = decoded.function[usize::try_from(function).expect("small")];
                    (text(function.name), text(function.filename), line.line)
                });
                let given = stack.frames.iter();
                let given = given.map(|frame| (&*frame.function, &*frame.file, i64::from(frame.line)));
                prop_assert!(frames.eq(given));
            }
        }
    }
}
