//! One metric in its series, each with one label.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, NoLabelSet,
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
        let mut metric =
            encoder.encode_descriptor(self.name, self.help, self.unit, MetricType::Gauge)?;
        for (value_of_label, value) in series {
            metric
                .encode_family(&[(label, value_of_label)])?
                .encode_gauge(&value)?;
        }
        Ok(())
    }

    /// What only rises.
    pub(super) fn counter<'a, V: EncodeCounterValue>(
        self,
        encoder: &mut DescriptorEncoder,
        label: &str,
        series: impl Iterator<Item = (&'a str, V)>,
    ) -> fmt::Result {
        let mut metric =
            encoder.encode_descriptor(self.name, self.help, self.unit, MetricType::Counter)?;
        for (value_of_label, value) in series {
            metric
                .encode_family(&[(label, value_of_label)])?
                .encode_counter::<NoLabelSet, V, u64>(&value, None)?;
        }
        Ok(())
    }

    /// Counts by upper bound, each without those of the bound below; and the sum of all that
    /// was counted.
    pub(super) fn histogram<'a>(
        self,
        encoder: &mut DescriptorEncoder,
        label: &str,
        series: impl Iterator<Item = (&'a str, f64, Vec<(f64, u64)>)>,
    ) -> fmt::Result {
        let mut metric =
            encoder.encode_descriptor(self.name, self.help, self.unit, MetricType::Histogram)?;
        for (value_of_label, sum, buckets) in series {
            let all = buckets.iter().map(|(_, count)| count).sum();
            metric
                .encode_family(&[(label, value_of_label)])?
                .encode_histogram::<NoLabelSet>(sum, all, &buckets, None)?;
        }
        Ok(())
    }
}
