//! One metric in its series, each with one label.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// The name of a metric, what it counts, and in what.
#[derive(Clone, Copy)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) unit: Option<&'static Unit>,
}

/// A metric without a unit.
pub(super) const fn count(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        help,
        unit: None,
    }
}

/// A metric in seconds, which its name says at the end.
pub(super) const fn seconds(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        help,
        unit: Some(&Unit::Seconds),
    }
}

impl Metric {
    /// What can rise and fall.
    pub(super) fn gauge<'a, V: EncodeGaugeValue>(
        self,
        encoder: &mut DescriptorEncoder,
        label: &str,
        series: impl Iterator<Item = (&'a str, V)>,
    ) -> fmt::Result {
        self.each(
            encoder,
            MetricType::Gauge,
            label,
            series,
            |mut metric, value| metric.encode_gauge(&value),
        )
    }

    /// What only rises.
    pub(super) fn counter<'a, V: EncodeCounterValue>(
        self,
        encoder: &mut DescriptorEncoder,
        label: &str,
        series: impl Iterator<Item = (&'a str, V)>,
    ) -> fmt::Result {
        self.each(
            encoder,
            MetricType::Counter,
            label,
            series,
            |mut metric, value| metric.encode_counter::<NoLabelSet, V, u64>(&value, None),
        )
    }

    /// The sum of all that was counted, and the counts by upper bound, each without those of
    /// the bound below.
    pub(super) fn histogram<'a>(
        self,
        encoder: &mut DescriptorEncoder,
        label: &str,
        series: impl Iterator<Item = (&'a str, (f64, Vec<(f64, u64)>))>,
    ) -> fmt::Result {
        self.each(
            encoder,
            MetricType::Histogram,
            label,
            series,
            |mut metric, (sum, buckets)| {
                let all = buckets.iter().map(|(_, count)| count).sum();
                metric.encode_histogram::<NoLabelSet>(sum, all, &buckets, None)
            },
        )
    }

    fn each<'a, V>(
        self,
        encoder: &mut DescriptorEncoder,
        kind: MetricType,
        label: &str,
        series: impl Iterator<Item = (&'a str, V)>,
        encode: impl Fn(MetricEncoder, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(self.name, self.help, self.unit, kind)?;
        for (value_of_label, value) in series {
            encode(metric.encode_family(&[(label, value_of_label)])?, value)?;
        }
        Ok(())
    }
}
