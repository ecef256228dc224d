//! How much of what a generator makes.

/// What to generate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub shape: Shape,
    /// Limit of the pipeline that reads the messages, in bytes; the region's
    /// one message that is too large is larger than this.
    pub message_bytes_max: usize,
}

/// What the messages tell of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    Region(Region),
    /// Exactly so many messages of benchmark load: one part funding to two
    /// parts employment, about 0.5 % duplicates, 0.5 % corrections and 0.1 %
    /// that must be refused.
    Load {
        events: u64,
    },
}

/// A synthetic region over the eight quarters of 2019 and 2020.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    pub organisations: u32,
    /// People employed at the end of the last quarter, over all organisations.
    pub headcount: u32,
    /// Injected into the social investment fund, in pounds; its first round of
    /// lending adds up to the same.
    pub fund_pounds: u32,
    /// Loans of the first round; re-lending adds more.
    pub fund_loans: u32,
    /// Small grants of 2020, in pounds.
    pub cares_pounds: u32,
    pub cares_grants: u32,
    /// Grants of other funders.
    pub background_grants: u32,
    /// Events of 1,000 that are sent twice.
    pub duplicates_per_mille: u64,
    /// Events of 1,000 that are first stated wrongly, once or twice.
    pub corrected_per_mille: u64,
    /// Events of 1,000 beside which one is stated and withdrawn.
    pub withdrawn_per_mille: u64,
    /// Events of 1,000 that are stated twice under one revision, differently.
    pub conflicting_per_mille: u64,
    /// Events of 1,000 that arrive months late.
    pub late_per_mille: u64,
    /// Messages to be refused for each reason; too large is at most one.
    pub refused_per_reason: u32,
}

impl Plan {
    /// Limit for one message unless the caller sets another: 256 KiB.
    pub const MESSAGE_BYTES_MAX: usize = 1 << 18;

    /// The demonstration's region.
    #[must_use]
    pub const fn region() -> Self {
        let region = Region {
            organisations: 1_400,
            headcount: 50_000,
            fund_pounds: 6_500_000,
            fund_loans: 60,
            cares_pounds: 1_950_000,
            cares_grants: 390,
            background_grants: 1_200,
            duplicates_per_mille: 10,
            corrected_per_mille: 15,
            withdrawn_per_mille: 5,
            conflicting_per_mille: 2,
            late_per_mille: 20,
            refused_per_reason: 5,
        };
        Self { shape: Shape::Region(region), message_bytes_max: Self::MESSAGE_BYTES_MAX }
    }

    /// Load of exactly `events` messages.
    #[must_use]
    pub const fn load(events: u64) -> Self {
        Self { shape: Shape::Load { events }, message_bytes_max: Self::MESSAGE_BYTES_MAX }
    }
}
