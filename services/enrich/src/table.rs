//! Columns of each kind's Parquet file. Rows are unique by the leading `key`
//! columns and sorted by all of them.

use crate::Kind;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Text,
    Integer,
    Date,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub name: &'static str,
    pub cells: ColumnType,
    pub nullable: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub columns: &'static [Column],
    /// How many leading columns make the key.
    pub key: usize,
}

impl Table {
    pub(crate) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|column| {
                let data_type = match column.cells {
                    ColumnType::Text => DataType::Utf8,
                    ColumnType::Integer => DataType::Int32,
                    ColumnType::Date => DataType::Date32,
                };
                Field::new(column.name, data_type, column.nullable)
            })
            .collect();
        Arc::new(Schema::new(fields))
    }
}

const fn text(name: &'static str) -> Column {
    Column { name, cells: ColumnType::Text, nullable: false }
}

const fn optional(name: &'static str) -> Column {
    Column { name, cells: ColumnType::Text, nullable: true }
}

const fn integer(name: &'static str) -> Column {
    Column { name, cells: ColumnType::Integer, nullable: true }
}

const fn date(name: &'static str) -> Column {
    Column { name, cells: ColumnType::Date, nullable: true }
}

pub(crate) const POSTCODES: Table = Table {
    columns: &[
        text("postcode"),
        optional("oa11"),
        optional("lsoa11"),
        optional("msoa11"),
        optional("district"),
        optional("terminated"),
    ],
    key: 1,
};

pub(crate) const POSTCODE_DISTRICTS: Table = Table {
    columns: &[text("postcode_district"), text("district"), integer("imd2019_decile"), integer("share_percent")],
    key: 1,
};

pub(crate) const LSOA: Table =
    Table { columns: &[text("lsoa11"), optional("msoa11"), text("district"), optional("district_name")], key: 1 };

pub(crate) const LSOA21: Table = Table { columns: &[text("lsoa21"), text("lsoa11"), optional("change")], key: 2 };

pub(crate) const AUTHORITIES: Table = Table {
    columns: &[
        text("district"),
        optional("district_name"),
        text("combined_authority"),
        text("combined_authority_name"),
    ],
    key: 1,
};

pub(crate) const REGIONS: Table =
    Table { columns: &[text("district"), optional("district_name"), text("region"), text("region_name")], key: 1 };

pub(crate) const IMD2019: Table = Table { columns: &[text("lsoa11"), integer("imd2019_decile")], key: 1 };

pub(crate) const SECTORS: Table = Table { columns: &[text("code"), text("title"), optional("parent")], key: 1 };

pub(crate) const ORG_IDS: Table = Table { columns: &[text("org_id_a"), text("org_id_b")], key: 2 };

pub(crate) const ORGANISATIONS: Table = Table {
    columns: &[
        text("organisation_id"),
        date("valid_from"),
        date("valid_to"),
        text("name"),
        optional("aliases"),
        optional("legal_form"),
        optional("sic"),
        optional("icnptso"),
        optional("postcode"),
    ],
    key: 2,
};

/// Columns of a kind's file.
pub(crate) const fn table(kind: Kind) -> &'static Table {
    match kind {
        Kind::Postcodes => &POSTCODES,
        Kind::PostcodeDistricts => &POSTCODE_DISTRICTS,
        Kind::Lsoa => &LSOA,
        Kind::Lsoa21 => &LSOA21,
        Kind::Authorities => &AUTHORITIES,
        Kind::Regions => &REGIONS,
        Kind::Imd2019 => &IMD2019,
        Kind::Sic | Kind::Icnptso => &SECTORS,
        Kind::OrgIds => &ORG_IDS,
        Kind::Organisations => &ORGANISATIONS,
    }
}
