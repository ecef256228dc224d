//! How employers of a synthetic region grow, shrink and replace people.

use super::money_book::shares;
use super::plan::Region;
use super::quarters::{ALL, QUARTERS};
use crate::random::{Draw, Purpose};

/// People at the last quarter: weight in 100, least and most.
const SIZES: [(u64, i64, i64); 7] =
    [(35, 1, 4), (20, 5, 9), (20, 10, 24), (12, 25, 49), (7, 50, 99), (4, 100, 249), (2, 250, 950)];

/// One employer over all quarters, in people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Employer {
    /// At the end of each quarter.
    pub(super) headcount: [i64; QUARTERS],
    pub(super) hires: [i64; QUARTERS],
    pub(super) leavers: [i64; QUARTERS],
    /// Full-time equivalents of one head, in parts of 100.
    pub(super) fte_per_cent: i64,
    /// Volunteers at the last quarter; 0 for employers without.
    pub(super) volunteers: i64,
    pub(super) trains: bool,
    pub(super) takes_apprentices: bool,
    /// Whether it says what people did before it hired them.
    pub(super) states_prior: bool,
}

/// One employer an organisation; headcounts at the last quarter add up to the
/// region's.
pub(super) fn employers(seed: u64, region: &Region) -> Vec<Employer> {
    let sizes: Vec<i64> = (0..region.organisations)
        .map(|index| {
            let mut draw = draw_of(seed, 0, index);
            let (_, least, most) = SIZES[draw.weighted(SIZES.iter().map(|size| size.0))];
            draw.between(least, most)
        })
        .collect();
    let heads = shares(&sizes, i64::from(region.headcount), 1);
    (0_u32..).zip(heads).map(|(index, heads)| employer(draw_of(seed, 1, index), heads)).collect()
}

fn draw_of(seed: u64, kind: u64, index: u32) -> Draw {
    Draw::new(seed, Purpose::Work, kind << 32 | u64::from(index))
}

fn employer(mut draw: Draw, heads: i64) -> Employer {
    let mut headcount = [heads; QUARTERS];
    for (quarter, people) in ALL.iter().zip(&mut headcount).take(QUARTERS - 1) {
        // Each goes its own way by up to 1.5 %; small ones are rounded up or down by chance.
        let parts = heads * (quarter.jobs_per_mille + draw.between(-15, 15));
        *people = (parts / 1000 + i64::from(draw.between(0, 999) < parts % 1000)).max(0);
    }
    let (hires, leavers) = flows(&mut draw, &headcount);
    Employer {
        headcount,
        hires,
        leavers,
        fte_per_cent: draw.between(62, 96),
        volunteers: if draw.per_mille(600) { draw.between(2, 12) + heads / 4 } else { 0 },
        trains: draw.per_mille(500),
        takes_apprentices: heads >= 10 && draw.per_mille(350),
        states_prior: draw.per_mille(250),
    }
}

/// Hires and leavers that turn each stock into the next, but for a residual of
/// one person now and then, as in real returns.
fn flows(draw: &mut Draw, headcount: &[i64; QUARTERS]) -> ([i64; QUARTERS], [i64; QUARTERS]) {
    let (mut hires, mut leavers) = ([0; QUARTERS], [0; QUARTERS]);
    for quarter in 0..QUARTERS {
        let before = headcount[quarter.saturating_sub(1)];
        let residual = if quarter > 0 && before >= 10 && draw.per_mille(40) { draw.between(-1, 1) } else { 0 };
        let parts = before * draw.between(30, 80);
        let left = parts / 1000 + i64::from(draw.between(0, 999) < parts % 1000);
        let change = headcount[quarter] - before - residual;
        hires[quarter] = (change + left).max(0);
        leavers[quarter] = hires[quarter] - change;
    }
    (hires, leavers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::plan::{Plan, Shape};

    fn demonstration() -> Vec<Employer> {
        match Plan::region().shape {
            Shape::Region(region) => employers(7, &region),
            Shape::Load { .. } => Vec::new(),
        }
    }

    /// Proves that stocks follow from flows: S = S before + hires - leavers,
    /// within one person, which is below the warning at max(2, 5 %); and that
    /// a residual is the exception.
    #[test]
    fn stocks_follow_from_flows() {
        let employers = demonstration();
        assert_eq!(employers.len(), 1400);
        let mut residuals = 0;
        for employer in &employers {
            for quarter in 0..QUARTERS {
                let (hires, leavers) = (employer.hires[quarter], employer.leavers[quarter]);
                assert!(hires >= 0 && leavers >= 0 && employer.headcount[quarter] >= 0);
                if quarter > 0 {
                    let residual = employer.headcount[quarter] - employer.headcount[quarter - 1] - hires + leavers;
                    assert!(residual.abs() <= 1, "{residual}");
                    residuals += residual.abs();
                }
            }
        }
        assert!((1..400).contains(&residuals), "{residuals}");
    }

    /// Proves that the region employs exactly 50,000 at the end, and dipped in
    /// the spring of 2020.
    #[test]
    fn the_region_has_its_jobs() {
        let total = |quarter: usize| -> i64 { demonstration().iter().map(|one| one.headcount[quarter]).sum() };
        assert_eq!(total(7), 50_000);
        assert!(total(5) < total(4) && total(5) < total(6) && total(6) < total(7) && total(3) > total(0));
        assert!((46_500..48_500).contains(&total(5)), "{}", total(5));
    }
}
